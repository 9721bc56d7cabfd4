//! How long a topic keeps its records, from its configuration.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigEntry, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;

use super::config::Connection;
use super::topic::raw_of;

/// How long a topic keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// It is not limited by time.
    Unlimited,
    /// At least so long, in milliseconds.
    Millis(i64),
}

/// Interval of the checks for an answer and for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The retention of the connection's topic.
///
/// # Errors
/// Why it is not known, such as a missing permission to read the configuration.
pub fn query(
    connection: &Connection,
    timeout: Duration,
    interrupt: &AtomicBool,
) -> Result<Retention, String> {
    let mut config = connection.client_config();
    // A property of consumers only.
    config.remove("group.id");
    let client: AdminClient<DefaultClientContext> =
        AdminClient::from_config(&config).map_err(|error| raw_of(&error))?;
    let options = AdminOptions::new().request_timeout(Some(timeout));
    let topic = ResourceSpecifier::Topic(&connection.topic);
    let mut answer = pin!(client.describe_configs([&topic], &options));
    let started = Instant::now();
    let answer = loop {
        match answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(answer) => break answer,
            Poll::Pending if started.elapsed() > timeout || interrupt.load(Ordering::Relaxed) => {
                return Err("the brokers did not answer in time".to_owned());
            }
            Poll::Pending => thread::sleep(POLL_INTERVAL),
        }
    };
    let mut resources = answer.map_err(|error| raw_of(&error))?;
    let resource = resources.pop().ok_or("the answer is empty")?;
    let resource = resource.map_err(|code| code.to_string())?;
    retention(&resource.entries)
}

fn retention(entries: &[ConfigEntry]) -> Result<Retention, String> {
    let value = |name: &str| {
        let entry = entries.iter().find(|entry| entry.name == name);
        entry.and_then(|entry| entry.value.as_deref())
    };
    // A topic that is only compacted keeps the newest record of each key.
    if value("cleanup.policy").is_some_and(|policy| !policy.contains("delete")) {
        return Ok(Retention::Unlimited);
    }
    let millis = value("retention.ms").and_then(|millis| millis.parse().ok());
    match millis.ok_or("the answer has no retention.ms")? {
        millis if millis < 0 => Ok(Retention::Unlimited),
        millis => Ok(Retention::Millis(millis)),
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::admin::ConfigSource;

    use super::*;

    #[test]
    fn the_retention_is_read_from_the_configuration() {
        let entry = |(name, value): &(&str, &str)| ConfigEntry {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            source: ConfigSource::DynamicTopic,
            is_read_only: false,
            is_default: false,
            is_sensitive: false,
        };
        for (values, expected) in [
            (
                vec![("retention.ms", "604800000")],
                Ok(Retention::Millis(604_800_000)),
            ),
            (vec![("retention.ms", "-1")], Ok(Retention::Unlimited)),
            (
                vec![("cleanup.policy", "compact"), ("retention.ms", "1")],
                Ok(Retention::Unlimited),
            ),
            (
                vec![("cleanup.policy", "compact,delete"), ("retention.ms", "1")],
                Ok(Retention::Millis(1)),
            ),
            (vec![], Err("the answer has no retention.ms".to_owned())),
        ] {
            let entries: Vec<ConfigEntry> = values.iter().map(entry).collect();
            assert_eq!(retention(&entries), expected, "{values:?}");
        }
    }
}
