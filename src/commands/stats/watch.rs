//! `--watch`: shows the statistics again and again while a topic is read.

use std::time::{Duration, Instant};

use super::counter::Counter;
use super::log::LogReader;
use crate::commands::read_source::{Visitor, output_end};
use crate::output::{Output, WriteEnd};
use crate::record::{Failure, OffsetGap, Record};
use crate::util::exit::Exit;

/// Counts, and shows what was counted at an interval.
pub(super) struct Watcher<'w, 'p> {
    pub counter: &'w mut Counter<'p>,
    pub log: &'w mut LogReader,
    pub interval: Duration,
    /// When the statistics were shown last.
    pub shown: Instant,
    /// Prints the statistics.
    pub show: &'w dyn Fn(&Counter<'_>, &mut Output) -> Result<(), WriteEnd>,
}

impl Visitor for Watcher<'_, '_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        self.counter.record(record)
    }

    fn offset_gap(&mut self, gap: &OffsetGap) {
        self.counter.offset_gap(gap);
    }

    fn write(&mut self, out: &mut Output) -> Result<(), Exit> {
        if self.shown.elapsed() < self.interval {
            return Ok(());
        }
        self.counter.drain();
        let updated = self.log.update(&mut self.counter.partitions, out);
        updated.map_err(|failure| {
            out.failure(&failure);
            failure.exit()
        })?;
        self.shown = Instant::now();
        (self.show)(self.counter, out).map_err(|end| output_end(end, out))
    }
}
