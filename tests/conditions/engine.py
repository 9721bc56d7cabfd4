"""Results of Ditto's query engine for many conditions on many documents, for tests/conditions.rs.

Opens an empty local store (no account, no network), inserts the documents, evaluates every condition, and writes one
JSON value per line: first the documents, then {"where", "each", "matches"} per condition, or {"where", "error"}.
`each` has one letter per document, see `letter`; `matches` are the documents that match as WHERE.
"""

import asyncio
import itertools
import json
import os
import random
import re
import sys
import tempfile

from ditto import Ditto, DittoConfig, DittoConfigConnect

MISSING = object()

# Values of every type of the engine, including boundary values of types and orders.
VALUES = [
    MISSING, None, True, False,
    0, 1, -1, 2, 5, 10, 2**31, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63),
    0.0, -0.0, 1.0, 1.5, -1.5, 0.1, 5.0, float(2**53), float(2**63), 1e300, -1e300, 5e-324,
    "", "a", "A", "abc", "ABC", "abcabc", "a%c", "a_c", "a\\c", "a.c", "ab\nc", "1", "1.0", "true", "null", "missing",
    "Zürich", "ZÜRICH", "Zu\u0308rich", "straße", "STRASSE", "ẞ", "İ", "ı", "Σ", "σ", "ς", "K", "k", "a😀c", "\uffff",
    "50%", "\"'", " a ", "é",
    [], [1], [1.0], [1, 2], [2, 1], ["a"], ["a", 1], [None], [None, 1], [[1], [2]], [{"a": 1}], [True], ["abc", "a"],
    {}, {"a": 1}, {"a": 1.0}, {"a": 2}, {"b": 1}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": None}, {"a": "a"},
    {"a": {"b": [1, {"c": "deep"}]}}, {"odd key": 1, "x.y": 2, "q`t": 3},
]

LITERALS = [
    "NULL", "MISSING", "TRUE", "false", "0", "1", "-1", "1.0", "1.5", "5", "-0.0", "0.1", "1e0", ".5", "5.", "0x1F",
    "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740992.0", "9223372036854775807",
    "9223372036854775808", "9223372036854775808.0", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "1e300", "1e400", "-1e400",
    "''", "'a'", "\"A\"", "'abc'", "'1'", "'true'", "'Zürich'", "'a\\'b'", "'\\u0061'", "'\\n'", "\"'\"",
    "[]", "[1]", "[1, 2]", "['a']", "[NULL]", "[1.0]", "['a', 1]", "[[1], [2]]", "[TRUE]",
    "{}", "{'a': 1}", "{'a': 'a'}", "{'b': 1}", "{'a': NULL}", "{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}",
]

PATTERNS = [
    "''", "'%'", "'_'", "'a%'", "'%c'", "'%b%'", "'a_c'", "'___'", "'a%c'", "'%%'", "'%_%'", "'A%'", "'abc'", "'ABC'",
    "'a\\%c'", "'a\\\\%c'", "'a\\\\c'", "'a\\_c'", "'[a-c]bc'", "'a.c'", "'.*'", "'a*'", "'^a'", "'z_rich'", "'Zü%'",
    "'ZÜ%'", "'zu_rich'", "'strasse'", "'stra_e'", "'ß'", "'i'", "'i_'", "'İ'", "'ı'", "'σ'", "'Σ'", "'ς'", "'k'",
    "'a😀c'", "'%abc'", "'abc%abc'", "'%a%b%c%'", "'50%'", "' a%'", "1", "NULL", "MISSING", "w", "v", "['a']",
    "'a!%c' ESCAPE '!'", "'a!_c' ESCAPE '!'", "'a!!c' ESCAPE '!'", "'a!bc' ESCAPE '!'", "'abc!' ESCAPE '!'",
    "'a%%c' ESCAPE '%'", "'a\\\\%c' ESCAPE '\\\\'", "'a__c' ESCAPE '_'", "'%!%' ESCAPE '!'", "'aabc' ESCAPE 'a'",
]

PATHS = [
    "v", "w", "o", "o.v", "o.l", "o.l[0]", "o.l[1]", "o.l[2]", "o.l[0].a", "v.a", "v.b", "v.a.b", "v.a.b[1].c",
    "v.a.b[0]", "v[0]", "v[1]", "v[0][0]", "v[0].a", "v.`odd key`", "v.`x.y`", "v.x.y", "v.`q``t`", "`v`", "`o`.`v`",
    "nothing", "nothing.at.all", "nothing[3]", "V", "_id", "_id.n", "( v )", "o . v", "v [0]", "v[ 0 ]",
]

COMPARISONS = ["=", "==", "!=", "<>", "<", "<=", ">", ">="]


def documents():
    """Each value combined with several others, at the top level and inside an object and an array."""
    number = 0
    for shift in (1, 7, 23, 40):
        for at, value in enumerate(VALUES):
            other = VALUES[(at * 5 + shift) % len(VALUES)]
            number += 1
            document = {"_id": f"{number:04}", "v": value, "w": other, "s": ["abc", "a", ""][number % 3], "n": number}
            document["o"] = {"v": value, "l": [item for item in (value, other) if item is not MISSING]}
            if value is MISSING:
                del document["v"], document["o"]["v"]
            if other is MISSING:
                del document["w"]
            yield document


def atoms(dice):
    """Conditions with a single test."""
    for literal, comparison in itertools.product(LITERALS, COMPARISONS):
        yield f"v {comparison} {literal}"
    for literal, comparison in itertools.product(LITERALS[::3], ["=", "<"]):
        yield f"{literal} {comparison} v"
    for comparison in COMPARISONS:
        yield from (f"v {comparison} w", f"o.v {comparison} o.l[1]", f"o.l {comparison} w", f"o {comparison} o")
    for path in PATHS:
        yield from (path, f"{path} = 1", f"{path} IS NULL", f"{path} IS NOT NULL", f"{path} IS MISSING")
        yield from (f"{path} IS NOT MISSING", f"type({path}) = 'string'", f"NOT {path} = 'a'")
    for pattern in PATTERNS:
        yield from (f"v LIKE {pattern}", f"v NOT LIKE {pattern}", f"v ILIKE {pattern}", f"s LIKE {pattern}")
    for kind in ["boolean", "integer", "float", "string", "array", "object", "null", "missing"]:
        yield from (f"type(v) = '{kind}'", f"TYPE(o.l[0]) == '{kind}'")
    for literal in LITERALS + ["w", "v", "s", "o.l"]:
        yield from (f"contains(v, {literal})", f"starts_with(v, {literal})", f"ends_with(v, {literal})")
        yield from (f"array_contains(v, {literal})", f"array_contains(o.l, {literal})", f"contains('abcabc', {literal})")
        yield f"array_contains([1, 'a', NULL, [1], {{'a': 1}}], {literal})"
        yield from (f"v BETWEEN {literal} AND 5", f"v BETWEEN -1 AND {literal}", f"{literal} BETWEEN v AND w")
        yield from (f"v NOT BETWEEN {literal} AND w", f"v IN ({literal})", f"{literal} IN v", f"{literal} NOT IN o.l")
        yield from (f"{literal} IN (v, w)", f"v IN ({literal}, w)", f"{literal} IS NULL", f"{literal} IS MISSING")
    yield from ("v IN []", "v NOT IN []", "v IN w", "v NOT IN w", "v IN o.l", "v IN s", "NOT v IN (1)", "v IN MISSING")
    for _ in range(400):
        items = ", ".join(dice.sample(LITERALS + ["w", "s", "nothing"], dice.randint(1, 4)))
        word = dice.choice(["IN", "NOT IN"])
        brackets = dice.choice(["()", "[]"])
        yield f"{dice.choice(PATHS[:6])} {word} {brackets[0]}{items}{brackets[1]}"
    for _ in range(300):
        low, high = dice.choices(LITERALS + ["w", "s"], k=2)
        yield f"v {dice.choice(['BETWEEN', 'NOT BETWEEN'])} {low} AND {high}"


def compounds(dice, terms):
    """Conditions with several tests, combined with every operator, with and without parentheses."""
    for _ in range(800):
        yield compound(dice, terms, dice.randint(1, 3))
    plain = ["v", "w", "nothing", "o", "v = 1", "s LIKE 'a%'", "v LIKE 'a'", "contains(v, 'a')", "v IN (1)"]
    constant = ["NULL", "1", "'a'"]
    for one, two in itertools.product(plain, repeat=2):
        yield from (f"NOT ({one} AND {two})", f"NOT ({one} OR {two})", f"({one}) = ({two})", f"({one}) IN ({two})")
    for one, two in itertools.chain(*(itertools.product(*pair) for pair in [(plain, plain + constant), (constant, plain)])):
        yield from (f"{one} AND {two}", f"{one} OR {two}", f"type({one}) = type({two})", f"({one}) IS NULL")


# Known differences; docs/conditions.md explains them.
QUIRKS = ["NOT (v = 1 AND TRUE)", "NOT (v = 1 AND MISSING)", "1 IN (v, w) OR v = 5", "v IN (1) OR TRUE", "1 = v = TRUE"]

# Invalid in both.
WRONG = [
    "v =", "= 1", "v = = 1", "v IN ()", "v IN (1", "v IN (1,)", "v IN 1, 2", "v LIKE", "LIKE 'a'", "(v = 1", "v = 1)",
    "v NOT = 1", "v NOT 1", "v BETWEEN 1", "v BETWEEN 1 AND", "v BETWEEN 1 OR 2", "v IS", "v IS 1", "v IS NOT 1",
    "'abc", "\"abc", "v = 'it''s'", "`v", "v..w", "v.", ".v", "v[", "v[]", "v[*]", "v w", "v AND", "AND v", "NOT",
    "v > = 1", "v = 'a' ESCAPE '!'", "v LIKE 'a' ESCAPE", "v LIKE 'a' ESCAPE 'ab'", "v LIKE 'a' ESCAPE ''",
    "type()", "type(v, w)", "contains(v)", "no_such_function(v)", "v = @", "v = $x", "v = #",
    "v = 1_000", "v = 1x", "v = 1e", "v = '\\u12'", "v = '\\ud83d'", "v = --1", "1v = 1", "ünï = 1", "v = [1", "v = {1}",
    "v = {'a' 1}", "v; w", "",
]


def compound(dice, terms, depth):
    if depth == 0:
        return dice.choice(terms)
    shape = dice.choice(["{} AND {}", "{} OR {}", "NOT {}", "NOT ({} OR {})", "({} AND {})", "({} OR {})", "NOT ({})"])
    shape = dice.choice([shape, shape.lower()])
    parts = [compound(dice, terms, depth - 1) for _ in range(shape.count("{}"))]
    return shape.format(*parts)


def is_open(term):
    """Whether a test can be combined with AND, OR and NOT. docs/conditions.md explains the engine's results for others."""
    if term.endswith("(v, w)") or re.search(r"[=<>] (NULL|MISSING)$|^(NULL|MISSING) [=<>]", term):
        return False
    subject = r"\b(v|w|s|o|_id|V|nothing)\b"
    return re.search(subject, re.sub(r"'(\\.|[^'])*'|\"(\\.|[^\"])*\"", "''", term)) is not None


def letter(row):
    """T, F, N (null), M (missing), V (any other value), or E if the engine could not evaluate it."""
    if "t" not in row:
        return "E"
    value = row.get("r", MISSING)
    if value is MISSING:
        return "M"
    if value is None or isinstance(value, bool):
        return {True: "T", False: "F", None: "N"}[value]
    return "V"


async def answers(store, condition):
    try:
        each = await store.execute(f"SELECT _id, ({condition}) AS r, type(({condition})) AS t FROM c ORDER BY _id")
        found = await store.execute(f"SELECT _id FROM c WHERE {condition} ORDER BY _id")
    except Exception as error:
        return {"where": condition, "error": str(error)}
    letters = "".join(letter(item.value) for item in each.items)
    return {"where": condition, "each": letters, "matches": [item.value["_id"] for item in found.items]}


async def main():
    dice = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        config = DittoConfig(
            "3f6b1d1e-6f0e-4f3e-9a1e-000000000001",
            connect=DittoConfigConnect.small_peers_only(),
            persistence_directory=folder,
        )
        # Must stay referenced, or it closes itself.
        ditto = await Ditto.open(config)
        store = ditto.store
        for document in documents():
            await store.execute("INSERT INTO c DOCUMENTS (:document)", {"document": document})
            print(json.dumps(document, ensure_ascii=False))
        terms = list(dict.fromkeys(atoms(dice)))
        open_terms = [term for term in terms if is_open(term)]
        for condition in dict.fromkeys(itertools.chain(terms, compounds(dice, open_terms), QUIRKS, WRONG)):
            print(json.dumps(await answers(store, condition), ensure_ascii=False))
        sys.stdout.flush()
        # The engine's threads would prevent a normal exit.
        os._exit(0)


asyncio.run(main())
