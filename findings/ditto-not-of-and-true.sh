#!/usr/bin/env bash
# Expected: `NOT (s = 'x' AND TRUE)` returns the same documents as `NOT (s = 'x')`.
# Observed: it returns none, without an error. EXPLAIN shows the condition that is evaluated instead: NOT (s = 'x') AND
# NOT (TRUE). The operator between the two parts should have become OR. With two tests of fields it does, and in the
# projection the condition has the right value.
# Versions: dittolive-ditto 5.2.0.dev0 (PyPI), Ditto's own query engine.
# Why it matters: programs that build a condition start it with TRUE and append tests with AND. Negated as a whole, to ask
# for the documents that a filter leaves out, such a condition selects nothing, and the rest seems to be empty.
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

    for document in [{"_id": "a", "s": "x"}, {"_id": "b", "s": "y"}, {"_id": "c", "s": "z"}]:
        await ditto.store.execute("INSERT INTO items DOCUMENTS (:d)", {"d": document})
    with_true = await rows("SELECT _id FROM items WHERE NOT (s = 'x' AND TRUE)")
    without = await rows("SELECT _id FROM items WHERE NOT (s = 'x')")
    two_fields = await rows("SELECT _id FROM items WHERE NOT (s = 'x' AND _id = 'a')")
    projected = await rows("SELECT NOT (s = 'x' AND TRUE) AS n FROM items")
    plan = str(await rows("EXPLAIN SELECT _id FROM items WHERE NOT (s = 'x' AND TRUE)"))
    true_in_projection = [row["n"] for row in projected].count(True)
    same = [len(with_true), len(without), len(two_fields), true_in_projection] == [0, 2, 2, 2] and "AND NOT (true)" in plan

    sys.stdout.flush()
    # The engine's threads would prevent a normal exit.
    os._exit(0 if same else 1)


asyncio.run(main())
PYTHON
timeout 60 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
