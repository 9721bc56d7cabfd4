#!/usr/bin/env bash
# Benchmark of `relay` beside MirrorMaker 2 on one real broker: the same topic into another one, exactly once on both sides.
# The times are from the first committed records to the last ones, without the start of the processes. Needs a JDK of Java 17,
# Maven and PostgreSQL. Prints ratios, because seconds depend on the machine.
#
#   benches/relay.sh [MEGABYTES]       (default 300; five minutes)
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet --example generate
BENCH_MEGABYTES=${1:-300} cargo test --release --quiet --test engines -- \
    --ignored --exact --nocapture bench::bench_relay
