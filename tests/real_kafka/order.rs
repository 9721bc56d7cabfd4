//! Several partitions are shown in one order in time, completely.

use crate::events::tail;
use crate::support::kafka::{Kafka, Message, TransactionEnd};

const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];
const PARTITIONS: i32 = 10;
const MANY_PARTITIONS: i32 = 1000;

/// Pseudo-random numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A written record: time, transaction, partition, and its number, which is also its order.
#[derive(Clone, Copy)]
struct Written {
    millis: i64,
    txn: Option<u64>,
    partition: i32,
    number: u64,
}

impl Written {
    fn payload(&self) -> Option<String> {
        match self.txn {
            None if self.number.is_multiple_of(2) => None,
            None => Some(format!("not json {}", self.number)),
            Some(txn) if self.number.is_multiple_of(41) => Some(format!(
                r#"{{"txnId":{txn},"type":"requeryRequired","documents":[],"n":{}}}"#,
                self.number
            )),
            Some(txn) => Some(format!(
                r#"{{"txnId":{txn},"type":"documentChanged","collection":"people","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":{},"pad":"{}"}}}}}}"#,
                self.number,
                "x".repeat(usize::try_from(self.number % 700).unwrap())
            )),
        }
    }

    fn message(&self) -> Message {
        Message {
            partition: self.partition,
            payload: self.payload().map(String::into_bytes),
            millis: Some(self.millis),
            // Found again in the output.
            headers: vec![("n".to_owned(), Some(self.number.to_string().into_bytes()))],
            ..Message::default()
        }
    }
}

/// Random records: partitions of very different length, times that repeat and run backwards, some without a transaction.
fn written(count: u64, partitions: i32) -> Vec<Written> {
    let partitions = u64::try_from(partitions).unwrap();
    let mut numbers = Numbers(2026);
    (0..count)
        .map(|number| {
            let partition = numbers.below(partitions).min(numbers.below(partitions));
            let delay = numbers.below(40) * numbers.below(3);
            Written {
                millis: 1_760_000_000_000 + i64::try_from(number / 3).unwrap()
                    - i64::try_from(delay).unwrap(),
                txn: (numbers.below(20) > 0).then(|| 5000 + number / 4),
                partition: i32::try_from(partition).unwrap(),
                number,
            }
        })
        .collect()
}

/// The numbers in the order of a stable sort by the highest time and transaction so far in each partition.
fn sorted(written: &[Written]) -> Vec<u64> {
    let mut highest = [(i64::MIN, 0); MANY_PARTITIONS as usize];
    let mut keyed: Vec<_> = written
        .iter()
        .map(|record| {
            let highest = &mut highest[usize::try_from(record.partition).unwrap()];
            *highest = (*highest).max((record.millis, record.txn.unwrap_or(0)));
            (*highest, record.partition, record.number)
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, _, number)| number).collect()
}

fn numbers_shown(lines: &[&str]) -> Vec<u64> {
    let number = |line: &&str| {
        let (_, after) = line.split_once(r#"{"name":"n","value":""#)?;
        after.split('"').next()?.parse().ok()
    };
    lines.iter().filter_map(number).collect()
}

#[test]
fn ten_partitions_are_one_stream_in_time() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-in-time";
    kafka.create_topic(topic, PARTITIONS, &[("retention.ms", "-1")]);
    let written = written(6000, PARTITIONS);
    // Part of them in transactions, whose markers and aborted records leave holes in the offsets.
    for (at, part) in written.chunks(1000).enumerate() {
        let messages = part.iter().map(Written::message);
        if at % 2 == 0 {
            kafka.produce(topic, messages);
        } else {
            let aborted = part.iter().take(50).map(Written::message);
            kafka.transaction(topic, aborted, TransactionEnd::Abort);
            kafka.transaction(topic, messages, TransactionEnd::Commit);
        }
    }
    let expected = sorted(&written);
    let shown = |args: &[&str]| {
        let args = [args, &["--format", "record"]].concat();
        numbers_shown(&tail(kafka, topic, &args).lines())
    };
    assert_eq!(shown(&ALL), expected);
    let arrival = [&ALL[..], &["--order", "arrival"]].concat();
    let mut arrived = shown(&arrival);
    assert_ne!(arrived, expected, "nothing was to be sorted");
    arrived.sort_unstable();
    assert_eq!(arrived, (0..6000).collect::<Vec<_>>());
    // Every format has the same order.
    let output = tail(kafka, topic, &[&ALL[..], &["--format", "raw"]].concat());
    let events: Vec<String> = expected
        .iter()
        .filter_map(|number| written[usize::try_from(*number).unwrap()].payload())
        .collect();
    assert!(output.lines() == events, "raw is in another order");
    // The first events in time, not those of the first partition.
    let first = [&ALL[..], &["-n", "20"]].concat();
    let shown = shown(&first);
    assert!(shown.len() >= 20);
    assert_eq!(shown, expected[..shown.len()]);
}

#[test]
fn the_last_events_keep_the_order_of_their_partition() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-last-in-time";
    kafka.create_topic(topic, 2, &[("retention.ms", "-1")]);
    let at = |partition, millis: i64, number| Written {
        millis: 1_760_000_000_000 + millis,
        txn: Some(number),
        partition,
        number,
    };
    let written = [
        at(0, 1, 1),
        at(0, 90, 2),
        at(0, 20, 3),
        at(1, 50, 5),
        at(1, 95, 7),
    ];
    kafka.produce(topic, written.iter().map(Written::message));
    let shown = numbers_shown(&tail(kafka, topic, &["--last", "4", "--format", "record"]).lines());
    assert_eq!(shown, [5, 2, 3, 7]);
}

#[test]
fn of_the_last_events_with_the_same_time_the_transaction_decides_then_the_partition() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-last-ties";
    kafka.create_topic(topic, 3, &[("retention.ms", "-1")]);
    // Partition, transaction and number of records with one time.
    let written = [(0, 9, 1), (1, 7, 2), (1, 8, 3), (2, 8, 4), (2, 3, 5)];
    let written = written.map(|(partition, txn, number)| Written {
        millis: 1_760_000_000_000,
        txn: Some(txn),
        partition,
        number,
    });
    kafka.produce(topic, written.iter().map(Written::message));
    for (count, expected) in [("1", &[1][..]), ("3", &[4, 5, 1]), ("4", &[3, 4, 5, 1])] {
        let args = ["--last", count, "--format", "record"];
        let shown = numbers_shown(&tail(kafka, topic, &args).lines());
        assert_eq!(shown, expected, "--last {count}");
    }
}

#[test]
fn a_thousand_partitions_are_one_stream_in_time() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-thousand-in-time";
    kafka.create_topic(topic, MANY_PARTITIONS, &[("retention.ms", "-1")]);
    let written = written(20_000, MANY_PARTITIONS);
    kafka.produce(topic, written.iter().map(Written::message));
    let args = [&ALL[..], &["--format", "record"]].concat();
    let shown = numbers_shown(&tail(kafka, topic, &args).lines());
    assert!(shown == sorted(&written), "{} shown", shown.len());
}
