//! Lag of a reader, and the time until retention reaches it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::events::{event, tail};
use crate::support::kafka::{Kafka, Message, Rule};
use crate::support::program::{Output, run};

const TOPIC: &str = "open-stats";
const GROUP: &str = "team-stats";
const RETENTION_MS: i64 = 3_600_000;
const LIMIT: Duration = Duration::from_secs(30);

fn stats(kafka: &Kafka, args: &[&str]) -> Output {
    let args = [&["stats", "--topic", TOPIC], args].concat();
    run(&kafka.client_env(TOPIC), &args, LIMIT)
}

fn partitions(output: &Output) -> Vec<Value> {
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    object["partitions"].as_array().unwrap().clone()
}

/// The table in a pipe.
fn table(kafka: &Kafka) -> String {
    let output = stats(kafka, &["--group", GROUP]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn number(partition: &Value, key: &str) -> i64 {
    partition[key].as_i64().unwrap()
}

#[test]
fn lag_and_retention_of_a_group() {
    let Some(kafka) = Kafka::shared() else { return };
    let retention = RETENTION_MS.to_string();
    kafka.create_topic(TOPIC, 2, &[("retention.ms", &retention)]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = i64::try_from(now.as_millis()).unwrap() - 600_000;
    // Offset N of both partitions has the time `first` + N seconds.
    let messages = (0..100).map(|number| Message {
        millis: Some(first + number / 2 * 1000),
        ..Message::to(
            i32::try_from(number % 2).unwrap(),
            event("people", usize::try_from(number).unwrap()),
        )
    });
    kafka.produce(TOPIC, messages);
    let read = tail(
        kafka,
        TOPIC,
        &["--group", GROUP, "--from", "beginning", "-n", "30"],
    );
    assert_eq!(read.status, Some(0), "{}", read.stderr);

    // Without the permission to read the configuration, the rest is shown.
    let output = stats(kafka, &["--json", "--group", GROUP]);
    assert!(
        output.stderr.contains("records are kept is unknown"),
        "{}",
        output.stderr
    );
    let found = partitions(&output);
    let lag: i64 = found.iter().map(|one| number(one, "lag")).sum();
    assert_eq!((found.len(), lag), (2, 70), "{found:?}");
    assert!(found.iter().all(|one| one["expires"].is_null()));

    kafka.allow(&[Rule::describe_configs(TOPIC)]);
    let found = partitions(&stats(kafka, &["--json", "--group", GROUP]));
    for one in &found {
        let expires = one["expires"].as_str().unwrap();
        let expires: jiff::Timestamp = expires.parse().unwrap();
        let position = number(one, "position");
        assert_eq!(
            expires.as_millisecond(),
            first + position * 1000 + RETENTION_MS,
            "{one}"
        );
    }
    let before = table(kafka);
    assert!(
        before.contains("kept for") && before.contains("50 m "),
        "{before}"
    );

    // Retention has overtaken the group.
    let position = number(&found[0], "position");
    kafka.delete_records(TOPIC, 0, position + 5);
    let found = partitions(&stats(kafka, &["--json", "--group", GROUP]));
    assert_eq!(number(&found[0], "lost"), 5);
    assert_eq!(number(&found[0], "lag"), 50 - position - 5);
    assert_eq!(number(&found[1], "lost"), 0);
    let after = table(kafka);
    assert!(after.contains("5 lost"), "{after}");
}
