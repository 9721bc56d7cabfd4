#!/bin/sh
# Runs one broker for as long as standard input stays open, so that no JVM outlives a killed test.
# $1 is the broker's folder, the rest is the java command. A line on standard input names the signal to stop
# the broker with, and its data stay; without one, when standard input closes, broker and data go.
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
