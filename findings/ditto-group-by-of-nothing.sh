#!/usr/bin/env bash
# Expected: GROUP BY over no documents returns no rows, as in SQL: there is no group.
# Observed: it returns one row, with the count 0 and without the group's key. The same for a condition that matches
# nothing. SUM over nothing returns a row without any field.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: a census by type of id (SELECT type(_id) AS t, COUNT(*) AS n ... GROUP BY type(_id)) of an empty collection
# has a row without `t`. A reader that requires the key fails on empty collections only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dittolive-ditto==5.2.0.dev0
cat > "$folder/try.py" <<'PYTHON'
import asyncio, os, sys, tempfile
from ditto import Ditto, DittoConfig, DittoConfigConnect


async def main():
    config = DittoConfig(
        "0b7f4a52-94c1-4d5e-8c55-0d7f5a2f9a01",
        connect=DittoConfigConnect.small_peers_only(),
        persistence_directory=tempfile.mkdtemp(dir=os.path.dirname(__file__)),
    )
    ditto = await Ditto.open(config)

    async def rows(statement, args=None):
        found = [item.value for item in (await ditto.store.execute(statement, args or {})).items]
        print(f"{statement}\n    {len(found)} rows: {found}")
        return found

    empty = await rows("SELECT type(_id) AS t, COUNT(*) AS n FROM nothing GROUP BY type(_id)")
    await ditto.store.execute("INSERT INTO c DOCUMENTS (:d)", {"d": {"_id": "a", "v": 1}})
    unmatched = await rows("SELECT v, COUNT(*) AS n FROM c WHERE v = 2 GROUP BY v")
    total = await rows("SELECT SUM(v) AS n FROM c WHERE v = 2")
    same = empty == [{"n": 0}] and unmatched == [{"n": 0}] and total == [{}]

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
