#!/usr/bin/env bash
# Expected: librdkafka lets an application forward the queue of a partition to a queue of its own (rd_kafka_queue_forward). That
# lasts until the application changes it.
# Observed: it lasts until the partition is assigned again. Stopping the old assignment removes the target, and because the
# application had set it, the new assignment does not set the consumer's own queue either. The assignment has no error; its
# messages are neither in the application's queue nor in the consumer's, but in that of the partition, where nobody looks.
# Forwarding after the messages have arrived brings them.
# Versions: confluent-kafka 2.16.1 (PyPI) with librdkafka 2.16.0; 2.12.1 does the same.
# Why it matters: a reader with one queue for several partitions reads nothing any more after it sought by assigning again, and
# looks like one on a quiet topic. Forward the queues again after each assignment, or read the queue of each partition.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat > "$folder/try.py" <<'PYTHON'
import ctypes
import glob
import os
import time

import confluent_kafka

mock = confluent_kafka.Producer({"test.mock.num.brokers": 1})
brokers = ",".join(f"{one.host}:{one.port}" for one in mock.list_topics(timeout=10).brokers.values())
producer = confluent_kafka.Producer({"bootstrap.servers": brokers})
for number in range(3):
    producer.produce("events", value=b"x", partition=0)
producer.flush(10)

packages = os.path.dirname(os.path.dirname(confluent_kafka.__file__))
(path,) = glob.glob(os.path.join(packages, "confluent_kafka.libs", "librdkafka-*.so*"))
lib = ctypes.CDLL(path)
pointer = ctypes.c_void_p
for name in ["conf_new", "new", "queue_new", "queue_get_partition", "topic_partition_list_new", "topic_partition_list_add", "consume_queue"]:
    getattr(lib, f"rd_kafka_{name}").restype = pointer
text = ctypes.create_string_buffer(512)
conf = pointer(lib.rd_kafka_conf_new())
for name, value in [("bootstrap.servers", brokers), ("group.id", "g"), ("log_level", "0")]:
    lib.rd_kafka_conf_set(conf, name.encode(), value.encode(), text, 512)
client = pointer(lib.rd_kafka_new(1, conf, text, 512))
own = pointer(lib.rd_kafka_queue_new(client))
part = pointer(lib.rd_kafka_queue_get_partition(client, b"events", 0))


class Element(ctypes.Structure):
    _fields_ = [("topic", ctypes.c_char_p), ("partition", ctypes.c_int32), ("offset", ctypes.c_int64)]


def assign():
    partitions = pointer(lib.rd_kafka_topic_partition_list_new(1))
    element = lib.rd_kafka_topic_partition_list_add(partitions, b"events", 0)
    ctypes.cast(element, ctypes.POINTER(Element)).contents.offset = 0
    return lib.rd_kafka_assign(client, partitions)


def count(queue, seconds):
    found, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and found < 3:
        message = lib.rd_kafka_consume_queue(queue, 200)
        if message:
            found += 1
            lib.rd_kafka_message_destroy(pointer(message))
    return found


def consumer_count(seconds):
    lib.rd_kafka_consumer_poll.restype = pointer
    found, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        message = lib.rd_kafka_consumer_poll(client, 200)
        if message:
            found += 1
            lib.rd_kafka_message_destroy(pointer(message))
    return found


lib.rd_kafka_queue_forward(part, own)
print("first assignment, error", error_1 := assign())
print("messages in the application's queue:", first := count(own, 10))
print("second assignment, error", error_2 := assign())
print("messages in the application's queue:", second := count(own, 4))
print("messages in the consumer's queue:", polled := consumer_count(2))
lib.rd_kafka_queue_forward(part, own)
print("forwarded again, messages in the application's queue:", third := count(own, 10))
os._exit(0 if [error_1, first, error_2, second, polled, third] == [0, 3, 0, 0, 0, 3] else 1)
PYTHON
timeout 120 "$folder/venv/bin/python" "$folder/try.py" 2>"$folder/errors" || { cat "$folder/errors"; echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
