#!/usr/bin/env bash
# Installs DuckDB for `tests/stats/` into target/duckdb; a single download of about 25 MB. Needs Python 3.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 -m venv target/duckdb
target/duckdb/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
