#!/usr/bin/env bash
# Expected: a query of `system:collections` returns the same collections each time it is sent.
# Observed: each wording of the query returns them once. The same text again returns no rows and no error, while another
# wording (an alias, a second space) returns them.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: a program that lists the collections to copy them, and is repeated in the same process or after a retry,
# sees an app without collections. An empty list is no evidence that the app is empty.
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

    await ditto.store.execute("INSERT INTO cars DOCUMENTS (:d)", {"d": {"_id": "a"}})
    first = await rows("SELECT name FROM system:collections")
    second = await rows("SELECT name FROM system:collections")
    other = await rows("SELECT name FROM system:collections AS x")
    has_cars = [any(row["name"] == "cars" for row in one) for one in (first, second, other)]
    same = has_cars == [True, False, True] and second == []

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
