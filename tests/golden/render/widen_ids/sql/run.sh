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
    grep -qxF -e '-- run.sh: a time-out of the statement is one of its locks' "$file" && states="$states|57014"
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
