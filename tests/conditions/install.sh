#!/usr/bin/env bash
# Installs Ditto's query engine for `tests/conditions.rs` into target/ditto-engine; a single download of about 25 MB.
# Needs Python 3.10 or newer on Linux (glibc 2.35 or newer). The engine is not part of ditto-cdc.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 -m venv target/ditto-engine
target/ditto-engine/bin/pip install --quiet --disable-pip-version-check dittolive-ditto==5.2.0.dev0
