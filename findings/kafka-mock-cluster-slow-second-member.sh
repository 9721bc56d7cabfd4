#!/usr/bin/env bash
# Expected: when a second consumer joins a group, partitions are assigned anew as soon as the first member has noticed, after a
# heartbeat interval (3 s by default).
# Observed: the mock cluster that librdkafka has for tests (test.mock.num.brokers) waits for the session timeout less one second,
# although both members are polled all the time. With the default of 45 s, the second member has nothing for 44 s.
# Versions: confluent-kafka 2.16.1 (PyPI) with librdkafka 2.16.0.
# Why it matters: a test of a handover between two members looks like a deadlock, or passes only because it waits for so long.
# Set session.timeout.ms low there, and measure the handover on a real broker.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat > "$folder/try.py" <<'PYTHON'
import time

from confluent_kafka import Consumer, Producer

SESSION_SECONDS = 12
mock = Producer({"test.mock.num.brokers": 1})
brokers = ",".join(f"{one.host}:{one.port}" for one in mock.list_topics(timeout=10).brokers.values())
producer = Producer({"bootstrap.servers": brokers})
producer.produce("events", value=b"x")
producer.flush(10)


def member():
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "g",
            "session.timeout.ms": SESSION_SECONDS * 1000,
            "heartbeat.interval.ms": 1000,
        }
    )
    consumer.subscribe(["events"])
    return consumer


def seconds_until_assigned(last, all_members):
    started = time.monotonic()
    while not last.assignment() and time.monotonic() < started + 60:
        for one in all_members:
            one.poll(0.1)
    return time.monotonic() - started


first = member()
print(f"the first member has partitions after {seconds_until_assigned(first, [first]):.1f} s")
second = member()
waited = seconds_until_assigned(second, [first, second])
print(f"the second one after {waited:.1f} s, with a session timeout of {SESSION_SECONDS} s")
raise SystemExit(0 if SESSION_SECONDS - 2.5 < waited < SESSION_SECONDS + 3 else 1)
PYTHON
timeout 120 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
