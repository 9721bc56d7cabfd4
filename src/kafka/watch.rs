//! Watches the topic that is being read: whether it is still the same, and which partitions it has.

use std::collections::BTreeMap;

use super::schedule::Schedule;
use super::topic::{Offsets, Topic};
use super::topic_id::TopicState;
use super::witness::{self, WitnessCheck, WitnessReader};
use crate::record::incarnation::{Incarnation, Verdict, Witness};
use crate::record::{Notice, Record};

/// What a read starts with.
#[derive(Default)]
pub(super) struct Watched {
    /// The topic that the start offsets belong to.
    pub incarnation: Incarnation,
    /// The topic of the earlier run, if it is another one.
    pub former: Option<Incarnation>,
    /// Delivered before anything else.
    pub notices: Vec<Notice>,
    /// Whether the user named the partitions to read.
    pub ignores_added: bool,
}

/// A change of the topic.
pub(super) enum Change {
    /// It was deleted and created again.
    Replaced(TopicState),
    /// It has more partitions.
    Added(Vec<i32>),
    /// Without an id, and without the records that were read, it cannot be compared.
    Unverified,
}

/// No broker answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoAnswer;

/// The topic's incarnation, and the queries for changes. The default watches nothing.
#[derive(Default)]
pub(super) struct TopicWatch {
    schedule: Option<Schedule>,
    /// Its witnesses are those of the last comparison: later records may be from another topic already.
    incarnation: Incarnation,
    former: Option<Incarnation>,
    /// Without an id: the last record of each partition.
    latest: BTreeMap<i32, Witness>,
    check: Option<Check>,
    /// Whether the user was told that nothing could be compared.
    told_unverified: bool,
    pub ignores_added: bool,
    /// Whether the group has reported that its positions were deleted with the topic.
    pub positions_deleted: bool,
}

/// A comparison of witnesses in progress.
struct Check {
    witnesses: WitnessCheck,
    /// The topic's state when it was started.
    state: TopicState,
    /// The last record of each partition when it was started.
    latest: BTreeMap<i32, Witness>,
}

impl TopicWatch {
    pub(super) fn new(topic: &Topic, watched: Watched) -> TopicWatch {
        TopicWatch {
            schedule: Some(Schedule::new(&topic.connection)),
            incarnation: watched.incarnation,
            former: watched.former,
            ignores_added: watched.ignores_added,
            ..TopicWatch::default()
        }
    }

    /// Notes a record that is delivered.
    pub(super) fn note_record<'r>(&mut self, record: impl FnOnce() -> Record<'r>) {
        let Some(schedule) = &mut self.schedule else {
            return;
        };
        schedule.has_new_records = true;
        if self.incarnation.id.is_none() {
            self.note_witness(witness::of(&record()));
        }
    }

    fn note_witness(&mut self, witness: Option<(i32, Witness)>) {
        let Some((partition, witness)) = witness else {
            return;
        };
        let compared = &mut self.incarnation.witnesses;
        compared.entry(partition).or_insert_with(|| witness.clone());
        self.latest.insert(partition, witness);
    }

    /// Notes the end of a partition.
    pub(super) fn at_end(&mut self) {
        if let Some(schedule) = &mut self.schedule {
            schedule.at_end();
        }
    }

    /// The last change could not be applied: it is reported again soon.
    pub(super) fn retry(&mut self) {
        if let Some(schedule) = &mut self.schedule {
            schedule.retry();
        }
    }

    /// The topic that the reader's positions belong to. Before all gaps are delivered this is the former one.
    pub(super) fn incarnation(&self, has_pending_gap: bool) -> Incarnation {
        let former = self.former.as_ref().filter(|_| has_pending_gap);
        former.unwrap_or(&self.incarnation).clone()
    }

    /// All gaps are delivered.
    pub(super) fn forget_former(&mut self) {
        self.former = None;
    }

    /// From now on the topic with this id is read.
    pub(super) fn replace(&mut self, id: Option<String>) {
        let new = Incarnation {
            id,
            ..Incarnation::default()
        };
        let old = std::mem::replace(&mut self.incarnation, new);
        self.former.get_or_insert(old);
        self.latest.clear();
        self.check = None;
    }

    /// The id of the topic that is read.
    pub(super) fn id(&self) -> Option<&String> {
        self.incarnation.id.as_ref()
    }

    /// A change since the last call, if the brokers have reported one. Does not wait.
    pub(super) fn poll(&mut self, topic: &Topic, next: impl FnOnce() -> Offsets) -> Option<Change> {
        let verdict = self.check.as_ref().and_then(|check| check.witnesses.poll());
        if let Some(verdict) = verdict {
            return self.conclude(verdict);
        }
        let state = self.schedule.as_mut()?.poll(topic)?;
        self.compare(topic, state, next)
    }

    /// Whether records were delivered that no query has confirmed.
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.schedule
            .as_ref()
            .is_some_and(|schedule| schedule.has_new_records)
    }

    /// Queries the brokers for a change, and waits for the answer.
    pub(super) fn query(
        &mut self,
        topic: &Topic,
        next: impl FnOnce() -> Offsets,
    ) -> Result<Option<Change>, NoAnswer> {
        let Some(schedule) = &mut self.schedule else {
            return Ok(None);
        };
        let state = schedule.query(topic).ok_or(NoAnswer)?;
        self.check = None;
        let change = self.compare(topic, state, next);
        let verdict = self.check.as_ref().map(|check| check.witnesses.wait());
        Ok(change.or_else(|| self.conclude(verdict?)))
    }

    fn compare(
        &mut self,
        topic: &Topic,
        state: TopicState,
        next: impl FnOnce() -> Offsets,
    ) -> Option<Change> {
        let is_new = |partition: &i32| !topic.partitions.contains(partition);
        let added: Vec<i32> = state.partitions.iter().copied().filter(is_new).collect();
        match (&self.incarnation.id, &state.id) {
            (Some(then), Some(now)) if then != now => return Some(Change::Replaced(state)),
            (None, _) if self.incarnation.witnesses.is_empty() => {
                self.incarnation.id.clone_from(&state.id);
            }
            (None, _) if self.check.is_none() => {
                let (reader, incarnation) = (WitnessReader::of(topic), self.incarnation.clone());
                self.check = Some(Check {
                    witnesses: WitnessCheck::start(reader, incarnation, next()),
                    state,
                    latest: self.latest.clone(),
                });
            }
            _ => {}
        }
        (!added.is_empty()).then_some(Change::Added(added))
    }

    /// `None` as verdict means that the brokers did not answer: the next query compares again.
    fn conclude(&mut self, verdict: Option<Verdict>) -> Option<Change> {
        let check = self.check.take()?;
        match verdict? {
            Verdict::Replaced => return Some(Change::Replaced(check.state)),
            Verdict::Unknown if !self.told_unverified => {
                self.told_unverified = true;
                return Some(Change::Unverified);
            }
            // The records are still there, so that those after them were from this topic, too.
            Verdict::Same => self.incarnation.witnesses.extend(check.latest),
            Verdict::Unknown => self.incarnation.witnesses = check.latest,
        }
        if check.state.id.is_some() {
            self.incarnation = Incarnation {
                id: check.state.id,
                ..Incarnation::default()
            };
        }
        None
    }
}
