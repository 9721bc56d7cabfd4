#!/usr/bin/env bash
# Benchmark of `mirror` with a real broker over mutual TLS and an HTTP server that answers from memory: a load, changes,
# the delay of a change, and the size of the log beside readers. Compared with SQLite alone (`mirror_floor`: the same rows
# and changes in memory, the same table and settings), and with `tail | jq | sqlite-utils upsert`
# into a table of the same documents. Alternating, best of
# several runs. Needs Java 17, Maven, Python 3, sqlite3 and jq. Prints ratios, because seconds depend on the machine.
#
#   benches/mirror.sh [DOCUMENTS] [CHANGES]       (default 1000000 and 300000; five minutes, 3 GB in TMPDIR)
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet sqlite-utils==4.2.1

cargo build --release --quiet --example serve --example mirror_floor
SQLITE_UTILS=$tools/bin/sqlite-utils BENCH_DOCUMENTS=${1:-1000000} BENCH_CHANGES=${2:-300000} \
    cargo test --release --quiet --test real_kafka -- \
    --ignored --exact --nocapture mirror_bench::bench_mirror
