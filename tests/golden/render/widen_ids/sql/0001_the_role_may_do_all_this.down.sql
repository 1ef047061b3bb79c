-- plan widen-ids 417f05d003f9a80e7b5882357520a724 for us, step 1 of 39: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
