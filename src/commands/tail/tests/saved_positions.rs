//! Saved positions are exactly those of flushed output: random streams, runs that are killed at any item, and outputs
//! that are closed at any byte.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{checkpointer, plan, renderer};
use crate::commands::tail::run::Run;
use crate::commands::tail::stop_reason::StopReason;
use crate::output::Output;
use crate::record::incarnation::Incarnation;
use crate::record::{
    Failure, FailureClass, GapReason, Notice, OffsetGap, Place, Progress, Record, Source,
    SourceItem,
};
use crate::state::{State, StateFile};

/// One item of a stream, or several.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// An event that is shown, with this many bytes of text.
    Event(i32, usize),
    /// Events that the filter rejects.
    Hidden(i32, u32),
    /// Not an event.
    Unreadable(i32),
    /// A `requeryRequired`.
    Requery(i32),
    /// The partition's next offsets are lost.
    Lost(i32),
    /// The topic was deleted and created again: a gap, after which all offsets start at 0.
    Recreated,
    /// Offsets without a record (compaction, markers of transactions) up to the end of the partition.
    Passed(i32),
    Idle,
    Notice,
}

/// How a stream ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Complete,
    Interrupted,
    Failed,
    /// The process is killed when it asks for this item.
    Killed(usize),
}

const PARTITIONS: i32 = 3;
/// A batch, a buffer and the longest event: more output is never flushed without its positions, unless the run is
/// killed.
const MAX_REPEATED: usize = (192 << 10) + (128 << 10) + (1 << 20) + (64 << 10);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let partition = 0..PARTITIONS;
    let step = prop_oneof![
        400 => (partition.clone(), 0_usize..12_000).prop_map(|(id, size)| Step::Event(id, size)),
        200 => (partition.clone(), 10_000_usize..60_000).prop_map(|(id, size)| Step::Event(id, size)),
        2 => partition.clone().prop_map(|id| Step::Event(id, 1 << 20)),
        2 => (partition.clone(), 1_u32..600).prop_map(|(id, count)| Step::Hidden(id, count)),
        8 => partition.clone().prop_map(Step::Unreadable),
        8 => partition.clone().prop_map(Step::Requery),
        1 => partition.clone().prop_map(Step::Lost),
        1 => Just(Step::Recreated),
        1 => partition.prop_map(Step::Passed),
        1 => Just(Step::Idle),
        1 => Just(Step::Notice),
    ];
    vec(step, 0..500)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::Complete),
        Just(End::Interrupted),
        Just(End::Failed),
        (0_usize..4_000).prop_map(End::Killed),
        (0_usize..300).prop_map(End::Killed),
    ]
}

/// What was delivered when an item had been delivered.
#[derive(Debug, Clone, Default)]
struct Delivered {
    next: BTreeMap<i32, i64>,
    /// Number of the topic among those of its name.
    incarnation: u32,
    /// Number of events that are shown.
    events: u64,
    /// Number of `requeryRequired`.
    announced: u64,
    /// Number of offset gaps.
    lost: u64,
}

/// A stream of steps.
struct Stream<'a> {
    steps: std::slice::Iter<'a, Step>,
    end: End,
    /// Further records of the current step.
    repeat: Option<(i32, u32)>,
    payload: Vec<u8>,
    now: Delivered,
    /// The state after each item, the start first.
    history: Vec<Delivered>,
}

impl<'a> Stream<'a> {
    fn new(steps: &'a [Step], end: End) -> Stream<'a> {
        let now = Delivered {
            next: (0..PARTITIONS).map(|id| (id, 0)).collect(),
            ..Delivered::default()
        };
        Stream {
            steps: steps.iter(),
            end,
            repeat: None,
            payload: Vec::new(),
            history: vec![now.clone()],
            now,
        }
    }

    /// The item's effect, its payload in the buffer. `None` at the end.
    fn advance(&mut self) -> Option<Item> {
        if let Some((partition, count)) = self.repeat {
            self.repeat = (count > 1).then_some((partition, count - 1));
            return Some(self.record(partition, HIDDEN));
        }
        let step = *self.steps.next()?;
        Some(match step {
            Step::Event(partition, size) => {
                self.now.events += 1;
                let event = event(self.now.events, size);
                self.record(partition, &event)
            }
            Step::Hidden(partition, count) => {
                self.repeat = (count > 1).then_some((partition, count - 1));
                self.record(partition, HIDDEN)
            }
            Step::Unreadable(partition) => self.record(partition, "{"),
            Step::Requery(partition) => {
                self.now.announced += 1;
                self.record(partition, REQUERY)
            }
            Step::Lost(partition) => {
                let wanted = self.position(partition, 7);
                self.lost(partition, wanted, GapReason::Retention)
            }
            Step::Recreated => {
                let wanted = self.now.next[&0];
                self.now.next.values_mut().for_each(|next| *next = 0);
                self.now.incarnation += 1;
                self.lost(0, wanted, GapReason::Recreated)
            }
            Step::Passed(partition) => {
                self.position(partition, 3);
                Item::Idle
            }
            Step::Idle => Item::Idle,
            Step::Notice => Item::Notice,
        })
    }

    /// Moves a partition's position; returns the former one.
    fn position(&mut self, partition: i32, by: i64) -> i64 {
        let next = self.now.next.entry(partition).or_default();
        *next += by;
        *next - by
    }

    fn record(&mut self, partition: i32, payload: &str) -> Item {
        self.payload.clear();
        self.payload.extend_from_slice(payload.as_bytes());
        Item::Record(partition, self.position(partition, 1))
    }

    fn lost(&mut self, partition: i32, wanted: i64, why: GapReason) -> Item {
        self.now.lost += 1;
        let resumed = self.now.next[&partition];
        Item::Lost(OffsetGap::new("t", partition, wanted, resumed, why))
    }
}

enum Item {
    Record(i32, i64),
    Lost(OffsetGap),
    Idle,
    Notice,
}

const HIDDEN: &str = r#"{"type":"documentChanged","collection":"other"}"#;
const REQUERY: &str = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#;

/// An event with a number and a text of this size.
fn event(number: u64, size: usize) -> String {
    let text = "x".repeat(size);
    format!(
        r#"{{"txnId":{number},"type":"documentChanged","collection":"people","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"{number}","text":"{text}"}}}}}}"#
    )
}

/// The number of an output line; `None` for a gap.
fn number(line: &str) -> Option<u64> {
    let rest = line.strip_prefix(r#"{"txnId":"#)?;
    rest.split(',').next()?.parse().ok()
}

impl Source for Stream<'_> {
    fn next(&mut self, _: Duration) -> SourceItem<'_> {
        if matches!(self.end, End::Killed(at) if self.history.len() > at) {
            // Without a message of the panic handler.
            resume_unwind(Box::new(()));
        }
        let item = self.advance();
        self.history.push(self.now.clone());
        match (item, self.end) {
            (Some(Item::Record(partition, offset)), _) => SourceItem::Record(Record {
                place: Place::Offset {
                    topic: "t",
                    partition,
                    offset,
                },
                time: None,
                leader_epoch: None,
                key: None,
                headers: Vec::new(),
                payload: Some(Cow::Borrowed(&self.payload)),
            }),
            (Some(Item::Lost(gap)), _) => SourceItem::OffsetGap(gap),
            (Some(Item::Idle), _) => SourceItem::Idle,
            (Some(Item::Notice), _) => SourceItem::Notice(Notice::Log(String::new())),
            (None, End::Interrupted) => SourceItem::Interrupted,
            (None, End::Failed) => SourceItem::Failed(Failure {
                class: FailureClass::Read,
                what: String::new(),
                fix: None,
                raw: None,
            }),
            (None, _) => SourceItem::End,
        }
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn positions(&self) -> Vec<(i32, i64)> {
        self.now
            .next
            .iter()
            .map(|(id, next)| (*id, *next))
            .collect()
    }

    fn incarnation(&self) -> Incarnation {
        Incarnation {
            id: Some(self.now.incarnation.to_string()),
            ..Incarnation::default()
        }
    }
}

/// What a run left behind.
struct Left {
    /// `None` if it was killed.
    stop: Option<StopReason>,
    state: State,
    flushed: Vec<u8>,
    history: Vec<Delivered>,
}

fn run(steps: &[Step], end: End, capacity: usize, on_gap: &str) -> Left {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let plan = plan(&["-c", "people", "--on-gap", on_gap]);
    let mut out = Output::with_capacity(capacity);
    let mut stream = Stream::new(steps, end);
    let checkpointer = checkpointer(&file).save_always();
    let stop = catch_unwind(AssertUnwindSafe(|| {
        let renderer = renderer(&plan);
        let mut run =
            Run::new(&plan, &renderer, "t".into(), None, &mut out).with_checkpoints(checkpointer);
        run.run(&mut stream)
    }));
    let (_, state) = StateFile::open(&file, &mut |_| false).unwrap();
    Left {
        stop: stop.ok(),
        state: state.unwrap_or_default(),
        flushed: out.written().to_vec(),
        history: stream.history,
    }
}

/// Whether the state is what was delivered at this moment.
fn is_saved(state: &State, delivered: &Delivered) -> bool {
    let gap = state.gap.clone().unwrap_or_default();
    state.next == delivered.next
        && state.incarnation.id == Some(delivered.incarnation.to_string())
        && (gap.announced, gap.lost) == (delivered.announced, delivered.lost)
}

fn check(left: &Left) -> Result<(), TestCaseError> {
    let text = String::from_utf8(left.flushed.clone()).unwrap();
    let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
    // The test's own standard output may end in a partial line, which a run terminates.
    let lines: Vec<&str> = complete.lines().filter(|line| !line.is_empty()).collect();
    let numbers: Vec<u64> = lines.iter().filter_map(|line| number(line)).collect();
    let flushed = numbers.len() as u64;
    prop_assert!(numbers.into_iter().eq(1..=flushed), "the order of events");

    let mut history = left.history.iter();
    let saved = history.rfind(|delivered| is_saved(&left.state, delivered));
    let Some(saved) = saved else {
        return Err(TestCaseError::fail(format!(
            "no such positions and gaps: {:?}",
            left.state
        )));
    };
    prop_assert!(
        saved.events <= flushed,
        "lost: {} > {flushed}",
        saved.events
    );
    match &left.stop {
        None => {}
        Some(StopReason::OutputClosed) => {
            let is_repeated = |line: &&&str| number(line).is_some_and(|one| one > saved.events);
            let repeated: usize = lines
                .iter()
                .filter(is_repeated)
                .map(|line| line.len())
                .sum();
            prop_assert!(repeated <= MAX_REPEATED, "{repeated} bytes are repeated");
        }
        Some(_) => {
            let last = left.history.last().unwrap();
            prop_assert!(is_saved(&left.state, last), "{:?}", left.state);
            prop_assert_eq!(flushed, last.events);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_that_ends_has_saved_everything(steps in steps(), end in end()) {
        check(&run(&steps, end, usize::MAX, "mark"))?;
    }

    #[test]
    fn a_run_that_stops_at_a_gap_has_read_nothing_after_it(steps in steps(), end in end()) {
        let left = run(&steps, end, usize::MAX, "stop");
        check(&left)?;
        let gaps = |delivered: &Delivered| delivered.announced + delivered.lost;
        let (last, before) = left.history.split_last().unwrap();
        let is_stopped = matches!(left.stop, Some(StopReason::Gap));
        prop_assert!(before.iter().all(|delivered| gaps(delivered) == 0));
        prop_assert!(left.stop.is_none() || is_stopped == (gaps(last) == 1));
    }

    #[test]
    fn a_closed_output_has_what_was_saved(
        steps in steps(),
        end in end(),
        capacity in prop_oneof![0_usize..8_000_000, 0_usize..500_000],
    ) {
        check(&run(&steps, end, capacity, "mark"))?;
    }
}
