function __fish_ditto_cdc_ask
    set -l words (commandline -opc)
    command ditto-cdc __complete $argv[1] $words[2..] 2>/dev/null
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

complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -s V -l version -d 'Print version'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "demo" -d 'Show what this tool does, on an embedded Kafka'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "man" -d 'Print a manual page'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "tail" -d 'Show changes as they happen, or those of the past'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "diff" -d 'Show what changed, in captures'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "verify" -d 'Check the connection, layer by layer, and say what to do where something is wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "requery" -d 'Fetch everything again over the HTTP API, provably complete'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "config" -d 'Show each setting, its value and where it came from; `config init` makes a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l print -d 'With --serve: print only the settings, as `env` lines for eval' -r -f -a "env\t'`export NAME=value` lines'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l serve -d 'Keep the embedded Kafka running, with changes trickling in, to try commands in a second terminal'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s c -l collection -d 'Only these collections; \'!name\' leaves one out' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s m -l method -d 'Only events with this change.method, to the letter (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l op -d 'Only insert, update or remove' -r -f -a "insert\t'A document that was not there before'
update\t'A document that was there before'
remove\t'A document that is gone'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l id -d 'Only this document' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l where -d 'Only what meets a condition: "qty > 5"' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l changed -d 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l from -d 'Where to start: beginning, -100, @-1h, … [end]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l until -d 'Where to stop; end is what is there now' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s n -l limit -d 'Stop after so many events' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l last -d 'Only the last N of these' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l idle-exit -d 'Stop when nothing arrived for so long, such as 30s or 5m' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l only -d 'Only changes at or under this path, such as lines[].qty; * stands for any name (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l ignore -d 'No changes at or under this path; an event with no others is counted and not shown (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l redact -d 'Hide the values at or under this path, in every format (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l max-changes -d 'The most lines that one event takes [default: 50]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l array-key -d 'The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l format -d 'diff, oneline, json, record, patch, …' -r -f -a "diff\t'What changed in each document, for people'
oneline\t'One line for people: what happened to which document'
json\t'The event as it was received, one a line'
pretty\t'The event indented and coloured'
record\t'The whole record with topic, partition, offset, time, key and headers; loses nothing, --input reads it back'
raw\t'The payload\'s bytes and a line end'
patch\t'What changed as a JSON Patch (RFC 6902) with the event\'s identity; makes exactly the new document of the old one'
merge\t'What changed as a JSON Merge Patch (RFC 7396), and whether it says all that changed'
changes\t'The paths that were changed, added and removed'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l input -d 'Read a capture in place of Kafka: what tail wrote, or kafka-console-consumer.sh; `-` is standard input' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l state -d 'Keep positions in this file and go on from them the next time; --from is for the first time' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l on-gap -d 'What a gap in the stream does: be marked and counted, or end the command with status 4' -r -f -a "mark\t'Say so, count it, go on'
stop\t'End with status 4'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l brokers -d 'The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s t -l topic -d 'The topic that the portal shows [env: DITTO_CDC_TOPIC]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s g -l group -d 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l cluster-cert-password-file -d 'A file that holds the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l user-cert-password-file -d 'A file that holds the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l env-file -d 'A file of settings as in the environment, in place of .env in this folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s X -d 'A property of librdkafka; wins over everything else (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l no-control -d 'Let the filters hide requeryRequired too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l strict -d 'Show values that are the same and only written differently, such as 1 and 1.0'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l full -d 'Clip nothing'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l context -d 'Show the identity of the array element that a change is in'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l allow-incomplete -d 'Start from a requery\'s folder although the requery is not complete'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s c -l collection -d 'Only these collections; \'!name\' leaves one out' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s m -l method -d 'Only events with this change.method, to the letter (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l op -d 'Only insert, update or remove' -r -f -a "insert\t'A document that was not there before'
update\t'A document that was there before'
remove\t'A document that is gone'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l id -d 'Only this document' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l where -d 'Only what meets a condition: "qty > 5"' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l changed -d 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l from -d 'Where to start: beginning, end, -100, @2026-01-31T12:00:00Z, @-1h, PARTITION:OFFSET,…, txn:N (behind transaction N) or the folder of a requery [default: end, or beginning of a file]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l until -d 'Where to stop, itself not included; `end` is what is there now, txn:N all of that up to transaction N. Without it tail goes on for ever' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s n -l limit -d 'Stop after so many events, counted after the filters' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l last -d 'Only the last N of these' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l only -d 'Only changes at or under this path' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l ignore -d 'No changes at or under this path' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l redact -d 'Hide the values at or under this path, in every format (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l max-changes -d 'The most lines that one event takes [default: 50]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l array-key -d 'The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l format -d 'diff, oneline, json, record, patch, …' -r -f -a "diff\t'What changed in each document, for people'
oneline\t'One line for people: what happened to which document'
json\t'The event as it was received, one a line'
pretty\t'The event indented and coloured'
record\t'The whole record with topic, partition, offset, time, key and headers; loses nothing, --input reads it back'
raw\t'The payload\'s bytes and a line end'
patch\t'What changed as a JSON Patch (RFC 6902) with the event\'s identity; makes exactly the new document of the old one'
merge\t'What changed as a JSON Merge Patch (RFC 7396), and whether it says all that changed'
changes\t'The paths that were changed, added and removed'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l on-gap -d 'What a gap in the stream does: be marked and counted, or end the command with status 4' -r -f -a "mark\t'Say so, count it, go on'
stop\t'End with status 4'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l no-control -d 'Let the filters hide requeryRequired too'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l strict -d 'Show values that are the same and only written differently, such as 1 and 1.0'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l full -d 'Clip nothing'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l context -d 'Show the identity of the array element that a change is in'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l exit-code -d 'End with status 1 if an event was shown'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l no-pager -d 'On a terminal, do not page through $PAGER or less'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l wait -d 'Wait so long for the first new event' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l round-trip -d 'Write, and wait for the event' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l brokers -d 'The endpoint that the portal shows' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s t -l topic -d 'The topic that the portal shows' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s g -l group -d 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l cluster-cert -d 'The cluster certificate, cluster.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l cluster-cert-password-file -d 'A file that holds the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l user-cert -d 'The user certificate, user.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l user-cert-password-file -d 'A file that holds the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l env-file -d 'A file of settings as in the environment, in place of .env in this folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s X -d 'A property of librdkafka; wins over everything else (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l api-key-file -d 'A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l json -d 'One JSON object in place of lines'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l redact -d 'Replace names and ids, for tickets'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s o -l output -d 'The folder of documents and manifest, or -' -r -f -a "(__fish_complete_directories)"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l txn-id -d 'The txnID of the requeryRequired event' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s c -l collection -d 'Only this collection' -x -a '(__fish_ditto_cdc_ask collections)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l where -d 'Only documents that meet this DQL condition' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l from -d 'Where the stream was read up to' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l deadline -d 'Give up after so long without progress' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l jobs -d 'How many collections are read side by side' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l api-version -d 'Which version of the HTTP API to speak' -r -f -a "v5\t'What today\'s servers speak'
v4\t'What servers before them speak'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l api-key-file -d 'A file that holds the API key' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l brokers -d 'The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s t -l topic -d 'The topic that the portal shows' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s g -l group -d 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l cluster-cert -d 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l cluster-cert-password-file -d 'A file that holds the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l user-cert -d 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l user-cert-password-file -d 'A file that holds the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l env-file -d 'A file of settings as in the environment, in place of .env in this folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s X -d 'A property of librdkafka; wins over everything else (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l no-kafka -d 'Take no positions from Kafka, even where it is configured'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l resume -d 'Go on where an interrupted run stopped'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l dry-run -d 'Show what would be read, and how much'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l as-curl -d 'Print the first request as a curl command'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand requery" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l brokers -d 'The endpoint that the portal shows' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s t -l topic -d 'The topic that the portal shows' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s g -l group -d 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l cluster-cert -d 'The cluster certificate, cluster.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l cluster-cert-password-file -d 'A file that holds the cluster certificate\'s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l user-cert -d 'The user certificate, user.p12' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l user-cert-password-file -d 'A file that holds the user certificate\'s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s p -l profile -d 'Settings from this section of ditto-cdc.toml' -x -a '(__fish_ditto_cdc_ask profiles)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l properties -d 'A Java client.properties file' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l env-file -d 'A file of settings as in the environment, in place of .env in this folder' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s X -d 'A property of librdkafka; wins over everything else (repeatable)' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l url -d 'The Cloud URL Endpoint, for the HTTP API' -r
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l api-key-file -d 'A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]' -r -F
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l json -d 'One JSON object in place of lines'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -f -a "init" -d 'Ask for what the Ditto portal shows, try it, and keep it as a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and not __fish_seen_subcommand_from init help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Always'
never\t'Never'"
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -l no-progress -d 'Show no progress'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Say only what went wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Say more: the Kafka library\'s log, up to -vvv'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "init" -d 'Ask for what the Ditto portal shows, try it, and keep it as a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "demo" -d 'Show what this tool does, on an embedded Kafka'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "man" -d 'Print a manual page'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "tail" -d 'Show changes as they happen, or those of the past'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "diff" -d 'Show what changed, in captures'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "verify" -d 'Check the connection, layer by layer, and say what to do where something is wrong'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "requery" -d 'Fetch everything again over the HTTP API, provably complete'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "config" -d 'Show each setting, its value and where it came from; `config init` makes a profile'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and not __fish_seen_subcommand_from demo completions man tail diff verify requery config help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ditto-cdc -n "__fish_ditto_cdc_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "init" -d 'Ask for what the Ditto portal shows, try it, and keep it as a profile'
