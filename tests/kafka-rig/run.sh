#!/bin/sh
# Runs one server while standard input is open, so that it ends with a killed test.
# $1 is the server's folder, the rest is its command. A line on standard input names the signal that stops the server,
# whose data is preserved. If standard input closes without a line, the server is ended with RIG_END and its data removed.
folder=$1
shift
"$@" </dev/null >"$folder/server.out" 2>&1 &
server=$!
if read -r signal; then
    kill -s "$signal" "$server"
    wait "$server" 2>/dev/null
else
    kill -s "${RIG_END:-KILL}" "$server"
    wait "$server" 2>/dev/null
    rm -rf "$folder"
fi
