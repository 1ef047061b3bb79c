-- name: head
, domains (oid) AS (
    SELECT t.oid FROM chosen AS w JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.relid AND a.attnum = w.attnum
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'd'
     UNION
    SELECT o.oid FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid
      JOIN pg_catalog.pg_type AS o ON o.typtype = 'd' AND (o.oid = t.typbasetype OR o.typbasetype = t.oid))

-- name: held
, views (relid) AS (
    SELECT r.ev_class FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN'
     UNION
    SELECT r.ev_class FROM views AS f JOIN pg_catalog.pg_depend AS d ON d.refobjid = f.relid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.rulename = '_RETURN' AND r.ev_class <> f.relid
), held AS (
    SELECT DISTINCT d.classid, d.objid FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
)

-- name: domains
SELECT t.oid::bigint AS oid, n.nspname::text AS schema, t.typname::text AS name, m.nspname::text AS base_schema, b.typname::text AS base,
       CASE t.typlen WHEN 2 THEN 'smallint' ELSE 'integer' END AS bottom,
       pg_catalog.pg_get_expr(t.typdefaultbin, 0) AS default, t.typnotnull AS not_null, k.conname::text AS not_null_name,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS not_null_comment,
       pg_catalog.pg_get_userbyid(t.typowner)::text AS owner, pg_catalog.obj_description(t.oid, 'pg_type') AS comment,
       CASE WHEN t.typacl IS NOT NULL THEN ARRAY(
           SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
                  || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
             FROM pg_catalog.aclexplode(t.typacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, position)
            ORDER BY x.position) END AS granted
  FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype JOIN pg_catalog.pg_namespace AS m ON m.oid = b.typnamespace
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.contypid = t.oid AND k.contype = 'n'
 ORDER BY t.oid

-- name: constraints
SELECT n.nspname::text AS schema, t.typname::text AS domain, k.conname::text AS name, pg_catalog.pg_get_expr(k.conbin, 0) AS expression,
       k.convalidated AS validated, pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_constraint AS k ON k.contypid = t.oid AND k.contype = 'c'
 ORDER BY t.oid, k.conname

-- name: uses
SELECT DISTINCT pg_catalog.pg_describe_object(u.classid, u.objid, u.objsubid) AS object
  FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid
  JOIN pg_catalog.pg_depend AS u ON u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND u.refobjid IN (t.oid, t.typarray)

-- name: touched
SELECT DISTINCT pg_catalog.format('ALTER FUNCTION %s COST %s', f.oid::pg_catalog.regprocedure, f.procost) AS statement
  FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid
  JOIN pg_catalog.pg_proc AS f ON f.prokind = 'f' AND pg_catalog.strpos(pg_catalog.lower(f.prosrc), pg_catalog.lower(t.typname)) > 0
  JOIN pg_catalog.pg_namespace AS m ON m.oid = f.pronamespace JOIN pg_catalog.pg_language AS l ON l.oid = f.prolang
 WHERE l.lanname = 'plpgsql' AND m.nspname <> 'orglift' AND pg_catalog.pg_has_role(f.proowner, 'USAGE')
 ORDER BY 1

-- name: spelled
SELECT DISTINCT a.attname::text AS name FROM pg_catalog.pg_attribute AS a WHERE a.atttypid IN (SELECT oid FROM domains) AND NOT a.attisdropped

-- name: trees
, found (kind, oid, owner, name, tree) AS (
    SELECT 'view', c.oid, NULL::oid, c.relname::text, r.ev_action::text
      FROM views AS v JOIN pg_catalog.pg_class AS c ON c.oid = v.relid
      JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = v.relid AND r.rulename = '_RETURN'
    UNION ALL
    SELECT 'index', i.oid, NULL, i.relname::text, pg_catalog.concat(x.indexprs::text, x.indpred::text)
      FROM held AS h JOIN pg_catalog.pg_class AS i ON i.oid = h.objid AND h.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
    UNION ALL
    SELECT 'check', k.oid, k.conrelid, k.conname::text, k.conbin::text FROM held AS h JOIN pg_catalog.pg_constraint AS k
        ON k.oid = h.objid AND h.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.contype = 'c'
    UNION ALL
    SELECT 'statistics', s.oid, NULL, s.stxname::text, s.stxexprs::text FROM held AS h JOIN pg_catalog.pg_statistic_ext AS s
        ON s.oid = h.objid AND h.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
    UNION ALL
    SELECT 'rule', r.oid, r.ev_class, r.rulename::text, pg_catalog.concat(r.ev_action::text, r.ev_qual::text)
      FROM held AS h JOIN pg_catalog.pg_rewrite AS r ON r.oid = h.objid AND h.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
     WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'trigger', g.oid, g.tgrelid, g.tgname::text, g.tgqual::text FROM held AS h JOIN pg_catalog.pg_trigger AS g
        ON g.oid = h.objid AND h.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.tgname <> '~orglift_widen'
    UNION ALL
    SELECT 'policy', p.oid, p.polrelid, p.polname::text, pg_catalog.concat(p.polqual::text, p.polwithcheck::text)
      FROM held AS h JOIN pg_catalog.pg_policy AS p ON p.oid = h.objid AND h.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
    UNION ALL
    SELECT 'column', f.oid, f.adrelid, a.attname::text, f.adbin::text
      FROM chosen AS w JOIN pg_catalog.pg_attrdef AS f ON f.adrelid = w.relid AND f.adnum = w.attnum
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.relid AND a.attnum = w.attnum
    UNION ALL
    SELECT 'function', p.oid, NULL, p.oid::pg_catalog.regprocedure::text, p.prosqlbody::text
      FROM held AS h JOIN pg_catalog.pg_proc AS p ON p.oid = h.objid AND h.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION ALL
    SELECT 'domain', t.oid, NULL, t.typname::text, t.typdefaultbin::text FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid
    UNION ALL
    SELECT 'constraint', k.oid, k.contypid, k.conname::text, k.conbin::text
      FROM domains AS d JOIN pg_catalog.pg_constraint AS k ON k.contypid = d.oid AND k.contype = 'c'
)
SELECT f.kind, f.name, coalesce(f.tree, '') AS tree, coalesce(n.nspname, m.nspname)::text AS schema,
       coalesce(c.relname, t.typname)::text AS owner
  FROM found AS f
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = coalesce(f.owner, f.oid) AND f.kind NOT IN ('domain', 'constraint', 'function')
  LEFT JOIN pg_catalog.pg_statistic_ext AS s ON s.oid = f.oid AND f.kind = 'statistics'
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid = coalesce(f.owner, f.oid) AND f.kind IN ('domain', 'constraint')
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(s.stxnamespace, c.relnamespace)
  LEFT JOIN pg_catalog.pg_namespace AS m ON m.oid = t.typnamespace
 ORDER BY f.kind, f.oid

-- name: problems
, types (oid) AS (
    SELECT x.oid FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) AS x (oid)
)
SELECT DISTINCT pg_catalog.pg_describe_object(u.classid, u.objid, u.objsubid) AS object,
       'depends on ' || pg_catalog.pg_describe_object(u.refclassid, u.refobjid, 0) || ', which is widened' AS found
  FROM types AS d JOIN pg_catalog.pg_depend AS u ON u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND u.refobjid = d.oid
 WHERE NOT (u.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND u.objid IN (SELECT oid FROM types))
   AND NOT (u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND u.objsubid > 0 AND EXISTS (
           SELECT FROM chosen AS w WHERE w.relid = u.objid AND w.attnum = u.objsubid))
   AND NOT (u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND u.objid IN (SELECT relid FROM views))
   AND NOT (u.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND EXISTS (
           SELECT FROM pg_catalog.pg_rewrite AS r WHERE r.oid = u.objid AND r.rulename = '_RETURN' AND r.ev_class IN (SELECT relid FROM views)))
   AND NOT (u.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND EXISTS (
           SELECT FROM pg_catalog.pg_constraint AS k WHERE k.oid = u.objid AND k.contypid IN (SELECT oid FROM domains)))
   AND NOT (u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND EXISTS (
           SELECT FROM pg_catalog.pg_attrdef AS f JOIN chosen AS w ON w.relid = f.adrelid AND w.attnum = f.adnum WHERE f.oid = u.objid))
   AND NOT (u.classid NOT IN ('pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass)
       AND u.objsubid = 0 AND (u.classid, u.objid) IN (SELECT classid, objid FROM held)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.oid = u.objid AND u.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                          AND (coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) && ARRAY(SELECT oid FROM types)))
UNION ALL
SELECT 'domain ' || t.oid::pg_catalog.regtype::text, x.found
  FROM domains AS d JOIN pg_catalog.pg_type AS t ON t.oid = d.oid
 CROSS JOIN LATERAL (
       SELECT 'belongs to an extension' FROM pg_catalog.pg_depend AS e
        WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND e.objid = t.oid AND e.deptype = 'e'
        UNION
       SELECT 'has rights that another role than its owner gave' FROM pg_catalog.aclexplode(t.typacl) AS x WHERE x.grantor <> t.typowner
        UNION
       SELECT 'has a security label' FROM pg_catalog.pg_seclabel AS l
        WHERE l.objoid = t.oid AND l.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass
        UNION
       SELECT 'has its values from sequence ' || s.seqrelid::pg_catalog.regclass::text || ', which is not one of bigint'
         FROM pg_catalog.pg_depend AS e JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = e.refobjid AND s.seqtypid <> 'bigint'::pg_catalog.regtype
        WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND e.objid = t.oid
          AND e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) AS x (found)
