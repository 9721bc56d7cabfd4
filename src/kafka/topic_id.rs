//! Id and partitions of a topic as the brokers describe them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use super::context::Context;
use super::describe_ffi::{DescribeTopic, Description};

/// What identifies a topic, and what can be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicState {
    /// The id as Kafka's tools print it; `None` if the brokers have no topic ids.
    pub id: Option<String>,
    /// The partitions, ascending.
    pub partitions: Vec<i32>,
}

/// A request for the state of a topic.
pub(super) struct StateRequest(DescribeTopic<Context>);

/// Longest wait between two checks for Ctrl-C.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// The digits of URL-safe Base64 (RFC 4648).
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl StateRequest {
    /// Sends the request to a broker.
    pub(super) fn send(
        client: &Arc<BaseConsumer<Context>>,
        broker: i32,
        topic: &str,
        timeout: Duration,
    ) -> Option<StateRequest> {
        DescribeTopic::send(client, broker, topic, timeout).map(StateRequest)
    }

    /// The answer, if it arrives within the time.
    pub(super) fn poll(&self, wait: Duration) -> Option<Result<TopicState, RDKafkaErrorCode>> {
        let answer = self.0.poll(wait)?;
        Some(answer.map(TopicState::from))
    }
}

impl From<Description> for TopicState {
    fn from(description: Description) -> TopicState {
        TopicState {
            id: description.id.map(|(most, least)| format_id(most, least)),
            partitions: description.partitions,
        }
    }
}

/// A broker that answers.
pub(super) fn answering_broker(
    client: &BaseConsumer<Context>,
    topic: &str,
    timeout: Duration,
) -> Option<i32> {
    let metadata = client.fetch_metadata(Some(topic), timeout).ok()?;
    Some(metadata.orig_broker_id())
}

/// Queries the state, and waits for it. `None` if no broker answers in time, or if the user interrupts.
pub(super) fn query(
    client: &Arc<BaseConsumer<Context>>,
    topic: &str,
    timeout: Duration,
    interrupt: &AtomicBool,
) -> Option<TopicState> {
    let broker = answering_broker(client, topic, timeout)?;
    let request = StateRequest::send(client, broker, topic, timeout)?;
    let started = Instant::now();
    while started.elapsed() < timeout && !interrupt.load(Ordering::Relaxed) {
        if let Some(answer) = request.poll(POLL_TIMEOUT) {
            return answer.ok();
        }
    }
    None
}

/// The id as Kafka's tools print it: URL-safe Base64 without padding.
fn format_id(most: i64, least: i64) -> String {
    let bytes = [most.to_be_bytes(), least.to_be_bytes()].concat();
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let padded = [0, 1, 2].map(|at| group.get(at).copied().unwrap_or(0));
        let bits = padded
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for digit in 0..=group.len() {
            text.push(char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::format_id;

    #[test]
    fn an_id_is_printed_as_kafkas_tools_print_it() {
        // `Uuid.toString` of Apache Kafka, with the digits that differ from standard Base64.
        for (most, least, text) in [
            (0, 1, "AAAAAAAAAAAAAAAAAAAAAQ"),
            (-1, -1, "_____________________w"),
            (
                i64::from_be_bytes([0xfb, 0xef, 0xbe, 0, 1, 2, 3, 4]),
                i64::from_be_bytes([5, 6, 7, 8, 9, 10, 11, 12]),
                "----AAECAwQFBgcICQoLDA",
            ),
        ] {
            assert_eq!(format_id(most, least), text);
        }
    }
}
