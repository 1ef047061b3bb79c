-- Expressions in which a chosen column may stand, as the server spells them.

-- name: tables
SELECT n.nspname::text AS schema, c.relname::text AS name, pg_catalog.format('%I.%I', n.nspname, c.relname) AS spelled,
       pg_catalog.quote_ident(c.relname) AS quoted,
       ARRAY(SELECT ARRAY[a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)] FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a JOIN chosen AS o ON o.relid = a.attrelid AND o.attnum = a.attnum
              WHERE a.attrelid = c.oid) AS chosen
  FROM (SELECT DISTINCT relid FROM chosen) AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 ORDER BY c.oid

-- name: expressions
, tables (relid, name) AS (
    SELECT DISTINCT w.relid, pg_catalog.format('%I.%I', n.nspname, c.relname) FROM chosen AS w
      JOIN pg_catalog.pg_class AS c ON c.oid = w.relid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT t.name AS "table", x.object, x.said
  FROM tables AS t CROSS JOIN LATERAL (
    SELECT pg_catalog.format('check %I of %s', k.conname, t.name), pg_catalog.pg_get_expr(k.conbin, k.conrelid)
      FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = t.relid AND k.contype = 'c' AND k.conislocal AND k.conname NOT LIKE 'orglift\_%'
     UNION ALL
    SELECT pg_catalog.format('index %s', i.indexrelid::pg_catalog.regclass), pg_catalog.pg_get_expr(i.indexprs, i.indrelid)
      FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS o ON o.oid = i.indexrelid WHERE i.indrelid = t.relid AND NOT o.relispartition
     UNION ALL
    SELECT pg_catalog.format('index %s', i.indexrelid::pg_catalog.regclass), pg_catalog.pg_get_expr(i.indpred, i.indrelid)
      FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS o ON o.oid = i.indexrelid WHERE i.indrelid = t.relid AND NOT o.relispartition
     UNION ALL
    SELECT pg_catalog.format('statistics %s.%I', s.stxnamespace::pg_catalog.regnamespace, s.stxname),
           pg_catalog.array_to_string(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid), ', ')
      FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = t.relid
     UNION ALL
    SELECT pg_catalog.format('policy %I of %s', p.polname, t.name), pg_catalog.pg_get_expr(y.tree, p.polrelid)
      FROM pg_catalog.pg_policy AS p CROSS JOIN LATERAL (VALUES (p.polqual), (p.polwithcheck)) AS y (tree) WHERE p.polrelid = t.relid
     UNION ALL
    SELECT pg_catalog.format('column %I of %s', a.attname, t.name), pg_catalog.pg_get_expr(d.adbin, d.adrelid)
      FROM pg_catalog.pg_attrdef AS d JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE d.adrelid = t.relid AND a.attgenerated <> '' AND a.attinhcount = 0
     UNION ALL
    SELECT pg_catalog.format('publication %I, row filter of %s', b.pubname, t.name), pg_catalog.pg_get_expr(p.prqual, p.prrelid)
      FROM pg_catalog.pg_publication_rel AS p JOIN pg_catalog.pg_publication AS b ON b.oid = p.prpubid WHERE p.prrelid = t.relid
  ) AS x (object, said)
 WHERE x.said <> ''
 ORDER BY t.relid, x.object, x.said

-- name: conditions
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS "table", pg_catalog.format('trigger %I of %I.%I', g.tgname, n.nspname, c.relname) AS object,
       pg_catalog.pg_get_triggerdef(g.oid) AS said
  FROM (SELECT DISTINCT relid FROM chosen) AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgqual IS NOT NULL AND g.tgparentid = 0
UNION ALL
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format('rule %I of %I.%I', r.rulename, n.nspname, c.relname),
       pg_catalog.pg_get_ruledef(r.oid)
  FROM (SELECT DISTINCT relid FROM chosen) AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.ev_qual <> '<>'
 ORDER BY 1, 2
