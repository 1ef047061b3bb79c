-- plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 37 of 37: down
-- step 37 cannot be taken back: c: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 37 cannot be taken back: c: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
