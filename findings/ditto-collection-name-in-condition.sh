#!/usr/bin/env bash
# Expected: in a condition, a bare name that is a field of the document means the field, whatever the collection is called.
# Observed: in a collection `status`, the bare name `status` means the whole document, also if it is quoted, so
# `status = 'open'` matches nothing, without an error. With an alias it means the field; then the alias itself is the
# document, even if a field has that name.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: a query over the HTTP API that filters a collection by a field of its own name returns nothing with
# status 200, and a copy made from it is empty. The same condition on the events of the stream finds the documents.
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

    for name, status, d in [("a", "open", 1), ("b", "shut", 2)]:
        document = {"_id": name, "status": status, "d": d}
        await ditto.store.execute("INSERT INTO status DOCUMENTS (:d)", {"d": document})
    bare = await rows("SELECT * FROM status WHERE status = 'open'")
    quoted = await rows("SELECT * FROM `status` WHERE `status` = 'open'")
    alias = await rows("SELECT * FROM status AS x WHERE status = 'open'")
    alias_is_field = await rows("SELECT * FROM status AS d WHERE d = 1")
    same = [len(one) for one in (bare, quoted, alias, alias_is_field)] == [0, 0, 1, 0]

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
