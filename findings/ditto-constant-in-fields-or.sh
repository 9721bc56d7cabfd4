#!/usr/bin/env bash
# Expected: `9 IN (a, b) OR c = 5` returns the documents for which one of the two tests is true.
# Observed: SELECT returns every document of the collection, without an error or a warning. EXPLAIN shows a plan that has no
# filter. The same test in the projection, in brackets (`9 IN [a, b]`), or alone is evaluated correctly.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: a query over the HTTP API with such a condition, for example "this id in one of two fields, or a status",
# returns the whole collection, and its count looks like an answer. The same condition on the events of the stream selects
# a few. Write `a = 9 OR b = 9 OR c = 5`.
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

    for document in [{"_id": "x", "a": 9}, {"_id": "y", "c": 5}, {"_id": "z", "a": 1, "b": 2, "c": 3}]:
        await ditto.store.execute("INSERT INTO items DOCUMENTS (:d)", {"d": document})
    list_or = await rows("SELECT _id FROM items WHERE 9 IN (a, b) OR c = 5")
    equal_or = await rows("SELECT _id FROM items WHERE a = 9 OR b = 9 OR c = 5")
    alone = await rows("SELECT _id FROM items WHERE 2 IN (a, b)")
    projected = await rows("SELECT _id, (9 IN (a, b) OR c = 5) AS met FROM items")
    plan = str(await rows("EXPLAIN SELECT _id FROM items WHERE 9 IN (a, b) OR c = 5"))
    met = [row["_id"] for row in projected if row.get("met")]
    counts = [len(one) for one in (list_or, equal_or, alone, met)]
    same = counts == [3, 2, 1, 2] and "'filter'" not in plan

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
