-- plan break-fks 2958d13f70a259aa1c6e0a07657ffb2e for us, step 2 of 8: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
