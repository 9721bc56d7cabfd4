#!/usr/bin/env bash
# Expected: after `SET card = null`, `SET card = {'name': 'T'}` gives a card with one field. `UNSET card` then removes it.
# Observed: the card has its former fields again, also those that no statement mentions. After UNSET the field is still there
# and is null: the value that the map had replaced.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine with its default settings.
# Why it matters: the event of such an update has fields in newValue that neither oldValue nor the statement has. Whoever
# computes a document's next state from the statement, or takes null for an erasure, has another document than the server.
# Take the state from the event.
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

    await ditto.store.execute("INSERT INTO people DOCUMENTS (:d)", {"d": {"_id": "a", "card": {"number": 4111, "name": "S"}}})
    states = []
    for change in ["SET card = null", "SET card = {'name': 'T'}", "UNSET card"]:
        await ditto.store.execute(f"UPDATE people {change} WHERE _id = 'a'")
        print(change)
        states += await rows("SELECT card FROM people")
    same = states == [{"card": None}, {"card": {"name": "T", "number": 4111}}, {"card": None}]

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
