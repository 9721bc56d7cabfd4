#!/bin/sh
# Creates in the folder $1 what the tests of other engines share: Kafka Connect (connect), Debezium's JDBC sink as its
# users install it (plugins), and Flink (flink) with a program that runs SQL (FlinkSql.class).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"

mvn -B -q -f "$here/connect.xml" dependency:copy-dependencies -DoutputDirectory="$PWD/connect"
mvn -B -q -f "$here/connect.xml" dependency:copy -DoutputDirectory="$PWD" \
    -Dartifact=io.debezium:debezium-connector-jdbc:3.5.0.Final:tar.gz:plugin
mkdir plugins
tar -xzf debezium-connector-jdbc-3.5.0.Final-plugin.tar.gz -C plugins
rm debezium-connector-jdbc-3.5.0.Final-plugin.tar.gz
mvn -B -q -f "$here/flink.xml" dependency:copy-dependencies -DoutputDirectory="$PWD/flink"
javac -cp "$PWD/flink/*" -d "$PWD" "$here/FlinkSql.java"
