#!/usr/bin/env bash
# Expected: a Flink table over format debezium-json with a PRIMARY KEY has one row for each key. A change of op "r", which
# Debezium writes for each row of a snapshot, also of one that is taken while the stream runs, replaces the row that is there.
# Observed: op "r" is +I, whether the key exists or not, and PRIMARY KEY is not used: COUNT and SUM contain the row twice, for
# ever, without a warning. With table.exec.source.cdc-events-duplicate = true, which is false by default, they are right.
# Versions: Flink 2.3.0 (Maven), in one process, read from a file.
# Why it matters: after a gap, the only way back is a snapshot, and its rows exist already. Each query over such a topic needs
# the option and a PRIMARY KEY, or its results are wrong from the first gap on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
modules="clients connector-base connector-files json table-api-java-bridge table-planner-loader table-runtime"
{
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0">'
    echo '<modelVersion>4.0.0</modelVersion><groupId>findings</groupId><artifactId>flink</artifactId><version>1</version>'
    echo '<packaging>pom</packaging><dependencies>'
    for module in $modules; do
        echo "<dependency><groupId>org.apache.flink</groupId><artifactId>flink-$module</artifactId><version>2.3.0</version></dependency>"
    done
    echo '</dependencies></project>'
} > "$folder/pom.xml"
mvn -B -q -f "$folder/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$folder/lib" > /dev/null 2>&1
# A row is inserted, a snapshot reads it and a second one, and the second one is removed.
cat > "$folder/changes.json" <<'JSON'
{"before":null,"after":{"id":1,"amount":5},"source":{"snapshot":"false"},"op":"c","ts_ms":1}
{"before":null,"after":{"id":1,"amount":5},"source":{"snapshot":"incremental"},"op":"r","ts_ms":2}
{"before":null,"after":{"id":2,"amount":3},"source":{"snapshot":"incremental"},"op":"r","ts_ms":2}
{"before":{"id":2,"amount":3},"after":null,"source":{"snapshot":"false"},"op":"d","ts_ms":3}
JSON
cat > "$folder/Count.java" <<'JAVA'
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

class Count {
    public static void main(String[] args) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("parallelism.default", "1");
        configuration.setString("table.exec.source.cdc-events-duplicate", args[0]);
        TableEnvironment environment = TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
        environment.executeSql("CREATE TABLE t (id INT, amount INT, PRIMARY KEY (id) NOT ENFORCED) WITH ("
            + "'connector' = 'filesystem', 'path' = '" + args[1] + "', 'format' = 'debezium-json')");
        Row last = null;
        try (CloseableIterator<Row> rows =
                environment.executeSql("SELECT COUNT(*), SUM(amount) FROM t").collect()) {
            while (rows.hasNext()) {
                last = rows.next();
            }
        }
        System.out.println(last);
    }
}
JAVA
javac -cp "$folder/lib/*" -d "$folder" "$folder/Count.java"
# count OPTION: the last row of the query.
count() {
    timeout 120 java -Xmx512m --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED \
        -cp "$folder/lib/*:$folder" Count "$1" "$folder/changes.json" 2> "$folder/log" || true
}
default=$(count false)
option=$(count true)
echo "the table has one row, of amount 5"
echo "COUNT and SUM by default:                           $default"
echo "with table.exec.source.cdc-events-duplicate = true: $option"
if [ "$default" != "+U[2, 10]" ] || [ "$option" != "+U[1, 5]" ]; then
    echo "CHANGED: the behaviour in the header is no longer observed"
    exit 1
fi
echo "as described"
