-- plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 2 of 8: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
