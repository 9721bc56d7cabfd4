#!/usr/bin/env bash
# Expected: the text of a topic's id (KIP-516) is the same in each tool that prints it.
# Observed: librdkafka prints it in standard Base64 (with + and /), Kafka's own tools in the URL-safe form (with - and _). The
# two differ for every id with one of these characters, which is about every second one.
# Versions: Apache Kafka 4.3.1 (Maven) with its kafka-tools, confluent-kafka 2.16.1 (PyPI) with librdkafka 2.16.0.
# Why it matters: whoever keeps the id beside offsets and compares it as text with the output of kafka-topics.sh sees a new
# topic where there is none.
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
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
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


import base64
import subprocess

topics = [f"t{number}" for number in range(20)]
for topic in topics:
    create(topic)
command = ["java", "-cp", sys.argv[2] + "/*", "org.apache.kafka.tools.TopicCommand", "--describe",
           "--bootstrap-server", BROKERS["bootstrap.servers"]]
lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
fields = [dict(part.split(": ", 1) for part in line.split("\t") if ": " in part) for line in lines]
tools = {one["Topic"]: one["TopicId"] for one in fields if "TopicId" in one}
library = {topic: topic_id(topic) for topic in topics}
different = [topic for topic in topics if tools[topic] != library[topic]]
for topic in different[:3]:
    print(f"{topic}: librdkafka {library[topic]}, Kafka's tools {tools[topic]}")
print(f"{len(different)} of {len(topics)} differ")
as_tools = {topic: text.translate(str.maketrans("+/", "-_")) for topic, text in library.items()}
same = different != [] and as_tools == tools
sys.exit(0 if same else 1)
PYTHON
timeout 180 "$folder/venv/bin/python" "$folder/try.py" "$client" "$folder/lib" 2>/dev/null || {
    echo "CHANGED: the behaviour in the header is no longer observed"
    exit 1
}
echo "as described"
