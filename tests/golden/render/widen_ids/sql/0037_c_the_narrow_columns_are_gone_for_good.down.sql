-- plan widen-ids 1dd44d3a6eedcabc9384dd128d29d322 for us, step 37 of 37: down
-- step 37 cannot be taken back: c: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 37 cannot be taken back: c: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
