#!/usr/bin/env bash
# How fast whole topics are read from a real broker over mutual TLS, against kcat and Kafka's console consumer: all
# in turn, several rounds, medians. Needs Java 17, Maven and kcat. Prints ratios, since seconds say nothing about
# another machine.
#
#   benches/kafka.sh [MEGABYTES]       (600 unless told; five minutes)
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --quiet --example generate
BENCH_MEGABYTES=${1:-600} cargo test --release --quiet --test real_kafka -- \
    --ignored --exact --nocapture bench::bench_broker
