"""sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943"""
# plan region-ids b5605eb893deb7e207eb74e01e3b5744 for us, step 1 of 2
# sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943
#   lock: SHARE ROW EXCLUSIVE, waits at most 300 ms, runs at most 60000 ms, in a transaction
#   hazard: waits for transactions that took an id from it; new ids wait behind it
# step 1 cannot be taken back: sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943
# state: as it was

from django.db import migrations

from . import _orglift_b5605eb8

UP = [
    {
        "purpose": "sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943",
        "sql": r"""
DO $orglift$DECLARE
    scanned bigint;
    upcoming bigint;
BEGIN
    -- Ids that were inserted without the sequence. What has no index is read here, while nothing is locked.
    scanned := greatest((SELECT pg_catalog.max(t."id") FROM "public"."org" AS t WHERE t."id" BETWEEN 206158430208 AND 274877906943),
        206158430208 + (SELECT pg_catalog.max(t."id") FROM "public"."org" AS t WHERE t."id" BETWEEN 0 AND 68719476736 - 1));
    -- From here on nobody gets an id until this commits, and whoever got one has committed: the largest ids and the last value
    -- cannot grow any more. RESTART below makes sessions throw away ids that they had cached; setval would not.
    ALTER SEQUENCE "public"."org_id_seq" AS bigint;
    scanned := greatest(scanned, (SELECT pg_catalog.max(t."id") FROM "public"."org" AS t WHERE t."id" BETWEEN 206158430208 AND 274877906943),
        206158430208 + (SELECT pg_catalog.max(t."id") FROM "public"."org" AS t WHERE t."id" BETWEEN 0 AND 68719476736 - 1));
    SELECT CASE WHEN s.is_called THEN s.last_value + 1 ELSE s.last_value END INTO STRICT upcoming FROM "public"."org_id_seq" AS s;
    upcoming := CASE
        WHEN upcoming BETWEEN 206158430208 AND 274877906943 + 1 THEN upcoming
        WHEN upcoming BETWEEN 0 AND 68719476736 THEN 206158430208 + upcoming
        WHEN upcoming >> 36 = ANY (ARRAY[]::bigint[]) THEN 206158430208 END;
    IF upcoming IS NULL THEN
        RAISE EXCEPTION '% stands in the range of another origin than 3', '"public"."org_id_seq"';
    END IF;
    upcoming := greatest(upcoming, scanned + 1, 206158430208 + 1);
    IF upcoming > 274877906943 THEN
        RAISE EXCEPTION 'origin 3 has no ids left for %', '"public"."org_id_seq"';
    END IF;
    EXECUTE pg_catalog.format('ALTER SEQUENCE %s MINVALUE 206158430208 MAXVALUE 274877906943 START WITH %s RESTART WITH %s',
        '"public"."org_id_seq"', upcoming, upcoming);
END$orglift$
""",
        "precondition": r"""
SELECT CASE
    WHEN d.seqincrement <> 1 OR d.seqcycle OR NOT EXISTS (SELECT FROM orglift.identity WHERE origin = 3) THEN NULL
    ELSE NOT (d.seqtypid = 'bigint'::pg_catalog.regtype AND d.seqmin = 206158430208 AND d.seqmax = 274877906943 AND s.last_value >= 206158430209) END
FROM pg_catalog.pg_sequence AS d, "public"."org_id_seq" AS s
WHERE d.seqrelid = '"public"."org_id_seq"'::pg_catalog.regclass
""",
        "action": "run",
        "transactional": True,
        "tables": [],
        "lock_timeout_ms": 300,
        "statement_timeout_ms": 60000,
        "remedy": "",
    },
]


def forwards(apps, schema_editor):
    _orglift_b5605eb8.run(schema_editor, UP)


def backwards(apps, schema_editor):
    _orglift_b5605eb8.refuse("step 1 cannot be taken back: sequence org_id_seq: on from 206158430209 or above, within 206158430208 to 274877906943")


class Migration(migrations.Migration):
    atomic = False  # a step begins its own transaction, and begins it again where it gave way

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[],
        ),
    ]
