-- plan break-fks a5bde44b148bc306623a8e69274aa992 for us, step 6 of 17: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
