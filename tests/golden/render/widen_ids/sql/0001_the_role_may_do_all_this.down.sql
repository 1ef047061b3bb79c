-- plan widen-ids ab4ae45a979ad618f88a5161a42a6230 for us, step 1 of 37: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
