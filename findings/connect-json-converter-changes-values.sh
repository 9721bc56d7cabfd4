#!/usr/bin/env bash
# Expected: Kafka Connect's JsonConverter refuses a value that does not fit the schema beside it, as it refuses null in a
# required field and a number in a field of type string.
# Observed: where the schema has a number or a boolean, it makes another value without an error: a string or an object is 0
# or false, 1.9 is 1, and an integer that is too large for its type wraps around.
# Versions: Apache Kafka 4.3.1 (connect-json, Maven).
# Why it matters: documents without a fixed schema have fields whose type changes. A schema guessed from some of them turns
# others into zeros in the sink's tables, and nobody is told. One field of type string with the whole document cannot be
# changed in this way. The same happens to identifiers above 2^63, which Ditto's transactions may have.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/pom.xml" <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>connect</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>connect-json</artifactId>
      <version>4.3.1</version>
    </dependency>
  </dependencies>
</project>
POM
mvn -B -q -f "$folder/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$folder/lib" > /dev/null 2>&1
cat > "$folder/Convert.java" <<'JAVA'
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;

class Convert {
    private static final String[][] CASES = {
        {"int32", "\"sold out\""}, {"int32", "{}"}, {"int32", "1.9"}, {"int32", "3000000000"},
        {"int64", "18446744073709551615"}, {"double", "\"1.5\""}, {"boolean", "\"true\""},
        {"string", "7"}, {"int32", "null"},
    };

    public static void main(String[] args) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "true"), false);
        for (String[] one : CASES) {
            String json = "{\"schema\":{\"type\":\"struct\",\"optional\":false,\"fields\":[{\"field\":\"f\",\"type\":\""
                + one[0] + "\",\"optional\":false}]},\"payload\":{\"f\":" + one[1] + "}}";
            System.out.println(one[0] + " " + one[1] + ": " + converted(converter, json));
        }
    }

    private static Object converted(JsonConverter converter, String json) {
        try {
            Struct value = (Struct) converter.toConnectData("topic", json.getBytes(StandardCharsets.UTF_8)).value();
            return value.get("f");
        } catch (DataException error) {
            return "refused";
        }
    }
}
JAVA
javac -cp "$folder/lib/*" -d "$folder" "$folder/Convert.java"
seen=$(java -cp "$folder/lib/*:$folder" Convert 2> "$folder/log")
echo "$seen"
expected='int32 "sold out": 0
int32 {}: 0
int32 1.9: 1
int32 3000000000: -1294967296
int64 18446744073709551615: -1
double "1.5": 0.0
boolean "true": false
string 7: refused
int32 null: refused'
[ "$seen" = "$expected" ] || { echo "CHANGED: the behaviour in the header is no longer observed"; exit 1; }
echo "as described"
