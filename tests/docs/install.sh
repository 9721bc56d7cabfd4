#!/usr/bin/env bash
# Installs what runs and checks the examples of docs/ into target/docs-tools: DuckDB with its extension for SQLite (which
# DuckDB itself would download from its own server; it verifies the signature of the extension), Polars, ClickHouse's engine
# and a validator of Kubernetes manifests. Downloads of about 250 MB. Needs Python 3.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 -m venv target/docs-tools
target/docs-tools/bin/pip install --quiet --disable-pip-version-check \
  duckdb-cli==1.5.5 duckdb==1.5.5 duckdb-extension-sqlite-scanner==1.5.5 kubernetes-validate==1.37.0 \
  polars==2.1.0 chdb-core-lite==26.5.0
