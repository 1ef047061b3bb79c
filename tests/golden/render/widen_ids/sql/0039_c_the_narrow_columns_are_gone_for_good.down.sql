-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 39 of 39: down
-- step 39 cannot be taken back: c: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 39 cannot be taken back: c: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
