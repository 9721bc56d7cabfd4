//! A compacted topic as a store of values: the last committed value of a key, and the creation of the topic.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{IsError, KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::explain::explain;
use super::target::Target;
use crate::kafka::topic::{ReadStopped, raw_of};
use crate::record::{Failure, FailureClass};
use crate::util::shell;

/// Timeout of one request.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of a poll; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// How long the topic may be unknown after it was created.
const CREATION_TIMEOUT: Duration = Duration::from_secs(20);
/// After this time the user is told what the read waits for.
const WAITING_AFTER: Duration = Duration::from_secs(3);
/// A segment of a topic is compacted only after it is full, and it is read at each start.
const SEGMENT_BYTES: &str = "16777216";

/// The topic, its partitions, and the clients that read it.
struct Store<'s> {
    target: &'s Target,
    topic: &'s str,
    interrupt: &'s AtomicBool,
}

/// The value that was committed last for a key; `None` if there is none. `report` tells the user about a wait.
///
/// # Errors
/// [`ReadStopped`] if the topic cannot be read or the user interrupts.
pub fn last_value(
    target: &Target,
    topic: &str,
    key: &[u8],
    interrupt: &AtomicBool,
    report: &mut dyn FnMut(&str),
) -> Result<Option<Vec<u8>>, ReadStopped> {
    let store = Store {
        target,
        topic,
        interrupt,
    };
    let consumer = store.consumer("read_committed")?;
    let ends = store.wait_until_decided(&consumer, report)?;
    store.read_last(&consumer, &ends, key)
}

/// Creates a compacted topic with one partition, unless the topic exists. Returns whether it was created.
///
/// # Errors
/// [`ReadStopped`] if it does not exist and cannot be created.
pub fn make_compacted_topic(
    target: &Target,
    topic: &str,
    interrupt: &AtomicBool,
) -> Result<bool, ReadStopped> {
    let store = Store {
        target,
        topic,
        interrupt,
    };
    let consumer = store.consumer("read_committed")?;
    if store.partitions(&consumer)?.is_some() {
        return Ok(false);
    }
    store.create()?;
    let started = Instant::now();
    while store.partitions(&consumer)?.is_none() {
        if started.elapsed() > CREATION_TIMEOUT {
            return Err(store
                .failure("reading the positions", Code::UnknownTopic)
                .into());
        }
        store.pause()?;
    }
    Ok(true)
}

impl Store<'_> {
    fn consumer(&self, isolation: &str) -> Result<BaseConsumer, Failure> {
        let consumer = self.target.consumer_config(isolation).create();
        consumer.map_err(|error| refused_setting(&error))
    }

    /// The partitions of the topic; `None` if it does not exist.
    fn partitions(&self, consumer: &BaseConsumer) -> Result<Option<Vec<i32>>, Failure> {
        const DOING: &str = "reading the positions";
        let metadata = consumer.fetch_metadata(Some(self.topic), RESPONSE_TIMEOUT);
        let metadata = metadata.map_err(|error| self.unexpected(DOING, &error))?;
        let found = metadata
            .topics()
            .iter()
            .find(|one| one.name() == self.topic);
        let Some(found) = found else { return Ok(None) };
        if let Some(error) = found.error().filter(IsError::is_error) {
            return match Code::from(error) {
                Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::LeaderNotAvailable => {
                    Ok(None)
                }
                code => Err(self.failure(DOING, code)),
            };
        }
        let mut ids: Vec<i32> = found
            .partitions()
            .iter()
            .map(MetadataPartition::id)
            .collect();
        ids.sort_unstable();
        Ok(Some(ids).filter(|ids| !ids.is_empty()))
    }

    fn create(&self) -> Result<(), Failure> {
        let admin: AdminClient<DefaultClientContext> = self
            .target
            .admin_config()
            .create()
            .map_err(|error| refused_setting(&error))?;
        let topic = NewTopic::new(self.topic, 1, TopicReplication::Fixed(-1))
            .set("cleanup.policy", "compact")
            .set("segment.bytes", SEGMENT_BYTES)
            .set("min.cleanable.dirty.ratio", "0.1");
        let options = AdminOptions::new()
            .request_timeout(Some(RESPONSE_TIMEOUT))
            .operation_timeout(Some(RESPONSE_TIMEOUT));
        let created = block_on(admin.create_topics([&topic], &options));
        let first = created.map(|results| results.into_iter().next());
        match first {
            Ok(None | Some(Ok(_) | Err((_, Code::TopicAlreadyExists)))) => Ok(()),
            Ok(Some(Err((_, code)))) => Err(self.not_created(code)),
            Err(error) => Err(self.unexpected("creating the topic of the positions", &error)),
        }
    }

    fn not_created(&self, code: Code) -> Failure {
        let (topic, brokers) = (
            shell::quoted(self.topic),
            shell::quoted(&self.target.brokers),
        );
        Failure {
            class: FailureClass::Setup,
            what: format!(
                "the target cluster has no topic {}, which keeps the positions, and does not let this user create it",
                self.topic
            ),
            fix: Some(format!(
                "have it created: kafka-topics.sh --bootstrap-server {brokers} --create --topic {topic} --partitions 1 --config cleanup.policy=compact --config segment.bytes={SEGMENT_BYTES}; or name another one with --positions-topic"
            )),
            raw: Some(code.to_string()),
        }
    }

    /// The end of each partition, after all transactions before it have ended. Readers of committed records do not see
    /// what is after an open transaction, which may be of another relay.
    fn wait_until_decided(
        &self,
        committed: &BaseConsumer,
        report: &mut dyn FnMut(&str),
    ) -> Result<Vec<(i32, i64)>, ReadStopped> {
        let uncommitted = self.consumer("read_uncommitted")?;
        let partitions = self.partitions(committed)?;
        let partitions =
            partitions.ok_or_else(|| self.failure("reading the positions", Code::UnknownTopic))?;
        let mut ends = Vec::new();
        for partition in partitions {
            let (low, end) = self.watermarks(&uncommitted, partition)?;
            let started = Instant::now();
            let mut is_reported = false;
            while self.watermarks(committed, partition)?.1 < end {
                if started.elapsed() > WAITING_AFTER && !is_reported {
                    is_reported = true;
                    report(&format!(
                        "waiting for the end of an open transaction in the topic {} (up to a minute after a relay was killed)",
                        self.topic
                    ));
                }
                self.pause()?;
            }
            if low < end {
                ends.push((partition, end));
            }
        }
        Ok(ends)
    }

    fn watermarks(&self, consumer: &BaseConsumer, partition: i32) -> Result<(i64, i64), Failure> {
        let found = consumer.fetch_watermarks(self.topic, partition, RESPONSE_TIMEOUT);
        found.map_err(|error| self.unexpected("reading the positions", &error))
    }

    fn read_last(
        &self,
        consumer: &BaseConsumer,
        ends: &[(i32, i64)],
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, ReadStopped> {
        const DOING: &str = "reading the positions";
        let mut open: Vec<i32> = ends.iter().map(|(partition, _)| *partition).collect();
        let mut list = TopicPartitionList::new();
        for partition in &open {
            let added = list.add_partition_offset(self.topic, *partition, Offset::Beginning);
            added.map_err(|error| self.unexpected(DOING, &error))?;
        }
        let assigned = consumer.assign(&list);
        assigned.map_err(|error| self.unexpected(DOING, &error))?;
        let mut value = None;
        let mut answered = Instant::now();
        while !open.is_empty() {
            let flow = match consumer.poll(POLL_TIMEOUT) {
                None => ControlFlow::Continue(()),
                Some(Ok(message)) => {
                    answered = Instant::now();
                    if message.key() == Some(key) {
                        value = message.payload().map(<[u8]>::to_vec);
                    }
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.retain(|id| *id != partition);
                    continue;
                }
                Some(Err(error)) => ControlFlow::Break(error),
            };
            if let ControlFlow::Break(error) = flow
                && answered.elapsed() > RESPONSE_TIMEOUT
            {
                return Err(self.unexpected(DOING, &error).into());
            }
            if answered.elapsed() > CREATION_TIMEOUT {
                return Err(self.failure(DOING, Code::OperationTimedOut).into());
            }
            self.check_interrupt()?;
        }
        Ok(value)
    }

    fn pause(&self) -> Result<(), ReadStopped> {
        thread::sleep(POLL_TIMEOUT);
        self.check_interrupt()
    }

    fn check_interrupt(&self) -> Result<(), ReadStopped> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(ReadStopped::Interrupted);
        }
        Ok(())
    }

    fn unexpected(&self, doing: &str, error: &KafkaError) -> Failure {
        self.failure(doing, error.rdkafka_error_code().unwrap_or(Code::Fail))
    }

    fn failure(&self, doing: &str, code: Code) -> Failure {
        let doing = format!("{doing} in the topic {}", self.topic);
        explain(self.target, &doing, code, "", Some(self.topic))
    }
}

fn refused_setting(error: &KafkaError) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: "setting up the client of the target cluster: a setting was refused".to_owned(),
        fix: Some("check the values given with -X to.…".to_owned()),
        raw: Some(raw_of(error)),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future of the admin client, which its own thread completes.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
