-- plan break-fks 71b10ad7cc0646e716b22742cd0ca297 for us, step 6 of 17: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
