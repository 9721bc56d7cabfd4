#!/usr/bin/env bash
# Expected: `_id IN ('a', 7)` finds the documents that `_id = 'a' OR _id = 7` finds.
# Observed: it finds nothing, without an error, if the constants in the list are of different types; for any field, not only
# `_id`. A list of one type and the same test with OR find them.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: ids of different types are legal in one collection. A program that asks the HTTP API for the documents of a
# list of ids, such as those that differ between a copy and the server, gets an empty answer and takes them for removed.
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

    for name in ["a", 7]:
        await ditto.store.execute("INSERT INTO c DOCUMENTS (:d)", {"d": {"_id": name}})
    mixed = await rows("SELECT _id FROM c WHERE _id IN ('a', 7)")
    either = await rows("SELECT _id FROM c WHERE _id = 'a' OR _id = 7")
    strings = await rows("SELECT _id FROM c WHERE _id IN ('a', 'b')")
    numbers = await rows("SELECT _id FROM c WHERE _id IN (7, 8)")
    same = [len(one) for one in (mixed, either, strings, numbers)] == [0, 2, 1, 1]

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
