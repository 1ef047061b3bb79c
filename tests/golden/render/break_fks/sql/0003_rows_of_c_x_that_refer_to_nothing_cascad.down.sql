-- plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 3 of 17: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
