#!/usr/bin/env bash
# Benchmark of `requery`: 1,000,000 documents of 500 bytes, and one document of 100 MiB, from an HTTP server that answers
# from memory. To /dev/null, compared with curl; then into a snapshot folder, compared with writing the same number of
# bytes to the disk (of TMPDIR). Shows seconds, CPU seconds and peak memory of five runs.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet
cargo build --release --quiet --example serve
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT

serve() {
  target/release/examples/serve "$@" >"$folder/port" &
  server=$!
  until [ -s "$folder/port" ]; do sleep 0.05; done
  url=http://127.0.0.1:$(cat "$folder/port")
}

timed() {
  /usr/bin/env python3 - "$@" <<'PY'
import os, resource, subprocess, sys, time
start = time.time()
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds = time.time() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = used.ru_utime + used.ru_stime
print(f"{sys.argv[1]:12} {seconds:6.2f} s {cpu:6.2f} s of CPU {used.ru_maxrss // 1024:5} MB")
PY
}

for workload in "1000000 500" "1 104857600"; do
  echo "documents and bytes each: $workload"
  # shellcheck disable=SC2086
  serve $workload
  for _ in 1 2 3 4 5; do
    timed curl curl -sS -o /dev/null "$url/all"
    DITTO_CDC_API_KEY=key timed "requery -" target/release/ditto-cdc requery --url "$url" --output -
    rm -rf "$folder/snapshot"
    DITTO_CDC_API_KEY=key timed "requery DIR" target/release/ditto-cdc requery --url "$url" --output "$folder/snapshot"
    size=$(du --apparent-size --block-size=1M "$folder/snapshot" | cut -f1)
    timed "the disk" dd if=/dev/zero of="$folder/zeros" bs=1M count="$size" oflag=direct conv=fsync
    rm -f "$folder/zeros"
  done
  kill "$server"
  wait "$server" 2>/dev/null || true
  rm -f "$folder/port"
done
