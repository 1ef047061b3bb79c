-- What catalog.py asks a database. Every block is one round trip and covers the whole database; names are put to OIDs there.
-- The server's own objects have OIDs below 16384 (FirstNormalObjectId), the users' at or above it. Temporary tables are never looked at:
-- those of other sessions may be gone before an expression of theirs is spelled.
-- No block touches a table's file; the only lock is the ACCESS SHARE that pg_get_expr takes for a moment where an expression names columns.

-- name: pin
-- The settings that change how expressions, names and constants are spelled; for this transaction only.
SELECT set_config('search_path', '', true), set_config('quote_all_identifiers', 'off', true), set_config('client_encoding', 'UTF8', true),
       set_config('DateStyle', 'ISO', true), set_config('IntervalStyle', 'postgres', true), set_config('TimeZone', 'UTC', true),
       set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true), set_config('lc_monetary', 'C', true),
       set_config('jit', 'off', true)

-- name: relations
-- Tables, views, sequences; those that are left out (an extension's, orglift's) too, because something else may refer to them.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.relpersistence::text AS persistence,
       pg_get_userbyid(c.relowner)::text AS owner, c.relrowsecurity AS row_security, c.relforcerowsecurity AS row_security_forced,
       c.relreplident::text AS replica_identity, c.relispartition AS is_partition, pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
       p.partstrat::text AS partition_strategy, p.partattrs::int2[] AS partition_key,
       -- a partition that is being detached concurrently is no longer read through its parent
       ARRAY(SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT i.inhdetachpending ORDER BY i.inhseqno) AS parents,
       c.reltuples::int8 AS rows, (c.relpages + coalesce(t.relpages, 0)) * current_setting('block_size')::int8 AS bytes,
       n.nspname = 'orglift' OR EXISTS (
         SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS left_out
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY n.nspname, c.relname

-- name: columns
-- The columns of all tables, in their order. With typmod -1 format_type says bpchar and "bit", which a cast doesn't cut to one character.
SELECT a.attrelid AS relation, a.attnum AS position, a.attname::text AS name, a.atttypid AS type_oid,
       format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null, a.attidentity::text AS identity,
       a.attgenerated::text AS generated, a.attcollation AS collation_oid,
       -- a default names no column; without the table pg_get_expr needn't learn its columns, which took most of the time
       pg_get_expr(d.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE d.adrelid END) AS expression,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum

-- name: orders
-- What decides how texts of each collation are ordered: equal names mean equal orders, on any two servers. Null: nothing that could be
-- compared (not deterministic, a library that tells no version or another one than the collation was made with).
-- The names of these columns changed from version to version of the server, so they are taken from the row as JSON.
WITH here AS (
  SELECT to_jsonb(d) AS row, pg_encoding_to_char(d.encoding) AS encoding, pg_database_collation_actual_version(d.oid) AS actual
    FROM pg_database d WHERE d.datname = current_database()
), known AS (
  SELECT c.oid, h.encoding, c.collisdeterministic AS deterministic,
         CASE WHEN own THEN c.collprovider::text ELSE h.row->>'datlocprovider' END AS provider,
         CASE WHEN own THEN coalesce(r.row->>'colllocale', r.row->>'colliculocale', c.collcollate)
              ELSE coalesce(h.row->>'datlocale', h.row->>'daticulocale', h.row->>'datcollate') END AS locale,
         CASE WHEN own THEN r.row->>'collicurules' ELSE h.row->>'daticurules' END AS rules,
         CASE WHEN own THEN c.collversion ELSE h.row->>'datcollversion' END AS recorded,
         CASE WHEN own THEN pg_collation_actual_version(c.oid) ELSE h.actual END AS actual
    FROM here h CROSS JOIN pg_collation c
   CROSS JOIN LATERAL (SELECT to_jsonb(c) AS row, c.collprovider <> 'd' AS own) AS r
   WHERE c.oid IN (SELECT a.attcollation FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
                    WHERE t.relkind IN ('r', 'p') AND t.oid >= 16384 AND a.attcollation <> 0)
)
SELECT k.oid, CASE
         WHEN NOT k.deterministic THEN NULL
         -- of the library's locales, C and POSIX alone are sure to be bytes; all of the builtin provider's are
         WHEN k.provider = 'b' OR k.provider = 'c' AND k.locale IN ('C', 'POSIX') THEN 'bytes of ' || k.encoding
         WHEN k.recorded = k.actual THEN concat_ws(' ', CASE k.provider WHEN 'i' THEN 'ICU' ELSE 'libc' END, k.locale, k.actual,
              'of ' || k.encoding, 'with ' || nullif(k.rules, '')) END AS "order"
  FROM known k

-- name: types
-- The types that columns have, and those inside them: beneath domains, in arrays, composites, ranges and multiranges.
WITH RECURSIVE used AS (
  SELECT DISTINCT a.atttypid AS oid
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
   WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT part.oid
    FROM used JOIN pg_type t ON t.oid = used.oid
   CROSS JOIN LATERAL (
         SELECT t.typbasetype
          UNION ALL SELECT e.oid FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
          UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
          UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS part (oid)
   WHERE part.oid <> 0
)
SELECT t.oid, format_type(t.oid, -1) AS name, t.typtype::text AS kind, t.typbasetype AS base, coalesce(e.oid, 0) AS element,
       ARRAY(SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
              UNION ALL SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS fields,
       t.typsend <> 0 AND t.typreceive <> 0 AS has_binary,
       t.typnamespace = 'pg_catalog'::regnamespace AND t.typname ~ '^reg' AS names_object,
       EXISTS (SELECT FROM pg_opclass o JOIN pg_am am ON am.oid = o.opcmethod AND am.amname = 'btree'
                WHERE o.opcdefault AND (o.opcintype = t.oid OR o.opcintype IN (
                      SELECT k.casttarget FROM pg_cast k WHERE k.castsource = t.oid AND k.castmethod = 'b' AND k.castcontext = 'i'))) AS ordered,
       (SELECT x.extname::text FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
         WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') AS extension
  FROM used JOIN pg_type t ON t.oid = used.oid
  LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid

-- name: indexes
-- Indexes of tables, with the constraint that stands on one. An opclass that isn't a default one is looked for in one list for all.
SELECT i.indrelid AS relation, c.relname::text AS name, m.amname::text AS method, i.indnkeyatts AS key_length, i.indkey::int2[] AS key,
       i.indoption::int2[] AS options, i.indcollation::oid[] AS collations, pg_get_expr(i.indpred, i.indrelid) AS predicate,
       CASE WHEN i.indexprs IS NOT NULL
            THEN ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false) FROM generate_series(1, i.indnkeyatts) AS n ORDER BY n) END AS expressions,
       i.indisunique AS is_unique, i.indisprimary AS is_primary, i.indisvalid AS valid, i.indnullsnotdistinct AS nulls_not_distinct,
       i.indclass::oid[] && (SELECT array_agg(o.oid) FROM pg_opclass o WHERE NOT o.opcdefault) AS other_opclass,
       k.oid AS constraint_oid, k.conname::text AS constraint_name, k.contype::text AS constraint_type, k.condeferrable AS deferrable,
       CASE WHEN k.contype = 'x'
            THEN ARRAY(SELECT CASE WHEN o.oprnamespace = 'pg_catalog'::regnamespace THEN o.oprname::text
                                   ELSE 'OPERATOR(' || o.oprnamespace::regnamespace::text || '.' || o.oprname || ')' END
                         FROM unnest(k.conexclop) WITH ORDINALITY AS x (oid, n) JOIN pg_operator o ON o.oid = x.oid ORDER BY x.n) END AS operators
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class r ON r.oid = i.indrelid
  JOIN pg_am m ON m.oid = c.relam
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
 WHERE r.relkind IN ('r', 'p') AND r.relpersistence <> 't' AND i.indrelid >= 16384
 ORDER BY i.indrelid, NOT i.indisprimary, k.oid IS NULL, c.relname

-- name: constraints
-- Checks and foreign keys. A parent key is one that a partition inherited, or stands for one partition of the table that is referred to.
SELECT k.oid, k.conrelid AS relation, k.conname::text AS name, k.contype::text AS type, k.conkey AS key, k.convalidated AS validated,
       k.confrelid AS target, k.confkey AS target_key, k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update,
       k.confdelsetcols AS delete_key, k.confmatchtype = 'f' AS match_full, k.condeferrable AS deferrable, k.condeferred AS deferred,
       CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END AS expression
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid AND c.relpersistence <> 't'
 WHERE k.conrelid >= 16384 AND (k.contype = 'c' OR k.contype = 'f' AND k.conparentid = 0)
 ORDER BY k.conrelid, k.conname

-- name: constraints_18
-- What PostgreSQL 18 can say of a constraint and older ones can't; only those where it says something.
SELECT k.oid, k.conrelid AS relation, k.conname::text AS name, k.contype::text AS type, k.conkey AS key, k.conenforced AS enforced,
       k.conperiod AS temporal
  FROM pg_constraint k
 WHERE k.conrelid >= 16384 AND (NOT k.conenforced OR k.conperiod OR k.contype = 'n' AND NOT k.convalidated)
 ORDER BY k.conrelid, k.conname

-- name: triggers
-- Triggers that a person made; tgtype's bits are 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
SELECT t.tgrelid AS relation, t.tgname::text AS name, t.tgenabled::text AS enabled, t.tgtype::int AS bits, t.tgattr::int2[] AS key,
       n.nspname::text AS function_schema, p.proname::text AS function_name
  FROM pg_trigger t
  JOIN pg_proc p ON p.oid = t.tgfoid
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE NOT t.tgisinternal AND t.tgparentid = 0
 ORDER BY t.tgrelid, t.tgname

-- name: policies
-- Row-level security.
SELECT p.polrelid AS relation, p.polname::text AS name, p.polcmd::text AS command, p.polpermissive AS permissive,
       pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
  FROM pg_policy p
 ORDER BY p.polrelid, p.polname

-- name: sequences
-- One row for a sequence and a column that it feeds: i identity, n named in the column's default, a owned by the column.
SELECT s.seqrelid AS oid, format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqmin AS minimum, s.seqmax AS maximum,
       s.seqincrement AS increment, s.seqcycle AS cycle, f.relation, f.position, f.how
  FROM pg_sequence s
  LEFT JOIN (SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS position, d.deptype::text AS how
               FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
              UNION ALL
             SELECT d.refobjid, a.adrelid, a.adnum, 'n'
               FROM pg_attrdef a
               JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass) AS f
    ON f.sequence = s.seqrelid
 ORDER BY s.seqrelid, f.relation, f.position

-- name: uses
-- What rules (a view's too), policies, triggers, defaults, checks, indexes and parsed routines depend on: relations and users' routines.
-- A policy or rule depends on its own table as well; that goes without saying. A row type stands for its table. The parts are looked up by
-- oid, one by one: right after a load there are no statistics, and any other join of so many catalogs is planned for a single row.
SELECT CASE d.classid WHEN 'pg_rewrite'::regclass THEN 'rule' WHEN 'pg_policy'::regclass THEN 'policy'
                      WHEN 'pg_trigger'::regclass THEN 'trigger' WHEN 'pg_attrdef'::regclass THEN 'default'
                      WHEN 'pg_constraint'::regclass THEN 'check' WHEN 'pg_class'::regclass THEN 'index' ELSE 'routine' END AS kind,
       d.objid AS object, coalesce(r.ev_class, p.polrelid, t.tgrelid, a.adrelid, k.conrelid, i.indrelid, 0) AS relation,
       coalesce(r.rulename, p.polname, t.tgname, c.attname, k.conname, x.relname)::text AS name,
       array_agg(DISTINCT coalesce(y.typrelid, d.refobjid)) FILTER (
         WHERE d.refclassid <> 'pg_proc'::regclass AND coalesce(y.typrelid, d.refobjid) <> coalesce(r.ev_class, p.polrelid, 0)) AS relations,
       array_agg(DISTINCT d.refobjid) FILTER (WHERE d.refclassid = 'pg_proc'::regclass) AS routines
  FROM pg_depend d
  LEFT JOIN pg_type y ON d.refclassid = 'pg_type'::regclass AND y.oid = d.refobjid
  LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
  LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
  LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
  LEFT JOIN pg_attribute c ON c.attrelid = a.adrelid AND c.attnum = a.adnum
  LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
  LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
  LEFT JOIN pg_class x ON x.oid = i.indexrelid
 WHERE d.refobjid >= 16384 AND d.deptype IN ('n', 'a')
   AND (d.refclassid = 'pg_proc'::regclass AND (
          d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_attrdef'::regclass, 'pg_proc'::regclass)
          OR i.indexrelid IS NOT NULL OR t.tgparentid = 0 AND NOT t.tgisinternal OR k.contype = 'c' AND k.conrelid <> 0)
        OR d.refclassid = 'pg_class'::regclass AND d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
        OR d.refclassid = 'pg_type'::regclass AND d.classid = 'pg_proc'::regclass AND y.typrelid <> 0)
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 3, 4

-- name: routines
-- Functions and procedures with bodies that can be read. Those without a text have a parsed one, whose uses the catalog knows.
SELECT p.oid, n.nspname::text AS schema, p.proname::text AS name, oidvectortypes(p.proargtypes) AS arguments,
       CASE WHEN p.prosqlbody IS NULL THEN p.prosrc END AS body
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND l.lanname NOT IN ('c', 'internal') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'orglift')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
 ORDER BY n.nspname, p.proname, arguments

-- name: named_types
-- Enums with their labels in order, domains with what they demand.
SELECT n.nspname::text AS schema, t.typname::text AS name, t.typtype::text AS kind, t.typnotnull AS not_null,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base_type,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels,
       ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname) AS checks
  FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype IN ('e', 'd') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'orglift')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
 ORDER BY n.nspname, t.typname

-- name: extensions
-- What is installed, and in which version.
SELECT x.extname::text AS name, x.extversion AS version FROM pg_extension x ORDER BY x.extname
