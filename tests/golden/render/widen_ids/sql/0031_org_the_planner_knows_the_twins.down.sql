-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 31 of 39: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
