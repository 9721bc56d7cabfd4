//! Topic, records and group, asked for on a thread of their own, so that a silent broker cannot hold the rest up.
//! The questions are `source::kafka::inspect`'s, the judgement is `check::kafka`'s.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Run;
use super::files::Opened;
use super::network::Found;
use crate::event;
use crate::kafka::Connection;
use crate::kafka::inspect::{
    Inspector, OpenPartitions, Partition, QueryError, QueryErrorKind, ReadItem,
};
use crate::record::{Place, Record};
use crate::settings::Settings;
use crate::tls::{Keystore, Truststore};
use crate::util::exit::Exit;
use crate::verify::check::Check;
use crate::verify::check::kafka::{Sample, Scope};
use crate::verify::check::redact::Name;

/// All questions together.
const LIMIT: Duration = Duration::from_secs(8);
/// One question.
const QUESTION: Duration = Duration::from_secs(3);
/// Reading one end of the topic.
const READING: Duration = Duration::from_secs(2);
/// How often Ctrl-C is looked at.
const SLICE: Duration = Duration::from_millis(100);
/// How far before a partition's end its newest record is looked for: transactions end with marks that are no records.
const TAIL: i64 = 3;

/// What was learnt about the topic, for what comes later.
pub(super) struct Asked {
    pub inspector: Inspector,
    pub partitions: Vec<Partition>,
    /// The highest transaction among the newest records.
    pub newest_txn: Option<u64>,
    pub topic: String,
    pub principal: Option<String>,
}

/// What the thread says.
enum Told {
    Check(Box<Check>),
    Name(Name, String),
    Done(Box<Asked>),
}

/// The names of the checks, in their order.
const NAMES: [&str; 4] = ["topic", "records", "group", "decode"];

impl Run<'_, '_> {
    /// Asks everything about topic, records and group.
    pub(super) fn kafka(
        &mut self,
        settings: &Settings,
        opened: &Opened,
        found: Found,
    ) -> Result<Option<Asked>, Exit> {
        let (Some(brokers), Some(topic), Found::Kafka) =
            (&settings.brokers, &settings.topic, found)
        else {
            let why = match found {
                Found::Nothing => "no broker could be asked",
                Found::Kafka => "no topic is set",
            };
            self.add_all(NAMES.map(|name| Check::skip(name, why)));
            return Ok(None);
        };
        let keystore = opened.keystore.as_ref();
        let extra = settings.extra.iter();
        let job = Job {
            connection: Connection {
                brokers: brokers.value.clone(),
                topic: topic.value.clone(),
                group: None,
                ca_pem: opened.truststore.as_ref().map(Truststore::pem),
                certificate_pem: keystore.map(Keystore::certificates_pem),
                key_pem: keystore.map(Keystore::key_pem),
                principal: keystore.map(Keystore::principal),
                extra: extra
                    .map(|property| (property.name.clone(), property.value.clone()))
                    .collect(),
                verbosity: 0,
            },
            group: settings.group.as_ref().map(|group| group.value.clone()),
            now: self.context.env.now.timestamp().as_millisecond(),
            interrupt: Arc::clone(self.context.interrupt),
        };
        self.listen(job)
    }

    fn listen(&mut self, job: Job) -> Result<Option<Asked>, Exit> {
        let (send, told) = mpsc::channel();
        let (started, limit) = (Instant::now(), LIMIT.min(self.left()));
        // It ends with its questions; a library that hangs is left behind.
        thread::spawn(move || job.run(&send));
        loop {
            match told.recv_timeout(SLICE) {
                Ok(Told::Check(check)) => self.add(*check),
                Ok(Told::Name(kind, name)) => self.names.push((kind, name)),
                Ok(Told::Done(asked)) => return Ok(Some(*asked)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.interrupted()?,
            }
            if started.elapsed() > limit {
                self.give_up(limit);
                return Ok(None);
            }
        }
    }

    /// Says which checks never came.
    fn give_up(&mut self, limit: Duration) {
        let came = |name: &str| self.report.checks.iter().any(|check| check.name == name);
        let missing: Vec<&str> = NAMES.into_iter().filter(|name| !came(name)).collect();
        let mut missing = missing.into_iter();
        if let Some(first) = missing.next() {
            let what = format!("no answer within {} s", limit.as_secs());
            self.add(
                Check::fail_unnumbered(first, what)
                    .fix("try again; if it stays, the brokers are overloaded or something between drops packets"),
            );
        }
        self.add_all(missing.map(|name| Check::skip(name, "an earlier question has no answer")));
    }
}

/// The questions.
struct Job {
    connection: Connection,
    group: Option<String>,
    /// Milliseconds since 1970.
    now: i64,
    interrupt: Arc<AtomicBool>,
}

impl Job {
    /// Nobody listens any more where a message cannot be sent; the questions then end by themselves.
    fn run(self, send: &Sender<Told>) {
        let tell = |check: Check| drop(send.send(Told::Check(Box::new(check))));
        let principal = self.connection.principal.clone();
        let topic = self.connection.topic.clone();
        let scope = Scope {
            topic: &topic,
            principal: principal.as_deref(),
        };
        let inspector = match self.inspector(None) {
            Ok(inspector) => inspector,
            Err(refused) => return no_client(&refused, &tell),
        };
        let partitions = match inspector.partitions(QUESTION) {
            Ok(partitions) => partitions,
            Err(refused) => {
                let visible = inspector.topics(READING).unwrap_or_default();
                return self.no_topic(&scope, &refused, &visible, &tell);
            }
        };
        tell(scope.topic(&partitions));
        let (partitions, refused) = match inspector.with_ends(&partitions, QUESTION) {
            Ok(partitions) => (partitions, None),
            Err(refused) => (partitions, Some(refused)),
        };
        let samples = match refused {
            None => samples(&inspector, &partitions),
            Some(refused) => Err(refused),
        };
        self.records(&scope, &partitions, &samples, &tell);
        self.group(&scope, &partitions, &tell);
        let newest = samples.map(|(_, newest)| newest).unwrap_or_default();
        decoded(&scope, &newest, &tell);
        for (kind, name) in newest.iter().flat_map(names) {
            drop(send.send(Told::Name(kind, name)));
        }
        let asked = Asked {
            inspector,
            newest_txn: newest.iter().filter_map(txn).max(),
            partitions,
            topic: topic.clone(),
            principal: principal.clone(),
        };
        drop(send.send(Told::Done(Box::new(asked))));
    }

    fn inspector(&self, group: Option<&str>) -> Result<Inspector, QueryError> {
        let connection = Connection {
            group: group.map(str::to_owned),
            ..self.connection.clone()
        };
        Inspector::new(connection, Arc::clone(&self.interrupt))
    }

    /// The group can be asked about also where the topic cannot be seen.
    fn no_topic(
        &self,
        scope: &Scope<'_>,
        refused: &QueryError,
        visible: &[String],
        tell: &dyn Fn(Check),
    ) {
        tell(scope.refused("topic", refused, visible));
        tell(Check::skip("records", "the topic cannot be seen"));
        let guess = Partition {
            id: 0,
            led: true,
            low: None,
            high: None,
        };
        self.group(scope, &[guess], tell);
        tell(Check::skip("decode", "the topic cannot be seen"));
    }

    fn records(
        &self,
        scope: &Scope<'_>,
        partitions: &[Partition],
        samples: &Result<(Vec<Sample>, Vec<Sample>), QueryError>,
        tell: &dyn Fn(Check),
    ) {
        match samples {
            Err(refused) => tell(scope.refused("records", refused, &[])),
            Ok((oldest, newest)) => {
                let oldest = oldest.iter().min_by_key(|one| one.millis);
                let newest = newest.iter().max_by_key(|one| one.millis);
                tell(scope.records(partitions, oldest, newest, self.now));
            }
        }
    }

    fn group(&self, scope: &Scope<'_>, partitions: &[Partition], tell: &dyn Fn(Check)) {
        let Some(group) = &self.group else {
            return tell(Check::skip(
                "group",
                "none is set; reading without a group needs no permission for one",
            ));
        };
        let asked = self.inspector(Some(group));
        let stored = asked.and_then(|inspector| inspector.committed(partitions, QUESTION));
        let stored = match stored {
            // The coordinator let us ask; that the topic is hidden was said before.
            Err(refused) if hides_topic(&refused) => Ok(Vec::new()),
            stored => stored,
        };
        tell(scope.group(group, &stored, partitions));
    }
}

fn no_client(refused: &QueryError, tell: &dyn Fn(Check)) {
    tell(
        Check::fail_unnumbered("topic", "the Kafka library refused a setting")
            .fix("check the values given with -X and in the properties file")
            .raw(&refused.raw),
    );
    for name in ["records", "group", "decode"] {
        tell(Check::skip(name, "the Kafka library could not be set up"));
    }
}

fn hides_topic(refused: &QueryError) -> bool {
    matches!(
        refused.kind,
        QueryErrorKind::TopicForbidden | QueryErrorKind::TopicUnknown
    )
}

/// The first unreadable record, else the newest one.
fn decoded(scope: &Scope<'_>, newest: &[Sample], tell: &dyn Fn(Check)) {
    let unreadable = |one: &&Sample| event::decode(one.payload.as_deref()).is_err();
    let sample = newest.iter().find(unreadable);
    match sample.or(newest.iter().max_by_key(|one| one.millis)) {
        Some(sample) => tell(scope.decoded(sample)),
        None => tell(Check::skip("decode", "there is no record to decode")),
    }
}

/// The oldest record of each partition, and the newest.
fn samples(
    inspector: &Inspector,
    partitions: &[Partition],
) -> Result<(Vec<Sample>, Vec<Sample>), QueryError> {
    let filled = |one: &Partition| {
        let (low, high) = (one.low?, one.high?);
        (low < high).then_some((one.id, low, high))
    };
    let filled: Vec<(i32, i64, i64)> = partitions.iter().filter_map(filled).collect();
    let starts = |at: fn(i64, i64) -> i64| -> Vec<(i32, i64)> {
        let starts = filled.iter().map(|(id, low, high)| (*id, at(*low, *high)));
        starts.collect()
    };
    let newest = sampled(
        inspector,
        &starts(|low, high| low.max(high - TAIL)),
        &|sample| {
            let end = filled.iter().find(|(id, _, _)| *id == sample.partition);
            end.is_none_or(|(_, _, high)| sample.offset >= high - 1)
        },
    )?;
    let oldest = sampled(inspector, &starts(|low, _| low), &|_| true)?;
    Ok((oldest, newest))
}

/// The last record of each partition up to one that is `enough` or to the partition's end.
fn sampled(
    inspector: &Inspector,
    starts: &[(i32, i64)],
    enough: &dyn Fn(&Sample) -> bool,
) -> Result<Vec<Sample>, QueryError> {
    if starts.is_empty() {
        return Ok(Vec::new());
    }
    let (mut open, mut found) = (OpenPartitions::new(starts), BTreeMap::new());
    inspector.read(starts, READING, &mut |seen| match seen {
        ReadItem::End(partition) => open.close(partition),
        ReadItem::Record(record) => {
            let Some(sample) = sample(&record) else {
                return ControlFlow::Continue(());
            };
            if !open.has(sample.partition) {
                return ControlFlow::Continue(());
            }
            let (partition, last) = (sample.partition, enough(&sample));
            found.insert(partition, sample);
            if last {
                return open.close(partition);
            }
            ControlFlow::Continue(())
        }
    })?;
    Ok(found.into_values().collect())
}

/// The record, kept.
pub(super) fn sample(record: &Record<'_>) -> Option<Sample> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    Some(Sample {
        partition,
        offset,
        millis: record.time.map(|time| time.millis),
        payload: record.payload.as_deref().map(<[u8]>::to_vec),
    })
}

fn txn(sample: &Sample) -> Option<u64> {
    let event = event::decode(sample.payload.as_deref()).ok()?;
    event.txn_id.map(|txn| txn.0)
}

/// What of a record names a customer.
pub(super) fn names(sample: &Sample) -> Vec<(Name, String)> {
    let Ok(event) = event::decode(sample.payload.as_deref()) else {
        return Vec::new();
    };
    let collection = event.collection.as_ref();
    let id = event.id().map(|id| String::from_utf8_lossy(id));
    let mut names = Vec::new();
    names.extend(collection.map(|name| (Name::Collection, name.to_string())));
    names.extend(id.map(|id| (Name::Id, id.trim_matches('"').to_owned())));
    names
}
