-- plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 1 of 8: up
-- the role may do all this
--   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
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
DO $orglift_$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT w.shown AS object, 'the role ' || current_user || ' is not its owner' AS found
FROM (VALUES ( E'"Us%s{0}""
$orglift$;\\! x"',  E'"public"."Us%s{0}""
$orglift$;\\! x"'), ( E'a\\b."c""""""
-- $step$ ü:n"',  E'"a\\b"."c""""""
-- $step$ ü:n"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
UNION ALL
SELECT w.shown, pg_catalog.format('has FORCE ROW LEVEL SECURITY, which holds for the role %s: ALTER ROLE %I BYPASSRLS,'
    || ' or ALTER TABLE %s NO FORCE ROW LEVEL SECURITY until the plan is at its end', current_user, current_user, w.name)
FROM (VALUES ( E'"Us%s{0}""
$orglift$;\\! x"',  E'"public"."Us%s{0}""
$orglift$;\\! x"'), ( E'a\\b."c""""""
-- $step$ ü:n"',  E'"a\\b"."c""""""
-- $step$ ü:n"')) AS w (shown, name) JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(w.name)
WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.row_security_active(c.oid)
UNION ALL
SELECT 'schema ' || w.name, 'the role ' || current_user || ' may create nothing in it'
FROM (VALUES ('orglift'), ( E'a\\b')) AS w (name) JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.name
WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
UNION ALL
SELECT 'database ' || pg_catalog.current_database(), 'the role ' || current_user || ' may not create the schema orglift in it'
WHERE pg_catalog.to_regnamespace('orglift') IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'the role may do all this: not so', DETAIL = orglift_found, HINT = 'apply as the owner of the tables, or GRANT that role to the one that applies; GRANT CREATE or ALTER ROLE where that is missing';
    END IF;
END
$orglift_$;
COMMIT;
