//! Random histories of a stream, a target that fails at any step, and a relay that is started again: each event is committed
//! exactly once, in the order of its partition, and positions never pass what is not committed.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use clap::Parser;
use proptest::collection::vec;
use proptest::prelude::*;

use super::options::Options;
use super::pump::{Counts, Pump, PumpOptions, Refusal, Stop};
use super::target::Destination;
use crate::cli::{Cli, Command};
use crate::commands::tail::render::Renderer;
use crate::kafka::producer::{OutgoingRecord, ReportNotice, WriteError};
use crate::output::Output;
use crate::record::{
    Failure, FailureClass, GapReason, OffsetGap, Place, Progress, Record, Source, SourceItem,
};
use crate::state::{Owner, State};
use crate::util::env::Env;

const PARTITIONS: i32 = 3;

/// One record of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Event,
    /// An event that the filter rejects.
    Hidden,
    /// An event that the target refuses.
    Large,
    Unreadable,
    Gap,
    /// The record was removed by retention.
    Lost,
}

/// What the target does.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// The transaction fails.
    Abort,
    /// The process ends before the transaction is committed.
    KillBefore,
    /// The process ends when the transaction is committed, without an answer.
    KillAfter,
}

fn items() -> impl Strategy<Value = Vec<(i32, Item)>> {
    let item = prop_oneof![
        60 => Just(Item::Event),
        8 => Just(Item::Hidden),
        1 => Just(Item::Large),
        1 => Just(Item::Unreadable),
        1 => Just(Item::Gap),
        1 => Just(Item::Lost),
    ];
    vec((0..PARTITIONS, item), 0..60)
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        30 => Just(Fault::None),
        2 => Just(Fault::Abort),
        2 => Just(Fault::KillBefore),
        2 => Just(Fault::KillAfter),
    ];
    vec(fault, 0..120)
}

/// A topic, read from some offsets in an order that depends on the attempt.
struct Topic<'t> {
    partitions: &'t BTreeMap<i32, Vec<Item>>,
    next: BTreeMap<i32, i64>,
    turn: usize,
    /// The read is interrupted after this many items.
    left: usize,
    payload: String,
}

impl Topic<'_> {
    fn take(&mut self) -> Option<(i32, i64, Item)> {
        for _ in 0..PARTITIONS {
            self.turn += 1;
            let partition = i32::try_from(self.turn).unwrap() % PARTITIONS;
            let next = self.next.entry(partition).or_default();
            let items = self
                .partitions
                .get(&partition)
                .map_or(&[][..], Vec::as_slice);
            if let Some(item) = items.get(usize::try_from(*next).unwrap()) {
                *next += 1;
                return Some((partition, *next - 1, *item));
            }
        }
        None
    }
}

impl Source for Topic<'_> {
    fn next(&mut self, _: Duration) -> SourceItem<'_> {
        if self.left == 0 {
            return SourceItem::Interrupted;
        }
        self.left -= 1;
        let Some((partition, offset, item)) = self.take() else {
            return SourceItem::End;
        };
        self.payload = match item {
            Item::Event => event(partition, offset, "c"),
            Item::Large => event(partition, offset, "large"),
            Item::Hidden => event(partition, offset, "hidden"),
            Item::Unreadable => "{".to_owned(),
            Item::Gap => r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#.to_owned(),
            Item::Lost => {
                let why = GapReason::Retention;
                let gap = OffsetGap::new("t", partition, offset, offset + 1, why);
                return SourceItem::OffsetGap(gap);
            }
        };
        SourceItem::Record(Record {
            place: Place::Offset {
                topic: "t",
                partition,
                offset,
            },
            time: None,
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(self.payload.as_bytes())),
        })
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn positions(&self) -> Vec<(i32, i64)> {
        self.next.iter().map(|(id, next)| (*id, *next)).collect()
    }
}

fn event(partition: i32, offset: i64, collection: &str) -> String {
    format!(
        r#"{{"txnId":1,"type":"documentChanged","collection":"{collection}","change":{{"method":"m","oldValue":null,"newValue":{{"_id":"{partition}-{offset}"}}}}}}"#
    )
}

/// A target whose transactions are committed or not.
#[derive(Default)]
struct Target {
    committed: Vec<String>,
    positions: Option<String>,
    open: Vec<String>,
    faults: std::vec::IntoIter<Fault>,
    is_killed: bool,
}

impl Target {
    fn fault(&mut self) -> Fault {
        self.faults.next().unwrap_or(Fault::None)
    }

    fn kill(&mut self) -> WriteError {
        self.is_killed = true;
        WriteError::Fatal(failure("killed"))
    }
}

fn failure(what: &str) -> Failure {
    Failure {
        class: FailureClass::Read,
        what: what.to_owned(),
        fix: None,
        raw: None,
    }
}

impl Destination for Target {
    fn send(
        &mut self,
        record: &OutgoingRecord<'_>,
        number: usize,
        _: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        if record.topic == "to.large" {
            let failure = failure("too large");
            return Err(WriteError::Rejected { number, failure });
        }
        match self.fault() {
            Fault::None => {}
            Fault::Abort => return Err(WriteError::Aborted(failure("aborted"))),
            Fault::KillBefore | Fault::KillAfter => return Err(self.kill()),
        }
        self.open
            .push(String::from_utf8(record.payload.to_vec()).unwrap());
        Ok(())
    }

    fn commit(
        &mut self,
        state: Option<&State>,
        _: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        let fault = self.fault();
        match fault {
            Fault::Abort => return Err(WriteError::Aborted(failure("aborted"))),
            Fault::KillBefore => return Err(self.kill()),
            Fault::None | Fault::KillAfter => {}
        }
        self.committed.append(&mut self.open);
        if let Some(state) = state {
            self.positions = Some(state.to_line(Owner::Relay));
        }
        match fault {
            Fault::KillAfter => Err(self.kill()),
            _ => Ok(()),
        }
    }

    fn poll(&mut self, _: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        Ok(())
    }
}

/// How a relay ended for good.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Complete,
    Gap,
    Failed(String),
}

/// Runs a relay until it ends for good, also if it is killed or interrupted.
fn relay(partitions: &BTreeMap<i32, Vec<Item>>, target: &mut Target, reads: &[usize]) -> End {
    let typed = [
        "ditto-cdc",
        "relay",
        "--name=n",
        "--to-brokers=b",
        "--to-topic=to.{collection}",
        "--format=json",
        "-c!hidden",
    ];
    let Command::Relay(typed) = Cli::try_parse_from(typed).unwrap().command else {
        panic!("no relay");
    };
    let env = Env::detect();
    let options = Options::new(&typed, &env).unwrap();
    let renderer = Renderer {
        filter: options.plan.filter.clone(),
        view: options.view(&env),
        base: None,
        paths: std::sync::Arc::default(),
    };
    let mut refusals = Vec::new();
    for attempt in 0.. {
        // What was not committed is gone.
        target.open.clear();
        let stored = target.positions.as_ref();
        let state = stored.map(|line| State::parse(line.as_bytes(), Owner::Relay).unwrap());
        let state = state.unwrap_or_default();
        if state.gap.is_some() {
            return End::Gap;
        }
        let mut source = Topic {
            partitions,
            next: state.next.clone(),
            turn: attempt,
            left: reads.get(attempt).copied().unwrap_or(usize::MAX),
            payload: String::new(),
        };
        let pump_options = PumpOptions {
            renderer: &renderer,
            topics: &options.topics,
            skips_unreadable: false,
            refusals: &refusals,
        };
        let mut out = Output::with_capacity(usize::MAX);
        let mut counts = Counts::default();
        let mut pump = Pump::new(target, &pump_options, state, &mut counts, &mut out);
        match pump.run(&mut source) {
            Stop::End => return End::Complete,
            Stop::Interrupted | Stop::Retry(_) => {}
            Stop::Failed(_) if target.is_killed => {
                // The next process does not know of the refusal.
                refusals.clear();
                target.is_killed = false;
            }
            Stop::Refused(place, failure) => refusals.push(Refusal { place, failure }),
            Stop::Gap(_) => return End::Gap,
            Stop::Failed(failure) => return End::Failed(failure.what),
            Stop::Fenced { raw, .. } => panic!("{raw}"),
        }
    }
    unreachable!()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn each_event_is_committed_exactly_once_and_in_order(
        items in items(),
        faults in faults(),
        reads in vec(0_usize..40, 0..4),
    ) {
        let mut partitions: BTreeMap<i32, Vec<Item>> = BTreeMap::new();
        for (partition, item) in items {
            partitions.entry(partition).or_default().push(item);
        }
        let mut target = Target { faults: faults.into_iter(), ..Target::default() };
        let end = relay(&partitions, &mut target, &reads);
        let line = target.positions.unwrap_or_default();
        let state = State::parse(line.as_bytes(), Owner::Relay).unwrap();
        prop_assert_eq!(state.gap.is_some(), end == End::Gap);
        let mut blocked = Vec::new();
        for (&partition, items) in &partitions {
            let next = usize::try_from(state.next.get(&partition).copied().unwrap_or(0)).unwrap();
            let is_event = |at: &usize| items[*at] == Item::Event;
            let expected: Vec<String> = (0..next)
                .filter(is_event)
                .map(|at| event(partition, i64::try_from(at).unwrap(), "c"))
                .collect();
            let prefix = format!("\"_id\":\"{partition}-");
            let found: Vec<String> = target
                .committed
                .iter()
                .filter(|line| line.contains(&prefix))
                .cloned()
                .collect();
            prop_assert_eq!(found, expected);
            // No position passes what stops a relay, but for the gap that it ended with.
            let stops = |item: &&Item| matches!(item, Item::Large | Item::Unreadable);
            prop_assert_eq!(items[..next].iter().filter(stops).count(), 0);
            let gaps = |item: &&Item| matches!(item, Item::Gap | Item::Lost);
            blocked.push(items[..next].iter().filter(gaps).count());
            prop_assert!(end != End::Complete || next == items.len());
        }
        prop_assert_eq!(blocked.iter().sum::<usize>(), usize::from(end == End::Gap));
        if let End::Failed(why) = end {
            prop_assert!(why.contains("everything before it was relayed"), "{}", why);
        }
    }
}
