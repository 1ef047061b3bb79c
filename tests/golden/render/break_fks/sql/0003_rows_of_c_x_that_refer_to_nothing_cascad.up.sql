-- plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 3 of 17: up
-- rows of c.x that refer to nothing: cascade
--   lock: ROW EXCLUSIVE on c, u, waits at most 100 ms, runs without a limit, in a transaction
--   hazard: these rows are changed for good: the key would not take them back

\set ON_ERROR_STOP on
\encoding UTF8

SET search_path = '';
SET row_security = off;
SET lock_timeout = 100;
SET statement_timeout = 0;
SET default_transaction_isolation = 'read committed';
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
DO $orglift_$
DECLARE
    orglift_wanted boolean;
    orglift_changed bigint;
BEGIN
    LOOP
        orglift_wanted := (
SELECT CASE WHEN pg_catalog.to_regclass('"public"."c"') IS NULL OR pg_catalog.to_regclass('"public"."u"') IS NULL THEN NULL ELSE EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = pg_catalog.to_regclass('"public"."c"') AND k.conname = 'c_x_fkey' AND k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass('"public"."u"') AND k.conparentid = 0) END
        );
        IF orglift_wanted IS NULL THEN
            RAISE EXCEPTION USING MESSAGE = 'rows of c.x that refer to nothing: cascade: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
        END IF;
        EXIT WHEN NOT orglift_wanted;
        EXECUTE $orglift$
DELETE FROM ONLY "public"."c" AS d USING (SELECT c.tableoid AS relation, c.ctid AS place FROM ONLY "public"."c" AS c WHERE c."x" IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY "public"."u" AS p WHERE p."id" OPERATOR(pg_catalog.=) c."x") LIMIT 5000 FOR UPDATE OF c) AS o
WHERE d.tableoid = o.relation AND d.ctid = o.place
$orglift$;
        GET DIAGNOSTICS orglift_changed = ROW_COUNT;
        COMMIT;
        EXIT WHEN orglift_changed = 0;
    END LOOP;
END
$orglift_$;
RESET search_path;
RESET row_security;
RESET lock_timeout;
RESET statement_timeout;
RESET default_transaction_isolation;
