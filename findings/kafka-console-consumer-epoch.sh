#!/usr/bin/env bash
# Expected: kafka-console-consumer.sh with print.epoch=true, which its help lists, prints the leader epoch of each record.
# Observed: it prints Epoch:NOT_PRESENT for every record. The log has the epochs, and the consumer of the same release
# delivers them: the tool copies each record for the formatter, and leaves the epoch out.
# Versions: Apache Kafka 4.3.1 (Maven) with its kafka-tools.
# Why it matters: NOT_PRESENT in a capture says nothing about the log. To get the epochs, for example to see where a
# leader changed, use kafka-dump-log.sh or a client.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill -9 "${broker:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
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
PROPERTIES
run() { timeout 60 java -Xmx512m -cp "$folder/lib/*" "$@" 2>/dev/null; }
run kafka.tools.StorageTool format --cluster-id 5L6g3nShT-eMCtK--X86sw --config "$folder/server.properties" > /dev/null
java -Xmx512m -cp "$folder/lib/*" kafka.Kafka "$folder/server.properties" > "$folder/log" 2>&1 &
broker=$!
disown
cat > "$folder/Client.java" <<'JAVA'
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Prints the first record of the topic, with the epoch that the consumer delivers. */
public class Client {
    public static void main(String[] arguments) {
        StringDeserializer text = new StringDeserializer();
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "max.poll.records", 1);
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, text, text)) {
            TopicPartition partition = new TopicPartition("t", 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (true) {
                for (ConsumerRecord<String, String> one : consumer.poll(Duration.ofSeconds(1))) {
                    System.out.println("Epoch:" + one.leaderEpoch().map(String::valueOf).orElse("NOT_PRESENT") + " " + one.value());
                    return;
                }
            }
        }
    }
}
JAVA
tools=org.apache.kafka.tools
brokers=127.0.0.1:$client
run $tools.TopicCommand --bootstrap-server "$brokers" --create --topic t --partitions 1 --replication-factor 1 > /dev/null
echo value | run $tools.ConsoleProducer --bootstrap-server "$brokers" --topic t > /dev/null
log=$(run $tools.DumpLogSegments --files "$folder/data/t-0/00000000000000000000.log" | grep -o 'partitionLeaderEpoch: [-0-9]*')
consumer=$(run "$folder/Client.java" "$brokers")
console=$(run $tools.consumer.ConsoleConsumer --bootstrap-server "$brokers" --topic t --partition 0 --offset earliest \
    --max-messages 1 --formatter-property print.epoch=true --formatter-property key.separator=' ')
echo "in the log:           $log"
echo "Java consumer:        $consumer"
echo "console consumer:     $console"
[ "$log" = "partitionLeaderEpoch: 0" ] && [ "$consumer" = "Epoch:0 value" ] && [ "$console" = "Epoch:NOT_PRESENT value" ] || {
    echo "CHANGED: the behaviour in the header is no longer observed"
    exit 1
}
echo "as described"
