-- plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 5 of 17: up
-- every row of c.x refers to one of u
--   lock: ACCESS SHARE on c, u, waits at most 600000 ms, runs without a limit, in a transaction
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
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass('"public"."u"') AND k.conparentid = 0) END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'every row of c.x refers to one of u: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT 'c.x' AS object,
    o.total || ' rows refer to rows of u that do not exist: ' || pg_catalog.string_agg(o.shown, '; ' ORDER BY o.shown)
        || CASE WHEN o.total > 10 THEN '; ...' ELSE '' END AS found
FROM (SELECT pg_catalog.count(*) OVER () AS total,
        '(' || pg_catalog.concat_ws(', ', c."id"::text) || ') refers to (' || pg_catalog.concat_ws(', ', c."x"::text) || ')' AS shown
    FROM ONLY "public"."c" AS c WHERE (c."x" IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY "public"."u" AS p WHERE p."id" OPERATOR(pg_catalog.=) c."x")) LIMIT 10) AS o
GROUP BY o.total
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'every row of c.x refers to one of u: not so', DETAIL = orglift_found, HINT = 'bring the rows that are missing, change these, or make the plan with `--orphans apply`: it does what ON DELETE says';
    END IF;
END
$orglift$;
\endif
COMMIT;
