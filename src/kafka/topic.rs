//! A connection to one topic: its partitions, watermarks, and offsets for times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::addresses::Verdict;
use super::config::Connection;
use super::context::{ClientEvent, Context};
use super::failure::{ErrorClass, classify, failure, is_about_address};
use super::group::Group;
use super::topic_id;
use crate::record::incarnation::Incarnation;
use crate::record::{Failure, FailureClass};

/// Receives the library's log lines while connecting.
pub type Report<'t> = dyn FnMut(&str) + 't;

/// An error's code and the library's message.
pub(super) type Reason = (RDKafkaErrorCode, String);

/// An offset for each partition.
pub(super) type Offsets = BTreeMap<i32, i64>;

/// Why connecting ended early.
#[derive(Debug)]
pub enum ReadStopped {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// A fatal failure.
    Failed(Failure),
}

impl From<Failure> for ReadStopped {
    fn from(failure: Failure) -> Self {
        ReadStopped::Failed(failure)
    }
}

/// An existing topic, with a client connected to its brokers.
pub struct Topic {
    pub(super) connection: Connection,
    pub(super) consumer: Arc<BaseConsumer<Context>>,
    pub(super) partitions: Vec<i32>,
    /// Its id when the client connected; `None` if the brokers have no topic ids.
    pub(super) id: Option<String>,
    pub(super) interrupt: Arc<AtomicBool>,
}

/// Timeout of connecting, over all attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The same, if some address of the brokers works: the library still tries one after the other.
const MAX_CONNECT_TIMEOUT: Duration = Duration::from_secs(45);
/// How long refused connections count as a broker that is starting.
pub(super) const REFUSAL_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of one request to a connected broker.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of the request for the topic's id.
const ID_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of its first attempt.
const FIRST_ID_TIMEOUT: Duration = Duration::from_millis(500);
/// Timeout of connecting to the leaders, if the topic's id did not arrive at the first attempt.
const LEADERS_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout for serving the library's event queue.
const QUEUE_TIMEOUT: Duration = Duration::from_millis(10);
/// Timeout of the first attempt. It doubles, so that slow links succeed and errors are seen early.
const FIRST_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(300);
/// The shortest useful attempt.
const MIN_ATTEMPT_TIMEOUT: Duration = Duration::from_millis(100);

impl Topic {
    /// Connects to the brokers and queries the topic.
    ///
    /// # Errors
    /// [`ReadStopped::Failed`] for a fatal error at once, and after 15 seconds at the latest.
    pub(super) fn connect(
        connection: Connection,
        group: Option<Group>,
        interrupt: Arc<AtomicBool>,
        report: &mut Report<'_>,
    ) -> Result<Topic, ReadStopped> {
        let consumer = create_consumer(&connection, group)?;
        let mut topic = Topic {
            connection,
            consumer: Arc::new(consumer),
            partitions: Vec::new(),
            id: None,
            interrupt,
        };
        topic.partitions = topic.query_partitions(report)?;
        // Before any offset is queried: an offset of a topic that is created meanwhile would get the wrong id.
        topic.id = topic.query_id();
        Ok(topic)
    }

    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.connection.topic
    }

    /// The cluster's id, if the brokers send it.
    #[must_use]
    pub fn cluster(&self) -> Option<String> {
        let id = self.consumer.client().fetch_cluster_id(RESPONSE_TIMEOUT);
        id.filter(|id| !id.is_empty())
    }

    /// Number of partitions.
    #[must_use]
    pub fn partitions(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    /// Which topic of that name it is; empty if the brokers send no id.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        Incarnation {
            id: self.id.clone(),
            ..Incarnation::default()
        }
    }

    /// Replaces the client by one whose limits are divided among the partitions: they cannot be changed later.
    ///
    /// # Errors
    /// A [`Failure`] if the library rejects a setting.
    pub(super) fn divide_limits(&mut self) -> Result<(), Failure> {
        self.connection.divide_limits(self.partitions.len());
        let consumer = Arc::new(create_consumer(&self.connection, None)?);
        let former = std::mem::replace(&mut self.consumer, consumer);
        // Closing its connections takes a while.
        std::thread::spawn(move || drop(former));
        Ok(())
    }

    fn query_id(&self) -> Option<String> {
        let query =
            |timeout| topic_id::query(&self.consumer, self.name(), timeout, &self.interrupt);
        let started = Instant::now();
        let mut state = query(FIRST_ID_TIMEOUT);
        if state.is_none() && started.elapsed() >= FIRST_ID_TIMEOUT {
            // The library does not connect again for this request if the first address of the broker does not work,
            // but it does for a request to the leaders.
            self.connect_leaders();
            state = query(ID_TIMEOUT);
        }
        state.and_then(|state| state.id)
    }

    /// Waits until the leaders of all partitions have answered, for a few seconds at most.
    fn connect_leaders(&self) {
        let started = Instant::now();
        while started.elapsed() < LEADERS_TIMEOUT && !self.interrupt.load(Ordering::Relaxed) {
            let timeout = LEADERS_TIMEOUT.saturating_sub(started.elapsed());
            if self.leaders_answer(timeout.max(MIN_ATTEMPT_TIMEOUT)) {
                return;
            }
            std::thread::sleep(MIN_ATTEMPT_TIMEOUT);
        }
    }

    /// Makes the client library learn the topic's present partitions and leaders.
    pub(super) fn refresh(&self) -> bool {
        let metadata = self
            .consumer
            .fetch_metadata(Some(self.name()), RESPONSE_TIMEOUT);
        metadata.is_ok()
    }

    fn query_partitions(&self, report: &mut Report<'_>) -> Result<Vec<i32>, ReadStopped> {
        let started = Instant::now();
        let mut timeout = FIRST_ATTEMPT_TIMEOUT;
        let mut last = None;
        loop {
            match self.fetch_metadata(timeout) {
                Ok(partitions) => return Ok(partitions),
                Err(MetadataError::Final(failure)) => return Err(failure.into()),
                Err(MetadataError::NotYet(reason)) => {
                    last = more_specific(last, self.poll_events(report)?.or(reason));
                }
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(ReadStopped::Interrupted);
            }
            let waited = started.elapsed();
            if waited > CONNECT_TIMEOUT || (waited > REFUSAL_TIMEOUT && is_refusal(last.as_ref())) {
                let (code, reason) = last
                    .clone()
                    .unwrap_or((RDKafkaErrorCode::OperationTimedOut, String::new()));
                self.judge_error("connecting", code, &reason, report)?;
                if waited > MAX_CONNECT_TIMEOUT {
                    return Err(self.failure("connecting", code, &reason).into());
                }
            }
            // The last attempt ends with the timeout, not seconds after it.
            let limit = if waited > CONNECT_TIMEOUT {
                MAX_CONNECT_TIMEOUT
            } else {
                CONNECT_TIMEOUT
            };
            let left = limit.saturating_sub(waited) + MIN_ATTEMPT_TIMEOUT;
            timeout = (timeout * 2).min(Duration::from_secs(5)).min(left);
        }
    }

    /// Serves the library's event queue. Returns the last error; a fatal one ends the wait.
    fn poll_events(&self, report: &mut Report<'_>) -> Result<Option<Reason>, Failure> {
        // A poll without a timeout returns at the first log line; errors may follow it.
        while self.consumer.poll(QUEUE_TIMEOUT).is_some() {}
        let mut reason = None;
        while let Some(event) = self.consumer.context().take() {
            match event {
                // librdkafka looks for the coordinator of the unused group name.
                ClientEvent::Error(RDKafkaErrorCode::GroupAuthorizationFailed, _)
                    if self.is_without_group() => {}
                ClientEvent::Error(code, message)
                    if classify(code, &message) == ErrorClass::Fatal =>
                {
                    self.judge_error("connecting", code, &message, report)?;
                    reason = more_specific(reason, Some((code, message)));
                }
                ClientEvent::RebalanceFailed(code, message) => {
                    return Err(self.failure("assigning the group's partitions", code, &message));
                }
                ClientEvent::Error(code, message) => {
                    reason = more_specific(reason, Some((code, message)));
                }
                ClientEvent::Log(line) => report(&line),
                ClientEvent::Assigned(_) | ClientEvent::Revoked(_) => {}
            }
        }
        Ok(reason)
    }

    /// An error that would be final for a broker with a single address: reports the addresses that do not work, if
    /// another one works.
    ///
    /// # Errors
    /// The failure while `doing` something, if no address works.
    pub(super) fn judge_error(
        &self,
        doing: &str,
        code: RDKafkaErrorCode,
        reason: &str,
        report: &mut Report<'_>,
    ) -> Result<(), Failure> {
        let mut failure = self.failure(doing, code, reason);
        if !is_about_address(code) {
            return Err(failure);
        }
        let addresses = &self.consumer.context().addresses;
        match addresses.judge(&self.connection, reason) {
            Verdict::OnlyAddress => Err(failure),
            Verdict::NoneWorks(faults) => {
                failure.what = format!("{}; none of the addresses works: {faults}", failure.what);
                Err(failure)
            }
            Verdict::Works(faults) => {
                if let Some(line) = addresses.unreported(&faults) {
                    report(&line);
                }
                Ok(())
            }
        }
    }

    /// Whether no group is joined.
    pub(super) fn is_without_group(&self) -> bool {
        self.connection.group.is_none()
    }

    fn fetch_metadata(&self, timeout: Duration) -> Result<Vec<i32>, MetadataError> {
        let name = &self.connection.topic;
        let started = Instant::now();
        match self.consumer.fetch_metadata(Some(name), timeout) {
            Ok(metadata) => {
                let found = metadata.topics().iter().find(|topic| topic.name() == name);
                let partitions = found.map_or(Err(MetadataError::NotYet(None)), |topic| {
                    self.partitions_of(topic)
                });
                if partitions.is_err() {
                    // Brokers send retriable errors at once: avoid a busy loop.
                    std::thread::sleep(
                        timeout
                            .saturating_sub(started.elapsed())
                            .min(FIRST_ATTEMPT_TIMEOUT),
                    );
                }
                partitions
            }
            Err(error) => Err(MetadataError::NotYet(
                error
                    .rdkafka_error_code()
                    .filter(|code| {
                        // These codes carry no reason; it comes through the event queue.
                        !matches!(
                            code,
                            RDKafkaErrorCode::OperationTimedOut
                                | RDKafkaErrorCode::BrokerTransportFailure
                        )
                    })
                    .map(|code| (code, String::new())),
            )),
        }
    }

    fn partitions_of(&self, topic: &MetadataTopic) -> Result<Vec<i32>, MetadataError> {
        if let Some(error) = topic.error().filter(IsError::is_error) {
            let code = RDKafkaErrorCode::from(error);
            return Err(match classify(code, "") {
                ErrorClass::Fatal => {
                    MetadataError::Final(self.failure("opening the topic", code, ""))
                }
                ErrorClass::Retriable => MetadataError::NotYet(Some((code, String::new()))),
            });
        }
        let mut partitions: Vec<i32> = topic
            .partitions()
            .iter()
            .map(rdkafka::metadata::MetadataPartition::id)
            .collect();
        partitions.sort_unstable();
        if partitions.is_empty() {
            return Err(MetadataError::NotYet(None));
        }
        Ok(partitions)
    }

    /// Each partition with the oldest offset that exists, and the next one that will be written.
    ///
    /// # Errors
    /// A [`Failure`] if the brokers do not send them.
    pub fn watermarks(&self) -> Result<Vec<(i32, i64, i64)>, Failure> {
        let lows = self.low_watermarks();
        let lows = lows.map_err(|failure| self.explain(failure))?;
        let highs = self.high_watermarks()?;
        let end = |partition: &i32| highs.get(partition).copied();
        let both = lows
            .iter()
            .filter_map(|(partition, low)| Some((*partition, *low, end(partition)?)));
        Ok(both.collect())
    }

    /// The low watermark of each partition.
    pub(super) fn low_watermarks(&self) -> Result<Offsets, Failure> {
        self.offsets(Offset::Beginning)
    }

    /// The high watermark of each partition.
    pub(super) fn high_watermarks(&self) -> Result<Offsets, Failure> {
        self.offsets(Offset::End)
    }

    /// The first offset of each partition at or after a time in milliseconds;
    /// a partition without such a record is missing from the result.
    pub(super) fn offsets_for_time(&self, millis: i64) -> Result<Offsets, Failure> {
        let mut offsets = self.offsets(Offset::Offset(millis.max(0)))?;
        offsets.retain(|_, offset| *offset >= 0);
        Ok(offsets)
    }

    /// A failure with the reason that the library has reported meanwhile, if there is one. Only for a topic without
    /// assigned partitions: records would be dropped.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match self.poll_events(&mut |_| {}) {
            Ok(Some((code, reason))) if code != RDKafkaErrorCode::AllBrokersDown => {
                self.failure("connecting", code, &reason)
            }
            Err(fatal) => fatal,
            Ok(_) => failure,
        }
    }

    /// Whether the leader of every partition answers within the timeout.
    pub(super) fn leaders_answer(&self, timeout: Duration) -> bool {
        self.offsets_within(Offset::End, timeout).is_ok()
    }

    fn offsets(&self, what: Offset) -> Result<Offsets, Failure> {
        self.offsets_within(what, RESPONSE_TIMEOUT)
    }

    /// Kafka's `ListOffsets` takes a time, or a marker for the beginning or end, in the offset's field.
    fn offsets_within(&self, what: Offset, timeout: Duration) -> Result<Offsets, Failure> {
        let mut request = TopicPartitionList::with_capacity(self.partitions.len());
        for partition in &self.partitions {
            request
                .add_partition_offset(self.name(), *partition, what)
                .map_err(|error| self.unexpected("querying offsets", &error))?;
        }
        let result = self
            .consumer
            .offsets_for_times(request, timeout)
            .map_err(|error| self.unexpected("querying offsets", &error))?;
        result
            .elements()
            .iter()
            .map(|element| self.offset_of(element))
            .collect()
    }

    fn offset_of(
        &self,
        element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>,
    ) -> Result<(i32, i64), Failure> {
        let doing = format!("querying offsets of partition {}", element.partition());
        element
            .error()
            .map_err(|error| self.unexpected(&doing, &error))?;
        match element.offset() {
            Offset::Offset(offset) => Ok((element.partition(), offset)),
            _ => Ok((element.partition(), -1)),
        }
    }

    /// A failure while `doing` something, with the topic's name.
    pub(super) fn failure(&self, doing: &str, code: RDKafkaErrorCode, reason: &str) -> Failure {
        failure(&self.connection, doing, code, reason)
    }

    /// A failure from one of the library's return values.
    pub(super) fn unexpected(&self, doing: &str, error: &KafkaError) -> Failure {
        match error.rdkafka_error_code() {
            Some(code) => self.failure(doing, code, ""),
            None => Failure {
                class: FailureClass::Setup,
                what: format!("{doing}: the Kafka library refused a setting"),
                fix: Some("check the values given with -X and in the properties file".into()),
                raw: Some(error.to_string()),
            },
        }
    }
}

/// The newer reason, unless it is a shorter form of the older one.
fn more_specific(old: Option<Reason>, new: Option<Reason>) -> Option<Reason> {
    match new {
        Some((RDKafkaErrorCode::AllBrokersDown, _)) | None => old.or(new),
        new => new,
    }
}

/// Why an attempt to query the topic failed.
enum MetadataError {
    NotYet(Option<Reason>),
    Final(Failure),
}

pub(super) fn is_refusal(last: Option<&Reason>) -> bool {
    last.is_some_and(|(code, reason)| {
        *code == RDKafkaErrorCode::Resolve
            || *code == RDKafkaErrorCode::SSL
            || reason.contains("refused")
            || reason.contains("resolve")
    })
}

fn create_consumer(
    connection: &Connection,
    group: Option<Group>,
) -> Result<BaseConsumer<Context>, Failure> {
    use rdkafka::config::FromClientConfigAndContext;
    BaseConsumer::from_config_and_context(
        &connection.client_config(),
        Context::new(group, connection.verbosity > 0),
    )
    .map_err(|error| Failure {
        class: FailureClass::Setup,
        what: "setting up the Kafka client: a setting was refused".into(),
        fix: Some(
            "check the values given with -X and in the properties file, and the two certificates"
                .into(),
        ),
        raw: Some(raw_of(&error)),
    })
}

/// The library's message about a rejected setting, without the value: it may be a secret.
pub(super) fn raw_of(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, description, key, _) => format!("{key}: {description}"),
        other => other.to_string(),
    }
}
