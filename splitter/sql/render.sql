-- What stands in rendered SQL files around a plan's own statements. See render/sql.py.

-- name: guard
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

-- name: raise
BEGIN
    RAISE EXCEPTION USING MESSAGE = {message}, HINT = {hint};
END

-- name: audit
DECLARE
    orglift_found text;
BEGIN
    orglift_found := (SELECT pg_catalog.string_agg(pg_catalog.concat(a.object, ': ', a.found), E'\n') FROM (
{audit}
    ) AS a (object, found));
    IF orglift_found IS NOT NULL THEN
        RAISE EXCEPTION USING MESSAGE = {message}, DETAIL = orglift_found, HINT = {hint};
    END IF;
END

-- name: loop
DECLARE
    orglift_wanted boolean;
    orglift_changed bigint;
BEGIN
    LOOP
        orglift_wanted := (
{precondition}
        );
        IF orglift_wanted IS NULL THEN
            RAISE EXCEPTION USING MESSAGE = {message}, HINT = {hint};
        END IF;
        EXIT WHEN NOT orglift_wanted;
        EXECUTE {batch};
        GET DIAGNOSTICS orglift_changed = ROW_COUNT;
        COMMIT;
        EXIT WHEN orglift_changed = 0;
    END LOOP;
END

-- name: runner
#!/bin/sh
# Runs these files with psql:
#     sh run.sh up -d "$URL"        all steps in order
#     sh run.sh down -d "$URL"      takes them back, the last one first
# A file that does not get its locks gives way, and is run again after a pause; any other error stops. The same call goes on then.
# $ORGLIFT_PATIENCE: for how many seconds one file is tried (60).

way=$1
case $way in
    up) order= ;;
    down) order=-r ;;
    *) echo 'usage: sh run.sh up|down [options of psql]' >&2; exit 2 ;;
esac
shift
folder=$(dirname "$0")
patience=${ORGLIFT_PATIENCE:-60}
patience=${patience%%.*}
errors=$(mktemp) || exit 1
trap 'rm -f "$errors"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for name in $(CDPATH= cd -- "$folder" && ls | grep "\.$way\.sql\$" | LC_ALL=C sort $order); do
    file=$folder/$name
    echo "$name"
    states='55P03|40001|40P01'
    grep -qxF -e '{budget}' "$file" && states="$states|57014"
    until=$(( $(date +%s) + ${patience:-0} ))
    pause=1
    until psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "$@" -f "$file" 2>"$errors"; do
        cat "$errors" >&2
        grep -qE ": +($states): " "$errors" || exit 1
        if [ "$(date +%s)" -ge "$until" ]; then
            echo "$name: other sessions were in the way for ${patience:-0} s; run this again when it is quieter" >&2
            exit 1
        fi
        wait=$(awk "BEGIN { srand($$ + $(date +%s)); printf \"%.1f\", $pause * (0.5 + rand()) }")
        echo "$name: gave way, again in $wait s" >&2
        sleep "$wait"
        [ $pause -lt 4 ] && pause=$(( pause * 2 ))
    done
done
