-- plan widen-ids 1dd44d3a6eedcabc9384dd128d29d322 for us, step 36 of 37: down
-- step 36 cannot be taken back: org: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 36 cannot be taken back: org: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
