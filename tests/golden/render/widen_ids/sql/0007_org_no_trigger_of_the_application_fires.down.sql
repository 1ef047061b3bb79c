-- plan widen-ids 5962e89aca9666371eb25f46dcfc27e6 for us, step 7 of 37: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
