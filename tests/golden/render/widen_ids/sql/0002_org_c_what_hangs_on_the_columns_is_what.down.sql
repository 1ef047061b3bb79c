-- plan widen-ids 1dd44d3a6eedcabc9384dd128d29d322 for us, step 2 of 37: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
