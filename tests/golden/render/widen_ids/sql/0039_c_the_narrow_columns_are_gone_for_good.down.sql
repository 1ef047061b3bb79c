-- plan widen-ids 1a3bf8f7d17481e3f7c53e964897d5b0 for us, step 39 of 39: down
-- step 39 cannot be taken back: c: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 39 cannot be taken back: c: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
