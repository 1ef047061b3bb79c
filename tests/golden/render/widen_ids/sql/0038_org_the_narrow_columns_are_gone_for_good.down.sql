-- plan widen-ids cb20a60b8ac85bff51bd33e5ce648b7b for us, step 38 of 39: down
-- step 38 cannot be taken back: org: the narrow columns are gone, for good

\set ON_ERROR_STOP on
\encoding UTF8

DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'step 38 cannot be taken back: org: the narrow columns are gone, for good', HINT = 'the plan stays as it is';
END
$orglift$;
