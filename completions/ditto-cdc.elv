
use builtin;
use str;

set edit:completion:arg-completer[ditto-cdc] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'ditto-cdc'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'ditto-cdc'= {
            cand --color 'When to use colours'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand demo 'Show what this tool does, on an embedded Kafka'
            cand completions 'Print a completion script for a shell'
            cand man 'Print a manual page'
            cand tail 'Show changes as they happen, or those of the past'
            cand diff 'Show what changed, in captures'
            cand verify 'Check the connection, layer by layer, and say what to do where something is wrong'
            cand requery 'Fetch everything again over the HTTP API, provably complete'
            cand config 'Show each setting, its value and where it came from; `config init` makes a profile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ditto-cdc;demo'= {
            cand --print 'With --serve: print only the settings, as `env` lines for eval'
            cand --color 'When to use colours'
            cand --serve 'Keep the embedded Kafka running, with changes trickling in, to try commands in a second terminal'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;completions'= {
            cand --color 'When to use colours'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;man'= {
            cand --color 'When to use colours'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;tail'= {
            cand -c 'Only these collections; ''!name'' leaves one out'
            cand --collection 'Only these collections; ''!name'' leaves one out'
            cand -m 'Only events with this change.method, to the letter (repeatable)'
            cand --method 'Only events with this change.method, to the letter (repeatable)'
            cand --op 'Only insert, update or remove'
            cand --id 'Only this document'
            cand --where 'Only what meets a condition: "qty > 5"'
            cand --changed 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)'
            cand --from 'Where to start: beginning, -100, @-1h, … [end]'
            cand --until 'Where to stop; end is what is there now'
            cand -n 'Stop after so many events'
            cand --limit 'Stop after so many events'
            cand --last 'Only the last N of these'
            cand --idle-exit 'Stop when nothing arrived for so long, such as 30s or 5m'
            cand --only 'Only changes at or under this path, such as lines[].qty; * stands for any name (repeatable)'
            cand --ignore 'No changes at or under this path; an event with no others is counted and not shown (repeatable)'
            cand --redact 'Hide the values at or under this path, in every format (repeatable)'
            cand --max-changes 'The most lines that one event takes [default: 50]'
            cand --array-key 'The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)'
            cand --format 'diff, oneline, json, record, patch, …'
            cand --input 'Read a capture in place of Kafka: what tail wrote, or kafka-console-consumer.sh; `-` is standard input'
            cand --state 'Keep positions in this file and go on from them the next time; --from is for the first time'
            cand --on-gap 'What a gap in the stream does: be marked and counted, or end the command with status 4'
            cand --brokers 'The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]'
            cand -t 'The topic that the portal shows [env: DITTO_CDC_TOPIC]'
            cand --topic 'The topic that the portal shows [env: DITTO_CDC_TOPIC]'
            cand -g 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --group 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --cluster-cert 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]'
            cand --cluster-cert-password-file 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]'
            cand --user-cert 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]'
            cand --user-cert-password-file 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]'
            cand -p 'Settings from this section of ditto-cdc.toml'
            cand --profile 'Settings from this section of ditto-cdc.toml'
            cand --properties 'A Java client.properties file'
            cand --env-file 'A file of settings as in the environment, in place of .env in this folder'
            cand -X 'A property of librdkafka; wins over everything else (repeatable)'
            cand --color 'When to use colours'
            cand --no-control 'Let the filters hide requeryRequired too'
            cand --strict 'Show values that are the same and only written differently, such as 1 and 1.0'
            cand --full 'Clip nothing'
            cand --context 'Show the identity of the array element that a change is in'
            cand --allow-incomplete 'Start from a requery''s folder although the requery is not complete'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;diff'= {
            cand -c 'Only these collections; ''!name'' leaves one out'
            cand --collection 'Only these collections; ''!name'' leaves one out'
            cand -m 'Only events with this change.method, to the letter (repeatable)'
            cand --method 'Only events with this change.method, to the letter (repeatable)'
            cand --op 'Only insert, update or remove'
            cand --id 'Only this document'
            cand --where 'Only what meets a condition: "qty > 5"'
            cand --changed 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)'
            cand --from 'Where to start: beginning, end, -100, @2026-01-31T12:00:00Z, @-1h, PARTITION:OFFSET,…, txn:N (behind transaction N) or the folder of a requery [default: end, or beginning of a file]'
            cand --until 'Where to stop, itself not included; `end` is what is there now, txn:N all of that up to transaction N. Without it tail goes on for ever'
            cand -n 'Stop after so many events, counted after the filters'
            cand --limit 'Stop after so many events, counted after the filters'
            cand --last 'Only the last N of these'
            cand --only 'Only changes at or under this path'
            cand --ignore 'No changes at or under this path'
            cand --redact 'Hide the values at or under this path, in every format (repeatable)'
            cand --max-changes 'The most lines that one event takes [default: 50]'
            cand --array-key 'The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)'
            cand --format 'diff, oneline, json, record, patch, …'
            cand --on-gap 'What a gap in the stream does: be marked and counted, or end the command with status 4'
            cand --color 'When to use colours'
            cand --no-control 'Let the filters hide requeryRequired too'
            cand --strict 'Show values that are the same and only written differently, such as 1 and 1.0'
            cand --full 'Clip nothing'
            cand --context 'Show the identity of the array element that a change is in'
            cand --exit-code 'End with status 1 if an event was shown'
            cand --no-pager 'On a terminal, do not page through $PAGER or less'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;verify'= {
            cand --wait 'Wait so long for the first new event'
            cand --round-trip 'Write, and wait for the event'
            cand --brokers 'The endpoint that the portal shows'
            cand -t 'The topic that the portal shows'
            cand --topic 'The topic that the portal shows'
            cand -g 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --group 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --cluster-cert 'The cluster certificate, cluster.p12'
            cand --cluster-cert-password-file 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]'
            cand --user-cert 'The user certificate, user.p12'
            cand --user-cert-password-file 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]'
            cand -p 'Settings from this section of ditto-cdc.toml'
            cand --profile 'Settings from this section of ditto-cdc.toml'
            cand --properties 'A Java client.properties file'
            cand --env-file 'A file of settings as in the environment, in place of .env in this folder'
            cand -X 'A property of librdkafka; wins over everything else (repeatable)'
            cand --url 'The Cloud URL Endpoint, for the HTTP API'
            cand --api-key-file 'A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]'
            cand --color 'When to use colours'
            cand --json 'One JSON object in place of lines'
            cand --redact 'Replace names and ids, for tickets'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;requery'= {
            cand -o 'The folder of documents and manifest, or -'
            cand --output 'The folder of documents and manifest, or -'
            cand --txn-id 'The txnID of the requeryRequired event'
            cand -c 'Only this collection'
            cand --collection 'Only this collection'
            cand --where 'Only documents that meet this DQL condition'
            cand --from 'Where the stream was read up to'
            cand --deadline 'Give up after so long without progress'
            cand --jobs 'How many collections are read side by side'
            cand --api-version 'Which version of the HTTP API to speak'
            cand --url 'The Cloud URL Endpoint, for the HTTP API'
            cand --api-key-file 'A file that holds the API key'
            cand --brokers 'The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]'
            cand -t 'The topic that the portal shows'
            cand --topic 'The topic that the portal shows'
            cand -g 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --group 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --cluster-cert 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]'
            cand --cluster-cert-password-file 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]'
            cand --user-cert 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]'
            cand --user-cert-password-file 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]'
            cand -p 'Settings from this section of ditto-cdc.toml'
            cand --profile 'Settings from this section of ditto-cdc.toml'
            cand --properties 'A Java client.properties file'
            cand --env-file 'A file of settings as in the environment, in place of .env in this folder'
            cand -X 'A property of librdkafka; wins over everything else (repeatable)'
            cand --color 'When to use colours'
            cand --no-kafka 'Take no positions from Kafka, even where it is configured'
            cand --resume 'Go on where an interrupted run stopped'
            cand --dry-run 'Show what would be read, and how much'
            cand --as-curl 'Print the first request as a curl command'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;config'= {
            cand --brokers 'The endpoint that the portal shows'
            cand -t 'The topic that the portal shows'
            cand --topic 'The topic that the portal shows'
            cand -g 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --group 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]'
            cand --cluster-cert 'The cluster certificate, cluster.p12'
            cand --cluster-cert-password-file 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]'
            cand --user-cert 'The user certificate, user.p12'
            cand --user-cert-password-file 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]'
            cand -p 'Settings from this section of ditto-cdc.toml'
            cand --profile 'Settings from this section of ditto-cdc.toml'
            cand --properties 'A Java client.properties file'
            cand --env-file 'A file of settings as in the environment, in place of .env in this folder'
            cand -X 'A property of librdkafka; wins over everything else (repeatable)'
            cand --url 'The Cloud URL Endpoint, for the HTTP API'
            cand --api-key-file 'A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]'
            cand --color 'When to use colours'
            cand --json 'One JSON object in place of lines'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand init 'Ask for what the Ditto portal shows, try it, and keep it as a profile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ditto-cdc;config;init'= {
            cand --color 'When to use colours'
            cand --no-progress 'Show no progress'
            cand -q 'Say only what went wrong'
            cand --quiet 'Say only what went wrong'
            cand -v 'Say more: the Kafka library''s log, up to -vvv'
            cand --verbose 'Say more: the Kafka library''s log, up to -vvv'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'ditto-cdc;config;help'= {
            cand init 'Ask for what the Ditto portal shows, try it, and keep it as a profile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ditto-cdc;config;help;init'= {
        }
        &'ditto-cdc;config;help;help'= {
        }
        &'ditto-cdc;help'= {
            cand demo 'Show what this tool does, on an embedded Kafka'
            cand completions 'Print a completion script for a shell'
            cand man 'Print a manual page'
            cand tail 'Show changes as they happen, or those of the past'
            cand diff 'Show what changed, in captures'
            cand verify 'Check the connection, layer by layer, and say what to do where something is wrong'
            cand requery 'Fetch everything again over the HTTP API, provably complete'
            cand config 'Show each setting, its value and where it came from; `config init` makes a profile'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'ditto-cdc;help;demo'= {
        }
        &'ditto-cdc;help;completions'= {
        }
        &'ditto-cdc;help;man'= {
        }
        &'ditto-cdc;help;tail'= {
        }
        &'ditto-cdc;help;diff'= {
        }
        &'ditto-cdc;help;verify'= {
        }
        &'ditto-cdc;help;requery'= {
        }
        &'ditto-cdc;help;config'= {
            cand init 'Ask for what the Ditto portal shows, try it, and keep it as a profile'
        }
        &'ditto-cdc;help;config;init'= {
        }
        &'ditto-cdc;help;help'= {
        }
    ]
    $completions[$command]
}
