//! The loop of `--exec`: each event goes to a command instead of the output, and positions move on when commands end.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::checkpoint::Checkpointer;
use super::exec::{Exec, ExecEvent, Goal};
use super::exec_record::{PendingGap, RecordForCommand};
use super::render::Rendered;
use super::run::Run;
use super::stop_reason::StopReason;
use crate::record::{Record, Source, SourceItem};
use crate::util::text::plural;

/// How long to wait for commands between two looks at Ctrl-C, at time limits and at positions to save.
const WAIT_INTERVAL: Duration = Duration::from_millis(250);

impl Run<'_> {
    /// Runs a command for each event.
    pub(super) fn run_exec(&mut self, source: &mut dyn Source, exec: &Exec) -> StopReason {
        let Err(stop) = self.read_for_commands(source, exec);
        self.await_end(stop, source, exec)
    }

    fn read_for_commands(
        &mut self,
        source: &mut dyn Source,
        exec: &Exec,
    ) -> Result<Infallible, StopReason> {
        loop {
            match source.next(self.poll_timeout(false)) {
                SourceItem::Record(record) => {
                    if self.accept(&record)? {
                        let event = self.exec_event(&record);
                        self.process(event, source, exec)?;
                    }
                }
                SourceItem::OffsetGap(lost) => {
                    self.pending_gap = Some(PendingGap::of(&lost));
                    self.await_commands(Goal::AllEnded, source, exec)?;
                    self.pending_gap = None;
                    self.handle(SourceItem::OffsetGap(lost))?;
                }
                SourceItem::Idle => {
                    self.report_commands(exec)?;
                    self.idle(source, false)?;
                }
                item => self.handle(item)?,
            }
            if self.tick(source) || self.is_save_due(source) {
                self.flush_and_commit(source)?;
            }
        }
    }

    /// Filters and renders a record for a command.
    fn exec_event(&mut self, record: &Record<'_>) -> RecordForCommand {
        let mut line = Vec::new();
        let stats = self.unmatched.stats();
        let rendered = self.renderer.render(record, &mut line, stats);
        RecordForCommand {
            rendered,
            description: self.renderer.describe(rendered, record),
            place: record.place.position(),
            event: rendered.is_event().then(|| ExecEvent::new(record, line)),
        }
    }

    /// Passes an event on to the commands, and waits until there is room for the next one. A gap waits for the commands
    /// before it.
    fn process(
        &mut self,
        record: RecordForCommand,
        source: &mut dyn Source,
        exec: &Exec,
    ) -> Result<(), StopReason> {
        if matches!(record.rendered, Rendered::Gap(_)) {
            let at = |(partition, offset)| PendingGap::At(partition, offset);
            self.pending_gap = Some(record.place.map_or(PendingGap::Unplaced, at));
            self.await_commands(Goal::AllEnded, source, exec)?;
            self.pending_gap = None;
        }
        let is_event = record.event.is_some();
        if let Some(event) = record.event {
            self.push(event, exec);
        }
        self.account(record.rendered, &record.description, record.place)?;
        if is_event {
            self.await_commands(Goal::Room, source, exec)?;
        }
        Ok(())
    }

    fn push(&mut self, event: ExecEvent, exec: &Exec) {
        for variable in &event.unset {
            self.out.warn(&format!(
                "--exec: {variable} is not set for {}: the value has a NUL character or is too long for an environment; the event on standard input has it",
                event.name
            ));
        }
        exec.push(event);
    }

    /// Runs commands for buffered events (`--last N`).
    pub(super) fn run_buffered(
        &mut self,
        exec: &Exec,
        events: impl Iterator<Item = RecordForCommand>,
    ) -> StopReason {
        let source = &mut EndedSource::default();
        let mut events = events;
        let run = events.try_for_each(|event| self.process(event, source, exec));
        let mut stop = run.err().unwrap_or(StopReason::Complete);
        if matches!(stop, StopReason::Complete)
            && let Err(later) = self.await_commands(Goal::AllEnded, source, exec)
        {
            stop = later;
        }
        source.note_rest(exec.unfinished(), events);
        self.await_end(stop, source, exec)
    }

    /// Waits for commands: for those of all events if the run has read everything it should, else for the running ones.
    fn await_end(
        &mut self,
        mut stop: StopReason,
        source: &mut dyn Source,
        exec: &Exec,
    ) -> StopReason {
        let is_early = |stop: &StopReason| {
            matches!(
                stop,
                StopReason::Interrupted | StopReason::TimedOut | StopReason::CommandFailed
            )
        };
        if !is_early(&stop)
            && let Err(later) = self.await_commands(Goal::AllEnded, source, exec)
        {
            stop = later;
        }
        let running = exec.stop();
        if is_early(&stop) && running > 0 {
            let hint = if cfg!(unix) {
                " (Ctrl-C kills them)"
            } else {
                ""
            };
            self.out.note(&format!(
                "waiting for {}{hint}",
                plural(running, "running command")
            ));
        }
        while !exec.wait(Goal::NoneRunning, WAIT_INTERVAL) {
            self.print_command_messages(exec);
        }
        self.print_command_messages(exec);
        self.counters.succeeded = Some(exec.succeeded());
        if matches!(stop, StopReason::CommandFailed) {
            self.report_failed(source, exec);
        }
        stop
    }

    /// Waits until a goal is reached. Positions are saved meanwhile.
    fn await_commands(
        &mut self,
        goal: Goal,
        source: &mut dyn Source,
        exec: &Exec,
    ) -> Result<(), StopReason> {
        loop {
            let is_reached = exec.wait(goal, WAIT_INTERVAL);
            self.report_commands(exec)?;
            if is_reached {
                return Ok(());
            }
            if exec.is_interrupted() {
                return Err(StopReason::Interrupted);
            }
            source.keep_alive()?;
            self.check_total_time()?;
            if self.is_save_due(source) {
                self.commit_positions(source, false)?;
            }
        }
    }

    fn is_save_due(&self, source: &dyn Source) -> bool {
        let is_due = self.checkpointer.as_ref().is_some_and(Checkpointer::is_due);
        is_due || source.needs_commit()
    }

    /// Prints the messages of commands; fails if one has failed for the last time.
    fn report_commands(&mut self, exec: &Exec) -> Result<(), StopReason> {
        self.print_command_messages(exec);
        match exec.failed() {
            Some(_) => Err(StopReason::CommandFailed),
            None => Ok(()),
        }
    }

    fn print_command_messages(&mut self, exec: &Exec) {
        for message in exec.take_messages() {
            self.out.warn(&message);
        }
    }

    /// Reports where the run has stopped, and how to continue there.
    fn report_failed(&mut self, source: &dyn Source, exec: &Exec) {
        let failed = exec.failed();
        let name = failed.as_ref().map_or("an event", |event| &event.name);
        self.out.warn(&format!(
            "stopped before {name}, because its command failed"
        ));
        let unfinished = exec.unfinished();
        let hint = match &self.checkpointer {
            Some(checkpointer) => format!(
                "run the same command again; {} has the position before this event",
                checkpointer.name()
            ),
            None if self.is_member => {
                "run the same command again; the group's position is before this event".to_owned()
            }
            None => {
                // A capture that was not read to its end has further partitions, perhaps: `--from` would leave these out.
                let positions = super::checkpoint::before(source.positions(), &unfinished);
                if positions.is_empty() {
                    return;
                }
                let list = positions.iter().map(|(id, next)| format!("{id}:{next}"));
                let list: Vec<String> = list.collect();
                format!("continue with --from {}", list.join(","))
            }
        };
        self.out.hint("then", &hint);
    }

    /// The oldest event of each partition whose command has not succeeded; `None` if no position can be saved now.
    pub(super) fn unfinished(&self) -> Option<Vec<(i32, i64)>> {
        let mut unfinished = self
            .exec
            .as_ref()
            .map_or_else(Vec::new, |exec| exec.unfinished());
        match self.pending_gap {
            None => {}
            Some(PendingGap::Unplaced) => return None,
            Some(PendingGap::At(partition, offset)) => unfinished.push((partition, offset)),
        }
        Some(unfinished)
    }

    /// Runs commands for the events, with this plan's threads.
    pub(super) fn with_exec(mut self, exec: Arc<Exec>) -> Self {
        self.pool = None;
        self.exec = Some(exec);
        self
    }
}

/// A source from which everything was read.
#[derive(Default)]
struct EndedSource {
    /// The first event of each partition whose command has not succeeded.
    positions: Vec<(i32, i64)>,
}

impl EndedSource {
    /// Notes where to continue: at the unfinished events, and at those that no command has got.
    fn note_rest(
        &mut self,
        unfinished: Vec<(i32, i64)>,
        rest: impl Iterator<Item = RecordForCommand>,
    ) {
        let rest = rest.filter_map(|record| record.event?.position);
        let mut first = BTreeMap::new();
        for (partition, offset) in unfinished.into_iter().chain(rest) {
            let known = first.entry(partition).or_insert(offset);
            *known = offset.min(*known);
        }
        self.positions = first.into_iter().collect();
    }
}

impl Source for EndedSource {
    fn next(&mut self, _: Duration) -> SourceItem<'_> {
        SourceItem::End
    }

    fn progress(&self) -> crate::record::Progress {
        crate::record::Progress::default()
    }

    fn positions(&self) -> Vec<(i32, i64)> {
        self.positions.clone()
    }
}
