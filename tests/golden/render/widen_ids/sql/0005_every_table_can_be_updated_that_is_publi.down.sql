-- plan widen-ids a77f9cb97150b6ce37827d958d540143 for us, step 5 of 37: down
-- nothing to take back

\set ON_ERROR_STOP on
\encoding UTF8
