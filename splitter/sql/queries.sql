-- What `splitter queries` asks of a database beside its catalog. Nothing here writes.

-- name: apart
-- Relations outside of both silos: the server's own, orglift's, those of extensions.
SELECT n.nspname::text AS schema, c.relname::text AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
   AND (n.nspname IN ('pg_catalog', 'information_schema', 'orglift') OR EXISTS (
         SELECT FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'))

-- name: routines
-- Functions and procedures whose text only their language understands. Those with a parsed body have none: the catalog knows what they use.
SELECT n.nspname::text AS schema, p.proname::text AS name, pg_catalog.oidvectortypes(p.proargtypes) AS arguments,
       l.lanname::text AS language, p.prosrc AS body, pg_catalog.pg_get_functiondef(p.oid) AS definition, p.proconfig AS settings
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p', 'w') AND p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal')
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'orglift')

-- name: room
-- track_activity_query_size, in bytes.
SELECT s.setting::int AS bytes FROM pg_catalog.pg_settings s WHERE s.name = 'track_activity_query_size'

-- name: extension
-- Where pg_stat_statements is installed, and whether the server has loaded it.
SELECT n.nspname::text AS schema, pg_catalog.current_setting('pg_stat_statements.max', true) AS room
  FROM pg_catalog.pg_extension x
  JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
 WHERE x.extname = 'pg_stat_statements'

-- name: statements
-- The statements of this database that the server has counted, in milliseconds; most time first. Another role's text may be hidden.
SELECT s.query AS text, s.calls AS calls, s.total_exec_time AS milliseconds, s.userid AS role
  FROM {schema}.pg_stat_statements(true) s
 WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
 ORDER BY s.total_exec_time DESC

-- name: thrown_out
-- How often the server has thrown out what was run least, to make room.
SELECT i.dealloc FROM {schema}.pg_stat_statements_info i

-- name: schemas
-- All there are.
SELECT n.nspname::text AS name FROM pg_catalog.pg_namespace n

-- name: paths
-- The search path that each role starts with in this database: its own here, its own everywhere, the database's, the server's.
SELECT r.oid AS role, r.rolname::text AS name,
       (SELECT pg_catalog.substr(o.option, 13)
          FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS o(option)
         WHERE o.option LIKE 'search\_path=%' AND s.setrole IN (0, r.oid)
           AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
         ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1) AS path
  FROM pg_catalog.pg_roles r
