//! Schedule of the queries for the state of a topic that is being read.

use std::time::{Duration, Instant};

use super::config::Connection;
use super::topic::Topic;
use super::topic_id::{StateRequest, TopicState, answering_broker, query};

/// Time between two queries, unless a property of the user makes it shorter.
const INTERVAL: Duration = Duration::from_secs(20);
/// Shortest time between two queries.
const MIN_INTERVAL: Duration = Duration::from_millis(500);
/// Time between a query and the next one at the end of a partition.
const INTERVAL_AT_END: Duration = Duration::from_secs(5);
/// Timeout of a query.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of finding a broker that answers; reading waits meanwhile.
const BROKER_TIMEOUT: Duration = Duration::from_secs(1);
/// The property of the client library whose purpose is the same.
const PROPERTY: &str = "topic.metadata.refresh.interval.ms";

/// When the next query is due, and the one in flight.
pub(super) struct Schedule {
    interval: Duration,
    /// Time until the next query.
    due_after: Duration,
    asked_at: Instant,
    request: Option<StateRequest>,
    /// The broker that answers; unknown at first, and after it did not answer.
    broker: Option<i32>,
    /// Whether a record was delivered since the last query was sent.
    pub has_new_records: bool,
}

impl Schedule {
    pub(super) fn new(connection: &Connection) -> Schedule {
        let interval = interval(&connection.extra);
        Schedule {
            interval,
            due_after: interval,
            asked_at: Instant::now(),
            request: None,
            broker: None,
            has_new_records: false,
        }
    }

    /// Brings the next query forward, because a partition has ended.
    pub(super) fn at_end(&mut self) {
        self.due_after = self.due_after.min(INTERVAL_AT_END);
    }

    /// Brings the next query forward, because the last one could not be used.
    pub(super) fn retry(&mut self) {
        self.due_after = MIN_INTERVAL;
    }

    /// Sends a query if it is time, and returns the state when it arrives. Does not wait.
    pub(super) fn poll(&mut self, topic: &Topic) -> Option<TopicState> {
        if let Some(request) = &self.request {
            let answer = request.poll(Duration::ZERO)?;
            self.request = None;
            if answer.is_err() {
                self.broker = None;
            }
            return answer.ok();
        }
        if self.asked_at.elapsed() >= self.due_after {
            self.start_interval();
            self.request = self.send(topic);
        }
        None
    }

    fn send(&mut self, topic: &Topic) -> Option<StateRequest> {
        if self.broker.is_none() {
            self.broker = answering_broker(&topic.consumer, topic.name(), BROKER_TIMEOUT);
        }
        StateRequest::send(&topic.consumer, self.broker?, topic.name(), TIMEOUT)
    }

    /// Queries the state and waits for it.
    pub(super) fn query(&mut self, topic: &Topic) -> Option<TopicState> {
        self.start_interval();
        self.request = None;
        query(&topic.consumer, topic.name(), TIMEOUT, &topic.interrupt)
    }

    fn start_interval(&mut self) {
        self.asked_at = Instant::now();
        self.due_after = self.interval;
        self.has_new_records = false;
    }
}

/// The interval with these properties of the user.
fn interval(properties: &[(String, String)]) -> Duration {
    let of_user = properties.iter().rev().find(|(name, _)| name == PROPERTY);
    let millis = of_user.and_then(|(_, value)| value.trim().parse::<u64>().ok());
    let wanted = millis
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis);
    wanted.map_or(INTERVAL, |wanted| wanted.clamp(MIN_INTERVAL, INTERVAL))
}

#[cfg(test)]
mod tests {
    use super::{INTERVAL, MIN_INTERVAL, PROPERTY, interval};

    #[test]
    fn a_property_can_only_shorten_the_interval() {
        for (value, expected) in [
            ("1000", 1_000),
            ("1", MIN_INTERVAL.as_millis()),
            ("300000", INTERVAL.as_millis()),
            ("-1", INTERVAL.as_millis()),
            ("0", INTERVAL.as_millis()),
            ("x", INTERVAL.as_millis()),
        ] {
            let properties = [
                (PROPERTY.to_owned(), "2000".to_owned()),
                (PROPERTY.to_owned(), value.to_owned()),
                ("other".to_owned(), "3".to_owned()),
            ];
            assert_eq!(interval(&properties).as_millis(), expected, "{value}");
        }
        assert_eq!(interval(&[]), INTERVAL);
    }
}
