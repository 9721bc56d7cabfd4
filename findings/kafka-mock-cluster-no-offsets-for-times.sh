#!/usr/bin/env bash
# Expected: the mock cluster that librdkafka has for tests (test.mock.num.brokers) answers a request for the offset at a time with
# the first record of that time or later, as a broker does, or with an error.
# Observed: it answers -1, the end of the partition, for every time, without an error. It keeps the times of the records: a
# consumer that reads from the beginning gets them.
# Versions: confluent-kafka 2.16.1 (PyPI) with librdkafka 2.16.0.
# Why it matters: a consumer that starts at a time (the last hour) reads nothing from it, and a test that expects no failure
# passes. Test such a start on a real broker, or look the time up in the records.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat > "$folder/try.py" <<'PYTHON'
import time

from confluent_kafka import Consumer, Producer, TopicPartition

mock = Producer({"test.mock.num.brokers": 1})
brokers = ",".join(f"{one.host}:{one.port}" for one in mock.list_topics(timeout=10).brokers.values())
producer = Producer({"bootstrap.servers": brokers})
written = [1000, 2000, 3000]
for millis in written:
    producer.produce("events", value=b"x", partition=0, timestamp=millis)
producer.flush(10)

consumer = Consumer({"bootstrap.servers": brokers, "group.id": "g"})
found = []
for millis in [0, 1000, 1500, 3000, 4000]:
    answer = consumer.offsets_for_times([TopicPartition("events", 0, millis)], timeout=10)[0]
    print(f"first record at or after {millis} ms: offset {answer.offset}, error {answer.error}")
    found.append((answer.offset, answer.error))

consumer.assign([TopicPartition("events", 0, 0)])
read, end = [], time.monotonic() + 20
while len(read) < len(written) and time.monotonic() < end:
    message = consumer.poll(0.5)
    if message and not message.error():
        read.append((message.offset(), message.timestamp()[1]))
print("records, as offset and time:", read)
consumer.close()
same = set(found) == {(-1, None)} and read == list(enumerate(written))
raise SystemExit(0 if same else 1)
PYTHON
timeout 120 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
