-- plan break-fks 559d443f2999b2502d1ab6955f72d0f6 for us, step 3 of 8: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
