-- plan widen-ids 1a3bf8f7d17481e3f7c53e964897d5b0 for us, step 3 of 39: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
