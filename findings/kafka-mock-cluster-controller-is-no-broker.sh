#!/usr/bin/env bash
# Expected: an admin request that librdkafka's mock cluster (test.mock.num.brokers) does not implement fails at once, as
# "not supported by broker".
# Observed: that is so only for requests to a named broker. The metadata of the mock cluster name the controller 0, but its
# brokers have the ids 1, 2, … So every request that goes to the controller (create or delete a topic, add partitions, the
# configuration of a topic, the description of topics or of the cluster) waits for a controller until its timeout, and then
# fails as "timed out", as if the brokers were out of reach.
# Versions: confluent-kafka 2.16.1 (PyPI) with librdkafka 2.16.0.
# Why it matters: a tool that asks for a topic's retention or id has to wait its whole timeout on such a cluster, and
# reports a network fault that is not there. Give these requests a short timeout and a thread of their own, and go on
# without the answer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat > "$folder/try.py" <<'PYTHON'
import time

from confluent_kafka import KafkaException, Producer, TopicCollection, libversion
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, ResourceType

TIMEOUT = 4
print("librdkafka", libversion()[0])
mock = Producer({"test.mock.num.brokers": 3})
metadata = mock.list_topics(timeout=10)
brokers = ",".join(f"{one.host}:{one.port}" for one in metadata.brokers.values())
ids = sorted(metadata.brokers)
print("brokers", ids, "controller", metadata.controller_id)
producer = Producer({"bootstrap.servers": brokers})
producer.produce("events", value=b"x")
producer.flush(10)
admin = AdminClient({"bootstrap.servers": brokers})


def outcome(name, futures):
    began = time.monotonic()
    try:
        for future in futures.values() if isinstance(futures, dict) else [futures]:
            future.result()
        code = "success"
    except KafkaException as error:
        code = error.args[0].name()
    seconds = time.monotonic() - began
    print(f"{name}: {code} after {seconds:.1f} s")
    return code, seconds >= TIMEOUT - 1


limit = {"request_timeout": TIMEOUT}
topic, broker = ConfigResource(ResourceType.TOPIC, "events"), ConfigResource(ResourceType.BROKER, str(ids[0]))
at_controller = [
    outcome("create a topic", admin.create_topics([NewTopic("other", 1)], **limit)),
    outcome("add partitions", admin.create_partitions([NewPartitions("events", 9)], **limit)),
    outcome("configuration of a topic", admin.describe_configs([topic], **limit)),
    outcome("description of a topic", admin.describe_topics(TopicCollection(["events"]), **limit)),
    outcome("description of the cluster", admin.describe_cluster(**limit)),
]
at_broker = outcome("configuration of a broker", admin.describe_configs([broker], **limit))
same = (
    metadata.controller_id not in ids
    and set(at_controller) == {("_TIMED_OUT", True)}
    and at_broker == ("_UNSUPPORTED_FEATURE", False)
)
raise SystemExit(0 if same else 1)
PYTHON
timeout 120 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
