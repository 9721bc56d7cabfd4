//! A connection to one topic: its partitions, and offsets for the beginning, the end and times.
//! Reading records is left to `reader`; which offsets a person meant is decided in `plan`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::config::Connection;
use super::context::{Context, Said};
use super::failure::{Outlook, failure, outlook};
use super::group::Group;
use crate::record::{Failure, FailureClass};

/// Hears the library's log while a connection is being made.
pub type Tell<'t> = dyn FnMut(&str) + 't;

/// An error's code and the library's words.
type Reason = (RDKafkaErrorCode, String);

/// An offset for each partition.
pub(super) type Offsets = BTreeMap<i32, i64>;

/// Why connecting ended early.
#[derive(Debug)]
pub enum Stopped {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// It cannot work.
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Stopped::Failed(failure)
    }
}

/// A topic that was found, with a client connected to its brokers.
pub struct Topic {
    pub(super) connection: Connection,
    pub(super) consumer: Arc<BaseConsumer<Context>>,
    pub(super) partitions: Vec<i32>,
    pub(super) interrupt: Arc<AtomicBool>,
}

/// How long a broker that answers nothing is waited for, all attempts together.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long refusals are taken for a broker that is just starting.
const REFUSAL_LIMIT: Duration = Duration::from_secs(2);
/// How long one question to a connected broker may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How long serving what the library has queued may take.
const QUEUE_LIMIT: Duration = Duration::from_millis(10);
/// The first attempt's limit. It doubles, so that slow links get their time and errors are heard early.
const FIRST_ATTEMPT: Duration = Duration::from_millis(300);
/// Less than this is no attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(100);

impl Topic {
    /// Connects to the brokers and looks the topic up.
    ///
    /// # Errors
    /// [`Stopped::Failed`] as soon as an error cannot heal, and after 15 seconds at the latest.
    pub(super) fn connect(
        connection: Connection,
        group: Option<Group>,
        interrupt: Arc<AtomicBool>,
        tell: &mut Tell<'_>,
    ) -> Result<Topic, Stopped> {
        let consumer = create(&connection, group)?;
        let mut topic = Topic {
            connection,
            consumer: Arc::new(consumer),
            partitions: Vec::new(),
            interrupt,
        };
        topic.partitions = topic.look_up(tell)?;
        Ok(topic)
    }

    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.connection.topic
    }

    /// The id of the cluster, where the brokers tell it.
    #[must_use]
    pub fn cluster(&self) -> Option<String> {
        let id = self.consumer.client().fetch_cluster_id(ANSWER_LIMIT);
        id.filter(|id| !id.is_empty())
    }

    /// How many partitions the topic has.
    #[must_use]
    pub fn partitions(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    fn look_up(&self, tell: &mut Tell<'_>) -> Result<Vec<i32>, Stopped> {
        let started = Instant::now();
        let mut limit = FIRST_ATTEMPT;
        let mut last = None;
        loop {
            match self.ask_metadata(limit) {
                Ok(partitions) => return Ok(partitions),
                Err(Answer::Final(failure)) => return Err(failure.into()),
                Err(Answer::NotYet(reason)) => last = telling(last, self.hear(tell)?.or(reason)),
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Stopped::Interrupted);
            }
            let waited = started.elapsed();
            if waited > CONNECT_LIMIT || (waited > REFUSAL_LIMIT && is_refusal(last.as_ref())) {
                let (code, reason) =
                    last.unwrap_or((RDKafkaErrorCode::OperationTimedOut, String::new()));
                return Err(self.failure("connecting", code, &reason).into());
            }
            // The last attempt ends with the limit, not seconds behind it.
            let left = CONNECT_LIMIT.saturating_sub(waited) + SHORTEST_ATTEMPT;
            limit = (limit * 2).min(Duration::from_secs(5)).min(left);
        }
    }

    /// Serves the library's queue, so that it can say why nothing works. Final errors end the wait.
    fn hear(&self, tell: &mut Tell<'_>) -> Result<Option<Reason>, Failure> {
        // A poll without a wait ends at the first log line, errors may stand behind it.
        while self.consumer.poll(QUEUE_LIMIT).is_some() {}
        let mut reason = None;
        while let Some(said) = self.consumer.context().take() {
            match said {
                // Somebody looks for the coordinator of the group that we do not join.
                Said::Error(RDKafkaErrorCode::GroupAuthorizationFailed, _) if self.is_alone() => {}
                Said::Error(code, words) if outlook(code, &words) == Outlook::Final => {
                    return Err(self.failure("connecting", code, &words));
                }
                Said::Stranded(code, words) => {
                    return Err(self.failure("taking over the group's partitions", code, &words));
                }
                Said::Error(code, words) => reason = telling(reason, Some((code, words))),
                Said::Log(line) => tell(&line),
                Said::Assigned(_) | Said::Revoked(_) | Said::Lost(_) => {}
            }
        }
        Ok(reason)
    }

    /// Whether no group is joined.
    pub(super) fn is_alone(&self) -> bool {
        self.connection.group.is_none()
    }

    fn ask_metadata(&self, limit: Duration) -> Result<Vec<i32>, Answer> {
        let name = &self.connection.topic;
        let started = Instant::now();
        match self.consumer.fetch_metadata(Some(name), limit) {
            Ok(metadata) => {
                let found = metadata.topics().iter().find(|topic| topic.name() == name);
                let partitions =
                    found.map_or(Err(Answer::NotYet(None)), |topic| self.partitions_of(topic));
                if partitions.is_err() {
                    // An answer that needs another attempt comes at once: do not ask in a tight loop.
                    std::thread::sleep(limit.saturating_sub(started.elapsed()).min(FIRST_ATTEMPT));
                }
                partitions
            }
            Err(error) => Err(Answer::NotYet(
                error
                    .rdkafka_error_code()
                    .filter(|code| {
                        // A time-out carries no reason; the reason comes through the queue.
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

    fn partitions_of(&self, topic: &MetadataTopic) -> Result<Vec<i32>, Answer> {
        if let Some(error) = topic.error().filter(IsError::is_error) {
            let code = RDKafkaErrorCode::from(error);
            return Err(match outlook(code, "") {
                Outlook::Final => Answer::Final(self.failure("opening the topic", code, "")),
                Outlook::Heals => Answer::NotYet(Some((code, String::new()))),
            });
        }
        let mut partitions: Vec<i32> = topic
            .partitions()
            .iter()
            .map(rdkafka::metadata::MetadataPartition::id)
            .collect();
        partitions.sort_unstable();
        if partitions.is_empty() {
            return Err(Answer::NotYet(None));
        }
        Ok(partitions)
    }

    /// The oldest offset of each partition that is still there.
    pub(super) fn beginnings(&self) -> Result<Offsets, Failure> {
        self.offsets(Offset::Beginning)
    }

    /// The offset behind the newest readable record of each partition.
    pub(super) fn ends(&self) -> Result<Offsets, Failure> {
        self.offsets(Offset::End)
    }

    /// The first offset of each partition at or after a time in milliseconds;
    /// a partition without such a record is missing from the answer.
    pub(super) fn at_time(&self, millis: i64) -> Result<Offsets, Failure> {
        let mut offsets = self.offsets(Offset::Offset(millis.max(0)))?;
        offsets.retain(|_, offset| *offset >= 0);
        Ok(offsets)
    }

    /// Kafka's `ListOffsets` takes the time, or a mark for beginning or end, in the offset's place.
    fn offsets(&self, what: Offset) -> Result<Offsets, Failure> {
        let mut asked = TopicPartitionList::with_capacity(self.partitions.len());
        for partition in &self.partitions {
            asked
                .add_partition_offset(self.name(), *partition, what)
                .map_err(|error| self.unexpected("asking for offsets", &error))?;
        }
        let answer = self
            .consumer
            .offsets_for_times(asked, ANSWER_LIMIT)
            .map_err(|error| self.unexpected("asking for offsets", &error))?;
        answer
            .elements()
            .iter()
            .map(|element| self.offset_of(element))
            .collect()
    }

    fn offset_of(
        &self,
        element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>,
    ) -> Result<(i32, i64), Failure> {
        let doing = format!("asking for offsets of partition {}", element.partition());
        element
            .error()
            .map_err(|error| self.unexpected(&doing, &error))?;
        match element.offset() {
            Offset::Offset(offset) => Ok((element.partition(), offset)),
            _ => Ok((element.partition(), -1)),
        }
    }

    /// A failure of something that was `doing`, with the topic named.
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

/// The newer reason, unless it only repeats in fewer words what was said before.
fn telling(old: Option<Reason>, new: Option<Reason>) -> Option<Reason> {
    match new {
        Some((RDKafkaErrorCode::AllBrokersDown, _)) | None => old.or(new),
        new => new,
    }
}

/// What an attempt to look the topic up ended with, short of success.
enum Answer {
    NotYet(Option<Reason>),
    Final(Failure),
}

fn is_refusal(last: Option<&Reason>) -> bool {
    last.is_some_and(|(code, reason)| {
        *code == RDKafkaErrorCode::Resolve
            || *code == RDKafkaErrorCode::SSL
            || reason.contains("refused")
            || reason.contains("resolve")
    })
}

fn create(connection: &Connection, group: Option<Group>) -> Result<BaseConsumer<Context>, Failure> {
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

/// The library's sentence about a refused setting, without the value: it may be a secret.
pub(super) fn raw_of(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, description, key, _) => format!("{key}: {description}"),
        other => other.to_string(),
    }
}
