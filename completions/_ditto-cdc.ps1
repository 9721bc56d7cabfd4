
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'ditto-cdc' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'ditto-cdc'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'ditto-cdc' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show what this tool does, on an embedded Kafka')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Show changes as they happen, or those of the past')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what changed, in captures')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check the connection, layer by layer, and say what to do where something is wrong')
            [CompletionResult]::new('requery', 'requery', [CompletionResultType]::ParameterValue, 'Fetch everything again over the HTTP API, provably complete')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show each setting, its value and where it came from; `config init` makes a profile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ditto-cdc;demo' {
            [CompletionResult]::new('--print', '--print', [CompletionResultType]::ParameterName, 'With --serve: print only the settings, as `env` lines for eval')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--serve', '--serve', [CompletionResultType]::ParameterName, 'Keep the embedded Kafka running, with changes trickling in, to try commands in a second terminal')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;tail' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Only these collections; ''!name'' leaves one out')
            [CompletionResult]::new('--collection', '--collection', [CompletionResultType]::ParameterName, 'Only these collections; ''!name'' leaves one out')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Only events with this change.method, to the letter (repeatable)')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Only events with this change.method, to the letter (repeatable)')
            [CompletionResult]::new('--op', '--op', [CompletionResultType]::ParameterName, 'Only insert, update or remove')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Only this document')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only what meets a condition: "qty > 5"')
            [CompletionResult]::new('--changed', '--changed', [CompletionResultType]::ParameterName, 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where to start: beginning, -100, @-1h, … [end]')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Where to stop; end is what is there now')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after so many events')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Stop after so many events')
            [CompletionResult]::new('--last', '--last', [CompletionResultType]::ParameterName, 'Only the last N of these')
            [CompletionResult]::new('--idle-exit', '--idle-exit', [CompletionResultType]::ParameterName, 'Stop when nothing arrived for so long, such as 30s or 5m')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only changes at or under this path, such as lines[].qty; * stands for any name (repeatable)')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No changes at or under this path; an event with no others is counted and not shown (repeatable)')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Hide the values at or under this path, in every format (repeatable)')
            [CompletionResult]::new('--max-changes', '--max-changes', [CompletionResultType]::ParameterName, 'The most lines that one event takes [default: 50]')
            [CompletionResult]::new('--array-key', '--array-key', [CompletionResultType]::ParameterName, 'The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'diff, oneline, json, record, patch, …')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Read a capture in place of Kafka: what tail wrote, or kafka-console-consumer.sh; `-` is standard input')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file and go on from them the next time; --from is for the first time')
            [CompletionResult]::new('--on-gap', '--on-gap', [CompletionResultType]::ParameterName, 'What a gap in the stream does: be marked and counted, or end the command with status 4')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'The topic that the portal shows [env: DITTO_CDC_TOPIC]')
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'The topic that the portal shows [env: DITTO_CDC_TOPIC]')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--cluster-cert', '--cluster-cert', [CompletionResultType]::ParameterName, 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]')
            [CompletionResult]::new('--cluster-cert-password-file', '--cluster-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]')
            [CompletionResult]::new('--user-cert', '--user-cert', [CompletionResultType]::ParameterName, 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]')
            [CompletionResult]::new('--user-cert-password-file', '--user-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--properties', '--properties', [CompletionResultType]::ParameterName, 'A Java client.properties file')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'A file of settings as in the environment, in place of .env in this folder')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'A property of librdkafka; wins over everything else (repeatable)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-control', '--no-control', [CompletionResultType]::ParameterName, 'Let the filters hide requeryRequired too')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Show values that are the same and only written differently, such as 1 and 1.0')
            [CompletionResult]::new('--full', '--full', [CompletionResultType]::ParameterName, 'Clip nothing')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Show the identity of the array element that a change is in')
            [CompletionResult]::new('--allow-incomplete', '--allow-incomplete', [CompletionResultType]::ParameterName, 'Start from a requery''s folder although the requery is not complete')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;diff' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Only these collections; ''!name'' leaves one out')
            [CompletionResult]::new('--collection', '--collection', [CompletionResultType]::ParameterName, 'Only these collections; ''!name'' leaves one out')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Only events with this change.method, to the letter (repeatable)')
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'Only events with this change.method, to the letter (repeatable)')
            [CompletionResult]::new('--op', '--op', [CompletionResultType]::ParameterName, 'Only insert, update or remove')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Only this document')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only what meets a condition: "qty > 5"')
            [CompletionResult]::new('--changed', '--changed', [CompletionResultType]::ParameterName, 'Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where to start: beginning, end, -100, @2026-01-31T12:00:00Z, @-1h, PARTITION:OFFSET,…, txn:N (behind transaction N) or the folder of a requery [default: end, or beginning of a file]')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Where to stop, itself not included; `end` is what is there now, txn:N all of that up to transaction N. Without it tail goes on for ever')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after so many events, counted after the filters')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Stop after so many events, counted after the filters')
            [CompletionResult]::new('--last', '--last', [CompletionResultType]::ParameterName, 'Only the last N of these')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only changes at or under this path')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'No changes at or under this path')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Hide the values at or under this path, in every format (repeatable)')
            [CompletionResult]::new('--max-changes', '--max-changes', [CompletionResultType]::ParameterName, 'The most lines that one event takes [default: 50]')
            [CompletionResult]::new('--array-key', '--array-key', [CompletionResultType]::ParameterName, 'The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'diff, oneline, json, record, patch, …')
            [CompletionResult]::new('--on-gap', '--on-gap', [CompletionResultType]::ParameterName, 'What a gap in the stream does: be marked and counted, or end the command with status 4')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-control', '--no-control', [CompletionResultType]::ParameterName, 'Let the filters hide requeryRequired too')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Show values that are the same and only written differently, such as 1 and 1.0')
            [CompletionResult]::new('--full', '--full', [CompletionResultType]::ParameterName, 'Clip nothing')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Show the identity of the array element that a change is in')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'End with status 1 if an event was shown')
            [CompletionResult]::new('--no-pager', '--no-pager', [CompletionResultType]::ParameterName, 'On a terminal, do not page through $PAGER or less')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;verify' {
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait so long for the first new event')
            [CompletionResult]::new('--round-trip', '--round-trip', [CompletionResultType]::ParameterName, 'Write, and wait for the event')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'The endpoint that the portal shows')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'The topic that the portal shows')
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'The topic that the portal shows')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--cluster-cert', '--cluster-cert', [CompletionResultType]::ParameterName, 'The cluster certificate, cluster.p12')
            [CompletionResult]::new('--cluster-cert-password-file', '--cluster-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]')
            [CompletionResult]::new('--user-cert', '--user-cert', [CompletionResultType]::ParameterName, 'The user certificate, user.p12')
            [CompletionResult]::new('--user-cert-password-file', '--user-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--properties', '--properties', [CompletionResultType]::ParameterName, 'A Java client.properties file')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'A file of settings as in the environment, in place of .env in this folder')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'A property of librdkafka; wins over everything else (repeatable)')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The Cloud URL Endpoint, for the HTTP API')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object in place of lines')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Replace names and ids, for tickets')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;requery' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The folder of documents and manifest, or -')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The folder of documents and manifest, or -')
            [CompletionResult]::new('--txn-id', '--txn-id', [CompletionResultType]::ParameterName, 'The txnID of the requeryRequired event')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Only this collection')
            [CompletionResult]::new('--collection', '--collection', [CompletionResultType]::ParameterName, 'Only this collection')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only documents that meet this DQL condition')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where the stream was read up to')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Give up after so long without progress')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many collections are read side by side')
            [CompletionResult]::new('--api-version', '--api-version', [CompletionResultType]::ParameterName, 'Which version of the HTTP API to speak')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The Cloud URL Endpoint, for the HTTP API')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file that holds the API key')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'The topic that the portal shows')
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'The topic that the portal shows')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--cluster-cert', '--cluster-cert', [CompletionResultType]::ParameterName, 'The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]')
            [CompletionResult]::new('--cluster-cert-password-file', '--cluster-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]')
            [CompletionResult]::new('--user-cert', '--user-cert', [CompletionResultType]::ParameterName, 'The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]')
            [CompletionResult]::new('--user-cert-password-file', '--user-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--properties', '--properties', [CompletionResultType]::ParameterName, 'A Java client.properties file')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'A file of settings as in the environment, in place of .env in this folder')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'A property of librdkafka; wins over everything else (repeatable)')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-kafka', '--no-kafka', [CompletionResultType]::ParameterName, 'Take no positions from Kafka, even where it is configured')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on where an interrupted run stopped')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be read, and how much')
            [CompletionResult]::new('--as-curl', '--as-curl', [CompletionResultType]::ParameterName, 'Print the first request as a curl command')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;config' {
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'The endpoint that the portal shows')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'The topic that the portal shows')
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'The topic that the portal shows')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]')
            [CompletionResult]::new('--cluster-cert', '--cluster-cert', [CompletionResultType]::ParameterName, 'The cluster certificate, cluster.p12')
            [CompletionResult]::new('--cluster-cert-password-file', '--cluster-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the cluster certificate''s password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]')
            [CompletionResult]::new('--user-cert', '--user-cert', [CompletionResultType]::ParameterName, 'The user certificate, user.p12')
            [CompletionResult]::new('--user-cert-password-file', '--user-cert-password-file', [CompletionResultType]::ParameterName, 'A file that holds the user certificate''s password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Settings from this section of ditto-cdc.toml')
            [CompletionResult]::new('--properties', '--properties', [CompletionResultType]::ParameterName, 'A Java client.properties file')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'A file of settings as in the environment, in place of .env in this folder')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'A property of librdkafka; wins over everything else (repeatable)')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The Cloud URL Endpoint, for the HTTP API')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object in place of lines')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Ask for what the Ditto portal shows, try it, and keep it as a profile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ditto-cdc;config;init' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what went wrong')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: the Kafka library''s log, up to -vvv')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'ditto-cdc;config;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Ask for what the Ditto portal shows, try it, and keep it as a profile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ditto-cdc;config;help;init' {
            break
        }
        'ditto-cdc;config;help;help' {
            break
        }
        'ditto-cdc;help' {
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show what this tool does, on an embedded Kafka')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('tail', 'tail', [CompletionResultType]::ParameterValue, 'Show changes as they happen, or those of the past')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what changed, in captures')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check the connection, layer by layer, and say what to do where something is wrong')
            [CompletionResult]::new('requery', 'requery', [CompletionResultType]::ParameterValue, 'Fetch everything again over the HTTP API, provably complete')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show each setting, its value and where it came from; `config init` makes a profile')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'ditto-cdc;help;demo' {
            break
        }
        'ditto-cdc;help;completions' {
            break
        }
        'ditto-cdc;help;man' {
            break
        }
        'ditto-cdc;help;tail' {
            break
        }
        'ditto-cdc;help;diff' {
            break
        }
        'ditto-cdc;help;verify' {
            break
        }
        'ditto-cdc;help;requery' {
            break
        }
        'ditto-cdc;help;config' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Ask for what the Ditto portal shows, try it, and keep it as a profile')
            break
        }
        'ditto-cdc;help;config;init' {
            break
        }
        'ditto-cdc;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
