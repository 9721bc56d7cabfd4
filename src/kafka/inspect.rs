//! Questions to a topic and a group that change nothing: no group is joined, no position stored, no topic made.
//! Answers are plain data; what they mean is decided in `check`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::config::Connection;
use super::context::{Context, Said};
use super::failure::{Outlook, outlook, raw};
use super::message::Copied;
use crate::record::Record;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What kind of refusal it is.
    pub why: Why,
    /// The library's words.
    pub raw: String,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The user may not use the topic; brokers with access rules say the same of a topic that does not exist.
    TopicForbidden,
    /// There is no such topic, or it is hidden.
    TopicUnknown,
    /// The text cannot be a topic's name.
    TopicInvalid,
    /// The user may not use the group.
    GroupForbidden,
    /// The text cannot be a group's name.
    GroupInvalid,
    /// No answer came within the limit.
    Silent,
    /// The Kafka library refused a setting.
    Setting,
    /// Something else.
    Other,
}

/// One partition of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its number, counted from 0.
    pub id: i32,
    /// Whether a broker leads it.
    pub led: bool,
    /// The oldest offset that is still there; `None` while nobody could be asked.
    pub low: Option<i64>,
    /// The offset behind the newest record; `None` while nobody could be asked.
    pub high: Option<i64>,
}

/// What reading meets.
#[derive(Debug)]
pub enum Seen<'a> {
    /// A record.
    Record(Record<'a>),
    /// The present end of a partition.
    End(i32),
}

/// A connection that only asks.
pub struct Inspector {
    connection: Connection,
    consumer: BaseConsumer<Context>,
    interrupt: Arc<AtomicBool>,
}

/// The longest wait in the library: how late Ctrl-C is noticed.
const SLICE: Duration = Duration::from_millis(100);
/// How long one attempt at a question may take before the library's errors are looked at.
const ATTEMPT: Duration = Duration::from_millis(700);
/// How long serving what the library has queued may take.
const QUEUE_LIMIT: Duration = Duration::from_millis(10);
/// What differs from a connection that reads much: small fetches answer sooner.
const MODEST: &[(&str, &str)] = &[
    ("fetch.message.max.bytes", "65536"),
    ("fetch.wait.max.ms", "100"),
    ("allow.auto.create.topics", "false"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
];

type Answer<T> = Result<T, Refused>;

impl Inspector {
    /// Sets the client up; it connects by itself. A group in the connection is asked about and never joined.
    ///
    /// # Errors
    /// [`Why::Setting`] where the library refuses a setting.
    pub fn new(connection: Connection, interrupt: Arc<AtomicBool>) -> Answer<Inspector> {
        let mut config = connection.client_config();
        set(&mut config, MODEST);
        let context = Context::new(None, true);
        let consumer = BaseConsumer::from_config_and_context(&config, context);
        let consumer = consumer.map_err(|error| Refused {
            why: Why::Setting,
            raw: super::topic::raw_of(&error),
        })?;
        Ok(Inspector {
            connection,
            consumer,
            interrupt,
        })
    }

    /// The topic's partitions, without offsets.
    ///
    /// # Errors
    /// [`Refused`] where the brokers do not show the topic.
    pub fn partitions(&self, limit: Duration) -> Answer<Vec<Partition>> {
        let topic = self.connection.topic.as_str();
        let metadata = self.ask(limit, |attempt| {
            self.consumer.fetch_metadata(Some(topic), attempt)
        })?;
        let found = metadata.topics().iter().find(|one| one.name() == topic);
        let found = found.ok_or_else(|| refused(RDKafkaErrorCode::UnknownTopic, ""))?;
        if let Some(error) = found.error().filter(IsError::is_error) {
            return Err(refused(error.into(), ""));
        }
        let mut partitions: Vec<Partition> = found.partitions().iter().map(partition).collect();
        partitions.sort_unstable_by_key(|partition| partition.id);
        Ok(partitions)
    }

    /// The names of all topics that the user may see.
    ///
    /// # Errors
    /// [`Refused`] where no broker answers.
    pub fn topics(&self, limit: Duration) -> Answer<Vec<String>> {
        let metadata = self.ask(limit, |attempt| self.consumer.fetch_metadata(None, attempt))?;
        let seen = |topic: &&MetadataTopic| topic.error().is_none_or(|error| !error.is_error());
        let topics = metadata.topics().iter().filter(seen);
        Ok(topics.map(|topic| topic.name().to_owned()).collect())
    }

    /// The same partitions with both ends, as far as they have a leader to ask.
    ///
    /// # Errors
    /// [`Refused`] where the leaders do not answer.
    pub fn with_ends(&self, partitions: &[Partition], limit: Duration) -> Answer<Vec<Partition>> {
        let led: Vec<i32> = partitions
            .iter()
            .filter(|one| one.led)
            .map(|one| one.id)
            .collect();
        let lows = self.offsets(&led, Offset::Beginning, limit)?;
        let highs = self.offsets(&led, Offset::End, limit)?;
        let find = |list: &[(i32, i64)], id| {
            let found = list.iter().find(|(partition, _)| *partition == id);
            found.map(|(_, offset)| *offset)
        };
        let with_ends = |one: &Partition| Partition {
            low: find(&lows, one.id),
            high: find(&highs, one.id),
            ..*one
        };
        Ok(partitions.iter().map(with_ends).collect())
    }

    fn offsets(
        &self,
        partitions: &[i32],
        what: Offset,
        limit: Duration,
    ) -> Answer<Vec<(i32, i64)>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let asked = self.list(partitions.iter().map(|id| (*id, what)))?;
        let answer = self.ask(limit, |attempt| {
            self.consumer.offsets_for_times(asked.clone(), attempt)
        })?;
        offsets_of(&answer)
    }

    /// The positions that the connection's group has stored, without joining it; partitions without one are left out.
    ///
    /// # Errors
    /// [`Refused`] where the user may not use the group or no coordinator answers.
    pub fn committed(&self, partitions: &[Partition], limit: Duration) -> Answer<Vec<(i32, i64)>> {
        let asked = self.list(partitions.iter().map(|one| (one.id, Offset::Invalid)))?;
        let answer = self.ask(limit, |attempt| {
            self.consumer.committed_offsets(asked.clone(), attempt)
        })?;
        let mut stored = offsets_of(&answer)?;
        stored.retain(|(_, offset)| *offset >= 0);
        Ok(stored)
    }

    /// Reads from these positions until `visit` breaks or the limit is over.
    ///
    /// # Errors
    /// [`Refused`] where the user may not read the topic, or reading fails in another way that does not heal.
    pub fn read(
        &self,
        starts: &[(i32, i64)],
        limit: Duration,
        visit: &mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> Answer<()> {
        let list = self.list(starts.iter().map(|(id, at)| (*id, Offset::Offset(*at))))?;
        self.consumer.assign(&list).map_err(|error| told(&error))?;
        let outcome = self.read_assigned(limit, visit);
        // What was queued is of no use to the next question.
        let ended = self.consumer.unassign().map_err(|error| told(&error));
        outcome.and(ended)
    }

    fn read_assigned(
        &self,
        limit: Duration,
        visit: &mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> Answer<()> {
        let (started, mut copied) = (Instant::now(), Copied::default());
        while started.elapsed() < limit && !self.interrupt.load(Ordering::Relaxed) {
            let left = limit.saturating_sub(started.elapsed());
            let flow = match self.consumer.poll(SLICE.min(left)) {
                None => ControlFlow::Continue(()),
                Some(Ok(message)) => {
                    copied.copy(&message);
                    visit(Seen::Record(copied.lend(&self.connection.topic)))
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => visit(Seen::End(partition)),
                Some(Err(error)) => match told(&error) {
                    refusal if self.ends(&error) => return Err(refusal),
                    _ => ControlFlow::Continue(()),
                },
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks until there is an answer, a refusal that does not heal, or the limit is over.
    fn ask<T>(
        &self,
        limit: Duration,
        mut question: impl FnMut(Duration) -> Result<T, KafkaError>,
    ) -> Answer<T> {
        let started = Instant::now();
        loop {
            let left = limit.saturating_sub(started.elapsed());
            let error = match question(ATTEMPT.min(left).max(SLICE)) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if is_final(&error) {
                return Err(told(&error));
            }
            let heard = self.hear()?;
            if started.elapsed() >= limit || self.interrupt.load(Ordering::Relaxed) {
                return Err(heard.unwrap_or_else(|| told(&error)));
            }
        }
    }

    /// Serves the library's queue, so that it can say why nothing works. What cannot heal ends the wait.
    fn hear(&self) -> Answer<Option<Refused>> {
        while let Some(outcome) = self.consumer.poll(QUEUE_LIMIT) {
            if let Err(error) = outcome
                && self.ends(&error)
            {
                return Err(told(&error));
            }
        }
        let mut last = None;
        while let Some(said) = self.consumer.context().take() {
            let Said::Error(code, reason) = said else {
                continue;
            };
            if self.is_nobodys_group(code) {
                continue;
            }
            if outlook(code, &reason) == Outlook::Final {
                return Err(refused(code, &reason));
            }
            last = Some(refused(code, &reason));
        }
        Ok(last)
    }

    /// Whether an error that was polled ends what is being done.
    fn ends(&self, error: &KafkaError) -> bool {
        let about_group = error
            .rdkafka_error_code()
            .map(|code| self.is_nobodys_group(code));
        is_final(error) && about_group != Some(true)
    }

    /// The library looks for the coordinator of the group's name that it must have, also where nobody asked about one.
    fn is_nobodys_group(&self, code: RDKafkaErrorCode) -> bool {
        code == RDKafkaErrorCode::GroupAuthorizationFailed && self.connection.group.is_none()
    }

    fn list(&self, offsets: impl Iterator<Item = (i32, Offset)>) -> Answer<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            let added = list.add_partition_offset(&self.connection.topic, partition, offset);
            added.map_err(|error| told(&error))?;
        }
        Ok(list)
    }
}

fn set(config: &mut ClientConfig, properties: &[(&str, &str)]) {
    for (name, value) in properties {
        config.set(*name, *value);
    }
}

fn partition(partition: &MetadataPartition) -> Partition {
    Partition {
        id: partition.id(),
        led: partition.leader() >= 0,
        low: None,
        high: None,
    }
}

fn offsets_of(list: &TopicPartitionList) -> Answer<Vec<(i32, i64)>> {
    let elements = list.elements();
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        element.error().map_err(|error| told(&error))?;
        Ok((element.partition(), element.offset().to_raw().unwrap_or(-1)))
    };
    elements.iter().map(offset).collect()
}

fn is_final(error: &KafkaError) -> bool {
    error
        .rdkafka_error_code()
        .is_none_or(|code| outlook(code, "") == Outlook::Final)
}

fn told(error: &KafkaError) -> Refused {
    match error.rdkafka_error_code() {
        Some(code) => refused(code, ""),
        None => Refused {
            why: Why::Other,
            raw: error.to_string(),
        },
    }
}

fn refused(code: RDKafkaErrorCode, reason: &str) -> Refused {
    use RDKafkaErrorCode as Code;
    let why = match code {
        Code::TopicAuthorizationFailed => Why::TopicForbidden,
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            Why::TopicUnknown
        }
        Code::InvalidTopic => Why::TopicInvalid,
        Code::GroupAuthorizationFailed => Why::GroupForbidden,
        Code::InvalidGroupId => Why::GroupInvalid,
        Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::AllBrokersDown
        | Code::BrokerTransportFailure
        | Code::CoordinatorNotAvailable
        | Code::WaitingForCoordinator => Why::Silent,
        _ => Why::Other,
    };
    Refused {
        why,
        raw: raw(code, reason),
    }
}

/// The partitions whose present end has not been met yet, for reads that stop there.
#[derive(Debug)]
pub struct Open(BTreeSet<i32>);

impl Open {
    /// All of these are open.
    #[must_use]
    pub fn new(starts: &[(i32, i64)]) -> Open {
        Open(starts.iter().map(|(id, _)| *id).collect())
    }

    /// Whether a partition's end has not been met yet.
    #[must_use]
    pub fn has(&self, partition: i32) -> bool {
        self.0.contains(&partition)
    }

    /// Closes one; breaks off the read once none is open.
    pub fn close(&mut self, partition: i32) -> ControlFlow<()> {
        self.0.remove(&partition);
        if self.0.is_empty() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
