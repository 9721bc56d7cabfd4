#!/usr/bin/env bash
# Expected: a table of an attached SQLite file has in DuckDB the columns that SQLite's SELECT * returns.
# Observed: generated columns are missing, stored ones too: DESCRIBE does not list them, SELECT * does not return them, and a
# query that names one fails as if it did not exist. sqlite_query(), which leaves the SELECT to SQLite, returns them.
# Versions: duckdb 1.5.5 with duckdb-extension-sqlite-scanner 1.5.5 (PyPI), the SQLite of Python 3.
# Why it matters: generated columns are the usual way to give JSON documents in SQLite names that SQL and an index can use. A
# person who works with them in sqlite3 finds them gone in DuckDB, and an export to Parquet leaves them out without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==1.5.5 duckdb-extension-sqlite-scanner==1.5.5
cat > "$folder/try.py" <<'PYTHON'
import pathlib
import sqlite3
import sys

import duckdb
import duckdb_extension_sqlite_scanner as package

file = sys.argv[1] + "/orders.db"
database = sqlite3.connect(file)
database.execute(
    "CREATE TABLE orders (doc TEXT, "
    "status TEXT AS (json_extract(doc, '$.status')) VIRTUAL, "
    "total INTEGER AS (json_extract(doc, '$.total')) STORED)"
)
database.execute("""INSERT INTO orders (doc) VALUES ('{"status":"paid","total":7}')""")
database.commit()
in_sqlite = [column[0] for column in database.execute("SELECT * FROM orders").description]
extension = next(pathlib.Path(package.__file__).parent.rglob("sqlite_scanner.duckdb_extension"))
connection = duckdb.connect(config={"extension_directory": sys.argv[1]})
connection.execute(f"INSTALL '{extension}'")
connection.execute("LOAD sqlite_scanner")
connection.execute(f"ATTACH '{file}' AS source (TYPE sqlite, READ_ONLY)")


def columns(query):
    return [column[0] for column in connection.execute(query).description]


def error(query):
    try:
        connection.execute(query)
    except duckdb.Error as failed:
        return str(failed).splitlines()[0]
    return None


attached = columns("SELECT * FROM source.orders")
described = [row[0] for row in connection.execute("DESCRIBE source.orders").fetchall()]
queried = columns("SELECT * FROM sqlite_query('source', 'SELECT * FROM orders')")
named = error("SELECT status FROM source.orders")
print("duckdb", duckdb.__version__, "SQLite of Python", sqlite3.sqlite_version)
print("SQLite:        ", in_sqlite)
print("SELECT *:      ", attached)
print("DESCRIBE:      ", described)
print("sqlite_query():", queried)
print("by its name:   ", named)
same = (
    in_sqlite == ["doc", "status", "total"]
    and attached == described == ["doc"]
    and queried == in_sqlite
    and named is not None
)
raise SystemExit(0 if same else 1)
PYTHON
timeout 120 "$folder/venv/bin/python" "$folder/try.py" "$folder" || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
