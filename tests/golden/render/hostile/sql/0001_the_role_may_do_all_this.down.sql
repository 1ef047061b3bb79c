-- plan break-fks 25079d6d075fcdc43c38fde3bd4cf159 for us, step 1 of 8: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
