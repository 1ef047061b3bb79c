-- plan widen-ids cb20a60b8ac85bff51bd33e5ce648b7b for us, step 28 of 39: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
