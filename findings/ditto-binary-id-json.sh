#!/usr/bin/env bash
# Expected: two documents of one collection differ in the JSON of their `_id`, or one of them is refused.
# Observed: the id of the two bytes "ab" and the id [97, 98] are two documents, of the types `binary` and `array`, and
# both are [97,98] as JSON and with CAST(_id AS STRING). Only type(_id) tells them apart.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: a copy keyed by the JSON of `_id` holds one of the two, and a count by number of keys differs from the
# server's. The identity of a document is the type and the value of its id.
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

    await ditto.store.execute("INSERT INTO b DOCUMENTS (:d)", {"d": {"_id": b"ab", "v": 1}})
    await ditto.store.execute("INSERT INTO b DOCUMENTS (:d)", {"d": {"_id": [97, 98], "v": 2}})
    types = await rows("SELECT type(_id) AS t, CAST(_id AS STRING) AS s FROM b ORDER BY v")
    raw = await ditto.store.execute("SELECT _id FROM b")
    texts = [item.json_string() for item in raw.items]
    print(f"as JSON: {texts}")
    same = types == [{"t": "binary", "s": "[97,98]"}, {"t": "array", "s": "[97,98]"}] and len(set(texts)) == 1

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
