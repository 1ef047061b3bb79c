"""deletes and new keys of u are written down"""
# plan break-fks 68bc411abdc3bfb0ad25970c06a0be84 for us, step 13 of 17
# deletes and new keys of u are written down
#   lock: SHARE ROW EXCLUSIVE on u, waits at most 100 ms, runs at most 150 ms, in a transaction
#   hazard: writers wait for a moment
# back: triggers of u as they were
# back: lock: ACCESS EXCLUSIVE on u, waits at most 100 ms, runs at most 150 ms, in a transaction
# back: hazard: readers and writers wait for a moment

from alembic import context

revision = "68bc411abdc3_0013"
down_revision = "68bc411abdc3_0012"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "deletes and new keys of u are written down",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."u" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."u" IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DO $orglift$
BEGIN
    IF NOT pg_catalog.has_table_privilege('orglift.tombstones', 'INSERT') THEN
        RAISE EXCEPTION 'the role % may not write orglift.tombstones, and what it installs could not either', current_user
            USING ERRCODE = 'insufficient_privilege', HINT = 'apply as the owner of orglift.tombstones, or as a role that was granted INSERT';
    END IF;
END
$orglift$;
DO $orglift$
DECLARE
    trigger record;
    function regprocedure;
BEGIN
    FOR trigger IN
        SELECT g.tgname, g.tgrelid::pg_catalog.regclass AS relation
        FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY[]::text[])
        ORDER BY g.tgrelid
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.relation);
    END LOOP;
    FOR function IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY[]::text[])
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s', function);
    END LOOP;
END
$orglift$;
CREATE OR REPLACE FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_deleted"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $orglift$
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') NOT IN ('', 'off') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT 'u', 'delete', jsonb_build_object('a', CASE WHEN NOT o."a" IS NULL THEN concat(o."a") END, 'b', CASE WHEN NOT o."b" IS NULL THEN concat(o."b") END, 'id', concat(o."id")), 'transaction ' || lpad(pg_current_xact_id()::text, 20, '0') FROM orglift_old AS o WHERE true;
    RETURN NULL;
END
$orglift$;
REVOKE ALL ON FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_deleted"() FROM PUBLIC;
COMMENT ON FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_deleted"() IS 'writes the tombstones of u';
DO $orglift$
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT '"public"."u"'::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree('"public"."u"') AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE 'CREATE OR REPLACE TRIGGER "orglift_deleted" AFTER DELETE ON ' || relation || ' REFERENCING OLD TABLE AS orglift_old FOR EACH STATEMENT EXECUTE FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_deleted"()';
    END LOOP;
END
$orglift$;
CREATE OR REPLACE FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_truncated"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "row_security" = 'off' AS $orglift$
DECLARE
    table_oid oid;
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') NOT IN ('', 'off') THEN
        RETURN NULL;
    END IF;
    -- A partition that has the trigger writes its own rows: it fires for every table that the statement empties.
    FOR table_oid IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relkind = 'r' AND (c.oid = TG_RELID OR c.oid IN (SELECT t.relid FROM pg_partition_tree(TG_RELID) AS t) AND NOT EXISTS (
            SELECT FROM pg_trigger AS theirs JOIN pg_trigger AS ours ON ours.tgfoid = theirs.tgfoid
            WHERE theirs.tgrelid = c.oid AND ours.tgrelid = TG_RELID AND ours.tgname = TG_NAME))
    LOOP
        EXECUTE 'INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT ''u'', ''truncate'', jsonb_build_object(''a'', CASE WHEN NOT o."a" IS NULL THEN concat(o."a") END, ''b'', CASE WHEN NOT o."b" IS NULL THEN concat(o."b") END, ''id'', concat(o."id")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0'') FROM ONLY ' || table_oid::regclass || ' AS o WHERE true';
    END LOOP;
    RETURN NULL;
END
$orglift$;
REVOKE ALL ON FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_truncated"() FROM PUBLIC;
COMMENT ON FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_truncated"() IS 'writes the tombstones of u';
DO $orglift$
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT '"public"."u"'::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree('"public"."u"') AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE 'CREATE OR REPLACE TRIGGER "orglift_truncated" BEFORE TRUNCATE ON ' || relation || ' FOR EACH STATEMENT EXECUTE FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_truncated"()';
    END LOOP;
END
$orglift$;
CREATE OR REPLACE FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_updated"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $orglift$
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') IN ('', 'off') AND (true) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES ('u', 'update', jsonb_build_object('a', CASE WHEN NOT OLD."a" IS NULL THEN concat(OLD."a") END, 'b', CASE WHEN NOT OLD."b" IS NULL THEN concat(OLD."b") END, 'id', concat(OLD."id")), jsonb_build_object('a', CASE WHEN NOT NEW."a" IS NULL THEN concat(NEW."a") END, 'b', CASE WHEN NOT NEW."b" IS NULL THEN concat(NEW."b") END, 'id', concat(NEW."id")), 'transaction ' || lpad(pg_current_xact_id()::text, 20, '0'));
    END IF;
    RETURN NULL;
END
$orglift$;
REVOKE ALL ON FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_updated"() FROM PUBLIC;
COMMENT ON FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_updated"() IS 'writes the tombstones of u';
DO $orglift$
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT '"public"."u"'::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree('"public"."u"') AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE 'CREATE OR REPLACE TRIGGER "orglift_updated" AFTER UPDATE ON ' || relation || ' FOR EACH ROW WHEN (CAST(ROW(OLD."a", OLD."b", OLD."id") AS record) OPERATOR(pg_catalog.*<>) CAST(ROW(NEW."a", NEW."b", NEW."id") AS record)) EXECUTE FUNCTION "orglift"."tombstone_138b90a10bd7634b6938_updated"()';
    END LOOP;
END
$orglift$
""",
        "precondition": r"""
SELECT CASE WHEN pg_catalog.to_regclass('"public"."u"') IS NOT NULL THEN EXISTS (
    SELECT FROM (VALUES ('tombstone_138b90a10bd7634b6938_deleted', 'orglift_deleted', 'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') NOT IN ('''', ''off'') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT ''u'', ''delete'', jsonb_build_object(''a'', CASE WHEN NOT o."a" IS NULL THEN concat(o."a") END, ''b'', CASE WHEN NOT o."b" IS NULL THEN concat(o."b") END, ''id'', concat(o."id")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0'') FROM orglift_old AS o WHERE true;
    RETURN NULL;
END'), ('tombstone_138b90a10bd7634b6938_truncated', 'orglift_truncated', 'DECLARE
    table_oid oid;
BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') NOT IN ('''', ''off'') THEN
        RETURN NULL;
    END IF;
    -- A partition that has the trigger writes its own rows: it fires for every table that the statement empties.
    FOR table_oid IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relkind = ''r'' AND (c.oid = TG_RELID OR c.oid IN (SELECT t.relid FROM pg_partition_tree(TG_RELID) AS t) AND NOT EXISTS (
            SELECT FROM pg_trigger AS theirs JOIN pg_trigger AS ours ON ours.tgfoid = theirs.tgfoid
            WHERE theirs.tgrelid = c.oid AND ours.tgrelid = TG_RELID AND ours.tgname = TG_NAME))
    LOOP
        EXECUTE ''INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT ''''u'''', ''''truncate'''', jsonb_build_object(''''a'''', CASE WHEN NOT o."a" IS NULL THEN concat(o."a") END, ''''b'''', CASE WHEN NOT o."b" IS NULL THEN concat(o."b") END, ''''id'''', concat(o."id")), ''''transaction '''' || lpad(pg_current_xact_id()::text, 20, ''''0'''') FROM ONLY '' || table_oid::regclass || '' AS o WHERE true'';
    END LOOP;
    RETURN NULL;
END'), ('tombstone_138b90a10bd7634b6938_updated', 'orglift_updated', 'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') IN ('''', ''off'') AND (true) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES (''u'', ''update'', jsonb_build_object(''a'', CASE WHEN NOT OLD."a" IS NULL THEN concat(OLD."a") END, ''b'', CASE WHEN NOT OLD."b" IS NULL THEN concat(OLD."b") END, ''id'', concat(OLD."id")), jsonb_build_object(''a'', CASE WHEN NOT NEW."a" IS NULL THEN concat(NEW."a") END, ''b'', CASE WHEN NOT NEW."b" IS NULL THEN concat(NEW."b") END, ''id'', concat(NEW."id")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0''));
    END IF;
    RETURN NULL;
END')) AS w (function, trigger, body)
    CROSS JOIN (
        SELECT pg_catalog.to_regclass('"public"."u"') AS relid UNION
        SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass('"public"."u"'))) AS t
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE g.tgrelid = t.relid AND g.tgname = w.trigger AND g.tgenabled IN ('O', 'A')
            AND p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = w.function AND pg_catalog.btrim(p.prosrc, E'\n') = w.body)
) OR EXISTS (
    SELECT FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[])
        AND p.proname NOT IN (SELECT w.function FROM (VALUES ('tombstone_138b90a10bd7634b6938_deleted', 'orglift_deleted', 'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') NOT IN ('''', ''off'') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT ''u'', ''delete'', jsonb_build_object(''a'', CASE WHEN NOT o."a" IS NULL THEN concat(o."a") END, ''b'', CASE WHEN NOT o."b" IS NULL THEN concat(o."b") END, ''id'', concat(o."id")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0'') FROM orglift_old AS o WHERE true;
    RETURN NULL;
END'), ('tombstone_138b90a10bd7634b6938_truncated', 'orglift_truncated', 'DECLARE
    table_oid oid;
BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') NOT IN ('''', ''off'') THEN
        RETURN NULL;
    END IF;
    -- A partition that has the trigger writes its own rows: it fires for every table that the statement empties.
    FOR table_oid IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relkind = ''r'' AND (c.oid = TG_RELID OR c.oid IN (SELECT t.relid FROM pg_partition_tree(TG_RELID) AS t) AND NOT EXISTS (
            SELECT FROM pg_trigger AS theirs JOIN pg_trigger AS ours ON ours.tgfoid = theirs.tgfoid
            WHERE theirs.tgrelid = c.oid AND ours.tgrelid = TG_RELID AND ours.tgname = TG_NAME))
    LOOP
        EXECUTE ''INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT ''''u'''', ''''truncate'''', jsonb_build_object(''''a'''', CASE WHEN NOT o."a" IS NULL THEN concat(o."a") END, ''''b'''', CASE WHEN NOT o."b" IS NULL THEN concat(o."b") END, ''''id'''', concat(o."id")), ''''transaction '''' || lpad(pg_current_xact_id()::text, 20, ''''0'''') FROM ONLY '' || table_oid::regclass || '' AS o WHERE true'';
    END LOOP;
    RETURN NULL;
END'), ('tombstone_138b90a10bd7634b6938_updated', 'orglift_updated', 'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') IN ('''', ''off'') AND (true) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES (''u'', ''update'', jsonb_build_object(''a'', CASE WHEN NOT OLD."a" IS NULL THEN concat(OLD."a") END, ''b'', CASE WHEN NOT OLD."b" IS NULL THEN concat(OLD."b") END, ''id'', concat(OLD."id")), jsonb_build_object(''a'', CASE WHEN NOT NEW."a" IS NULL THEN concat(NEW."a") END, ''b'', CASE WHEN NOT NEW."b" IS NULL THEN concat(NEW."b") END, ''id'', concat(NEW."id")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0''));
    END IF;
    RETURN NULL;
END')) AS w (function, trigger, body))
) END
""",
        "action": "run",
        "transactional": True,
        "tables": ["u"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]
DOWN = [
    {
        "purpose": "triggers of u as they were",
        "sql": r"""
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."u" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."u" IN ACCESS EXCLUSIVE MODE;
SET LOCAL statement_timeout = 10000;
DO $orglift$
DECLARE
    trigger record;
    function regprocedure;
BEGIN
    FOR trigger IN
        SELECT g.tgname, g.tgrelid::pg_catalog.regclass AS relation
        FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[])
        ORDER BY g.tgrelid
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.relation);
    END LOOP;
    FOR function IN
        SELECT p.oid FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[])
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s', function);
    END LOOP;
END
$orglift$
""",
        "precondition": r"""
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_138b90a10bd7634b6938_deleted', 'tombstone_138b90a10bd7634b6938_updated', 'tombstone_138b90a10bd7634b6938_truncated']::text[]))
""",
        "action": "run",
        "transactional": True,
        "tables": ["u"],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 150,
        "remedy": "",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    _shipped().run(DOWN)


def _shipped():
    return context.script.get_revision("68bc411abdc3_0000").module
