-- plan break-fks 21df7129f774835e73fd5b8e6171fa06 for us, step 7 of 8: up
-- deletes and new keys of "Us%s{0}""\n$orglift$;\! x" are written down
--   lock: SHARE ROW EXCLUSIVE on "Us%s{0}""\n$orglift$;\! x", waits at most 100 ms, runs at most 150 ms, in a transaction
--   hazard: writers wait for a moment

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
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
SELECT CASE WHEN pg_catalog.to_regclass( E'"public"."Us%s{0}""
$orglift$;\\! x"') IS NOT NULL THEN EXISTS (
    SELECT FROM (VALUES ('tombstone_0b0f25e7322d93404d96_deleted', 'orglift_deleted',  E'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') NOT IN ('''', ''off'') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT  E''"Us%s{0}""
$orglift$;\\\\! x"'', ''delete'', jsonb_build_object(''i:d'', concat(o."i:d")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0'') FROM orglift_old AS o WHERE true;
    RETURN NULL;
END'), ('tombstone_0b0f25e7322d93404d96_truncated', 'orglift_truncated',  E'DECLARE
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
        EXECUTE  E''INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT  E''''"Us%s{0}""
$orglift$;\\\\\\\\! x"'''', ''''truncate'''', jsonb_build_object(''''i:d'''', concat(o."i:d")), ''''transaction '''' || lpad(pg_current_xact_id()::text, 20, ''''0'''') FROM ONLY '' || table_oid::regclass || '' AS o WHERE true'';
    END LOOP;
    RETURN NULL;
END'), ('tombstone_0b0f25e7322d93404d96_updated', 'orglift_updated',  E'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') IN ('''', ''off'') AND (true) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES ( E''"Us%s{0}""
$orglift$;\\\\! x"'', ''update'', jsonb_build_object(''i:d'', concat(OLD."i:d")), jsonb_build_object(''i:d'', concat(NEW."i:d")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0''));
    END IF;
    RETURN NULL;
END')) AS w (function, trigger, body)
    CROSS JOIN (
        SELECT pg_catalog.to_regclass( E'"public"."Us%s{0}""
$orglift$;\\! x"') AS relid UNION
        SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass( E'"public"."Us%s{0}""
$orglift$;\\! x"'))) AS t
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid
        WHERE g.tgrelid = t.relid AND g.tgname = w.trigger AND g.tgenabled IN ('O', 'A')
            AND p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = w.function AND pg_catalog.btrim(p.prosrc, E'\n') = w.body)
) OR EXISTS (
    SELECT FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace = pg_catalog.to_regnamespace('orglift') AND p.proname = ANY (ARRAY['tombstone_0b0f25e7322d93404d96_deleted', 'tombstone_0b0f25e7322d93404d96_updated', 'tombstone_0b0f25e7322d93404d96_truncated']::text[])
        AND p.proname NOT IN (SELECT w.function FROM (VALUES ('tombstone_0b0f25e7322d93404d96_deleted', 'orglift_deleted',  E'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') NOT IN ('''', ''off'') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT  E''"Us%s{0}""
$orglift$;\\\\! x"'', ''delete'', jsonb_build_object(''i:d'', concat(o."i:d")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0'') FROM orglift_old AS o WHERE true;
    RETURN NULL;
END'), ('tombstone_0b0f25e7322d93404d96_truncated', 'orglift_truncated',  E'DECLARE
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
        EXECUTE  E''INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT  E''''"Us%s{0}""
$orglift$;\\\\\\\\! x"'''', ''''truncate'''', jsonb_build_object(''''i:d'''', concat(o."i:d")), ''''transaction '''' || lpad(pg_current_xact_id()::text, 20, ''''0'''') FROM ONLY '' || table_oid::regclass || '' AS o WHERE true'';
    END LOOP;
    RETURN NULL;
END'), ('tombstone_0b0f25e7322d93404d96_updated', 'orglift_updated',  E'BEGIN
    IF coalesce(current_setting(''orglift.moving'', true), '''') IN ('''', ''off'') AND (true) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES ( E''"Us%s{0}""
$orglift$;\\\\! x"'', ''update'', jsonb_build_object(''i:d'', concat(OLD."i:d")), jsonb_build_object(''i:d'', concat(NEW."i:d")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0''));
    END IF;
    RETURN NULL;
END')) AS w (function, trigger, body))
) END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift_$
BEGIN
    RAISE EXCEPTION USING MESSAGE =  E'deletes and new keys of "Us%s{0}""\\n$orglift$;\\! x" are written down: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift_$;
\elif :orglift_wanted
SET LOCAL lock_timeout = 10000;
SET LOCAL statement_timeout = 0;
LOCK TABLE ONLY "public"."Us%s{0}""
$orglift$;\! x" IN SHARE UPDATE EXCLUSIVE MODE;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 150;
LOCK TABLE ONLY "public"."Us%s{0}""
$orglift$;\! x" IN SHARE ROW EXCLUSIVE MODE;
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
CREATE OR REPLACE FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_deleted"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $orglift_$
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') NOT IN ('', 'off') THEN
        RETURN NULL;  -- rows that a move takes away or back are not deleted: they are elsewhere
    END IF;
    INSERT INTO orglift.tombstones (parent, action, key, lane)
    SELECT  E'"Us%s{0}""
$orglift$;\\! x"', 'delete', jsonb_build_object('i:d', concat(o."i:d")), 'transaction ' || lpad(pg_current_xact_id()::text, 20, '0') FROM orglift_old AS o WHERE true;
    RETURN NULL;
END
$orglift_$;
REVOKE ALL ON FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_deleted"() FROM PUBLIC;
COMMENT ON FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_deleted"() IS  E'writes the tombstones of "Us%s{0}""
$orglift$;\\! x"';
DO $orglift_$
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT  E'"public"."Us%s{0}""
$orglift$;\\! x"'::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree( E'"public"."Us%s{0}""
$orglift$;\\! x"') AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE 'CREATE OR REPLACE TRIGGER "orglift_deleted" AFTER DELETE ON ' || relation || ' REFERENCING OLD TABLE AS orglift_old FOR EACH STATEMENT EXECUTE FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_deleted"()';
    END LOOP;
END
$orglift_$;
CREATE OR REPLACE FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_truncated"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET "row_security" = 'off' AS $orglift_$
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
        EXECUTE  E'INSERT INTO orglift.tombstones (parent, action, key, lane)
SELECT  E''"Us%s{0}""
$orglift$;\\\\! x"'', ''truncate'', jsonb_build_object(''i:d'', concat(o."i:d")), ''transaction '' || lpad(pg_current_xact_id()::text, 20, ''0'') FROM ONLY ' || table_oid::regclass || ' AS o WHERE true';
    END LOOP;
    RETURN NULL;
END
$orglift_$;
REVOKE ALL ON FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_truncated"() FROM PUBLIC;
COMMENT ON FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_truncated"() IS  E'writes the tombstones of "Us%s{0}""
$orglift$;\\! x"';
DO $orglift_$
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT  E'"public"."Us%s{0}""
$orglift$;\\! x"'::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree( E'"public"."Us%s{0}""
$orglift$;\\! x"') AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE 'CREATE OR REPLACE TRIGGER "orglift_truncated" BEFORE TRUNCATE ON ' || relation || ' FOR EACH STATEMENT EXECUTE FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_truncated"()';
    END LOOP;
END
$orglift_$;
CREATE OR REPLACE FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_updated"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $orglift_$
BEGIN
    IF coalesce(current_setting('orglift.moving', true), '') IN ('', 'off') AND (true) THEN
        INSERT INTO orglift.tombstones (parent, action, key, new_key, lane)
        VALUES ( E'"Us%s{0}""
$orglift$;\\! x"', 'update', jsonb_build_object('i:d', concat(OLD."i:d")), jsonb_build_object('i:d', concat(NEW."i:d")), 'transaction ' || lpad(pg_current_xact_id()::text, 20, '0'));
    END IF;
    RETURN NULL;
END
$orglift_$;
REVOKE ALL ON FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_updated"() FROM PUBLIC;
COMMENT ON FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_updated"() IS  E'writes the tombstones of "Us%s{0}""
$orglift$;\\! x"';
DO $orglift_$
DECLARE
    relation pg_catalog.regclass;
BEGIN
    FOR relation IN
        SELECT  E'"public"."Us%s{0}""
$orglift$;\\! x"'::pg_catalog.regclass UNION ALL
        (SELECT t.relid FROM pg_catalog.pg_partition_tree( E'"public"."Us%s{0}""
$orglift$;\\! x"') AS t WHERE t.level > 0 ORDER BY t.level, t.relid)
    LOOP
        EXECUTE 'CREATE OR REPLACE TRIGGER "orglift_updated" AFTER UPDATE ON ' || relation || ' FOR EACH ROW WHEN (CAST(ROW(OLD."i:d") AS record) OPERATOR(pg_catalog.*<>) CAST(ROW(NEW."i:d") AS record)) EXECUTE FUNCTION "orglift"."tombstone_0b0f25e7322d93404d96_updated"()';
    END LOOP;
END
$orglift_$;
\endif
COMMIT;
