#!/usr/bin/env bash
# Benchmark of reading whole topics from a real broker over mutual TLS, compared with kcat and Kafka's console consumer:
# alternating, several rounds, medians. Needs Java 17, Maven and kcat. Prints ratios, because seconds depend on the machine.
#
#   benches/kafka.sh [MEGABYTES]       (default 600; five minutes)
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet --example generate --example consume
BENCH_MEGABYTES=${1:-600} cargo test --release --quiet --test real_kafka -- \
    --ignored --exact --nocapture bench::bench_broker
