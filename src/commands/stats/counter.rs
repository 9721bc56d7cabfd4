//! Counts the records of a source: batches go to the workers, and their facts are counted in input order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::facts::{FactFinder, FoundFacts};
use crate::commands::batch_pool::{BatchPool, BatchWork, is_too_large_to_batch};
use crate::commands::read_source::Visitor;
use crate::commands::tail::plan::Plan;
use crate::commands::tail::range;
use crate::event::filter::EarlyRejection;
use crate::record::{Failure, OffsetGap, Place, Record};
use crate::summary::CopySummary;
use crate::summary::stream::{Partitions, StreamStats};

/// Counts what the filters select.
pub(super) struct Counter<'p> {
    pub totals: Totals,
    pub partitions: Partitions,
    /// What a mirror contains, if the records are its changes.
    pub copy: Option<CopySummary>,
    /// Records that were read.
    pub read: u64,
    /// Positions that no longer exist.
    pub offset_gaps: u64,
    /// Collections that the filters reject by their names.
    pub rejected: BTreeSet<String>,
    plan: &'p Plan,
    /// Records are checked against `--from` and `--until`.
    scans_positions: bool,
    finder: Arc<FactFinder>,
    pool: Option<BatchPool<FactFinder>>,
    /// For records that are not in a batch.
    single: FoundFacts,
}

/// The sums over all batches.
pub(super) struct Totals {
    pub stats: StreamStats,
    /// Number of events that the filters reject.
    pub hidden: u64,
    pub unreadable: u64,
    /// Place and reason of the first unreadable record.
    pub first_unreadable: Option<String>,
}

impl Totals {
    fn add(&mut self, found: &FoundFacts) {
        self.stats.add(&found.facts);
        self.hidden += found.hidden;
        self.unreadable += found.unreadable;
        if self.first_unreadable.is_none() {
            self.first_unreadable.clone_from(&found.first_unreadable);
        }
    }
}

impl Visitor for Counter<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        if self.scans_positions
            && !range::in_range(record, &self.plan.from, self.plan.until.as_ref())?
        {
            return Ok(());
        }
        self.read += 1;
        self.count_place(record);
        if self.rejects_early(record) {
            self.totals.hidden += 1;
            return Ok(());
        }
        if is_too_large_to_batch(record) {
            self.drain();
        }
        let pool = self.pool.as_mut();
        let Some(pool) = pool.filter(|_| !is_too_large_to_batch(record)) else {
            self.finder.add(record, &mut self.single);
            self.totals.add(&self.single);
            FactFinder::recycle(&mut self.single);
            return Ok(());
        };
        if pool.push(record) {
            while let Some(batch) = pool.next_finished() {
                self.totals.add(&batch.output);
                pool.reuse(batch);
            }
            pool.submit(|_| ());
        }
        Ok(())
    }

    fn offset_gap(&mut self, _: &OffsetGap) {
        self.offset_gaps += 1;
    }
}

impl<'p> Counter<'p> {
    /// Lists have up to `top` entries; with `paths`, changed paths are counted.
    pub fn new(plan: &'p Plan, top: usize, paths: bool) -> Counter<'p> {
        let finder = Arc::new(FactFinder {
            filter: plan.filter.clone(),
            paths: paths.then(|| plan.diff.clone()),
        });
        Counter {
            totals: Totals {
                stats: StreamStats::new(top),
                hidden: 0,
                unreadable: 0,
                first_unreadable: None,
            },
            partitions: Partitions::default(),
            copy: None,
            read: 0,
            offset_gaps: 0,
            rejected: BTreeSet::new(),
            plan,
            scans_positions: false,
            pool: BatchPool::new(&finder),
            finder,
            single: FoundFacts::default(),
        }
    }

    /// For captures, which cannot seek.
    pub fn scan_positions(&mut self) {
        self.scans_positions = true;
    }

    /// Counts every record that was read.
    pub fn drain(&mut self) {
        let Some(pool) = &mut self.pool else { return };
        while let Some(batch) = pool.next_in_order(|_| ()) {
            self.totals.add(&batch.output);
            pool.reuse(batch);
        }
    }

    /// Number of gaps, announced or found.
    pub fn gaps(&self) -> u64 {
        self.totals.stats.gaps + self.offset_gaps
    }

    /// Every collection that was read, also those that the filters reject.
    pub fn known_collections(&self) -> BTreeSet<String> {
        let counted = self.totals.stats.collections.iter();
        let counted = counted.map(|one| one.name.to_string());
        let copied = self.copy.iter().flat_map(|copy| &copy.collections);
        let copied = copied.map(|one| one.name.clone());
        let rejected = self.rejected.iter().cloned();
        counted.chain(rejected).chain(copied).collect()
    }

    fn count_place(&mut self, record: &Record<'_>) {
        let Some(position) = record.place.position() else {
            return;
        };
        let topic = match record.place {
            Place::Offset { topic, .. } => topic,
            Place::Line { .. } | Place::Unknown => "",
        };
        let bytes = record.payload.as_ref().map_or(0, |payload| payload.len());
        let millis = record.time.map(|time| time.millis);
        self.partitions.count(topic, position, bytes as u64, millis);
    }

    /// Whether the filter rejects a record by its first fields.
    fn rejects_early(&mut self, record: &Record<'_>) -> bool {
        match self.plan.filter.early_rejection(record.payload.as_deref()) {
            None => false,
            Some(EarlyRejection::Collection(name)) => {
                if !self.rejected.contains(&*name) {
                    self.rejected.insert(name.into_owned());
                }
                true
            }
            Some(EarlyRejection::Method(_) | EarlyRejection::Other) => true,
        }
    }
}
