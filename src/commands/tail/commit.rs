//! Work between records: flushing, committing positions, progress, idle time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::checkpoint::{Checkpointer, ReadPositions};
use super::messages::Messages;
use super::run::Run;
use super::stop_reason::StopReason;
use crate::event::TxnId;
use crate::record::Source;

/// How long a source waits for a record before it reports that it is idle.
const POLL_TIMEOUT: Duration = Duration::from_millis(250);
/// After this much idle time the user is told that the run is waiting.
const WAITING_AFTER: Duration = Duration::from_secs(3);
/// Records between two looks at the clock.
const TIME_CHECK_INTERVAL_RECORDS: u64 = 32;
/// A run that reads records of this age has caught up with the topic.
const NEWEST_RECORD_AGE: Duration = Duration::from_secs(10);
/// Records between two updates of the progress bar.
const PROGRESS_INTERVAL_RECORDS: u64 = 512;

impl Run<'_> {
    /// Saves the start positions before anything is read: a moment later `end` is another offset.
    pub(super) fn begin(&mut self, source: &mut dyn Source) -> Result<(), StopReason> {
        let Some(checkpointer) = &self.checkpointer else {
            return Ok(());
        };
        if let Some(gap) = checkpointer.open_gap() {
            let txn = gap.txn_id.map(TxnId);
            let selected = self.plan.filter.selected_collections();
            let is_open = gap.concerns(selected.as_ref());
            Messages::report_saved_gap(checkpointer.name(), gap, is_open, self.out);
            if is_open {
                self.counters.gaps += 1;
                self.handle_gap(txn)?;
            }
        }
        self.out.end_partial_line()?;
        self.note_flushed_positions(source);
        self.save()
    }

    /// Flushes, commits and saves at the end of a source. A group's position stays at the gap that stopped the run.
    pub(super) fn finish(&mut self, stop: StopReason, source: &mut dyn Source) -> StopReason {
        if let (StopReason::Gap, Some((partition, offset))) = (&stop, self.gap_at) {
            source.hold(partition, offset);
        }
        let stop = match (stop, self.out.flush()) {
            (StopReason::OutputClosed, _) => StopReason::OutputClosed,
            (_, Err(ended)) => ended.into(),
            (stop, Ok(())) => self.commit_positions(source, true).err().unwrap_or(stop),
        };
        self.out.end_progress();
        match self.save() {
            Err(error)
                if !matches!(
                    stop,
                    StopReason::SourceFailed(_) | StopReason::OutputFailed(_)
                ) =>
            {
                error
            }
            _ => stop,
        }
    }

    /// How long the source may wait for a record; not at all if output waits to be flushed.
    pub(super) fn poll_timeout(&self, has_pending: bool) -> Duration {
        if has_pending || self.out.is_dirty() {
            Duration::ZERO
        } else {
            POLL_TIMEOUT
        }
    }

    /// Work that must not wait for idle time. `true` if positions have to be committed now.
    pub(super) fn tick(&mut self, source: &dyn Source) -> bool {
        if self.unmatched.is_due(self.counters.read) || self.time_limit_is_over() {
            return true;
        }
        if !self.counters.read.is_multiple_of(PROGRESS_INTERVAL_RECORDS) {
            return false;
        }
        if self.plan.paths.has_seen_enough() {
            self.report_paths();
        }
        self.show_progress(source);
        let is_due = self.checkpointer.as_ref().is_some_and(Checkpointer::is_due);
        is_due || source.needs_commit()
    }

    /// The progress of a bounded read. A live read with filters shows that it is alive: its output may stay empty for long.
    fn show_progress(&mut self, source: &dyn Source) {
        if self.exec.is_some() {
            // The commands write to the same terminal.
            return;
        }
        if !(self.plan.hides_events && self.plan.is_live()) {
            return self.out.progress(source.progress(), self.scanning);
        }
        // Another program that reads the output may write to the same terminal.
        if !self.renderer.view.terminal {
            return;
        }
        let (read, shown) = (self.counters.read, self.counters.shown);
        let age = self.age_of_last_record();
        let newest = age.map_or_else(String::new, |age| {
            format!(", newest record {} old", rounded(age))
        });
        self.out
            .activity(&format!("read {read}, shown {shown}{newest}"));
    }

    /// Reports the paths that no document has, if the run has no end at which it could.
    fn report_paths(&mut self) {
        if !self.plan.is_bounded() {
            self.plan.paths.report(self.out);
        }
    }

    /// The source has no record at the moment. `had_pending` says that records were written just now.
    pub(super) fn idle(
        &mut self,
        source: &mut dyn Source,
        had_pending: bool,
    ) -> Result<(), StopReason> {
        self.idle_timer.start();
        let had_output = had_pending || self.out.is_dirty();
        self.out.flush()?;
        if had_output {
            return self.commit_positions(source, false);
        }
        // With `--exec`, standard output is the commands'.
        if self.exec.is_none() && self.out.reader_is_gone() {
            return Err(StopReason::OutputClosed);
        }
        let elapsed = self.idle_timer.elapsed();
        let limit = self.plan.time_limits.without_record;
        if limit.is_some_and(|limit| elapsed >= limit) && source.confirm() {
            return Err(StopReason::SourceEnded);
        }
        let reads_newest = self.idle_timer.can_receive();
        self.check_time_limits(source, reads_newest)?;
        if elapsed >= WAITING_AFTER {
            self.report_paths();
            self.report_waiting();
        }
        self.report_unmatched_if_quiet();
        self.show_progress(source);
        self.commit_positions(source, false)
    }

    /// Whether a time limit may be over while records arrive.
    fn time_limit_is_over(&mut self) -> bool {
        let is_due = self
            .counters
            .read
            .is_multiple_of(TIME_CHECK_INTERVAL_RECORDS);
        is_due && self.plan.time_limits.ends_run() && {
            let reads_newest = self.reads_newest();
            self.exceeded_limit(reads_newest).is_some()
        }
    }

    fn check_time_limits(
        &mut self,
        source: &mut dyn Source,
        reads_newest: bool,
    ) -> Result<(), StopReason> {
        match self.exceeded_limit(reads_newest) {
            Some(StopReason::SourceEnded) if !source.confirm() => Ok(()),
            Some(stop) => Err(stop),
            None => Ok(()),
        }
    }

    /// The end that `--timeout` or `--idle-exit` asks for now.
    fn exceeded_limit(&mut self, reads_newest: bool) -> Option<StopReason> {
        let limits = self.plan.time_limits;
        let is_over =
            |limit: Option<Duration>, elapsed| limit.is_some_and(|limit| elapsed >= limit);
        if is_over(limits.total, self.started.elapsed()) {
            return Some(StopReason::TimedOut);
        }
        let without_output = self.without_output(reads_newest);
        is_over(limits.without_output, without_output).then_some(StopReason::SourceEnded)
    }

    /// Fails if `--timeout` is over.
    pub(super) fn check_total_time(&self) -> Result<(), StopReason> {
        let limit = self.plan.time_limits.total;
        let is_over = limit.is_some_and(|limit| self.started.elapsed() >= limit);
        if is_over {
            Err(StopReason::TimedOut)
        } else {
            Ok(())
        }
    }

    /// How long nothing was shown: no event, no gap and no unreadable record.
    fn without_output(&mut self, reads_newest: bool) -> Duration {
        let counters = &self.counters;
        let shown = counters.shown + counters.gaps + counters.unreadable;
        self.shown_timer.elapsed(shown, reads_newest)
    }

    /// Whether the record that was read last is new. Without times it is unknown.
    fn reads_newest(&self) -> bool {
        let age = self.age_of_last_record();
        age.is_some_and(|age| age <= NEWEST_RECORD_AGE)
    }

    /// How long ago the record that was read last was written.
    fn age_of_last_record(&self) -> Option<Duration> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let millis = u64::try_from(self.last_record_ms?).ok()?;
        Some(now.saturating_sub(Duration::from_millis(millis)))
    }

    fn report_waiting(&mut self) {
        let already_included = self.counters.already_included;
        self.messages.report_skipped(already_included, self.out);
        if !self.idle_timer.waiting_reported && self.out.stderr_terminal {
            self.idle_timer.waiting_reported = true;
            let name = &self.idle_timer.name;
            self.out
                .note(&format!("waiting for changes on {name}… (Ctrl-C ends)"));
        }
    }

    /// Reports a filter that let nothing through for a while.
    fn report_unmatched_if_quiet(&mut self) {
        if self.unmatched.is_quiet() {
            self.report_unmatched();
        }
    }

    /// At the end of a run that did not fail: reports a range without records, or a filter that let nothing through.
    pub(super) fn report_if_nothing_matched(&mut self, stop: &StopReason) {
        if !matches!(
            stop,
            StopReason::Complete
                | StopReason::SourceEnded
                | StopReason::TimedOut
                | StopReason::Interrupted
        ) {
            return;
        }
        let clock = &self.renderer.view.clock;
        let outside = self.outside.report(self.plan, self.counters.read, clock);
        // A state file's positions decide instead of `--from`.
        if let Some(message) = outside.filter(|_| self.checkpointer.is_none()) {
            self.out.note(&message);
        }
        self.report_unmatched();
    }

    fn report_unmatched(&mut self) {
        let (plan, clock) = (self.plan, &self.renderer.view.clock);
        let messages = self.unmatched.report(&plan.typed_filter, &plan.diff, clock);
        for message in messages {
            self.out.note(&message);
        }
    }

    pub(super) fn flush_and_commit(&mut self, source: &mut dyn Source) -> Result<(), StopReason> {
        self.report_unmatched_if_quiet();
        self.out.flush()?;
        self.commit_positions(source, false)?;
        let reads_newest = self.reads_newest();
        self.check_time_limits(source, reads_newest)
    }

    /// Commits the positions of flushed output: the source's own, and the state file's if it is time.
    pub(super) fn commit_positions(
        &mut self,
        source: &mut dyn Source,
        last: bool,
    ) -> Result<(), StopReason> {
        let Some(unfinished) = self.unfinished() else {
            return Ok(());
        };
        self.note_positions_before(&unfinished, source);
        source.acknowledge(&unfinished, last)?;
        if self.checkpointer.as_ref().is_some_and(Checkpointer::is_due) {
            return self.save();
        }
        Ok(())
    }

    /// Notes the source's positions, if everything that was read was flushed in the meantime.
    pub(super) fn note_flush(&mut self, source: &dyn Source) {
        if self.out.flushes() != self.noted_flushes && !self.out.is_dirty() {
            self.note_flushed_positions(source);
        }
    }

    /// Everything that was read is flushed.
    fn note_flushed_positions(&mut self, source: &dyn Source) {
        self.note_positions_before(&[], source);
    }

    /// Everything that was read is flushed, or its command has ended, but for what starts at these partitions and offsets.
    fn note_positions_before(&mut self, unfinished: &[(i32, i64)], source: &dyn Source) {
        self.noted_flushes = self.out.flushes();
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.note_written(ReadPositions::of(source).before(unfinished));
            checkpointer.note_flushed();
        }
    }

    /// Flushes what is written. More may have been read.
    pub(super) fn flush_written(&mut self) -> Result<(), StopReason> {
        self.out.flush()?;
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.note_flushed();
        }
        Ok(())
    }

    /// Writes the state file, after the output is on disk.
    fn save(&mut self) -> Result<(), StopReason> {
        let Some(checkpointer) = &mut self.checkpointer else {
            return Ok(());
        };
        self.out.sync()?;
        Ok(checkpointer.save()?)
    }
}

/// A duration in its largest unit.
fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
