#!/usr/bin/env bash
# Fuzzes one target under libFuzzer without a nightly toolchain and without cargo-fuzz: fuzz/run.sh TARGET [SECONDS]
# Only the package itself and the targets are instrumented; cargo calls this script as the compiler's wrapper for that.
# AddressSanitizer is not used: there is no unsafe code, and librdkafka's build cannot be linked with it.
set -euo pipefail
if [ -n "${DITTO_CDC_FUZZ:-}" ]; then
  for word in "$@"; do
    case $word in "${DITTO_CDC_FUZZ%/*}/src/lib.rs" | fuzz_targets/*) own=yes ;; esac
  done
  if [ -z "${own:-}" ]; then exec "$@"; fi
  exec env RUSTC_BOOTSTRAP=1 "$@" --cfg fuzzing -Cdebug-assertions -Coverflow-checks=on -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
fi
cd "$(dirname "$0")"
target=$1
DITTO_CDC_FUZZ=$PWD RUSTC_WRAPPER=$PWD/run.sh cargo build --release --bin "$target"

# Seeds: each event of the examples and fixtures, and the whole fixture files.
seeds=corpus/seeds
mkdir -p "$seeds" "corpus/$target" artifacts
cat ../examples/*.ndjson ../tests/fixtures/*.ndjson | split -l 1 -a 4 - "$seeds/line-"
folders=("corpus/$target" "$seeds" ../tests/fixtures ../tests/fixtures/captures)
if [ "$target" = pkcs12 ]; then folders=("corpus/$target" ../tests/fixtures/p12); fi
exec "${CARGO_TARGET_DIR:-target}/release/$target" -max_total_time="${2:-300}" -timeout=10 -artifact_prefix=artifacts/ \
  "${folders[@]}"
