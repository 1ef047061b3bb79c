-- plan widen-ids 8876554e9537ce4a6c20dfd76c7659bb for us, step 12 of 39: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
