-- What the clean-up worker asks: the queue beside the parents, and what it has to know of the children's tables.

-- name: lanes
-- The next lanes that have something to do, each locked for this session. The ends of lanes are jumped to, not read up to.
WITH RECURSIVE ends AS (
    SELECT min(t.lane) AS lane FROM orglift.tombstones AS t WHERE {waiting} AND t.lane > {after}
    UNION ALL
    SELECT (SELECT min(t.lane) FROM orglift.tombstones AS t WHERE {waiting} AND t.lane > ends.lane) FROM ends WHERE ends.lane IS NOT NULL
)
SELECT ends.lane FROM ends
WHERE ends.lane IS NOT NULL
    AND pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('orglift lane ' || ends.lane, 0))
LIMIT {limit}

-- name: is_waiting
t.swept_at IS NULL AND (t.not_before IS NULL OR t.not_before <= pg_catalog.clock_timestamp()) AND NOT t.confirmed @> {open}::text[]

-- name: claim
SELECT w.slot, w.id, w.lane, w.parent, w.action, w.key, w.new_key, w.xid::text, w.confirmed
FROM pg_catalog.unnest({lanes}::text[]) AS l (lane)
CROSS JOIN LATERAL (
    SELECT t.* FROM orglift.tombstones AS t WHERE {waiting} AND t.lane = l.lane ORDER BY t.id LIMIT {limit}) AS w
ORDER BY w.id

-- name: claim_due
-- Only those before which nothing of their parent's table waits: what waits may still hand them children.
WITH firsts AS (SELECT t.parent, min(t.id) AS id FROM orglift.tombstones AS t WHERE t.swept_at IS NULL GROUP BY t.parent)
SELECT t.slot, t.id, t.lane, t.parent, t.action, t.key, t.new_key, t.xid::text, t.confirmed
FROM orglift.tombstones AS t LEFT JOIN firsts AS f ON f.parent = t.parent
WHERE t.due_at <= pg_catalog.clock_timestamp() AND (f.id IS NULL OR t.id < f.id)
ORDER BY t.due_at, t.id
LIMIT {limit}

-- name: lock_due
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('orglift due tombstones', 0))

-- name: unlock
SELECT pg_catalog.pg_advisory_unlock_all()

-- name: mark_confirmed
UPDATE orglift.tombstones AS t
SET confirmed = ARRAY(SELECT c FROM pg_catalog.unnest(t.confirmed) AS c UNION SELECT c FROM pg_catalog.unnest({names}::text[]) AS c),
    attempts = 0, not_before = NULL, problem = {problem}
WHERE t.slot = {slot} AND t.id = ANY ({ids}::bigint[])

-- name: mark_swept
UPDATE orglift.tombstones AS t
SET confirmed = '{{}}', swept_at = pg_catalog.clock_timestamp(), attempts = 0, not_before = NULL, problem = {problem},
    due_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => {grace})
WHERE t.slot = {slot} AND t.id = ANY ({ids}::bigint[])

-- name: mark_done
UPDATE orglift.tombstones AS t
SET swept_at = pg_catalog.clock_timestamp(), due_at = NULL, done_at = pg_catalog.clock_timestamp(), problem = {problem}
WHERE t.slot = {slot} AND t.id = ANY ({ids}::bigint[])

-- name: mark_due_later
UPDATE orglift.tombstones AS t SET due_at = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => {seconds}), problem = {problem}
WHERE t.slot = {slot} AND t.id = ANY ({ids}::bigint[])

-- name: mark_failed
UPDATE orglift.tombstones AS t
SET attempts = t.attempts + 1, problem = {problem},
    not_before = pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => least(600, 5 * 2 ^ least(t.attempts, 10)))
WHERE t.slot = {slot} AND t.id = ANY ({ids}::bigint[])

-- name: handed_on
-- Updates whose old key the same transaction gave to another row later on.
SELECT t.id FROM orglift.tombstones AS t
WHERE t.slot = {slot} AND t.id = ANY ({ids}::bigint[]) AND EXISTS (
    SELECT FROM orglift.tombstones AS later
    WHERE later.id > t.id AND later.xid = t.xid AND later.parent = t.parent AND later.action = 'update' AND NOT EXISTS (
        SELECT FROM pg_catalog.unnest({columns}::text[]) AS c (name)
        WHERE later.new_key ->> c.name IS DISTINCT FROM t.key ->> c.name))

-- name: slots
SELECT i.inhrelid::pg_catalog.regclass::text, c.relname,
    c.relname = 'tombstones_' || (pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) / 86400)::bigint % 8) AS is_current
FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'orglift.tombstones'::pg_catalog.regclass
ORDER BY c.relname

-- name: is_droppable
-- All is done but a few that have failed for more than a day, which may go on in another slot.
SELECT EXISTS (SELECT FROM {slot}) AND NOT EXISTS (SELECT FROM {slot} WHERE due_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM {slot} WHERE swept_at IS NULL AND (attempts = 0 OR at > pg_catalog.clock_timestamp() - interval '1 day'))
    AND (SELECT count(*) FROM (SELECT FROM {slot} WHERE swept_at IS NULL LIMIT {few} + 1) AS failing) <= {few}

-- name: carry_over
UPDATE orglift.tombstones AS t
SET slot = pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) / 86400)::bigint % 8
FROM {slot} AS s WHERE s.swept_at IS NULL AND t.slot = s.slot AND t.id = s.id

-- name: is_held
SELECT EXISTS (SELECT FROM orglift.moves AS m WHERE m.finished_at IS NULL AND m.relocation <> ALL ({over}::uuid[]))

-- name: table_facts
SELECT c.relkind = 'p' AS is_partitioned,
    ARRAY(
        SELECT DISTINCT coalesce(a.attname, '') FROM pg_catalog.pg_partition_tree(c.oid) AS t
        JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = t.relid
        CROSS JOIN pg_catalog.unnest(p.partattrs) AS k (number)
        LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = k.number)::text[] AS partition_columns
FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass({table})

-- name: column_facts
WITH RECURSIVE types AS (
    SELECT a.attname, a.attrelid, a.attnum, a.atttypid AS type FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = ANY ({columns}::text[]) AND NOT a.attisdropped
    UNION ALL
    SELECT s.attname, s.attrelid, s.attnum, t.typbasetype FROM types AS s JOIN pg_catalog.pg_type AS t ON t.oid = s.type
    WHERE t.typtype = 'd'
)
SELECT s.attname, pg_catalog.format_type(s.type, -1), coalesce(o.nspname, 'pg_catalog'), coalesce(o.oprname, '='),
    pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM types AS s JOIN pg_catalog.pg_type AS t ON t.oid = s.type
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = s.attrelid AND d.adnum = s.attnum
LEFT JOIN LATERAL (
    SELECT n.nspname, p.oprname FROM pg_catalog.pg_opclass AS k
    JOIN pg_catalog.pg_amop AS m ON m.amopfamily = k.opcfamily AND m.amoplefttype = k.opcintype AND m.amoprighttype = k.opcintype
        AND m.amopstrategy = 3
    JOIN pg_catalog.pg_operator AS p ON p.oid = m.amopopr JOIN pg_catalog.pg_namespace AS n ON n.oid = p.oprnamespace
    WHERE k.opcintype = s.type AND k.opcdefault AND k.opcmethod = 403) AS o ON true
WHERE t.typtype <> 'd'

-- name: partitions_that_hold
SELECT DISTINCT c.tableoid::pg_catalog.regclass::text FROM {table} AS c{from_keys} WHERE {matches}

-- name: is_any
SELECT EXISTS (SELECT FROM {table} AS c{from_keys} WHERE {matches})

-- name: survey
SELECT count(*), min(c.ctid)::text, max(c.ctid)::text FROM {table} AS c{from_keys} WHERE {matches}

-- name: candidates
SELECT c.ctid FROM {table} AS c{from_keys} WHERE {matches} LIMIT {limit}

-- name: candidates_between
-- OFFSET 0 keeps the keys out of the scan, so that the pages are read one after the other and no index entry of a dead row is.
SELECT c.ctid FROM (
    SELECT c.ctid, c.* FROM {table} AS c WHERE c.ctid >= {low}::tid AND c.ctid < {high}::tid OFFSET 0) AS c{from_keys}
WHERE {matches} LIMIT {limit}

-- name: delete_between
-- IS TRUE keeps the keys out of an index scan, as OFFSET 0 above does.
DELETE FROM {table} AS c WHERE c.ctid >= {low}::tid AND c.ctid < {high}::tid AND ({matches}) IS TRUE

-- name: unlocked
SELECT c.ctid FROM {table} AS c WHERE c.ctid = ANY (ARRAY({candidates})) FOR UPDATE SKIP LOCKED

-- name: delete
DELETE FROM {table} AS c WHERE c.ctid = ANY (ARRAY({candidates}))

-- name: unset
UPDATE {target} AS c SET {assignments} WHERE c.ctid = ANY (ARRAY({candidates})){of_partition}

-- name: follow
UPDATE {target} AS c SET {assignments} FROM {keys} WHERE c.ctid = ANY (ARRAY({candidates})) AND {matches}{of_partition}

-- name: of_partition
 AND c.tableoid = {partition}::pg_catalog.regclass

-- name: existing
SELECT k.number FROM {keys} WHERE EXISTS (SELECT FROM {table} AS c WHERE {matches})

-- name: moving
SELECT m.organization FROM orglift.moves AS m WHERE m.finished_at IS NULL AND m.relocation <> ALL ({over}::uuid[])
ORDER BY m.entered_at LIMIT 1

-- name: backlog
SELECT count(*), coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - min(t.at)), 0), count(DISTINCT t.lane),
    (SELECT count(*) FROM orglift.cascades), (
        SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint
        FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'orglift.tombstones'::pg_catalog.regclass)
FROM orglift.tombstones AS t WHERE t.swept_at IS NULL

-- name: backlog_by_parent
SELECT t.parent, count(*) FILTER (WHERE t.swept_at IS NULL),
    coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - min(t.at) FILTER (WHERE t.swept_at IS NULL)), 0),
    count(*) FILTER (WHERE t.due_at IS NOT NULL), count(*) FILTER (WHERE t.attempts > 0),
    count(*) FILTER (WHERE t.swept_at IS NOT NULL AND t.problem IS NOT NULL), min(t.problem) FILTER (WHERE t.attempts > 0)
FROM orglift.tombstones AS t
WHERE t.swept_at IS NULL OR t.due_at IS NOT NULL OR t.problem IS NOT NULL
GROUP BY t.parent ORDER BY t.parent

-- name: backlog_by_lane
SELECT t.lane, count(*), extract(epoch FROM pg_catalog.clock_timestamp() - min(t.at))
FROM orglift.tombstones AS t WHERE t.swept_at IS NULL
GROUP BY t.lane ORDER BY count(*) DESC, t.lane LIMIT {limit}

-- name: next_keys
-- Each key from the one before: an index is jumped through, not read.
WITH RECURSIVE k AS (
    (SELECT {columns} FROM {table} AS c WHERE {is_set} AND {after} ORDER BY {columns} LIMIT 1)
    UNION ALL
    SELECT n.* FROM k CROSS JOIN LATERAL (
        SELECT {columns} FROM {table} AS c WHERE {is_set} AND ({columns}) > ({key}) ORDER BY {columns} LIMIT 1) AS n
)
SELECT {texts} FROM k LIMIT {limit}

-- name: all_keys
SELECT DISTINCT {texts} FROM (SELECT {columns} FROM {table} AS c WHERE {is_set} AND {after}) AS k

-- name: waited_for
SELECT {columns} FROM orglift.tombstones AS t WHERE t.parent = {parent} AND t.done_at IS NULL AND ({columns}) IN ({wanted})
