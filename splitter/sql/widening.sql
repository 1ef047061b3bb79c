-- name: count
SELECT pg_catalog.count(*) + (SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits WHERE inhparent IN (SELECT relid FROM chosen))
  FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.refobjid = w.relid AND d.refobjsubid = w.attnum
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.oid = d.objid
                      AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.conname LIKE 'orglift\_%')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.oid = d.objid
                      AND d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.tgname = '~orglift_widen')

-- name: key_count
SELECT pg_catalog.count(*) FROM chosen AS w JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.refobjid = w.relid AND d.refobjsubid = w.attnum AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
  JOIN pg_catalog.pg_constraint AS k ON k.oid = d.objid AND k.contype = 'f'
 WHERE (k.conrelid, k.conname) IN (SELECT pg_catalog.to_regclass(v.name), v.key FROM (VALUES {keys}) AS v (name, key))
