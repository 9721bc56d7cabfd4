#!/bin/sh
# Runs one broker while standard input is open, so that the JVM ends with a killed test.
# $1 is the broker's folder, the rest is the java command. A line on standard input names the signal that stops
# the broker, whose data is preserved. If standard input closes without a line, the broker is killed and its data removed.
folder=$1
shift
"$@" </dev/null >"$folder/java.out" 2>&1 &
broker=$!
if read -r signal; then
    kill -s "$signal" "$broker"
    wait "$broker" 2>/dev/null
else
    kill -s KILL "$broker"
    wait "$broker" 2>/dev/null
    rm -rf "$folder"
fi
