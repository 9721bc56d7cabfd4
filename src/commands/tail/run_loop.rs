//! The main loop: read, filter, render, write.
//!
//! Three loops over one renderer, one for each demand on order: a worker pool if no option depends on which record
//! came last; record by record if the run may stop at any record; the last N.

use std::convert::Infallible;

use super::buffered_record::BufferedRecord;
use super::checkpoint::ReadPositions;
use super::messages::Messages;
use super::plan::Plan;
use super::range;
use super::render::{self, Rendered};
use super::run::Run;
use super::stop_reason::StopReason;
use super::worker_pool::{RenderedBatch, WorkerPool};
use crate::cli;
use crate::commands::batch_pool::is_too_large_to_batch;
use crate::event::is_gap;
use crate::record::last_n::{LastN, Order, PartitionKeys};
use crate::record::time_order::{TimeKey, TxnOf};
use crate::record::{Record, Source, SourceItem};

/// Never returns but with a reason.
type Endless = Result<Infallible, StopReason>;

/// Where the records of captures stand in time.
struct CaptureKeys {
    keys: PartitionKeys,
    is_in_time: bool,
    /// Whether the records come from one capture; those of several are merged already.
    has_partitions: bool,
    /// The partition of the last record.
    partition: i32,
}

impl CaptureKeys {
    fn new(plan: &Plan) -> CaptureKeys {
        let is_in_time = plan.order == cli::Order::Time;
        CaptureKeys {
            keys: PartitionKeys::new(is_in_time.then_some(render::txn_of as TxnOf)),
            is_in_time,
            has_partitions: is_in_time && plan.inputs.len() == 1,
            partition: 0,
        }
    }

    /// Time and partition of the next record. Without a time it follows the newest record so far.
    fn next(&mut self, record: &Record<'_>, newest: Option<Order>) -> (TimeKey, i32) {
        if self.has_partitions
            && let Some(partition) = record.place.partition()
        {
            self.partition = partition;
        }
        match (record.time, newest) {
            (None, Some((time, partition, _))) => (time, partition),
            (Some(time), _) if !self.is_in_time => (TimeKey::new(time.millis, 0), 0),
            _ => (self.keys.next(self.partition, record), self.partition),
        }
    }
}

impl Run<'_> {
    /// Runs until the source ends or something stops it. What was shown is flushed then, and its positions committed.
    pub(super) fn run(&mut self, source: &mut dyn Source) -> StopReason {
        let stop = match self.begin(source) {
            Ok(()) => self.read(source),
            Err(stop) => stop,
        };
        self.finish(stop, source)
    }

    fn read(&mut self, source: &mut dyn Source) -> StopReason {
        if let Some(mut last_n) = self.last_n.take() {
            let Err(stop) = self.run_last_n(source, &mut last_n);
            self.last_n = Some(last_n);
            return stop;
        }
        if let Some(exec) = self.exec.clone() {
            return self.run_exec(source, &exec);
        }
        let Some(mut pool) = self.pool.take() else {
            let Err(stop) = self.run_in_order(source);
            return stop;
        };
        self.filter_stats = self.unmatched.continued(&self.renderer.filter);
        let Err(stop) = self.run_pool(source, &mut pool);
        let drained = self.drain_workers(&mut pool);
        self.pool = Some(pool);
        match drained {
            Err(later) if !matches!(stop, StopReason::OutputClosed) => later,
            _ => stop,
        }
    }

    /// Worker pool: reads ahead of the output, which is written in input order.
    fn run_pool(&mut self, source: &mut dyn Source, pool: &mut WorkerPool) -> Endless {
        loop {
            match source.next(self.poll_timeout(pool.has_pending())) {
                SourceItem::Record(record) => {
                    if self.collect(&record, pool)? {
                        self.submit_batch(source, pool)?;
                    }
                }
                SourceItem::Idle => {
                    let had_pending = pool.has_pending();
                    self.drain_workers(pool)?;
                    self.idle(source, had_pending)?;
                }
                item => {
                    self.drain_workers(pool)?;
                    self.handle(item)?;
                }
            }
            if !pool.has_pending() {
                self.note_flush(source);
            }
            if self.tick(source) {
                self.drain_workers(pool)?;
                self.flush_and_commit(source)?;
            }
        }
    }

    /// Record by record: what was read is in the output buffer before the next record is read.
    fn run_in_order(&mut self, source: &mut dyn Source) -> Endless {
        loop {
            match source.next(self.poll_timeout(false)) {
                SourceItem::Record(record) => {
                    if self.accept(&record)? {
                        self.render(&record)?;
                    }
                }
                SourceItem::Idle => self.idle(source, false)?,
                item => self.handle(item)?,
            }
            self.note_flush(source);
            if self.tick(source) {
                self.flush_and_commit(source)?;
            }
        }
    }

    /// Last N: rendered records are buffered; [`Run::write_last_n`] writes them after the last source.
    fn run_last_n(
        &mut self,
        source: &mut dyn Source,
        last_n: &mut LastN<BufferedRecord>,
    ) -> Endless {
        let mut keys = CaptureKeys::new(self.plan);
        loop {
            match source.next(self.poll_timeout(false)) {
                SourceItem::Record(record) => {
                    let time_and_partition = keys.next(&record, last_n.newest());
                    if self.accept(&record)?
                        && let Some((kept, buffered)) = BufferedRecord::render(
                            self.plan,
                            &self.renderer,
                            &record,
                            self.unmatched.stats(),
                        )
                    {
                        let (time, partition) = time_and_partition;
                        let place_in_file = i64::try_from(self.counters.read).unwrap_or(i64::MAX);
                        last_n.push((time, partition, place_in_file), kept, buffered);
                    }
                }
                SourceItem::Idle => self.idle(source, false)?,
                item => self.handle(item)?,
            }
            self.tick(source);
        }
    }

    /// Counts a record as read; `false` if it lies outside `--from` and `--until`.
    pub(super) fn accept(&mut self, record: &Record<'_>) -> Result<bool, StopReason> {
        self.idle_timer.reset();
        self.counters.read += 1;
        self.last_record_ms = record.time.map(|time| time.millis);
        if self.unnamed_zone.is_some() && record.time.is_some() {
            self.name_zone();
        }
        let is_inside =
            !self.scanning || range::in_range(record, &self.plan.from, self.plan.until.as_ref())?;
        if is_inside {
            self.unmatched.note_time(record);
        } else if self.counters.shown == 0 {
            self.outside.add(record);
        }
        Ok(is_inside)
    }

    /// Names the time zone of the times in the output, once.
    fn name_zone(&mut self) {
        if let Some(zone) = self.unnamed_zone.take() {
            self.out.note_zone(&zone);
        }
    }

    /// Filters and renders a record into the output buffer.
    fn render(&mut self, record: &Record<'_>) -> Result<(), StopReason> {
        let stats = self.unmatched.stats();
        let rendered = self.renderer.render(record, self.out.buffer(), stats);
        let description = self.renderer.describe(rendered, record);
        self.account(rendered, &description, record.place.position())
    }

    /// Puts a record into a batch; `true` if that is full now.
    fn collect(&mut self, record: &Record<'_>, pool: &mut WorkerPool) -> Result<bool, StopReason> {
        if !self.accept(record)? || self.rejects_early(record) {
            return Ok(false);
        }
        if is_too_large_to_batch(record) || self.may_stop_at(record) {
            self.drain_workers(pool)?;
            self.render(record)?;
            return Ok(false);
        }
        Ok(pool.push(record))
    }

    /// Whether the run may stop at this record, so that nothing after it may be read before it is written.
    fn may_stop_at(&self, record: &Record<'_>) -> bool {
        self.plan.on_gap == cli::OnGap::Stop && record.payload.as_deref().is_some_and(is_gap)
    }

    /// Puts a full batch into the queue of the workers, with the source's positions after its last record.
    fn submit_batch(
        &mut self,
        source: &dyn Source,
        pool: &mut WorkerPool,
    ) -> Result<(), StopReason> {
        while let Some(batch) = pool.next_finished() {
            self.write_batch(batch, pool)?;
        }
        let is_saved = self.checkpointer.is_some();
        pool.submit(|batch| {
            batch.stats.clone_from(&self.filter_stats);
            batch.positions = is_saved.then(|| ReadPositions::of(source));
        });
        Ok(())
    }

    /// Whether the filter rejects a record by its first fields.
    fn rejects_early(&mut self, record: &Record<'_>) -> bool {
        let (filter, payload) = (&self.renderer.filter, record.payload.as_deref());
        if !self.unmatched.is_pending() {
            return filter.rejects_early(payload);
        }
        let why = filter.early_rejection(payload);
        if let Some(why) = &why {
            self.unmatched.add_rejected(filter, payload, why);
        }
        why.is_some()
    }

    /// Waits for all records in the pool and writes them.
    fn drain_workers(&mut self, pool: &mut WorkerPool) -> Result<(), StopReason> {
        while let Some(batch) =
            pool.next_in_order(|batch| batch.stats.clone_from(&self.filter_stats))
        {
            self.write_batch(batch, pool)?;
        }
        Ok(())
    }

    fn write_batch(
        &mut self,
        mut batch: RenderedBatch,
        pool: &mut WorkerPool,
    ) -> Result<(), StopReason> {
        self.flush_written()?;
        let rendered = &mut batch.output;
        if let Some(stats) = &rendered.stats {
            self.unmatched.merge(stats);
            self.filter_stats = self.unmatched.continued(&self.renderer.filter);
        }
        if rendered.needs_no_messages() {
            for outcome in &rendered.outcomes {
                if let Rendered::Shown(op) = outcome.rendered {
                    self.counters.count_shown(op);
                }
            }
            self.out.write(&rendered.text)?;
        } else {
            let mut start = 0;
            for outcome in &rendered.outcomes {
                let text = &rendered.text[start..outcome.text_end];
                self.out.buffer().extend_from_slice(text);
                start = outcome.text_end;
                self.account(outcome.rendered, &outcome.description, outcome.place)?;
            }
        }
        self.note_written(rendered.positions.take());
        pool.reuse(batch);
        Ok(())
    }

    /// The output before these positions is written.
    fn note_written(&mut self, positions: Option<ReadPositions>) {
        if let (Some(checkpointer), Some(positions)) = (&mut self.checkpointer, positions) {
            checkpointer.note_written(positions);
            if !self.out.is_dirty() {
                checkpointer.note_flushed();
            }
        }
    }

    /// After the last source: writes the records that turned out to be the last N.
    pub(super) fn write_last_n(&mut self) -> StopReason {
        let last_n = self.last_n.take().unwrap_or_else(|| LastN::new(0));
        self.write_buffered(last_n)
    }

    /// Writes buffered records and flushes.
    pub(super) fn write_buffered(&mut self, last_n: LastN<BufferedRecord>) -> StopReason {
        match last_n.dropped_additions() {
            0 => {}
            dropped => Messages::report_dropped(dropped, self.out),
        }
        let mut buffered = last_n.into_values().map(|(_, record)| record).peekable();
        if let Some(exec) = self.exec.clone() {
            return self.run_buffered(&exec, buffered.map(BufferedRecord::into_command));
        }
        // The records of a topic have times; captures named the zone when they were read.
        if buffered.peek().is_some() && !self.scanning {
            self.name_zone();
        }
        let written = buffered.try_for_each(|record| {
            self.out.buffer().extend_from_slice(&record.text);
            self.account(record.rendered, &record.description, None)
        });
        let stop = written.err().unwrap_or(StopReason::Complete);
        self.out.flush().err().map_or(stop, StopReason::from)
    }
}
