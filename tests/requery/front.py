"""HTTP server with Ditto's own query engine and the documented API of the Big Peer, for tests/requery.

Opens an empty local store (no account, no network), prints its port, and serves POST …/api/v{4,5}/store/execute and
…/api/v4/store/find. Tests control it by /control/*: documents, faults, limits and unsupported functions.
"""

import asyncio
import base64
import json
import logging
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ditto import Ditto, DittoConfig, DittoConfigConnect

KEY = "test-key-8c1f"


class State:
    """The settings of the test, and the log of requests."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.cap_rows = None  # more rows are rejected with 413
        self.cap_bytes = None  # larger responses are rejected with 413
        self.cut_rows = None  # more rows are omitted without an error
        self.lose = []  # documents with one of these strings are omitted from responses, but counted
        self.faults = []  # {"match", "times", "kind", ...}, taken in order
        self.collected = False  # every X-DITTO-TXN-ID is garbage-collected
        self.lag = 0  # number of requests with the header to which the server responds as lagging
        self.forbid = []  # collections that the key must not read
        self.unknown = []  # functions and clauses that the engine does not support
        self.listing = None  # "empty" or "refuse"
        self.hide = []  # conditions: the key sees no document for which one of them holds
        self.unlisted = []  # collections that the list does not name
        self.legacy = False  # only find
        self.silent = False  # no transactionId in responses; with "pages", only counts have one
        self.script = []  # {"after": n, "statements": […]}: concurrent writes between the responses
        self.log = []


class Engine:
    """The engine on its own event loop."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.txn = 100
        self.ditto = self.run(self.open())

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def open(self):
        config = DittoConfig(
            database_id="6d9b4f0e-0d3c-4a8e-9d59-4b1d6f1f0c11",
            connect=DittoConfigConnect.small_peers_only(),
            persistence_directory=tempfile.mkdtemp(prefix="front-"),
        )
        return await Ditto.open(config)

    def execute(self, statement, args):
        """The rows as JSON text."""

        async def ask():
            result = await self.ditto.store.execute(statement, args)
            return [item.json_string() for item in result.items], bool(result.mutated_document_ids())

        rows, mutated = self.run(ask())
        if mutated:
            self.txn += 1
        return rows


STATE, LOCK, NAMES = State(), threading.RLock(), set()


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/control/"):
            return self.control(self.path.rsplit("/", 1)[1], json.loads(body or "null"))
        return self.api(json.loads(body))

    def control(self, what, body):
        with LOCK:
            answer = None
            if what == "set":
                for name, value in body.items():
                    assert hasattr(STATE, name), name
                    setattr(STATE, name, value)
            elif what == "reset":
                STATE.reset()
                for name in NAMES:
                    ENGINE.execute(f"EVICT FROM {quoted(name)}", {})
                NAMES.clear()
            elif what == "insert":
                NAMES.add(body["collection"])
                for start in range(0, len(body["documents"]), 500):
                    part = body["documents"][start : start + 500]
                    args = {f"d{at}": document for at, document in enumerate(part)}
                    places = ",".join(f"(:d{at})" for at in range(len(part)))
                    ENGINE.execute(f"INSERT INTO {quoted(body['collection'])} DOCUMENTS {places}", args)
            elif what == "insert-bytes":
                NAMES.add(body["collection"])
                for text in body["ids"]:
                    decode = base64.b64decode
                    id = {k: decode(v) for k, v in text.items()} if isinstance(text, dict) else decode(text)
                    args = {"d": {"_id": id, "bytes": text}}
                    ENGINE.execute(f"INSERT INTO {quoted(body['collection'])} DOCUMENTS (:d)", args)
            elif what == "execute":
                answer = ENGINE.execute(body["statement"], body.get("args", {}))
            elif what == "dump":
                answer = ENGINE.execute(f"SELECT * FROM {quoted(body)}", {})
            elif what == "log":
                answer = STATE.log
            elif what == "txn":
                answer = ENGINE.txn
        self.send(200, json.dumps(answer))

    def api(self, body):
        text = body.get("statement") or f"find {body['collection']} {body['offset']}"
        with LOCK:
            wanted = self.headers.get("X-DITTO-TXN-ID")
            STATE.log.append({"text": text, "txn": wanted, "path": self.path})
            fault = next((f for f in STATE.faults if f.get("match", "") in text and f.get("times", 1) > 0), None)
            if fault:
                fault["times"] = fault.get("times", 1) - 1
            status, answer = self.answer(body, text, wanted)
            if fault and fault["kind"] == "edit":
                assert fault["old"] in answer, answer[:300]
                answer, fault = answer.replace(fault["old"], fault["new"]), None
            for step in [step for step in STATE.script if len(STATE.log) >= step["after"]]:
                STATE.script.remove(step)
                for statement in step["statements"]:
                    ENGINE.execute(statement, {})
        if fault:
            return self.fail(fault, status, answer)
        return self.send(status, answer)

    def answer(self, body, text, wanted):
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, error("Unauthorized", f"the key {self.headers.get('Authorization')} is unknown")
        find = self.path.endswith("/store/find")
        if STATE.legacy and not find:
            return 404, "not found"
        if wanted is not None:
            if STATE.lag > 0:
                STATE.lag -= 1
                return 404, error("not found", f"transaction {wanted} is not there yet")
            if STATE.collected or int(wanted) > ENGINE.txn:
                return 404, error("not found", f"transaction {wanted} is not there")
        for name in STATE.forbid:
            if quoted(name) in text or text.startswith(f"find {name} "):
                return 403, '{"message":"the key is not allowed to read this"}'
        for word in STATE.unknown:
            if word in text:
                return 400, error("bad", f'Invalid query: Function "{word}" not found')
        if "system:collections" in text and STATE.listing == "refuse":
            return 403, '{"message":"not for you"}'
        try:
            if find:
                statement = f"SELECT * FROM {quoted(body['collection'])} ORDER BY _id LIMIT {body['limit']} OFFSET {body['offset']}"
                rows = ENGINE.execute(statement, {})
            else:
                rows = ENGINE.execute(scoped(body["statement"]), body.get("args", {}))
        except Exception as wrong:
            return 400, error("bad", str(wrong))
        if "system:collections" in text:
            # The engine answers each wording once, and lists collections of earlier tests, too.
            hidden = [] if STATE.listing == "empty" else {*NAMES, "__feature_flags"} - set(STATE.unlisted)
            rows = [row for row in rows if json.loads(row)["name"] in hidden]
        if body.get("statement", "").startswith("SELECT * FROM `"):
            rows = [row for row in rows if not any(text in row for text in STATE.lose)]
        if STATE.cap_rows is not None and len(rows) > STATE.cap_rows:
            return 413, "Payload Too Large"
        if STATE.cut_rows is not None:
            rows = rows[: STATE.cut_rows]
        silent = STATE.silent is True or STATE.silent == "pages" and "COUNT(*)" not in text
        txn = "" if silent else f'"transactionId":{ENGINE.txn},'
        if find:
            rows = [f'{{"id":{json.dumps(json.loads(row)["_id"])},"fields":{row}}}' for row in rows]
            return 200, f'{{"documents":[{",".join(rows)}],"txnId":{ENGINE.txn}}}'
        items = ",".join(rows)
        answer = f'{{{txn}"queryType":"select","items":[{items}],"mutatedDocumentIds":[],"error":{{}},"warnings":[],"totalWarningsCount":0}}'
        if STATE.cap_bytes is not None and len(answer) > STATE.cap_bytes:
            return 400, error("bad", "the result exceeds the size limit")
        return 200, answer

    def fail(self, fault, passed, answer):
        kind = fault["kind"]
        if kind == "status":
            return self.send(fault["status"], fault.get("body", ""), fault.get("headers", {}))
        if kind == "cut":
            raw = answer.encode()
            self.start(passed, len(raw), {})
            self.wfile.write(raw[: len(raw) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return None
        if kind == "reset":
            self.close_connection = True
            self.connection.close()
            return None
        if kind == "slow":
            raw = answer.encode()
            self.start(passed, len(raw), {})
            for start in range(0, len(raw), max(1, len(raw) // 5)):
                self.wfile.write(raw[start : start + max(1, len(raw) // 5)])
                self.wfile.flush()
                time.sleep(fault["seconds"] / 5)
            return None
        if kind == "stall":
            time.sleep(fault["seconds"])
            return self.send(passed, answer)
        raise ValueError(kind)

    def send(self, status, text, headers=None):
        raw = text.encode()
        self.start(status, len(raw), headers or {})
        self.wfile.write(raw)

    def start(self, status, length, headers):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def scoped(statement):
    """The statement, restricted to what the key sees."""
    for condition in STATE.hide:
        if " FROM `" in statement:
            head, where, rest = statement.partition(" WHERE ")
            if where:
                statement = f"{head} WHERE NOT ({condition}) AND {rest}"
            else:
                head, clause, rest = next(
                    ((h, c, r) for h, c, r in (statement.partition(c) for c in (" GROUP BY ", " ORDER BY ", " LIMIT ")) if c),
                    (statement, "", ""),
                )
                statement = f"{head} WHERE NOT ({condition}){clause}{rest}"
    return statement


def error(_, words):
    return json.dumps({"error": {"description": words}})


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


logging.disable(logging.CRITICAL)
ENGINE = Engine()
SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Front)
SERVER.daemon_threads = True
print(SERVER.server_address[1], flush=True)
# The test holds the other end of standard input: exit when it is closed.
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
sys.stdin.read()
