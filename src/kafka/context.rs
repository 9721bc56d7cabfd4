//! Callbacks of the client library: log lines, errors and rebalances, queued in order.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::group::Group;
use crate::record::OffsetGap;
use crate::util::mutex::lock;

/// Capacity of the queue: the oldest log lines and errors are dropped first.
const MAX_EVENTS: usize = 1000;

/// One callback of the client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClientEvent {
    /// An error, with the library's code and its reason in words.
    Error(RDKafkaErrorCode, String),
    /// A log line.
    Log(String),
    /// The group gave us these partitions, to be read from these offsets.
    Assigned(Vec<(i32, i64)>),
    /// The group took these partitions back.
    Revoked(Vec<i32>),
    /// A position that the group had stored is older than retention.
    OffsetGap(OffsetGap),
    /// The group's assignment failed; reading on could skip partitions of this member.
    RebalanceFailed(RDKafkaErrorCode, String),
}

/// The queue of callbacks.
pub(super) struct Context {
    event: Mutex<VecDeque<ClientEvent>>,
    group: Option<Group>,
    /// Keep log lines that repeat an error.
    verbose: bool,
}

/// Facilities whose log lines repeat an error.
const REPEATED_FACILITIES: [&str; 2] = ["FAIL", "ERROR"];

impl Context {
    /// With a group, if one is joined; `verbose` keeps all log lines.
    pub(super) fn new(group: Option<Group>, verbose: bool) -> Context {
        Context {
            event: Mutex::default(),
            group,
            verbose,
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

    fn push(&self, event: ClientEvent) {
        let mut queue = self.lock();
        if queue.len() >= MAX_EVENTS {
            queue.pop_front();
        }
        queue.push_back(event);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ClientEvent>> {
        lock(&self.event)
    }
}

impl ClientContext for Context {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        if self.verbose || !REPEATED_FACILITIES.contains(&facility) {
            self.push(ClientEvent::Log(format!("{facility}: {line}")));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            // Also reported by the poll.
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
                group.assign(consumer, partitions)
            }
            (Some(group), RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) => {
                group.on_revoked(consumer, partitions)
            }
            _ => consumer.unassign().map(|()| Vec::new()),
        };
        match outcome {
            Ok(event) => event.into_iter().for_each(|event| self.push(event)),
            Err(error) => self.push(ClientEvent::RebalanceFailed(
                error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                error.to_string(),
            )),
        }
    }
}
