#!/usr/bin/env bash
# Benchmark of filtering captures, compared with jq, jaq and wc on the same file; best of several runs. Needs jq; also
# measures jaq if it is in PATH or in JAQ. Prints ratios, because seconds depend on the machine.
#
#   benches/file.sh [MEGABYTES]        (default 600; jq alone takes a minute)
#   DITTO_CDC=path/to/ditto-cdc benches/file.sh
set -euo pipefail
cd "$(dirname "$0")/.."

megabytes=${1:-600}
folder=${BENCH_DIR:-${TMPDIR:-/tmp}/ditto-cdc-bench}
file=$folder/events-$megabytes.ndjson
jaq=${JAQ:-$(command -v jaq || true)}
mine=${DITTO_CDC:-target/release/ditto-cdc}
mkdir -p "$folder"

cargo build --release --quiet --example generate
if [ -z "${DITTO_CDC:-}" ]; then cargo build --release --quiet --bin ditto-cdc; fi
[ -s "$file" ] || target/release/examples/generate "$megabytes" > "$file"
cat "$file" > /dev/null # loads the file into the page cache, to exclude the disk

# best RUNS COMMAND…: the shortest time in seconds. Output is discarded, to exclude the disk.
best() {
    local runs=$1 TIMEFORMAT=%R
    shift
    for _ in $(seq "$runs"); do { time "$@" > /dev/null 2> "$folder/errors"; } 2>&1; done | sort -n | head -n 1
}

# row NAME SECONDS: prints time, throughput and the ratio to the time of ditto-cdc.
row() {
    awk -v name="$1" -v s="$2" -v ours="$ours" -v bytes="$(stat -c %s "$file")" \
        'BEGIN { printf "%-44s %8.3f s %8.2f GB/s %8.2f x\n", name, s, bytes / s / 1e9, s / ours }'
}

select='select(.collection == "people" or .type == "requeryRequired")'
# First checks that all tools select the same events.
head -n 20000 "$file" > "$folder/some.ndjson"
"$mine" tail --input "$folder/some.ndjson" -c people --format json > "$folder/mine"
jq -c "$select | .txnId" "$folder/some.ndjson" > "$folder/theirs"
if ! jq -c .txnId "$folder/mine" | cmp -s - "$folder/theirs"; then
    echo "ditto-cdc and jq select different events" >&2
    exit 1
fi

ours=$(best 7 "$mine" tail --input "$file" -c people --format json)
printf '%s: %s events, about %s%% of them shown\n' \
    "$file" "$(wc -l < "$file")" "$(($(wc -l < "$folder/theirs") / 200))"
row "ditto-cdc tail -c people --format json" "$ours"
row "ditto-cdc tail -c nothing --format json" \
    "$(best 7 "$mine" tail --input "$file" -c nothing --format json)"
row "ditto-cdc tail --format json (all checked)" "$(best 3 "$mine" tail --input "$file" --format json)"
row "ditto-cdc tail --grep 'portland 93817'" \
    "$(best 7 "$mine" tail --input "$file" --no-control --grep 'portland 93817' --format json)"
row "wc -l" "$(best 7 wc -l "$file")"
row "jq -c 'select(…)'" "$(best 1 jq -c "$select" "$file")"
if [ -n "$jaq" ]; then
    row "jaq -c 'select(…)'" "$(best 1 "$jaq" -c "$select" "$file")"
else
    echo "jaq: not found (cargo install jaq --root FOLDER, then JAQ=FOLDER/bin/jaq)"
fi

# at_gaps COMMAND…: accepts status 4, because a format that cannot express a gap ends with it.
at_gaps() { "$@" || [ $? = 4 ]; }

# The shape of `--format debezium`, made with jq, which does not keep the bytes of the documents.
envelope='select(.type == "documentChanged") | . as $event | .change as $change
  | def text: if type == "string" then . else "json:" + tojson end;
  def row($txn): if . == null then null else {_id: (._id | text), doc: tojson, txn_id: $txn} end;
  $change.newValue as $new | ($change.oldValue // (if $new then null else $change.value end)) as $old
  | {schema: $schema[0], payload: {before: ($old | row(null)), after: ($new | row($event.txnId)),
    source: {connector: "ditto-cdc", name: null, ts_ms: null, db: null, table: $event.collection, txId: $event.txnId,
      partition: null, offset: null},
    op: (if $new == null then "d" elif $old == null then "c" else "u" end), ts_ms: null,
    key: {_id: (($new // $old)._id | text)}}}'
parsed='.payload | .before.doc |= (. // "null" | fromjson) | .after.doc |= (. // "null" | fromjson)'
at_gaps "$mine" tail --input "$folder/some.ndjson" --format debezium --on-gap mark -q > "$folder/mine" 2> "$folder/errors"
head -n 1 "$folder/mine" | jq .schema > "$folder/schema"
made_by_jq=(jq -c --slurpfile schema "$folder/schema" "$envelope")
if [ "$(jq -c "$parsed" "$folder/mine" | cksum)" != "$("${made_by_jq[@]}" "$folder/some.ndjson" | jq -c "$parsed" | cksum)" ]; then
    echo "ditto-cdc and jq make different envelopes" >&2
    exit 1
fi
echo
ours=$(best 5 at_gaps "$mine" tail --input "$file" --format debezium --on-gap mark)
row "ditto-cdc tail --format debezium" "$ours"
row "ditto-cdc tail --format debezium-plain" \
    "$(best 5 at_gaps "$mine" tail --input "$file" --format debezium-plain --on-gap mark)"
row "ditto-cdc tail --format json" "$(best 5 "$mine" tail --input "$file" --format json)"
row "jq -c '{schema: …, payload: …}'" "$(best 1 "${made_by_jq[@]}" "$file")"

# condition EXPR SELECTION: `--where` compared with an equivalent jq filter; the last column is the speed-up.
condition() {
    local some=$folder/some.ndjson
    if [ "$("$mine" tail --input "$some" --where "$1" --no-control --format json | jq -c .txnId | cksum)" \
        != "$(jq -c "select($2) | .txnId" "$some" | cksum)" ]; then
        echo "ditto-cdc and jq select different events by $1" >&2
        exit 1
    fi
    ours=$(best 5 "$mine" tail --input "$file" --where "$1" --no-control --format json)
    row "--where \"$1\"" "$ours"
    row "jq -c 'select(…)'" "$(best 1 jq -c "select($2)" "$file")"
}

echo
condition "collection = 'people' AND method = 'remove'" '.collection == "people" and .change.method == "remove"'
condition "version = 7" '(.change.newValue // .change.value).version == 7'
condition "lines[0].qty > 900" '(.change.newValue // .change.value).lines[0].qty > 900'
condition "changed(address.city)" '(.change.oldValue // .change.value).address.city != .change.newValue.address.city'
