-- plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 6 of 8: down
-- back: a\b."c""""""\n-- $step$ ü:n".x\"'%(y)s{z} -> "Us%s{0}""\n$orglift$;\! x".i:d is not cleaned up any more
-- back: lock: ROW EXCLUSIVE, waits at most 100 ms, runs at most 60000 ms, in a transaction

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 60000;
DO $orglift$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('orglift change of schema', 0)) THEN
        RAISE EXCEPTION 'another plan is being applied to this database, or a mover is entering it' USING ERRCODE = 'lock_not_available';
    END IF;
    IF pg_catalog.to_regclass('orglift.moves') IS NOT NULL THEN
        IF EXISTS (SELECT FROM orglift.moves WHERE finished_at IS NULL) THEN
            RAISE EXCEPTION 'a relocation touches this database'
                USING HINT = 'finish it with `relocate start` or `relocate purge`, or end it with `relocate abort`';
        END IF;
    END IF;
END
$orglift$;
SELECT q.answer IS TRUE AS wanted, q.answer IS NULL AS lost FROM (SELECT (
SELECT EXISTS (SELECT FROM orglift.cascades WHERE child =  E'a\\b."c""""""
-- $step$ ü:n"' AND name =  E'k
\\if %% $$ """ '' */')
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift_$
BEGIN
    RAISE EXCEPTION USING MESSAGE =  E'a\\b."c""""""\\n-- $step$ ü:n".x\\"''%(y)s{z} -> "Us%s{0}""\\n$orglift$;\\! x".i:d is not cleaned up any more: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift_$;
\elif :orglift_wanted
DELETE FROM orglift.cascades WHERE child =  E'a\\b."c""""""
-- $step$ ü:n"' AND name =  E'k
\\if %% $$ """ '' */';
\endif
COMMIT;
