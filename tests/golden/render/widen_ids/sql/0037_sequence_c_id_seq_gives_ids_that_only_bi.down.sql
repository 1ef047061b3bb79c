-- plan widen-ids 1ed6e455d93b452d800420007025bd24 for us, step 37 of 39: down
-- back: org: every id fits the narrow column
-- back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
-- back: c: every id fits the narrow column
-- back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
-- back: sequence c_id_seq stands within the narrow column's range
-- back: lock: ACCESS SHARE, waits at most 100 ms, runs without a limit, in a transaction
-- back: sequence c_id_seq stays within the narrow column's range
-- back: the point of no return: only after somebody has watched the application run on what the steps before have made
-- back: lock: SHARE ROW EXCLUSIVE on c_id_seq, waits at most 100 ms, runs at most 150 ms, in a transaction
-- back: hazard: waits for transactions that have taken an id; who wants one waits behind it

\set ON_ERROR_STOP on
\encoding UTF8

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 0;
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
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."org"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'org: every id fits the narrow column: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
(SELECT 'org', 'id' || ' is ' || t."id"::text || ', which no narrow column holds' FROM ONLY "public"."org" AS t
    WHERE t."id" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'org: every id fits the narrow column: not so', DETAIL = orglift_found, HINT = 'the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back';
    END IF;
END
$orglift$;
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 0;
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
SELECT CASE (SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass('"public"."c"') AND a.attname = 'id' AND NOT a.attisdropped) WHEN 'bigint' THEN true WHEN 'integer' THEN false END
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'c: every id fits the narrow column: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
(SELECT 'c', 'id' || ' is ' || t."id"::text || ', which no narrow column holds' FROM ONLY "public"."c" AS t
    WHERE t."id" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
UNION ALL
(SELECT 'c', 'org' || ' is ' || t."org"::text || ', which no narrow column holds' FROM ONLY "public"."c" AS t
    WHERE t."org" NOT BETWEEN  -2147483648 AND 2147483647 LIMIT 5)
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'c: every id fits the narrow column: not so', DETAIL = orglift_found, HINT = 'the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back';
    END IF;
END
$orglift$;
\endif
COMMIT;

BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = '';
SET LOCAL row_security = off;
SET LOCAL lock_timeout = 100;
SET LOCAL statement_timeout = 0;
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
SELECT pg_catalog.to_regclass('"public"."c_id_seq"') IS NOT NULL
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'sequence c_id_seq stands within the narrow column''s range: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
DO $orglift$
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
SELECT 'c_id_seq', 'stands at ' || s.last_value || ', which a narrow column does not hold'
FROM "public"."c_id_seq" AS s WHERE s.last_value > 2147483647
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = 'sequence c_id_seq stands within the narrow column''s range: not so', DETAIL = orglift_found, HINT = 'the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back';
    END IF;
END
$orglift$;
\endif
COMMIT;

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
SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = pg_catalog.to_regclass('"public"."c_id_seq"')
    AND (s.seqtypid <> 'bigint'::pg_catalog.regtype OR s.seqmax <> 2147483647 OR s.seqmin <> 1))
) AS answer) AS q \gset orglift_
\if :orglift_lost
DO $orglift$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'sequence c_id_seq stays within the narrow column''s range: what it would change is not what the plan was made for', HINT = 'make the plan anew, and render it';
END
$orglift$;
\elif :orglift_wanted
ALTER SEQUENCE "public"."c_id_seq" AS bigint MINVALUE 1 MAXVALUE 2147483647;
\endif
COMMIT;
