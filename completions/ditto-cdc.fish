function __fish_ditto_cdc_ask
    set -l words (commandline -opc)
    command ditto-cdc __complete $argv $words[2..] 2>/dev/null
end

function __fish_ditto_cdc_documents
    set -l words (commandline -opc)
    __fish_ditto_cdc_ask documents (count $words[2..])
end

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ditto_cdc_global_optspecs
    string join \n color= no-progress q/quiet v/verbose h/help V/version
end

function __fish_ditto_cdc_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ditto_cdc_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ditto_cdc_using_subcommand
    set -l cmd (__fish_ditto_cdc_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s V -l version -d 'Print version'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "demo" -d 'Show what this tool does, with an embedded Kafka'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "man" -d 'Print a manual page'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "tail" -d 'Show changes as they happen, or past changes'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "diff" -d 'Show what changed in captures, or between two states'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "history" -d 'Show the versions of one document, or what it was at a time'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "collections" -d 'Show which collections and fields a topic or file has'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "stats" -d 'Count what is in a topic or capture, over time'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "verify" -d 'Check the connection layer by layer, and say how to fix it'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "requery" -d 'Fetch all documents again, and prove that none is missing'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "audit" -d 'Check that a mirror or snapshot equals the server'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "mirror" -d 'Keep a SQLite copy of all documents, across gaps in the stream'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "relay" -d 'Write the stream to your own Kafka, each event exactly once'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "config" -d 'Show each setting and its source; `config init` creates a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l print -d 'With --serve: print only the settings, as environment variables (`env`) for eval; into a pipe, keep the servers in the background' -r -f -a "env\t'`export NAME=value` lines'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l gap-every -d 'With --serve: at this interval, leave out some changes and write a `requeryRequired`, to practise recovery' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l serve -d 'Keep the embedded Kafka running, with a new change now and then, to try commands in a second terminal'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s m -l method -d 'Only events with this change.method' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l op -d 'Only insert, update or remove' -r -f -a "insert\t'A new document: a new value and no old one'
update\t'A changed document: an old and a new value'
remove\t'A removed document: only an old value'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l id -d 'Only this document' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l where -d 'Only events that meet a condition: "qty > 5"' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l grep -d 'Only events with a text in a key or value' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l changed -d 'Only changes of the value at this path' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l from -d 'Where to start: beginning, -100, @-1h, … [end]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l until -d 'Where to stop; end: the current end' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s n -l limit -d 'Stop after N events' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l last -d 'Only the last N events' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l order -d 'The order of events from several partitions or captures [default: time if the read has an end, else arrival]' -r -f -a "time\t'By time over all partitions; inside a partition always by offset'
arrival\t'As the records arrive: faster, but what happened together stands apart'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l idle-exit -d 'Stop if nothing is shown for DURATION, such as 30s' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l idle-exit-read -d 'Stop if no record arrives for DURATION, whether the filters show it or not' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l timeout -d 'Stop after DURATION; status 5 if nothing was shown' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l only -d 'Only changes at or under this path, such as lines[].qty; * matches any name (repeatable; docs/paths.md has the language of paths)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l ignore -d 'Hide changes at or under this path; an event without other changes is counted but not shown (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l redact -d 'Hide the values at or under this path, in every format; status 1 if no document has it (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l max-changes -d 'Maximum number of lines for one event [default: 50]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l array-key -d 'The field that identifies an array element [default: _id, id, key or uuid] (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l format -d 'diff, oneline, json, …, or \'%T %c %i %s\'' -r -f -a "diff\t'What changed in each document, for people'
oneline\t'One line per event, for people: operation and document'
json\t'The event as received, one per line'
pretty\t'The event, indented and coloured'
record\t'The whole record with topic, partition, offset, time, key and headers; lossless, --input reads it back'
raw\t'The payload\'s bytes and a line end'
patch\t'The changes as a JSON Patch (RFC 6902) with the event\'s identity; turns the old document into exactly the new one'
merge\t'The changes as a JSON Merge Patch (RFC 7396), and whether it covers all of them'
changes\t'The paths that were changed, added and removed'
debezium\t'Debezium\'s change events with their schema, for Kafka Connect: each document is one JSON text (docs/cookbook.md)'
debezium-plain\t'The same without the schema, for Flink and RisingWave'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l input -d 'Read a capture instead of Kafka: output of tail, kafka-console-consumer.sh, kcat, rpk or kcl; `-` is standard input' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l state -d 'Save offsets in FILE, continue from them' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l exec -d 'Run this command for each event instead of showing it, with the event as JSON on its standard input and DITTO_CDC_COLLECTION, _ID, _OP, _TXN, _PARTITION and _OFFSET in its environment; no shell is started. With --state or --group, a position is saved only after its command ended with status 0 (docs/reacting.md)' -r -f -a "(__fish_complete_command)"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l exec-jobs -d 'Run up to N commands at once, never two for the same document [default: 1]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l exec-retries -d 'Retry a failed command up to N times, then stop with status 1 before its event [default: 3]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l on-gap -d 'What to do at a gap: `mark` (report it and continue) or `stop` (exit with status 4) [default: mark; with --format debezium, stop]' -r -f -a "mark\t'Report it, count it and continue'
stop\t'Exit with status 4'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l no-control -d 'Apply the filters to requeryRequired events too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l strict -d 'Also show equal values that are written differently, such as 1 and 1.0'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l full -d 'Do not shorten anything'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l context -d 'Show the identity of the array element that contains a change'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l allow-incomplete -d 'Accept an incomplete snapshot in --from DIR'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s m -l method -d 'Only events with this change.method' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l op -d 'Only insert, update or remove' -r -f -a "insert\t'A new document: a new value and no old one'
update\t'A changed document: an old and a new value'
remove\t'A removed document: only an old value'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l id -d 'Only this document' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l where -d 'Only events that meet a condition: "qty > 5"' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l grep -d 'Only events with a text in a key or value' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l changed -d 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all must hold)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l from -d 'Where to start: beginning, end, -100 (the last 100 records), a time, PARTITION:OFFSET,…, txn:N (right after transaction N) or the folder of a requery [default: end; for a file, beginning]. A time is @2026-01-31T12:00:00Z, @2026-01-31, @12:00, @yesterday, @-1h, or a number since 1970, such as @1769860800: up to 11 digits are seconds, up to 14 milliseconds, up to 17 microseconds, more nanoseconds. Without an offset from UTC it is local time' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l until -d 'Where to stop (exclusive): a position as in --from. `end`: the current end of the topic. `txn:N`: after transaction N, or at the current end. @+1h: in an hour. Default: never. Without --from, reading then starts at the beginning; with a time in the future, at the end' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s n -l limit -d 'Stop after N events (counted after the filters). Gaps and unreadable records are shown in addition' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l last -d 'Show only the last N events by time over all partitions (counted after the filters), then stop. Gaps and unreadable records among them are shown in addition' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l order -d 'The order of events from several partitions or captures [default: time if the read has an end, else arrival]' -r -f -a "time\t'By time over all partitions; inside a partition always by offset'
arrival\t'As the records arrive: faster, but what happened together stands apart'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l only -d 'Only changes at or under this path' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l ignore -d 'Hide changes at or under this path' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l redact -d 'Hide the values at or under this path, in every format; status 1 if no document has it (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l max-changes -d 'Maximum number of lines for one event [default: 50]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l array-key -d 'The field that identifies an array element [default: _id, id, key or uuid] (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l format -d 'diff, oneline, json, …, or \'%T %c %i %s\'' -r -f -a "diff\t'What changed in each document, for people'
oneline\t'One line per event, for people: operation and document'
json\t'The event as received, one per line'
pretty\t'The event, indented and coloured'
record\t'The whole record with topic, partition, offset, time, key and headers; lossless, --input reads it back'
raw\t'The payload\'s bytes and a line end'
patch\t'The changes as a JSON Patch (RFC 6902) with the event\'s identity; turns the old document into exactly the new one'
merge\t'The changes as a JSON Merge Patch (RFC 7396), and whether it covers all of them'
changes\t'The paths that were changed, added and removed'
debezium\t'Debezium\'s change events with their schema, for Kafka Connect: each document is one JSON text (docs/cookbook.md)'
debezium-plain\t'The same without the schema, for Flink and RisingWave'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l on-gap -d 'What to do at a gap: `mark` (report it and continue) or `stop` (exit with status 4) [default: mark; with --format debezium, stop]' -r -f -a "mark\t'Report it, count it and continue'
stop\t'Exit with status 4'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l no-control -d 'Apply the filters to requeryRequired events too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l strict -d 'Also show equal values that are written differently, such as 1 and 1.0'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l full -d 'Do not shorten anything'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l context -d 'Show the identity of the array element that contains a change'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l exit-code -d 'Status 1 if an event is shown, 0 if none'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l no-pager -d 'Do not use a pager ($PAGER, or less) on a terminal'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l at -d 'Print the document as it was: @10:31, txn:N' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s n -l limit -d 'Only the first N versions' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l format -d 'diff, oneline, json, …, or \'%T %c %i %s\'' -r -f -a "diff\t'What changed in each document, for people'
oneline\t'One line per event, for people: operation and document'
json\t'The event as received, one per line'
pretty\t'The event, indented and coloured'
record\t'The whole record with topic, partition, offset, time, key and headers; lossless, --input reads it back'
raw\t'The payload\'s bytes and a line end'
patch\t'The changes as a JSON Patch (RFC 6902) with the event\'s identity; turns the old document into exactly the new one'
merge\t'The changes as a JSON Merge Patch (RFC 7396), and whether it covers all of them'
changes\t'The paths that were changed, added and removed'
debezium\t'Debezium\'s change events with their schema, for Kafka Connect: each document is one JSON text (docs/cookbook.md)'
debezium-plain\t'The same without the schema, for Flink and RisingWave'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l op -d 'Only versions of this operation: insert, update or remove (repeatable)' -r -f -a "insert\t'A new document: a new value and no old one'
update\t'A changed document: an old and a new value'
remove\t'A removed document: only an old value'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l where -d 'Only versions that meet this condition, such as "qty > 5 AND status IN (\'open\', \'paid\')" (repeatable: all must hold)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l grep -d 'Only versions with this text in a key or value of the old or new document (repeatable: all must be found)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l changed -d 'Only changes of the value at this path' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l from -d 'Where to start: @-1h, … [beginning]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l until -d 'Where to stop (exclusive): a position as in tail [default: the current end]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l only -d 'Only changes at or under this path, such as lines[].qty; * matches any name (repeatable; docs/paths.md has the language of paths)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l ignore -d 'Hide changes at or under this path; an event without other changes is counted but not shown (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l redact -d 'Hide the values at this path' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l max-changes -d 'Maximum number of lines for one event [default: 50]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l array-key -d 'The field that identifies an array element [default: _id, id, key or uuid] (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s t -l topic -d 'The topic that the portal shows [env: DITTO_CDC_TOPIC]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l blame -d 'Show which version last changed each field'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l reverse -d 'Newest version first'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l no-pager -d 'Do not use a pager ($PAGER, or less) on a terminal'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l strict -d 'Also show equal values that are written differently, such as 1 and 1.0'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l full -d 'Do not shorten anything'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l context -d 'Show the identity of the array element that contains a change'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s m -l method -d 'Only events with exactly this change.method (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l op -d 'Only this operation: insert, update or remove (decided from the values, not from change.method) (repeatable)' -r -f -a "insert\t'A new document: a new value and no old one'
update\t'A changed document: an old and a new value'
remove\t'A removed document: only an old value'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l id -d 'Only the document with this _id: a string, or JSON for other types, such as 7 or \'{"a":1}\'; also COLLECTION/ID (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l where -d 'Only events that meet a condition: "qty > 5"' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l grep -d 'Only events with this text in a key or value of the old or new document; a text without a capital letter matches in any case (repeatable: all must be found)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l changed -d 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all must hold)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l from -d 'Where to start: @-1h, … [beginning]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l until -d 'Where to stop (exclusive): a position as in tail [default: the current end]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l redact -d 'Hide the values at this path' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l max-fields -d 'Maximum number of fields in a table' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s t -l topic -d 'The topic that the portal shows [env: DITTO_CDC_TOPIC]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l no-control -d 'Apply the filters to requeryRequired events too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l json -d 'Print one JSON object for each collection'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand collections" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s m -l method -d 'Only events with exactly this change.method (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l op -d 'Only this operation: insert, update or remove (decided from the values, not from change.method) (repeatable)' -r -f -a "insert\t'A new document: a new value and no old one'
update\t'A changed document: an old and a new value'
remove\t'A removed document: only an old value'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l id -d 'Only the document with this _id: a string, or JSON for other types, such as 7 or \'{"a":1}\'; also COLLECTION/ID (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l where -d 'Only events that meet a condition: "qty > 5"' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l grep -d 'Only events with this text in a key or value of the old or new document; a text without a capital letter matches in any case (repeatable: all must be found)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l changed -d 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all must hold)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l from -d 'Where to start: @-1h, … [beginning]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l until -d 'Where to stop (exclusive): a position as in tail [default: the current end; with --watch, never]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l state -d 'Show the lag of this state file of tail' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l by -d 'One bar for each minute, hour or day' -r -f -a "minute\t'A minute'
hour\t'An hour'
day\t'A day'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l top -d 'Number of documents and paths in a list' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l watch -d 'Live: show again every SECONDS' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s t -l topic -d 'The topic that the portal shows [env: DITTO_CDC_TOPIC]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s g -l group -d 'Show the lag of this consumer group' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l no-control -d 'Apply the filters to requeryRequired events too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l paths -d 'Also count which paths change'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l json -d 'Print one JSON object'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l state -d 'Also check whether the positions in this state file of tail are still available' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l wait -d 'Wait up to DURATION for one new event' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l round-trip -d 'Write a document, and wait for its event' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l brokers -d 'The endpoint that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l cluster-cert -d 'The cluster certificate, cluster.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l user-cert -d 'The user certificate, user.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l api-key-file -d 'A file that contains the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l json -d 'Print one JSON object instead of lines'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l redact -d 'Replace names and ids, for tickets'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s o -l output -d 'Output folder, or - for standard output' -r -f -a "(__fish_complete_directories)"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l format -d 'The format of documents on standard output: events of tail\'s format json, or Debezium\'s, with op r' -r -f -a "json\t'Events of the type snapshotDocument, between snapshotBegin and snapshotEnd'
debezium\t'Debezium\'s change events with their schema, for Kafka Connect'
debezium-plain\t'The same without the schema, for Flink and RisingWave'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l txn-id -d 'The txnID of the requeryRequired event' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l where -d 'Only documents that meet this DQL condition' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l from -d 'Where reading of the stream ended' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l deadline -d 'Give up after DURATION without progress' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l jobs -d 'Number of collections to read in parallel' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l api-version -d 'Version of the HTTP API' -r -f -a "v5\t'For current servers'
v4\t'For older servers'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l api-key-file -d 'A file that contains the API key' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l no-kafka -d 'Do not read from Kafka, even if it is configured'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l resume -d 'Continue an interrupted run'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l dry-run -d 'Show what would be read, and how much'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l as-curl -d 'Print the first request as a curl command'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s n -l limit -d 'Show at most N documents of each collection' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l deadline -d 'Give up after DURATION without progress [default: 10m]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l jobs -d 'Number of collections to read in parallel' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l api-version -d 'Version of the HTTP API' -r -f -a "v5\t'For current servers'
v4\t'For older servers'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l api-key-file -d 'A file that contains the API key' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l brokers -d 'The endpoint that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l cluster-cert -d 'The cluster certificate, cluster.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l user-cert -d 'The user certificate, user.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l repair -d 'Replace what differs in the mirror'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l ids-only -d 'Show ids, and no documents'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l json -d 'Print JSON objects instead of a table'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l no-kafka -d 'Do not read the stream'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l index -d 'Index fields: \'orders(status, total.cents)\'' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l until -d 'end: stop when the copy is current' -r -f -a "end\t'At the end of the stream, as it is at the start'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l on-gap -d 'At a gap: requery, or stop with status 4' -r -f -a "requery\t'Take a new snapshot, and continue from it'
stop\t'Stop with status 4'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l jobs -d 'Number of collections to read in parallel' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l api-version -d 'Version of the HTTP API' -r -f -a "v5\t'For current servers'
v4\t'For older servers'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l api-key-file -d 'A file that contains the API key' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l deadline -d 'Give up a snapshot after DURATION without progress [default: 10m]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l history -d 'Keep each change in ditto_history'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l skip-unreadable -d 'Continue after a bad record, and list it'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand mirror" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l name -d 'The relay\'s name, which its positions belong to' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l to-brokers -d 'The brokers of the target cluster' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l to-topic -d 'The topic to write to: \'ditto.{collection}\'' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l format -d 'What is written for each event' -r -f -a "debezium\t'Debezium\'s change events with their schema, for Kafka Connect'
debezium-plain\t'The same without the schema, for Flink and RisingWave'
json\t'The event as received'
record\t'The whole record with topic, partition, offset, time, key and headers; lossless'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l positions-topic -d 'The compacted topic on the target cluster that keeps the positions; it is created if it is missing' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s c -l collection -d 'Only these collections; \'!name\' excludes one' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s m -l method -d 'Only events with exactly this change.method (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l op -d 'Only insert, update or remove' -r -f -a "insert\t'A new document: a new value and no old one'
update\t'A changed document: an old and a new value'
remove\t'A removed document: only an old value'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l id -d 'Only the document with this _id: a string, or JSON for other types, such as 7 or \'{"a":1}\'; also COLLECTION/ID (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l where -d 'Only events that meet a condition: "qty > 5"' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l grep -d 'Only events with this text in a key or value of the old or new document; a text without a capital letter matches in any case (repeatable: all must be found)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l changed -d 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all must hold)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l from -d 'Where to start: beginning, @-1h, … [end]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l until -d 'Where to stop; end: the current end' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l on-gap -d 'At a gap: stop with status 4, or requery' -r -f -a "stop\t'Stop with status 4, before anything after the gap'
requery\t'Read all documents again over the HTTP API into a temporary folder, write them if they are proven complete, and continue'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l deadline -d 'Give up after DURATION without progress [default: 10m]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l jobs -d 'Number of collections to read in parallel' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l api-version -d 'Version of the HTTP API' -r -f -a "v5\t'For current servers'
v4\t'For older servers'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l url -d 'The Cloud URL Endpoint that the portal shows, including the app\'s id [env: DITTO_CDC_URL, DITTOSH_SERVER_URL, DITTO_CLOUD_URL]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l api-key-file -d 'A file that contains the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l brokers -d 'The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s X -d 'A librdkafka property; to.KEY: of the target' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l no-control -d 'Apply the filters to requeryRequired events too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l allow-incomplete -d 'Accept an incomplete snapshot in --from DIR'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l skip-unreadable -d 'Continue after a record that is no event, report it, and exit with status 1 at the end'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand relay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l brokers -d 'The endpoint that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s t -l topic -d 'The topic that the portal shows' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s g -l group -d 'Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l cluster-cert -d 'The cluster certificate, cluster.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l cluster-cert-password-file -d 'A file that contains the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l user-cert -d 'The user certificate, user.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l user-cert-password-file -d 'A file that contains the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l env-file -d 'A file of environment variables to read instead of .env in the current folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s X -d 'A librdkafka property; overrides every other source (repeatable)' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r -f
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l api-key-file -d 'A file that contains the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l json -d 'Print one JSON object instead of lines'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -f -a "init" -d 'Ask for the settings that the Ditto portal shows, test them, and save them as a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless an environment variable overrides it'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -l no-progress -d 'Do not show progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print errors only'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Print more, such as the Kafka library\'s log (up to -vvv)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "init" -d 'Ask for the settings that the Ditto portal shows, test them, and save them as a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "demo" -d 'Show what this tool does, with an embedded Kafka'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "man" -d 'Print a manual page'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "tail" -d 'Show changes as they happen, or past changes'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "diff" -d 'Show what changed in captures, or between two states'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "history" -d 'Show the versions of one document, or what it was at a time'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "collections" -d 'Show which collections and fields a topic or file has'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "stats" -d 'Count what is in a topic or capture, over time'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "verify" -d 'Check the connection layer by layer, and say how to fix it'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "requery" -d 'Fetch all documents again, and prove that none is missing'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "audit" -d 'Check that a mirror or snapshot equals the server'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "mirror" -d 'Keep a SQLite copy of all documents, across gaps in the stream'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "relay" -d 'Write the stream to your own Kafka, each event exactly once'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "config" -d 'Show each setting and its source; `config init` creates a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff history collections stats verify requery audit mirror relay config help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "init" -d 'Ask for the settings that the Ditto portal shows, test them, and save them as a profile'
complete -c ditto-cdc -n '__fish_ditto_cdc_using_subcommand history; and test (count (__fish_ditto_cdc_documents)) -gt 0' -f -a '(__fish_ditto_cdc_documents)'
