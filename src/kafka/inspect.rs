//! Read-only queries about topics and groups: no group is joined, no offset committed, no topic created.

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

use super::addresses::Verdict;
use super::config::Connection;
use super::context::{ClientEvent, Context};
use super::failure::{ErrorClass, classify, is_about_address, raw};
use super::message::OwnedMessage;
use super::topic_id;
use crate::record::Record;

/// Why a query failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The kind of error.
    pub kind: QueryErrorKind,
    /// The library's message.
    pub raw: String,
}

/// Kinds of [`QueryError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryErrorKind {
    /// No permission for the topic; brokers with ACLs answer the same for a topic that does not exist.
    TopicForbidden,
    /// The topic does not exist, or is hidden.
    TopicUnknown,
    /// The string is not a valid topic name.
    TopicInvalid,
    /// The user may not use the group.
    GroupForbidden,
    /// The string is not a valid group name.
    GroupInvalid,
    /// No response within the timeout.
    Timeout,
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
    /// Whether it has a leader.
    pub has_leader: bool,
    /// The low watermark; `None` until it was queried.
    pub low: Option<i64>,
    /// The high watermark; `None` until it was queried.
    pub high: Option<i64>,
}

/// One item of a read.
#[derive(Debug)]
pub enum ReadItem<'a> {
    /// A record.
    Record(Record<'a>),
    /// The current end of a partition.
    End(i32),
}

/// A connection for queries.
pub struct Inspector {
    connection: Connection,
    consumer: Arc<BaseConsumer<Context>>,
    interrupt: Arc<AtomicBool>,
}

/// Longest poll of the client library, and so the delay of Ctrl-C.
const MAX_POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Timeout of one attempt; after it the library's errors are checked.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(700);
/// Timeout for serving the library's event queue.
const QUEUE_TIMEOUT: Duration = Duration::from_millis(10);
/// Properties for small reads: small fetches return sooner.
const SMALL_FETCHES: &[(&str, &str)] = &[
    ("fetch.message.max.bytes", "65536"),
    ("fetch.wait.max.ms", "100"),
    ("allow.auto.create.topics", "false"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
];

type QueryResult<T> = Result<T, QueryError>;

impl Inspector {
    /// Creates the client, which connects in the background. The connection's group is queried and never joined.
    ///
    /// # Errors
    /// [`QueryErrorKind::Setting`] if the library rejects a property.
    pub fn new(connection: Connection, interrupt: Arc<AtomicBool>) -> QueryResult<Inspector> {
        let mut config = connection.client_config();
        set(&mut config, SMALL_FETCHES);
        let context = Context::new(None, true);
        let consumer = BaseConsumer::from_config_and_context(&config, context);
        let consumer = consumer.map_err(|error| QueryError {
            kind: QueryErrorKind::Setting,
            raw: super::topic::raw_of(&error),
        })?;
        Ok(Inspector {
            connection,
            consumer: Arc::new(consumer),
            interrupt,
        })
    }

    /// The topic's partitions, without watermarks.
    ///
    /// # Errors
    /// [`QueryError`] if the brokers do not return the topic.
    pub fn partitions(&self, timeout: Duration) -> QueryResult<Vec<Partition>> {
        let topic = self.connection.topic.as_str();
        let metadata = self.query(timeout, |attempt| {
            self.consumer.fetch_metadata(Some(topic), attempt)
        })?;
        let found = metadata.topics().iter().find(|one| one.name() == topic);
        let found = found.ok_or_else(|| query_error(RDKafkaErrorCode::UnknownTopic, ""))?;
        if let Some(error) = found.error().filter(IsError::is_error) {
            return Err(query_error(error.into(), ""));
        }
        let mut partitions: Vec<Partition> = found.partitions().iter().map(partition).collect();
        partitions.sort_unstable_by_key(|partition| partition.id);
        Ok(partitions)
    }

    /// The topic's id; `None` if the brokers have no topic ids, or do not answer.
    #[must_use]
    pub fn topic_id(&self, timeout: Duration) -> Option<String> {
        let topic = &self.connection.topic;
        topic_id::query(&self.consumer, topic, timeout, &self.interrupt)?.id
    }

    /// The cluster's id, if its brokers send it.
    #[must_use]
    pub fn cluster(&self, timeout: Duration) -> Option<String> {
        let id = self.consumer.client().fetch_cluster_id(timeout);
        id.filter(|id| !id.is_empty())
    }

    /// The names of all topics that the user may see.
    ///
    /// # Errors
    /// [`QueryError`] if no broker responds.
    pub fn topics(&self, timeout: Duration) -> QueryResult<Vec<String>> {
        let metadata = self.query(timeout, |attempt| {
            self.consumer.fetch_metadata(None, attempt)
        })?;
        let seen = |topic: &&MetadataTopic| topic.error().is_none_or(|error| !error.is_error());
        let topics = metadata.topics().iter().filter(seen);
        Ok(topics.map(|topic| topic.name().to_owned()).collect())
    }

    /// The partitions with both watermarks, if they have a leader.
    ///
    /// # Errors
    /// [`QueryError`] if a leader does not respond.
    pub fn with_watermarks(
        &self,
        partitions: &[Partition],
        timeout: Duration,
    ) -> QueryResult<Vec<Partition>> {
        let with_leader: Vec<i32> = partitions
            .iter()
            .filter(|one| one.has_leader)
            .map(|one| one.id)
            .collect();
        let lows = self.offsets(&with_leader, Offset::Beginning, timeout)?;
        let highs = self.offsets(&with_leader, Offset::End, timeout)?;
        let find = |list: &[(i32, i64)], id| {
            let found = list.iter().find(|(partition, _)| *partition == id);
            found.map(|(_, offset)| *offset)
        };
        let with_watermarks = |one: &Partition| Partition {
            low: find(&lows, one.id),
            high: find(&highs, one.id),
            ..*one
        };
        Ok(partitions.iter().map(with_watermarks).collect())
    }

    fn offsets(
        &self,
        partitions: &[i32],
        what: Offset,
        timeout: Duration,
    ) -> QueryResult<Vec<(i32, i64)>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.list(partitions.iter().map(|id| (*id, what)))?;
        let result = self.query(timeout, |attempt| {
            self.consumer.offsets_for_times(request.clone(), attempt)
        })?;
        offsets_of(&result)
    }

    /// The committed offsets of the connection's group, without joining it; partitions without one are missing.
    ///
    /// # Errors
    /// [`QueryError`] if the user may not use the group, or if no coordinator responds.
    pub fn committed(
        &self,
        partitions: &[Partition],
        timeout: Duration,
    ) -> QueryResult<Vec<(i32, i64)>> {
        let request = self.list(partitions.iter().map(|one| (one.id, Offset::Invalid)))?;
        let result = self.query(timeout, |attempt| {
            let found = self.consumer.committed_offsets(request.clone(), attempt);
            match found {
                // A group that never ran: some brokers answer with an error instead of an empty list.
                Err(error)
                    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupIdNotFound) =>
                {
                    Ok(TopicPartitionList::new())
                }
                found => found,
            }
        })?;
        let mut stored = offsets_of(&result)?;
        stored.retain(|(_, offset)| *offset >= 0);
        Ok(stored)
    }

    /// Reads from offsets until `visit` breaks or the timeout ends.
    ///
    /// # Errors
    /// [`QueryError`] if the user may not read the topic, or for another fatal error.
    pub fn read(
        &self,
        starts: &[(i32, i64)],
        timeout: Duration,
        visit: &mut dyn FnMut(ReadItem<'_>) -> ControlFlow<()>,
    ) -> QueryResult<()> {
        let list = self.list(starts.iter().map(|(id, at)| (*id, Offset::Offset(*at))))?;
        self.consumer
            .assign(&list)
            .map_err(|error| to_query_error(&error))?;
        let outcome = self.read_assigned(timeout, visit);
        // Drops queued records, which the next query does not need.
        let unassigned = self
            .consumer
            .unassign()
            .map_err(|error| to_query_error(&error));
        outcome.and(unassigned)
    }

    fn read_assigned(
        &self,
        timeout: Duration,
        visit: &mut dyn FnMut(ReadItem<'_>) -> ControlFlow<()>,
    ) -> QueryResult<()> {
        let (started, mut copied) = (Instant::now(), OwnedMessage::default());
        while started.elapsed() < timeout && !self.interrupt.load(Ordering::Relaxed) {
            let left = timeout.saturating_sub(started.elapsed());
            let flow = match self.consumer.poll(MAX_POLL_TIMEOUT.min(left)) {
                None => ControlFlow::Continue(()),
                Some(Ok(message)) => {
                    copied.copy(&message);
                    visit(ReadItem::Record(copied.as_record(&self.connection.topic)))
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => visit(ReadItem::End(partition)),
                Some(Err(error)) => match to_query_error(&error) {
                    fatal if self.is_fatal_here(&error) => return Err(fatal),
                    _ => ControlFlow::Continue(()),
                },
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Retries a request until it succeeds, fails fatally, or the timeout ends.
    fn query<T>(
        &self,
        timeout: Duration,
        mut request: impl FnMut(Duration) -> Result<T, KafkaError>,
    ) -> QueryResult<T> {
        let started = Instant::now();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            let error = match request(ATTEMPT_TIMEOUT.min(left).max(MAX_POLL_TIMEOUT)) {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            if is_final(&error) {
                return Err(to_query_error(&error));
            }
            let queued = self.poll_events()?;
            if started.elapsed() >= timeout || self.interrupt.load(Ordering::Relaxed) {
                return Err(queued.unwrap_or_else(|| to_query_error(&error)));
            }
        }
    }

    /// Serves the library's event queue. Returns the last error; a fatal one ends the query.
    fn poll_events(&self) -> QueryResult<Option<QueryError>> {
        while let Some(outcome) = self.consumer.poll(QUEUE_TIMEOUT) {
            if let Err(error) = outcome
                && self.is_fatal_here(&error)
            {
                return Err(to_query_error(&error));
            }
        }
        let mut last = None;
        while let Some(event) = self.consumer.context().take() {
            let ClientEvent::Error(code, reason) = event else {
                continue;
            };
            if self.is_unused_group(code) {
                continue;
            }
            if classify(code, &reason) == ErrorClass::Fatal
                && !self.may_use_another_address(code, &reason)
            {
                return Err(query_error(code, &reason));
            }
            last = Some(query_error(code, &reason));
        }
        Ok(last)
    }

    /// Whether an error is about one address of a broker, and another address works.
    fn may_use_another_address(&self, code: RDKafkaErrorCode, reason: &str) -> bool {
        let addresses = &self.consumer.context().addresses;
        is_about_address(code)
            && matches!(addresses.judge(&self.connection, reason), Verdict::Works(_))
    }

    /// Whether a polled error ends the query.
    fn is_fatal_here(&self, error: &KafkaError) -> bool {
        let about_group = error
            .rdkafka_error_code()
            .map(|code| self.is_unused_group(code));
        is_final(error) && about_group != Some(true)
    }

    /// librdkafka looks for the coordinator of the unused group name: not an error of this query.
    fn is_unused_group(&self, code: RDKafkaErrorCode) -> bool {
        code == RDKafkaErrorCode::GroupAuthorizationFailed && self.connection.group.is_none()
    }

    fn list(
        &self,
        offsets: impl Iterator<Item = (i32, Offset)>,
    ) -> QueryResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            let added = list.add_partition_offset(&self.connection.topic, partition, offset);
            added.map_err(|error| to_query_error(&error))?;
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
        has_leader: partition.leader() >= 0,
        low: None,
        high: None,
    }
}

fn offsets_of(list: &TopicPartitionList) -> QueryResult<Vec<(i32, i64)>> {
    let elements = list.elements();
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        element.error().map_err(|error| to_query_error(&error))?;
        Ok((element.partition(), element.offset().to_raw().unwrap_or(-1)))
    };
    elements.iter().map(offset).collect()
}

fn is_final(error: &KafkaError) -> bool {
    error
        .rdkafka_error_code()
        .is_none_or(|code| classify(code, "") == ErrorClass::Fatal)
}

fn to_query_error(error: &KafkaError) -> QueryError {
    match error.rdkafka_error_code() {
        Some(code) => query_error(code, ""),
        None => QueryError {
            kind: QueryErrorKind::Other,
            raw: error.to_string(),
        },
    }
}

fn query_error(code: RDKafkaErrorCode, reason: &str) -> QueryError {
    use RDKafkaErrorCode as Code;
    let kind = match code {
        Code::TopicAuthorizationFailed => QueryErrorKind::TopicForbidden,
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            QueryErrorKind::TopicUnknown
        }
        Code::InvalidTopic => QueryErrorKind::TopicInvalid,
        Code::GroupAuthorizationFailed => QueryErrorKind::GroupForbidden,
        Code::InvalidGroupId => QueryErrorKind::GroupInvalid,
        Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::AllBrokersDown
        | Code::BrokerTransportFailure
        | Code::CoordinatorNotAvailable
        | Code::WaitingForCoordinator => QueryErrorKind::Timeout,
        _ => QueryErrorKind::Other,
    };
    QueryError {
        kind,
        raw: raw(code, reason),
    }
}

/// The partitions whose current end has not been reached, for reads that stop there.
#[derive(Debug)]
pub struct OpenPartitions(BTreeSet<i32>);

impl OpenPartitions {
    /// All partitions of `starts`.
    #[must_use]
    pub fn new(starts: &[(i32, i64)]) -> OpenPartitions {
        OpenPartitions(starts.iter().map(|(id, _)| *id).collect())
    }

    /// Whether a partition's end has not been reached.
    #[must_use]
    pub fn has(&self, partition: i32) -> bool {
        self.0.contains(&partition)
    }

    /// Closes a partition. Breaks when none is left open.
    pub fn close(&mut self, partition: i32) -> ControlFlow<()> {
        self.0.remove(&partition);
        if self.0.is_empty() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
