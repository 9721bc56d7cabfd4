//! Checks of topic, records and consumer group.
//! The queries run on their own thread, so that an unresponsive broker cannot block the command.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::files::CertificateFiles;
use super::network::KafkaReachability;
use super::run::VerifyRun;
use super::samples::Samples;
use crate::event;
use crate::kafka;
use crate::kafka::Connection;
use crate::kafka::inspect::{Inspector, Partition, QueryError, QueryErrorKind};
use crate::record::incarnation::{Remembered, Verdict};
use crate::settings::Settings;
use crate::state::{Gap, State};
use crate::tls::{Keystore, Truststore};
use crate::util::exit::Exit;
use crate::verify::check::Check;
use crate::verify::check::kafka::{Sample, StateFacts, TopicContext};
use crate::verify::check::redact::NameKind;

/// Limit for all queries together.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);
/// Limit for one query.
const QUERY_TIMEOUT: Duration = Duration::from_secs(3);
/// Limit for the list of visible topics.
const TOPICS_TIMEOUT: Duration = Duration::from_secs(2);
/// Interval of the checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The state of the topic, for the checks that follow.
pub(super) struct TopicInspection {
    pub inspector: Inspector,
    pub partitions: Vec<Partition>,
    /// The highest transaction of the newest records.
    pub newest_txn: Option<u64>,
    pub topic: String,
    pub principal: Option<String>,
}

/// A message from the query thread.
enum WorkerMessage {
    Check(Box<Check>),
    Name(NameKind, String),
    Done(Box<TopicInspection>),
}

impl VerifyRun<'_, '_> {
    /// Runs the checks of topic, records and consumer group.
    pub(super) fn kafka(
        &mut self,
        settings: &Settings,
        files: &CertificateFiles,
        reachability: KafkaReachability,
    ) -> Result<Option<TopicInspection>, Exit> {
        let (Some(brokers), Some(topic), KafkaReachability::Reachable) =
            (&settings.brokers, &settings.topic, reachability)
        else {
            let why = match reachability {
                KafkaReachability::Unreachable => "no working broker",
                KafkaReachability::Reachable => "no topic is set",
            };
            let names = self.kafka_check_names();
            self.add_all(names.into_iter().map(|name| Check::skip(name, why)));
            return Ok(None);
        };
        let keystore = files.keystore.as_ref();
        let job = InspectionJob {
            connection: Connection {
                brokers: brokers.value.clone(),
                topic: topic.value.clone(),
                group: None,
                ca_pem: files.truststore.as_ref().map(Truststore::pem),
                certificate_pem: keystore.map(Keystore::certificates_pem),
                key_pem: keystore.map(Keystore::key_pem),
                principal: keystore.map(Keystore::principal),
                extra: files.properties.clone(),
                verbosity: 0,
            },
            group: settings.group.as_ref().map(|group| group.value.clone()),
            group_type: self.group_type.clone(),
            state: self.state.clone(),
            now: Timestamp::now().as_millisecond(),
            interrupt: Arc::clone(self.context.interrupt),
        };
        self.collect_checks(job)
    }

    /// Names of the checks, in their order.
    fn kafka_check_names(&self) -> Vec<&'static str> {
        let state = self.state.is_some().then_some("state");
        let mut names = vec!["topic", "records", "group"];
        names.extend(state);
        names.push("decode");
        names
    }

    fn collect_checks(&mut self, job: InspectionJob) -> Result<Option<TopicInspection>, Exit> {
        let (send, messages) = mpsc::channel();
        let (started, limit) = (Instant::now(), TOTAL_TIMEOUT.min(self.remaining_time()));
        // The thread ends after its queries; it is not joined, because the library may hang.
        thread::spawn(move || job.run(&send));
        loop {
            match messages.recv_timeout(POLL_INTERVAL) {
                Ok(WorkerMessage::Check(check)) => self.add(*check),
                Ok(WorkerMessage::Name(kind, name)) => self.names.push((kind, name)),
                Ok(WorkerMessage::Done(inspection)) => return Ok(Some(*inspection)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.interrupted()?,
            }
            if started.elapsed() > limit {
                self.report_timeout(limit);
                return Ok(None);
            }
        }
    }

    /// Adds the checks that have no result yet: the first one fails, the others are skipped.
    fn report_timeout(&mut self, limit: Duration) {
        let was_reported = |name: &str| self.report.checks.iter().any(|check| check.name == name);
        let missing: Vec<&str> = self
            .kafka_check_names()
            .into_iter()
            .filter(|name| !was_reported(name))
            .collect();
        let mut missing = missing.into_iter();
        if let Some(first) = missing.next() {
            let what = format!("no response within {} s", limit.as_secs());
            self.add(
                Check::fail_unnumbered(first, what)
                    .fix("try again; if it fails again, the brokers are overloaded, or a firewall drops packets"),
            );
        }
        self.add_all(missing.map(|name| Check::skip(name, "an earlier query got no response")));
    }
}

/// The queries and their inputs.
struct InspectionJob {
    connection: Connection,
    group: Option<String>,
    group_type: Option<String>,
    /// The state file of `--state` as typed, with its content.
    state: Option<(String, State)>,
    /// Milliseconds since 1970.
    now: i64,
    interrupt: Arc<AtomicBool>,
}

impl InspectionJob {
    /// Runs all queries. Send errors are ignored: they mean that the command has ended.
    fn run(self, send: &Sender<WorkerMessage>) {
        let report = |check: Check| drop(send.send(WorkerMessage::Check(Box::new(check))));
        let principal = self.connection.principal.clone();
        let topic = self.connection.topic.clone();
        let topic_context = TopicContext {
            topic: &topic,
            principal: principal.as_deref(),
        };
        let inspector = match self.inspector(None) {
            Ok(inspector) => inspector,
            Err(error) => return self.client_failed(&error, &report),
        };
        let partitions = match inspector.partitions(QUERY_TIMEOUT) {
            Ok(partitions) => partitions,
            Err(error) => {
                let visible = inspector.topics(TOPICS_TIMEOUT).unwrap_or_default();
                return self.topic_query_failed(&topic_context, &error, &visible, &report);
            }
        };
        report(topic_context.topic(&partitions));
        let (partitions, error) = match inspector.with_watermarks(&partitions, QUERY_TIMEOUT) {
            Ok(partitions) => (partitions, None),
            Err(error) => (partitions, Some(error)),
        };
        let samples = match error {
            None => Samples::read(&inspector, &partitions),
            Some(error) => Err(error),
        };
        self.records(&topic_context, &partitions, &samples, &report);
        self.group(&topic_context, &partitions, &report);
        for id in self.state(&topic_context, &inspector, &partitions, &report) {
            drop(send.send(WorkerMessage::Name(NameKind::Id, id)));
        }
        let samples = samples.unwrap_or_default();
        decode_check(&topic_context, &samples, &report);
        for (kind, name) in samples.readable().iter().flat_map(customer_names) {
            drop(send.send(WorkerMessage::Name(kind, name)));
        }
        let inspection = TopicInspection {
            inspector,
            newest_txn: samples.newest.iter().filter_map(txn_id).max(),
            partitions,
            topic: topic.clone(),
            principal: principal.clone(),
        };
        drop(send.send(WorkerMessage::Done(Box::new(inspection))));
    }

    fn inspector(&self, group: Option<&str>) -> Result<Inspector, QueryError> {
        let connection = Connection {
            group: group.map(str::to_owned),
            ..self.connection.clone()
        };
        Inspector::new(connection, Arc::clone(&self.interrupt))
    }

    fn client_failed(&self, error: &QueryError, report: &dyn Fn(Check)) {
        report(
            Check::fail_unnumbered("topic", "the Kafka library rejected a setting")
                .fix("check the values given with -X and in the properties file")
                .raw(&error.raw),
        );
        let state = self.state.is_some().then_some("state");
        for name in ["records", "group"]
            .into_iter()
            .chain(state)
            .chain(["decode"])
        {
            report(Check::skip(name, "the Kafka library could not be started"));
        }
    }

    /// Reports the failed topic query, and checks the group without the topic.
    fn topic_query_failed(
        &self,
        topic_context: &TopicContext<'_>,
        error: &QueryError,
        visible: &[String],
        report: &dyn Fn(Check),
    ) {
        report(topic_context.query_failed("topic", error, visible));
        report(Check::skip("records", "the topic is not available"));
        let assumed = Partition {
            id: 0,
            has_leader: true,
            low: None,
            high: None,
        };
        self.group(topic_context, &[assumed], report);
        if self.state.is_some() {
            report(Check::skip("state", "the topic is not available"));
        }
        report(Check::skip("decode", "the topic is not available"));
    }

    fn records(
        &self,
        topic_context: &TopicContext<'_>,
        partitions: &[Partition],
        samples: &Result<Samples, QueryError>,
        report: &dyn Fn(Check),
    ) {
        match samples {
            Err(error) if error.kind == QueryErrorKind::TopicForbidden => {
                report(topic_context.not_readable(error));
            }
            Err(error) => report(topic_context.query_failed("records", error, &[])),
            Ok(samples) => {
                let oldest = samples.oldest.iter().min_by_key(|one| one.timestamp_ms);
                let newest = samples.newest.iter().max_by_key(|one| one.timestamp_ms);
                report(topic_context.records(partitions, oldest, newest, self.now));
            }
        }
    }

    /// Checks the state file of `--state`. Returns the ids of clusters and topics.
    fn state(
        &self,
        topic_context: &TopicContext<'_>,
        inspector: &Inspector,
        partitions: &[Partition],
        report: &dyn Fn(Check),
    ) -> Vec<String> {
        let Some((file, state)) = &self.state else {
            return Vec::new();
        };
        let cluster = inspector.cluster(QUERY_TIMEOUT);
        let id = inspector.topic_id(QUERY_TIMEOUT);
        let remembered = Remembered {
            incarnation: &state.incarnation,
            next: &state.next,
        };
        let verdict = kafka::judge_by(inspector, &remembered, id.as_deref(), partitions);
        let next: Vec<(i32, i64)> = state.next.iter().map(|(id, at)| (*id, *at)).collect();
        let gap = state.gap.as_ref().map(Gap::describe);
        let facts = StateFacts {
            file,
            clusters: (state.cluster.as_deref(), cluster.as_deref()),
            topic: &state.topic,
            incarnation: &state.incarnation,
            verdict: verdict.unwrap_or(Verdict::Unknown),
            id: id.as_deref(),
            next: &next,
            gap: gap.as_deref(),
        };
        report(topic_context.state(&facts, partitions));
        let recorded = [state.cluster.clone(), state.incarnation.id.clone()];
        recorded
            .into_iter()
            .chain([cluster, id])
            .flatten()
            .collect()
    }

    fn group(
        &self,
        topic_context: &TopicContext<'_>,
        partitions: &[Partition],
        report: &dyn Fn(Check),
    ) {
        let Some(group) = &self.group else {
            return report(Check::skip(
                "group",
                "no consumer group is set; reading does not need one",
            ));
        };
        let other_type = topic_context.group_of_other_type(group, self.group_type.as_deref());
        if let Some(check) = other_type {
            return report(check);
        }
        let inspector = self.inspector(Some(group));
        let committed =
            inspector.and_then(|inspector| inspector.committed(partitions, QUERY_TIMEOUT));
        let committed = match committed {
            // The coordinator allowed the query; the missing topic has been reported before.
            Err(error) if hides_topic(&error) => Ok(Vec::new()),
            committed => committed,
        };
        report(topic_context.group(group, &committed, partitions));
    }
}

fn hides_topic(error: &QueryError) -> bool {
    matches!(
        error.kind,
        QueryErrorKind::TopicForbidden | QueryErrorKind::TopicUnknown
    )
}

/// Checks the first record that cannot be decoded, else the newest one.
fn decode_check(topic_context: &TopicContext<'_>, samples: &Samples, report: &dyn Fn(Check)) {
    let found = samples.readable();
    let unreadable = |one: &&Sample| event::decode(one.payload.as_deref()).is_err();
    let sample = found.iter().find(unreadable);
    match sample.or(found.iter().max_by_key(|one| one.timestamp_ms)) {
        Some(sample) => report(topic_context.decoded(sample)),
        None if samples.has_offsets => report(Check::skip(
            "decode",
            "no committed record was found: the topic has offsets, but they belong to open or aborted transactions, or their records are gone",
        )),
        None => report(Check::skip("decode", "there is no record to decode")),
    }
}

fn txn_id(sample: &Sample) -> Option<u64> {
    let event = event::decode(sample.payload.as_deref()).ok()?;
    event.txn_id.map(|txn| txn.0)
}

/// The names in a record that identify a customer.
pub(super) fn customer_names(sample: &Sample) -> Vec<(NameKind, String)> {
    let Ok(event) = event::decode(sample.payload.as_deref()) else {
        return Vec::new();
    };
    let collection = event.collection.as_ref();
    let id = event.id().map(|id| String::from_utf8_lossy(id));
    let mut names = Vec::new();
    names.extend(collection.map(|name| (NameKind::Collection, name.to_string())));
    names.extend(id.map(|id| (NameKind::Id, id.trim_matches('"').to_owned())));
    names
}
