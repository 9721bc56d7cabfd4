//! Messages up to Ditto's limit of 100 MiB arrive intact.

use std::fmt::Write as _;

use crate::events::{event, tail};
use crate::support::kafka::{Kafka, Message};

const MIB: usize = 1 << 20;

/// An event of about this many bytes, with a string that does not repeat with a short period.
fn of_size(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 100);
    let mut number: u64 = 1;
    while text.len() < bytes {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        write!(text, "{number:016x}").unwrap();
    }
    event("people", 1).replace("id-000001", &text)
}

#[test]
fn messages_of_50_and_nearly_100_mib_arrive_intact() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-large", 1, &[]);
    let written = [of_size(50 * MIB), event("people", 2), of_size(99 * MIB)];
    for text in &written {
        kafka.produce("open-large", [Message::to(0, text.as_bytes())]);
    }
    let output = tail(
        kafka,
        "open-large",
        &["--from", "beginning", "--until", "end"],
    );
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let lines = output.lines();
    assert_eq!(lines.len(), written.len());
    for (line, text) in lines.iter().zip(&written) {
        assert!(line == text, "{} bytes became {}", text.len(), line.len());
    }
}
