-- plan widen-ids acc410a99e4160d12b58f871b03df5f4 for us, step 2 of 37: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
