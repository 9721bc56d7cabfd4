#!/usr/bin/env bash
# How fast `requery` is: 1,000,000 documents of 500 bytes from a server that answers at memory speed, beside curl
# fetching the same bytes to /dev/null; and a single document of 100 MiB. Shows seconds, seconds of CPU and peak memory
# of three runs. The disk that is written to counts as well: TMPDIR chooses it.
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
print(f"{sys.argv[1]:10} {seconds:6.2f} s {cpu:6.2f} s of CPU {used.ru_maxrss // 1024:5} MB")
PY
}

for workload in "1000000 500" "1 104857600"; do
  echo "documents and bytes each: $workload"
  # shellcheck disable=SC2086
  serve $workload
  for _ in 1 2 3; do
    timed curl curl -sS -o /dev/null "$url/all"
    rm -rf "$folder/snapshot"
    DITTO_CDC_API_KEY=key timed requery target/release/ditto-cdc requery --url "$url" --output "$folder/snapshot"
  done
  kill "$server"
  wait "$server" 2>/dev/null || true
  rm -f "$folder/port"
done
