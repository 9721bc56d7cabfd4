//! Numbered events as Ditto writes them, and runs of `tail` with a timeout.

use std::time::Duration;

use crate::support::kafka::{Kafka, Message};
use crate::support::program::{Output, Running, run};

/// Timeout of a bounded read.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// One insert; `number` is the transaction and part of the id.
pub fn event(collection: &str, number: usize) -> String {
    format!(
        r#"{{"txnId":{number},"type":"documentChanged","collection":"{collection}","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"id-{number:06}","price":1.50,"note":"Zürich \"{number}\""}}}}}}"#
    )
}

/// Inserts for numbers, spread over the partitions in turn.
pub fn messages(numbers: std::ops::Range<usize>, partitions: i32) -> impl Iterator<Item = Message> {
    let spread = (0..partitions).cycle();
    numbers
        .zip(spread)
        .map(|(number, partition)| Message::to(partition, event("people", number)))
}

/// The lines that `tail` prints for [`messages`].
pub fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| event("people", number)).collect()
}

/// Runs `tail` on a topic until it ends.
pub fn tail(kafka: &Kafka, topic: &str, args: &[&str]) -> Output {
    let args = [&["tail", "--topic", topic], args].concat();
    run(&kafka.client_env(topic), &args, TIMEOUT)
}

/// Starts `tail` on a topic.
pub fn follow(kafka: &Kafka, topic: &str, args: &[&str]) -> Running {
    let args = [&["tail", "--topic", topic], args].concat();
    Running::start(&kafka.client_env(topic), &args)
}

/// The sorted lines of standard output of a successful run.
pub fn sorted(output: &Output) -> Vec<&str> {
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let mut lines = output.lines();
    lines.sort_unstable();
    lines
}
