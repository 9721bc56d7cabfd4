#!/usr/bin/env bash
# Expected: one SELECT over a table of an attached SQLite file reads one state of the file, as SQLite's own SELECT does:
# a transaction that commits meanwhile is seen as a whole, or not at all.
# Observed: DuckDB's scan of a SQLite table divides the rows among its threads, each with a connection and so a read
# transaction of its own. While another process commits, one SELECT returns rows from before and from after a commit. With
# one thread, and with sqlite_query(), which leaves the SELECT to SQLite, each answer is of one state.
# Versions: duckdb 1.5.5 with duckdb-extension-sqlite-scanner 1.5.5 (PyPI), the SQLite of Python 3.
# Why it matters: a file that another program keeps up to date is a natural source for DuckDB. Sums and exports to Parquet
# that are read while it changes can be of no moment at all, without an error. Read with sqlite_query(), with
# SET threads = 1, or from a copy made by VACUUM INTO.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==1.5.5 duckdb-extension-sqlite-scanner==1.5.5
cat > "$folder/write.py" <<'PYTHON'
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
last = int(sys.argv[2])
while True:
    # Each transaction changes the first and the last row: both always have the same number.
    database.execute("UPDATE counters SET number = number + 1 WHERE id IN (1, ?)", (last,))
PYTHON
cat > "$folder/try.py" <<'PYTHON'
import pathlib
import sqlite3
import subprocess
import sys

import duckdb
import duckdb_extension_sqlite_scanner as package

ROWS, SCANS = 400_000, 30
file = sys.argv[1] + "/counters.db"
database = sqlite3.connect(file)
database.execute("PRAGMA journal_mode = WAL")
database.execute("CREATE TABLE counters (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, filler TEXT)")
rows = ((number, 1 if number in (1, ROWS) else 0, "x" * 100) for number in range(1, ROWS + 1))
database.executemany("INSERT INTO counters VALUES (?, ?, ?)", rows)
database.commit()
database.close()
extension = next(pathlib.Path(package.__file__).parent.rglob("sqlite_scanner.duckdb_extension"))
print("duckdb", duckdb.__version__, "SQLite of Python", sqlite3.sqlite_version)


def states(threads, table, condition=" WHERE number > 0"):
    """The number of states in one SELECT, for each of several scans: how many numbers the two rows have."""
    connection = duckdb.connect(config={"threads": threads, "extension_directory": sys.argv[1]})
    connection.execute(f"INSTALL '{extension}'")
    connection.execute("LOAD sqlite_scanner")
    connection.execute(f"ATTACH '{file}' AS source (TYPE sqlite, READ_ONLY)")
    counts = []
    for _ in range(SCANS):
        counts.append(connection.execute(f"SELECT count(DISTINCT number) FROM {table}{condition}").fetchone()[0])
    connection.close()
    return counts


writer = subprocess.Popen([sys.executable, sys.argv[1] + "/write.py", file, str(ROWS)])
try:
    parallel = states(4, "source.counters")
    single = states(1, "source.counters")
    query = states(4, "sqlite_query('source', 'SELECT number FROM counters WHERE number > 0')", "")
finally:
    writer.kill()
    writer.wait()
print("states in each SELECT, 4 threads:", parallel)
print("states in each SELECT, 1 thread: ", single)
print("states in each sqlite_query():   ", query)
same = max(parallel) > 1 and set(single) == {1} and set(query) == {1}
raise SystemExit(0 if same else 1)
PYTHON
timeout 300 "$folder/venv/bin/python" "$folder/try.py" "$folder" || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
