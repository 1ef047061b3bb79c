-- plan widen-ids 8876554e9537ce4a6c20dfd76c7659bb for us, step 39 of 39: down
-- step 39 cannot be taken back: c: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 39 cannot be taken back: c: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
