-- plan break-fks a32eb2a84956dde06c7de74a8778489d for us, step 6 of 17: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
