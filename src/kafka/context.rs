//! What the client library says outside its return values: log lines, errors, rebalances.
//! Collected here in order; what they mean is decided in `failure` and `reader`.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

use super::group::Group;
use crate::record::Lost;

/// How many log lines and errors are kept until somebody takes them; older ones give way.
const KEPT: usize = 1000;

/// One thing that the library said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// An error, with the library's code and its reason in words.
    Error(RDKafkaErrorCode, String),
    /// A log line.
    Log(String),
    /// The group gave us these partitions, to be read from these offsets.
    Assigned(Vec<(i32, i64)>),
    /// The group took these partitions back.
    Revoked(Vec<i32>),
    /// A position that the group had stored is older than retention.
    Lost(Lost),
    /// What the group gave or took could not be done, so that nobody may read what we are to read.
    Stranded(RDKafkaErrorCode, String),
}

/// Collects what the library says.
pub(super) struct Context {
    said: Mutex<VecDeque<Said>>,
    group: Option<Group>,
    /// Keep log lines also where they repeat an error that is told as an error.
    wordy: bool,
}

/// Log lines of these facilities repeat what is reported as an error as well.
const REPEATED: [&str; 2] = ["FAIL", "ERROR"];

impl Context {
    /// For a connection with or without a group, whose log somebody asked for or not.
    pub(super) fn new(group: Option<Group>, wordy: bool) -> Context {
        Context {
            said: Mutex::default(),
            group,
            wordy,
        }
    }

    /// Takes the oldest thing that was said and not yet taken.
    pub(super) fn take(&self) -> Option<Said> {
        self.lock().pop_front()
    }

    /// The group, where one is joined.
    pub(super) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    fn keep(&self, said: Said) {
        let mut queue = self.lock();
        if queue.len() >= KEPT {
            queue.pop_front();
        }
        queue.push_back(said);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        if self.wordy || !REPEATED.contains(&facility) {
            self.keep(Said::Log(format!("{facility}: {line}")));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            // The end of a partition comes as an error of the same kind; it is no news here.
            None | Some(RDKafkaErrorCode::PartitionEOF) => {}
            Some(code) => self.keep(Said::Error(code, reason.to_owned())),
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
                group.give_back(consumer, partitions)
            }
            _ => consumer.unassign().map(|()| Vec::new()),
        };
        match outcome {
            Ok(said) => said.into_iter().for_each(|said| self.keep(said)),
            Err(error) => self.keep(Said::Stranded(
                error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
                error.to_string(),
            )),
        }
    }
}
