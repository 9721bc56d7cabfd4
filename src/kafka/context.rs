//! Callbacks of the client library: log lines, errors and rebalances, queued in order.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::addresses::AddressChecks;
use super::group::{Assignment, Group};
use crate::util::mutex::lock;
use crate::util::repeats::RepeatFilter;

/// Capacity of the queue: the oldest log lines and errors are dropped first.
const MAX_EVENTS: usize = 1000;

/// One callback of the client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClientEvent {
    /// An error, with the library's code and message.
    Error(RDKafkaErrorCode, String),
    /// A log line.
    Log(String),
    /// The group assigned partitions.
    Assigned(Assignment),
    /// The group revoked these partitions.
    Revoked(Vec<i32>),
    /// The group's assignment failed; continuing could skip partitions of this member.
    RebalanceFailed(RDKafkaErrorCode, String),
}

/// The queue of callbacks.
pub(super) struct Context {
    events: Mutex<VecDeque<ClientEvent>>,
    group: Option<Group>,
    /// Whether to keep log lines that repeat an error or another line.
    verbose: bool,
    repeats: Mutex<RepeatFilter>,
    /// What the addresses of the brokers answered.
    pub addresses: AddressChecks,
}

/// Facilities whose log lines repeat an error.
const REPEATED_FACILITIES: [&str; 3] = ["FAIL", "ERROR", "REQTMOUT"];

impl Context {
    /// `group` is the group to join, if any; `verbose` keeps all log lines.
    pub(super) fn new(group: Option<Group>, verbose: bool) -> Context {
        Context {
            events: Mutex::default(),
            group,
            verbose,
            repeats: Mutex::default(),
            addresses: AddressChecks::default(),
        }
    }

    /// Removes the oldest event.
    pub(super) fn take(&self) -> Option<ClientEvent> {
        self.lock().pop_front()
    }

    /// The group that is joined, if any.
    pub(super) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    /// Whether to report a line: not if it was reported a moment ago.
    pub(super) fn shows(&self, line: &str) -> bool {
        self.verbose || lock(&self.repeats).shows(line, Instant::now())
    }

    fn push(&self, event: ClientEvent) {
        let mut queue = self.lock();
        if queue.len() >= MAX_EVENTS {
            queue.pop_front();
        }
        queue.push_back(event);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ClientEvent>> {
        lock(&self.events)
    }
}

impl ClientContext for Context {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        if !self.verbose && REPEATED_FACILITIES.contains(&facility) {
            return;
        }
        let line = format!("{facility}: {line}");
        if self.shows(&line) {
            self.push(ClientEvent::Log(line));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            // The poll reports it, too.
            None | Some(RDKafkaErrorCode::PartitionEOF) => {}
            Some(code) => self.push(ClientEvent::Error(code, reason.to_owned())),
        }
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let outcome = match (&self.group, event) {
            (Some(group), RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) => {
                let assigned = group.on_assigned(consumer, partitions);
                assigned.map(|assignment| self.push(ClientEvent::Assigned(assignment)))
            }
            (Some(group), RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) => {
                let revoked = group.on_revoked(consumer, partitions);
                revoked.map(|ids| self.push(ClientEvent::Revoked(ids)))
            }
            _ => consumer.unassign(),
        };
        if let Err(error) = outcome {
            self.push(ClientEvent::RebalanceFailed(
                error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                error.to_string(),
            ));
        }
    }
}
