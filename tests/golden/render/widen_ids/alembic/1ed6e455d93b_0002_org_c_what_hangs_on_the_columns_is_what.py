"""org, c: what hangs on the columns is what the plan was made for"""
# plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 2 of 39
# org, c: what hangs on the columns is what the plan was made for
#   lock: none, waits at most 100 ms, runs at most 60000 ms, in a transaction
# nothing to take back

from alembic import context

revision = "1ed6e455d93b_0002"
down_revision = "1ed6e455d93b_0001"
branch_labels = None
depends_on = None

UP = [
    {
        "purpose": "org, c: what hangs on the columns is what the plan was made for",
        "sql": r"""
SELECT 'partitions and children of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", m.nspname::text AS child_schema, k.relname::text AS child,
       pg_catalog.pg_get_expr(k.relpartbound, k.oid) AS bound
  FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS k ON k.oid = i.inhrelid JOIN pg_catalog.pg_namespace AS m ON m.oid = k.relnamespace
 WHERE c.oid IN (SELECT relid FROM chosen)
 ORDER BY c.oid, k.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'columns of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", a.attname::text AS name, a.attstattarget AS target,
       k.conname::text AS not_null_name, pg_catalog.obj_description(k.oid, 'pg_constraint') AS not_null_comment,
       k.conislocal AS not_null_local, a.attinhcount > 0 AS inherited, a.attislocal AS local,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default,
       pg_catalog.array_remove(ARRAY[
           CASE WHEN pg_catalog.col_description(c.oid, a.attnum) IS NOT NULL THEN pg_catalog.format(
               'COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, c.relname, a.attname, pg_catalog.col_description(c.oid, a.attnum)) END,
           CASE WHEN a.attstorage <> t.typstorage THEN pg_catalog.format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET STORAGE %s',
               n.nspname, c.relname, a.attname, CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) END,
           CASE WHEN a.attcompression <> '' THEN pg_catalog.format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET COMPRESSION %s',
               n.nspname, c.relname, a.attname, CASE a.attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END) END,
           CASE WHEN a.attoptions IS NOT NULL THEN pg_catalog.format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET (%s)',
               n.nspname, c.relname, a.attname, pg_catalog.array_to_string(a.attoptions, ', ')) END
       ], NULL) || ARRAY(
           SELECT pg_catalog.format('GRANT %s (%I) ON TABLE %I.%I TO %s%s', x.privilege_type, a.attname, n.nspname, c.relname,
                  CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                  CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
             FROM pg_catalog.aclexplode(a.attacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, position)
            ORDER BY x.position) AS settings
  FROM chosen AS w JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.relid AND a.attnum = w.attnum
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_class AS c ON c.oid = w.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = w.relid AND d.adnum = w.attnum
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = w.relid AND k.contype = 'n' AND k.conkey = ARRAY[w.attnum]
 ORDER BY c.oid, a.attnum) AS y) AS x) IS DISTINCT FROM '2a5259120689e5cf79404282d784e49a'
UNION ALL
SELECT 'indexes of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, i.relname::text AS name, m.nspname::text AS table_schema, t.relname::text AS "table",
       x.indisunique AS "unique", x.indisclustered AS clustered, x.indisreplident AS replica_identity, x.indisvalid AS valid,
       k.contype::text AS constraint, pg_catalog.pg_get_constraintdef(k.oid) AS definition, i.reloptions AS options,
       i.relkind = 'I' AS partitioned, q.nspname::text AS parent_schema, p.relname::text AS parent,
       coalesce(k.condeferrable, false) AS deferrable, s.spcname::text AS tablespace,
       pg_catalog.pg_get_expr(x.indpred, x.indrelid) AS predicate,
       pg_catalog.substr(pg_catalog.pg_get_indexdef(i.oid), 1 + pg_catalog.length(pg_catalog.format('CREATE %sINDEX %I ON %s%I.%I',
           CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END, i.relname, CASE WHEN i.relkind = 'I' THEN 'ONLY ' ELSE '' END,
           m.nspname, t.relname))) AS tail,
       pg_catalog.obj_description(i.oid, 'pg_class') AS comment, pg_catalog.obj_description(k.oid, 'pg_constraint') AS constraint_comment,
       ARRAY(SELECT ARRAY[a.attnum::int, a.attstattarget::int] FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = i.oid AND a.attstattarget >= 0 ORDER BY a.attnum) AS targets,
       ARRAY(SELECT DISTINCT o.opcname::text FROM pg_catalog.unnest(x.indclass::oid[]) WITH ORDINALITY AS y (oid, position)
               JOIN pg_catalog.pg_opclass AS o ON o.oid = y.oid JOIN chosen AS w ON w.relid = x.indrelid
                AND (w.attnum = (x.indkey::smallint[])[y.position - 1] OR (x.indkey::smallint[])[y.position - 1] = 0 AND EXISTS (
                    SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = i.oid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                       AND d.refobjid = w.relid AND d.refobjsubid = w.attnum))
              WHERE NOT o.opcdefault AND o.opcintype = ANY ('{int2,int4,int2[],int4[]}'::pg_catalog.regtype[])) AS narrow_classes,
       EXISTS (SELECT FROM pg_catalog.pg_constraint AS f WHERE f.contype = 'f' AND f.conindid = i.oid AND NOT EXISTS (
           SELECT FROM chosen AS w WHERE w.relid = x.indrelid AND w.attnum = ANY (f.confkey))) AS held
  FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid JOIN pg_catalog.pg_namespace AS m ON m.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = i.oid AND k.contype IN ('p', 'u', 'x') AND k.conrelid = x.indrelid
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = i.reltablespace
  LEFT JOIN pg_catalog.pg_inherits AS h ON h.inhrelid = i.oid LEFT JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
  LEFT JOIN pg_catalog.pg_namespace AS q ON q.oid = p.relnamespace
 WHERE EXISTS (SELECT FROM chosen AS w WHERE w.relid = x.indrelid AND (w.attnum = ANY (x.indkey::smallint[]) OR EXISTS (
           SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = i.oid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
              AND d.refobjid = w.relid AND d.refobjsubid = w.attnum)))
 ORDER BY i.oid) AS y) AS x) IS DISTINCT FROM '04221bf3e89c434ed72d19c5e9e36d49'
UNION ALL
SELECT 'checks of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT m.nspname::text AS schema, t.relname::text AS "table", k.conname::text AS name, pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression,
       k.convalidated AS validated, k.connoinherit AS no_inherit, k.coninhcount > 0 AS inherited, k.conislocal AS local,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS m ON m.oid = t.relnamespace
 WHERE k.contype = 'c' AND k.conname NOT LIKE 'orglift\_%' AND EXISTS (SELECT FROM chosen AS w WHERE w.relid = k.conrelid AND w.attnum = ANY (k.conkey))
 ORDER BY k.oid) AS y) AS x) IS DISTINCT FROM 'ad2ca923047510e43b2aecbeb14da85c'
UNION ALL
SELECT 'statistics of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, s.stxname::text AS name, m.nspname::text AS table_schema, t.relname::text AS "table",
       coalesce(s.stxstattarget, -1)::int AS target, pg_catalog.obj_description(s.oid, 'pg_statistic_ext') AS comment,
       pg_catalog.substr(pg_catalog.pg_get_statisticsobjdef(s.oid),
           1 + pg_catalog.length(pg_catalog.format('CREATE STATISTICS %I.%I', n.nspname, s.stxname))) AS tail
  FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
  JOIN pg_catalog.pg_class AS t ON t.oid = s.stxrelid JOIN pg_catalog.pg_namespace AS m ON m.oid = t.relnamespace
 WHERE EXISTS (SELECT FROM pg_catalog.pg_depend AS d JOIN chosen AS w ON w.relid = d.refobjid AND w.attnum = d.refobjsubid
                WHERE d.objid = s.oid AND d.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass)
 ORDER BY s.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'views of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
, found (relid, depth) AS (
    SELECT r.ev_class, 1 FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN'
     UNION
    SELECT r.ev_class, f.depth + 1 FROM found AS f JOIN pg_catalog.pg_depend AS d ON d.refobjid = f.relid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN' AND r.ev_class <> f.relid
), views (relid, depth) AS (SELECT relid, pg_catalog.max(depth) FROM found GROUP BY relid)
SELECT v.oid::bigint AS oid, n.nspname::text AS schema, v.relname::text AS name, pg_catalog.format('%I.%I', n.nspname, v.relname) AS spelled,
       pg_catalog.quote_ident(v.relname) AS quoted, f.depth, v.relkind = 'm' AS materialized, v.relispopulated AS populated,
       ARRAY(SELECT i.relname::text FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
              WHERE x.indrelid = v.oid ORDER BY i.oid) AS indexes,
       EXISTS (SELECT FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_depend AS d ON d.objid = r.oid
          AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
         WHERE r.ev_class = v.oid) AS grouped,
       EXISTS (SELECT FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_depend AS d ON d.objid = r.oid
          AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          JOIN chosen AS w ON w.relid = d.refobjid AND w.attnum = d.refobjsubid
         WHERE r.ev_class = v.oid AND NOT pg_catalog.has_table_privilege(v.relowner, w.relid, 'SELECT')) AS unreadable,
       pg_catalog.format('DROP %sVIEW %I.%I', CASE v.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, n.nspname, v.relname) AS drop,
       pg_catalog.pg_get_viewdef(v.oid) AS query,
       ARRAY[pg_catalog.format('CREATE %sVIEW %I.%I%s%s%s AS %s%s', CASE v.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END,
           n.nspname, v.relname,
           CASE WHEN h.amname IS NOT NULL THEN pg_catalog.format(' USING %I', h.amname) ELSE '' END,
           ' WITH (' || nullif(pg_catalog.array_to_string(v.reloptions || ARRAY(SELECT 'toast.' || y.name FROM pg_catalog.pg_class AS o,
               pg_catalog.unnest(o.reloptions) WITH ORDINALITY AS y (name, position) WHERE o.oid = v.reltoastrelid
               ORDER BY y.position), ', '), '') || ')',
           CASE WHEN s.spcname IS NOT NULL THEN pg_catalog.format(' TABLESPACE %I', s.spcname) ELSE '' END,
           pg_catalog.rtrim(pg_catalog.pg_get_viewdef(v.oid), ';'),
           CASE WHEN v.relkind = 'm' AND NOT v.relispopulated THEN ' WITH NO DATA' ELSE '' END),
        pg_catalog.format('ALTER TABLE %I.%I OWNER TO %I', n.nspname, v.relname, pg_catalog.pg_get_userbyid(v.relowner)),
        pg_catalog.format('DO $orglift$ DECLARE r record; BEGIN FOR r IN SELECT x.grantee FROM pg_catalog.pg_class AS c,'
            ' pg_catalog.aclexplode(c.relacl) AS x WHERE c.oid = %L::pg_catalog.regclass LOOP EXECUTE pg_catalog.format('
            '''REVOKE ALL ON TABLE %%s FROM %%s'', %L, CASE WHEN r.grantee = 0 THEN ''PUBLIC'' ELSE'
            ' pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.grantee)) END); END LOOP; END $orglift$',
            pg_catalog.format('%I.%I', n.nspname, v.relname), pg_catalog.format('%I.%I', n.nspname, v.relname))]
       || CASE WHEN v.relacl IS NULL THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format('REVOKE ALL ON TABLE %I.%I FROM %I', n.nspname,
              v.relname, pg_catalog.pg_get_userbyid(v.relowner))] END
       || ARRAY(SELECT pg_catalog.format('GRANT %s ON TABLE %I.%I TO %s%s', x.privilege_type, n.nspname, v.relname,
                    CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                    CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
               FROM pg_catalog.aclexplode(v.relacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, position)
              ORDER BY x.position)
       || ARRAY(SELECT pg_catalog.format('GRANT %s (%I) ON TABLE %I.%I TO %s%s', x.privilege_type, a.attname, n.nspname, v.relname,
                    CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                    CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
               FROM pg_catalog.pg_attribute AS a, pg_catalog.aclexplode(a.attacl)
                    WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, position)
              WHERE a.attrelid = v.oid AND a.attnum > 0 ORDER BY a.attnum, x.position)
       || ARRAY(SELECT pg_catalog.format('COMMENT ON %sVIEW %I.%I IS %L', CASE v.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END,
                    n.nspname, v.relname, e.description) FROM pg_catalog.pg_description AS e
              WHERE e.objoid = v.oid AND e.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objsubid = 0)
       || ARRAY(SELECT pg_catalog.format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, v.relname, a.attname, e.description)
               FROM pg_catalog.pg_description AS e JOIN pg_catalog.pg_attribute AS a ON a.attrelid = e.objoid AND a.attnum = e.objsubid
              WHERE e.objoid = v.oid AND e.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass ORDER BY a.attnum)
       || ARRAY(SELECT pg_catalog.pg_get_indexdef(x.indexrelid) FROM pg_catalog.pg_index AS x WHERE x.indrelid = v.oid ORDER BY x.indexrelid)
       || ARRAY(SELECT pg_catalog.format('ALTER INDEX %I.%I SET TABLESPACE %I', n.nspname, i.relname, z.spcname)
               FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
               JOIN pg_catalog.pg_tablespace AS z ON z.oid = i.reltablespace WHERE x.indrelid = v.oid ORDER BY x.indexrelid)
       || ARRAY(SELECT pg_catalog.format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname, i.relname, a.attnum, a.attstattarget)
               FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.oid AND a.attstattarget >= 0 AND a.attnum > 0
              WHERE x.indrelid = v.oid AND (x.indkey::smallint[])[a.attnum - 1] = 0 ORDER BY x.indexrelid, a.attnum)
       || ARRAY(SELECT pg_catalog.format('ALTER MATERIALIZED VIEW %I.%I CLUSTER ON %I', n.nspname, v.relname, i.relname)
               FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
              WHERE x.indrelid = v.oid AND x.indisclustered)
       || ARRAY(SELECT pg_catalog.format('ALTER MATERIALIZED VIEW %I.%I ALTER COLUMN %I SET %s', n.nspname, v.relname, a.attname, y.setting)
               FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid CROSS JOIN LATERAL (VALUES
                   (CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget END),
                   (CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage
                       WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END),
                   (CASE a.attcompression WHEN 'p' THEN 'COMPRESSION pglz' WHEN 'l' THEN 'COMPRESSION lz4' END),
                   ('(' || pg_catalog.array_to_string(a.attoptions, ', ') || ')')) AS y (setting)
              WHERE a.attrelid = v.oid AND v.relkind = 'm' AND a.attnum > 0 AND NOT a.attisdropped AND y.setting IS NOT NULL
              ORDER BY a.attnum, y.setting)
       || ARRAY(SELECT pg_catalog.format('COMMENT ON INDEX %I.%I IS %L', n.nspname, i.relname, e.description)
               FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
               JOIN pg_catalog.pg_description AS e ON e.objoid = i.oid AND e.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
              WHERE x.indrelid = v.oid ORDER BY x.indexrelid)
       || ARRAY(SELECT pg_catalog.pg_get_triggerdef(g.oid) FROM pg_catalog.pg_trigger AS g
              WHERE g.tgrelid = v.oid AND NOT g.tgisinternal ORDER BY g.oid)
       || ARRAY(SELECT pg_catalog.format('COMMENT ON TRIGGER %I ON %I.%I IS %L', g.tgname, n.nspname, v.relname, e.description)
               FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_description AS e ON e.objoid = g.oid
                AND e.classoid = 'pg_catalog.pg_trigger'::pg_catalog.regclass WHERE g.tgrelid = v.oid ORDER BY g.oid) AS create,
       (SELECT pg_catalog.array_agg(DISTINCT pg_catalog.format('%I.%I', q.nspname, p.relname)) FROM pg_catalog.pg_rewrite AS r
          JOIN pg_catalog.pg_depend AS d ON d.objid = r.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          JOIN chosen AS w ON w.relid = d.refobjid AND w.attnum = d.refobjsubid
          JOIN pg_catalog.pg_class AS p ON p.oid = w.relid JOIN pg_catalog.pg_namespace AS q ON q.oid = p.relnamespace
         WHERE r.ev_class = v.oid) AS tables,
       ARRAY(SELECT DISTINCT d.refobjid::bigint FROM pg_catalog.pg_rewrite AS r
          JOIN pg_catalog.pg_depend AS d ON d.objid = r.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass WHERE r.ev_class = v.oid AND d.refobjid <> v.oid) AS reads
  FROM views AS f JOIN pg_catalog.pg_class AS v ON v.oid = f.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = v.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = v.reltablespace
  LEFT JOIN pg_catalog.pg_am AS h ON h.oid = v.relam AND h.amname <> 'heap'
 ORDER BY f.depth DESC, v.oid DESC) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'rules of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", r.rulename::text AS name,
       pg_catalog.format('DROP RULE %I ON %I.%I', r.rulename, n.nspname, c.relname) AS drop,
       ARRAY[pg_catalog.pg_get_ruledef(r.oid)]
       || CASE WHEN r.ev_enabled = 'O' THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format('ALTER TABLE %I.%I %s RULE %I', n.nspname, c.relname,
              CASE r.ev_enabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, r.rulename)] END
       || CASE WHEN pg_catalog.obj_description(r.oid, 'pg_rewrite') IS NULL THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format(
              'COMMENT ON RULE %I ON %I.%I IS %L', r.rulename, n.nspname, c.relname, pg_catalog.obj_description(r.oid, 'pg_rewrite'))] END AS create,
       ARRAY(SELECT DISTINCT ARRAY[q.nspname::text, o.relname::text] FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid
              AND d.refobjsubid = w.attnum AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
             JOIN pg_catalog.pg_class AS o ON o.oid = w.relid JOIN pg_catalog.pg_namespace AS q ON q.oid = o.relnamespace
            WHERE d.objid = r.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass) AS reads
  FROM pg_catalog.pg_rewrite AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE r.rulename <> '_RETURN' AND EXISTS (SELECT FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid
       AND d.refobjsubid = w.attnum AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     WHERE d.objid = r.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass)
 ORDER BY r.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'triggers of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", g.tgname::text AS name,
       pg_catalog.format('DROP TRIGGER %I ON %I.%I', g.tgname, n.nspname, c.relname) AS drop,
       ARRAY[pg_catalog.pg_get_triggerdef(g.oid)]
       || CASE WHEN g.tgenabled = 'O' THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format('ALTER TABLE %I.%I %s TRIGGER %I', n.nspname, c.relname,
              CASE g.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'DISABLE' END, g.tgname)] END
       || CASE WHEN pg_catalog.obj_description(g.oid, 'pg_trigger') IS NULL THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format(
              'COMMENT ON TRIGGER %I ON %I.%I IS %L', g.tgname, n.nspname, c.relname, pg_catalog.obj_description(g.oid, 'pg_trigger'))] END AS create
  FROM pg_catalog.pg_trigger AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgname <> '~orglift_widen'
   AND EXISTS (SELECT FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid
       AND d.refobjsubid = w.attnum AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     WHERE d.objid = g.oid AND d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass)
 ORDER BY g.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'policies of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", p.polname::text AS name,
       pg_catalog.format('DROP POLICY %I ON %I.%I', p.polname, n.nspname, c.relname) AS drop,
       ARRAY[pg_catalog.format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s%s%s', p.polname, n.nspname, c.relname,
           CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
           CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
           (SELECT pg_catalog.string_agg(CASE WHEN x.oid = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.oid)) END, ', ' ORDER BY x.position)
              FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS x (oid, position)),
           ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
           ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')')]
       || CASE WHEN pg_catalog.obj_description(p.oid, 'pg_policy') IS NULL THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format(
              'COMMENT ON POLICY %I ON %I.%I IS %L', p.polname, n.nspname, c.relname, pg_catalog.obj_description(p.oid, 'pg_policy'))] END AS create,
       ARRAY(SELECT DISTINCT ARRAY[q.nspname::text, o.relname::text] FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid
              AND d.refobjsubid = w.attnum AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
             JOIN pg_catalog.pg_class AS o ON o.oid = w.relid JOIN pg_catalog.pg_namespace AS q ON q.oid = o.relnamespace
            WHERE d.objid = p.oid AND d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass) AS reads
  FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE EXISTS (SELECT FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid
       AND d.refobjsubid = w.attnum AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     WHERE d.objid = p.oid AND d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass)
 ORDER BY p.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'publications of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", b.pubname::text AS name,
       pg_catalog.format('ALTER PUBLICATION %I DROP TABLE ONLY %I.%I', b.pubname, n.nspname, c.relname) AS drop,
       ARRAY[pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I%s%s', b.pubname, n.nspname, c.relname,
           (SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
              FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY (p.prattrs::smallint[])),
           ' WHERE (' || pg_catalog.pg_get_expr(p.prqual, p.prrelid) || ')')] AS create
  FROM pg_catalog.pg_publication_rel AS p JOIN pg_catalog.pg_publication AS b ON b.oid = p.prpubid
  JOIN pg_catalog.pg_class AS c ON c.oid = p.prrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE EXISTS (SELECT FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid
       AND d.refobjsubid = w.attnum AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     WHERE d.objid = p.oid AND d.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass)
 ORDER BY p.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'functions of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT n.nspname::text AS schema, c.relname::text AS "table", p.oid::pg_catalog.regprocedure::text AS name,
       pg_catalog.format('DROP %s %s', k.kind, p.oid::pg_catalog.regprocedure) AS drop,
       ARRAY[pg_catalog.pg_get_functiondef(p.oid),
             pg_catalog.format('ALTER %s %s OWNER TO %I', k.kind, p.oid::pg_catalog.regprocedure, pg_catalog.pg_get_userbyid(p.proowner))]
       || CASE WHEN p.proacl IS NULL THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format('REVOKE ALL ON %s %s FROM PUBLIC, %I',
              k.kind, p.oid::pg_catalog.regprocedure, pg_catalog.pg_get_userbyid(p.proowner))] END
       || ARRAY(SELECT pg_catalog.format('GRANT %s ON %s %s TO %s%s', x.privilege_type, k.kind, p.oid::pg_catalog.regprocedure,
                    CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
                    CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
               FROM pg_catalog.aclexplode(p.proacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, position)
              ORDER BY x.position)
       || CASE WHEN pg_catalog.obj_description(p.oid, 'pg_proc') IS NULL THEN ARRAY[]::text[] ELSE ARRAY[pg_catalog.format(
              'COMMENT ON %s %s IS %L', k.kind, p.oid::pg_catalog.regprocedure, pg_catalog.obj_description(p.oid, 'pg_proc'))] END AS create
  FROM (SELECT DISTINCT relid FROM chosen) AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN pg_catalog.pg_proc AS p CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END) AS k (kind)
 WHERE p.prosqlbody IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_depend AS d JOIN chosen AS o ON o.relid = d.refobjid
        AND o.attnum = d.refobjsubid WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = w.relid
        AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid)
 ORDER BY p.oid, c.oid) AS y) AS x) IS DISTINCT FROM NULL
UNION ALL
SELECT 'trigger functions of org and those tied to it', 'was changed since the plan was made' WHERE (SELECT pg_catalog.md5(pg_catalog.string_agg(x.said, ' ' ORDER BY x.said COLLATE "C")) FROM (
    SELECT (pg_catalog.to_jsonb(y) - '{oid,reads,depth,not_null_local}'::text[])::text AS said FROM (WITH RECURSIVE chosen (relid, attnum) AS (
    SELECT a.attrelid, a.attnum FROM (VALUES ('"public"."org"', 'id'), ('"public"."c"', 'id'), ('"public"."c"', 'org')) AS w (name, col)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attname = w.col AND NOT a.attisdropped)
SELECT DISTINCT n.nspname::text AS schema, c.relname::text AS "table",
       pg_catalog.format('ALTER FUNCTION %I.%I() COST %s', m.nspname, f.proname, f.procost) AS statement
  FROM chosen AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid AND NOT g.tgisinternal
  JOIN pg_catalog.pg_proc AS f ON f.oid = g.tgfoid JOIN pg_catalog.pg_namespace AS m ON m.oid = f.pronamespace
  JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
 WHERE l.lanname = 'plpgsql' AND m.nspname <> 'orglift' AND pg_catalog.pg_has_role(f.proowner, 'USAGE')
 ORDER BY 1, 2, 3) AS y) AS x) IS DISTINCT FROM NULL
""",
        "precondition": r"""
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'integer' THEN true WHEN 'bigint' THEN false END
""",
        "action": "audit",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 100,
        "statement_timeout_ms": 60000,
        "remedy": "undo the plan where it was begun, and make it anew",
    },
]


def upgrade() -> None:
    _shipped().run(UP)


def downgrade() -> None:
    pass


def _shipped():
    return context.script.get_revision("1ed6e455d93b_0000").module
