-- plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 2 of 8: up
-- every row of a\b."c""""""\n-- $step$ ü:n".x\"'%(y)s{z} refers to one of "Us%s{0}""\n$orglift$;\! x"
--   lock: ACCESS SHARE on a\b."c""""""\n-- $step$ ü:n", "Us%s{0}""\n$orglift$;\! x", waits at most 600000 ms, runs without a limit, in a transaction
--   hazard: reads both tables

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 600000;
SET LOCAL statement_timeout = 0;
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
SELECT CASE WHEN pg_catalog.to_regclass( E'"a\\b"."c""""""
-- $step$ ü:n"') IS NULL OR pg_catalog.to_regclass( E'"public"."Us%s{0}""
$orglift$;\\! x"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass( E'"a\\b"."c""""""
-- $step$ ü:n"') AND k.conname =  E'k
\\if %% $$ """ '' */' AND k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass( E'"public"."Us%s{0}""
$orglift$;\\! x"') AND k.conparentid = 0) END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift_$
BEGIN
    RAISE EXCEPTION USING MESSAGE =  E'every row of a\\b."c""""""\\n-- $step$ ü:n".x\\"''%(y)s{z} refers to one of "Us%s{0}""\\n$orglift$;\\! x": what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift_$;
\elif :orglift_wanted
DO $orglift_$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT  E'a\\b."c""""""
-- $step$ ü:n".x\\"''%(y)s{z}' AS object,
    o.total ||  E' rows refer to rows of "Us%s{0}""
$orglift$;\\! x" that do not exist: ' || pg_catalog.string_agg(o.shown, '; ' ORDER BY o.shown)
        || CASE WHEN o.total > 10 THEN '; ...' ELSE '' END AS found
FROM (SELECT pg_catalog.count(*) OVER () AS total,
        '(' || pg_catalog.concat_ws(', ', c."id"::text) || ') refers to (' || pg_catalog.concat_ws(', ', c."x\""'%(y)s{z}"::text) || ')' AS shown
    FROM ONLY "a\b"."c""""""
-- $step$ ü:n" AS c WHERE (c."x\""'%(y)s{z}" IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY "public"."Us%s{0}""
$orglift$;\! x" AS p WHERE p."i:d" OPERATOR(pg_catalog.=) c."x\""'%(y)s{z}")) LIMIT 10) AS o
GROUP BY o.total
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE =  E'every row of a\\b."c""""""\\n-- $step$ ü:n".x\\"''%(y)s{z} refers to one of "Us%s{0}""\\n$orglift$;\\! x": not so', DETAIL = orglift_found, HINT = 'bring the rows that are missing, change these, or make the plan with `--orphans apply`: it does what ON DELETE says';
    END IF;
END
$orglift_$;
\endif
COMMIT;
