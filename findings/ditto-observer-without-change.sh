#!/usr/bin/env bash
# Expected: an observer of a query is called when the result of the query changes.
# Observed: it is also called, with the same documents as before, after an UPDATE that sets a field to the value that it has, an
# upsert of the same document, and UNSET of a field that the document does not have. It is not called after
# ON ID CONFLICT DO UPDATE_LOCAL_DIFF with the same document, or after an UPDATE that matches no document.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: to the engine such a write is a change. A program that counts notifications counts writes, not changes, and one
# that reacts to a change has to compare the documents. Programs that write the same document again and again, such as a
# nightly import, should use UPDATE_LOCAL_DIFF.
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

    calls = []
    observer = ditto.store.register_observer("SELECT * FROM items", lambda result: calls.append([item.value for item in result.items]))
    await ditto.store.execute("INSERT INTO items DOCUMENTS ({'_id': 'a', 'n': 1})")
    await asyncio.sleep(1)
    counts = []
    for statement in [
        "UPDATE items SET n = 1 WHERE _id = 'a'",
        "INSERT INTO items DOCUMENTS ({'_id': 'a', 'n': 1}) ON ID CONFLICT DO UPDATE",
        "UPDATE items UNSET other WHERE _id = 'a'",
        "INSERT INTO items DOCUMENTS ({'_id': 'a', 'n': 1}) ON ID CONFLICT DO UPDATE_LOCAL_DIFF",
        "UPDATE items SET n = 2 WHERE _id = 'b'",
    ]:
        before = len(calls)
        await ditto.store.execute(statement)
        await asyncio.sleep(1)
        counts.append(len(calls) - before)
        print(f"{statement}\n    {counts[-1]} calls, the last with {calls[-1]}")
    observer.cancel()
    same = counts == [1, 1, 1, 0, 0] and calls[-1] == [{"_id": "a", "n": 1}]

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
