#!/usr/bin/env bash
# Expected: a consumer that continues at an offset of a topic that was deleted and created again under its name gets an
# error, because the offset belongs to another topic (its id, KIP-516, has changed), at least with auto.offset.reset=error.
# Observed: it gets none if the new topic has at least as many records. It continues in the middle of the new topic, and
# never delivers the records before. A consumer that runs meanwhile does the same.
# Versions: Apache Kafka 4.3.1 (Maven), confluent-kafka 2.16.1 (PyPI) with librdkafka 2.16.0.
# Why it matters: whoever keeps offsets outside of Kafka loses the first events of the new topic without a word. An offset
# means something only together with the id of its topic.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -9 "${broker:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check confluent-kafka==2.16.1
cat > "$folder/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>4.3.1</version>
    </dependency>
  </dependencies>
</project>
POM
mvn -B -q -f "$folder/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$folder/lib" > /dev/null 2>&1
ports=$(python3 -c 'import socket
held = [socket.socket() for _ in range(2)]
for one in held: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))')
read -r client controller <<< "$ports"
cat > "$folder/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
log.dirs=$folder/data
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$client,CONTROLLER://127.0.0.1:$controller
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
PROPERTIES
java -Xmx256m -cp "$folder/lib/*" kafka.tools.StorageTool format --cluster-id 5L6g3nShT-eMCtK--X86sw \
    --config "$folder/server.properties" > /dev/null 2>&1
java -Xmx512m -cp "$folder/lib/*" kafka.Kafka "$folder/server.properties" > "$folder/log" 2>&1 &
broker=$!
disown
cat > "$folder/try.py" <<'PYTHON'
import sys
import time
from confluent_kafka import OFFSET_STORED, Consumer, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BROKERS = {"bootstrap.servers": f"127.0.0.1:{sys.argv[1]}"}
admin = AdminClient(BROKERS)


def wait(futures):
    for future in futures.values():
        future.result(timeout=30)


def create(topic):
    wait(admin.create_topics([NewTopic(topic, 1, 1)]))


def delete(topic):
    wait(admin.delete_topics([topic]))
    while topic in admin.list_topics(timeout=10).topics:
        time.sleep(0.1)


def produce(topic, values):
    producer = Producer(BROKERS)
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def topic_id(topic):
    described = admin.describe_topics(TopicCollection([topic]))
    return str(described[topic].result(timeout=30).topic_id)


def read(consumer, seconds):
    """The values, and the errors, that arrive within the time."""
    values, errors = [], []
    end = time.time() + seconds
    while time.time() < end:
        message = consumer.poll(0.2)
        if message is not None:
            (errors if message.error() else values).append(message.error() or message.value().decode())
    return values, errors


create("t")
produce("t", [f"old {number}" for number in range(5)])
settings = BROKERS | {"group.id": "g", "auto.offset.reset": "error", "enable.auto.commit": False}
running = Consumer(settings | {"topic.metadata.refresh.interval.ms": 1000})
running.assign([TopicPartition("t", 0, 0)])
print("before:", read(running, 3), "id", topic_id("t"))
delete("t")
create("t")
produce("t", [f"new {number}" for number in range(7)])
resumed = Consumer(settings)
resumed.assign([TopicPartition("t", 0, 5)])
seen = read(resumed, 5)
print("resumed at offset 5 of the new topic:", seen, "id", topic_id("t"))
still = read(running, 10)
print("the consumer that was running:", still)
same = seen == (["new 5", "new 6"], []) and still == (["new 5", "new 6"], [])
sys.exit(0 if same else 1)
PYTHON
timeout 180 "$folder/venv/bin/python" "$folder/try.py" "$client" 2>/dev/null || {
    echo "CHANGED: the behaviour in the header is no longer observed"
    exit 1
}
echo "as described"
