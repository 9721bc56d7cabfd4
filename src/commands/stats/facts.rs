//! What a worker does with a batch of records: filter it, and find the facts that are counted.

use crate::commands::batch_pool::BatchWork;
use crate::commands::tail::range::format_place;
use crate::diff;
use crate::event::filter::{Filter, Verdict};
use crate::record::{Batch, Record};
use crate::summary::stream::BatchFacts;

/// The filter, and what is wanted.
pub(super) struct FactFinder {
    pub filter: Filter,
    /// The options of the diff, if changed paths are wanted.
    pub paths: Option<diff::Options>,
}

/// The facts of a batch, and the records without any.
#[derive(Default)]
pub(super) struct FoundFacts {
    pub facts: BatchFacts,
    /// Number of events that the filters reject.
    pub hidden: u64,
    pub unreadable: u64,
    /// Place and reason of the first unreadable record.
    pub first_unreadable: Option<String>,
}

impl FactFinder {
    pub fn add(&self, record: &Record<'_>, found: &mut FoundFacts) {
        match self.filter.verdict(record.payload.as_deref()) {
            Verdict::Shown(event) => {
                let millis = record.time.map(|time| time.millis);
                found.facts.add(&event, millis, self.paths.as_ref());
            }
            Verdict::Hidden => found.hidden += 1,
            Verdict::Unreadable(why) => {
                found.unreadable += 1;
                found
                    .first_unreadable
                    .get_or_insert_with(|| format!("{}: {why}", format_place(record)));
            }
        }
    }
}

impl BatchWork for FactFinder {
    type Output = FoundFacts;

    fn process(&self, batch: &Batch, found: &mut FoundFacts) {
        for record in batch.records() {
            self.add(&record, found);
        }
    }

    fn recycle(found: &mut FoundFacts) -> bool {
        found.facts.clear();
        (found.hidden, found.unreadable) = (0, 0);
        found.first_unreadable = None;
        true
    }
}
