//! The events whose commands have not ended: which may start, and where a restart has to begin. Pure.
//!
//! A sliding window over the input as in TCP's selective acknowledgement, with one queue for each document.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::event::{DocumentKey, ExecEvent};

/// The events, numbered in the order in which they were read.
#[derive(Default)]
pub(super) struct Window {
    entries: BTreeMap<u64, Entry>,
    /// The events of each document in their order. Only the first one can run.
    documents: HashMap<DocumentKey, VecDeque<u64>>,
    /// Events that can be started.
    ready: BTreeSet<u64>,
    running: usize,
    bytes: usize,
    next_number: u64,
    /// The offset after the last event of each partition.
    next_offsets: BTreeMap<i32, i64>,
    /// The first event of each released partition whose command has not succeeded.
    released: BTreeMap<i32, i64>,
}

struct Entry {
    event: Arc<ExecEvent>,
    state: EntryState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryState {
    Queued,
    Running,
    /// Its partition is given up when its command has ended.
    Released,
    /// Its command has failed, or was given up.
    Failed,
}

impl Window {
    /// Number of events.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Size of the events.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Number of running commands.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Adds the event that was read after all others.
    pub(super) fn push(&mut self, event: ExecEvent) {
        let number = self.next_number;
        self.next_number += 1;
        self.bytes += event.line.len();
        if let Some((partition, offset)) = event.position {
            self.next_offsets.insert(partition, offset + 1);
        }
        let queue = self.documents.entry(event.document.clone()).or_default();
        queue.push_back(number);
        if queue.len() == 1 {
            self.ready.insert(number);
        }
        let entry = Entry {
            event: Arc::new(event),
            state: EntryState::Queued,
        };
        self.entries.insert(number, entry);
    }

    /// The oldest event that can be started, which is running from now on.
    pub(super) fn start(&mut self) -> Option<(u64, Arc<ExecEvent>)> {
        let number = self.ready.pop_first()?;
        let entry = self.entries.get_mut(&number)?;
        entry.state = EntryState::Running;
        self.running += 1;
        Some((number, Arc::clone(&entry.event)))
    }

    /// The command of a running event has ended. After a failure the event stays, and so do the later ones of its document.
    pub(super) fn finish(&mut self, number: u64, is_success: bool) {
        let Some(entry) = self.entries.get_mut(&number) else {
            return;
        };
        self.running -= 1;
        let position = entry.event.position;
        match (entry.state, is_success) {
            (_, true) => self.remove(number),
            (EntryState::Released, false) => {
                self.note_released(position);
                self.remove(number);
            }
            (_, false) => entry.state = EntryState::Failed,
        }
    }

    /// The oldest event of each partition, as partition and offset.
    pub(super) fn unfinished(&self) -> Vec<(i32, i64)> {
        let mut oldest = BTreeMap::new();
        let positions = self
            .entries
            .values()
            .filter_map(|entry| entry.event.position);
        for (partition, offset) in positions {
            let first = oldest.entry(partition).or_insert(offset);
            *first = offset.min(*first);
        }
        oldest.into_iter().collect()
    }

    /// Removes the events of these partitions that have not started; the running ones are removed when they end.
    pub(super) fn release(&mut self, partitions: &[i32]) {
        let of_partition = |entry: &Entry| {
            let position = entry.event.position;
            position.is_some_and(|(partition, _)| partitions.contains(&partition))
        };
        let entries = self.entries.iter_mut();
        let mut removed = Vec::new();
        for (number, entry) in entries.filter(|(_, entry)| of_partition(entry)) {
            match entry.state {
                EntryState::Running => entry.state = EntryState::Released,
                EntryState::Released => {}
                EntryState::Queued | EntryState::Failed => {
                    removed.push((*number, entry.event.position));
                }
            }
        }
        for (number, position) in removed {
            self.note_released(position);
            self.remove(number);
        }
    }

    /// Whether an event's partition is given up.
    pub(super) fn is_released(&self, number: u64) -> bool {
        let entry = self.entries.get(&number);
        entry.is_some_and(|entry| entry.state == EntryState::Released)
    }

    /// Whether a command of a partition that is given up is still running.
    pub(super) fn has_released(&self) -> bool {
        let mut entries = self.entries.values();
        entries.any(|entry| entry.state == EntryState::Released)
    }

    /// Where these partitions, which are given up, continue: before the first event whose command has not succeeded.
    /// Partitions without an event are left out.
    pub(super) fn take_released(&mut self, partitions: &[i32]) -> Vec<(i32, i64)> {
        let mut positions = Vec::new();
        for partition in partitions {
            let next = self.next_offsets.remove(partition);
            let position = self.released.remove(partition).or(next);
            positions.extend(position.map(|offset| (*partition, offset)));
        }
        positions
    }

    fn note_released(&mut self, position: Option<(i32, i64)>) {
        if let Some((partition, offset)) = position {
            let first = self.released.entry(partition).or_insert(offset);
            *first = offset.min(*first);
        }
    }

    fn remove(&mut self, number: u64) {
        let Some(entry) = self.entries.remove(&number) else {
            return;
        };
        self.bytes -= entry.event.line.len();
        self.ready.remove(&number);
        let document = &entry.event.document;
        let Some(queue) = self.documents.get_mut(document) else {
            return;
        };
        queue.retain(|queued| *queued != number);
        match queue.front() {
            None => drop(self.documents.remove(document)),
            Some(first) => {
                let next = self.entries.get(first);
                if next.is_some_and(|entry| entry.state == EntryState::Queued) {
                    self.ready.insert(*first);
                }
            }
        }
    }
}
