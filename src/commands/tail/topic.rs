//! A run over a Kafka topic: connects, decides where to start, and runs the main loop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::base_snapshot::BaseSnapshot;
use super::buffered_record::BufferedRecord;
use super::checkpoint::{Checkpointer, LockedState};
use super::continuation::{StartPrecedence, TopicIdentity};
use super::counters::Counters;
use super::plan::{self, Plan};
use super::recovery_hint::RecoveryHint;
use super::render::{self, Renderer};
use super::run::Run;
use super::stop_reason::StopReason;
use super::unmatched::UnmatchedFilter;
use crate::cli::{self, Order};
use crate::commands::{Context, connect};
use crate::kafka::{self, Connection, GroupStart, ReadStopped, Reader, StartOffsets, Topic};
use crate::record::position::Position;
use crate::record::time_order::TxnOf;
use crate::record::{Failure, Progress, Record};
use crate::util::exit::Exit;

/// Time between two progress messages of a long search without a progress bar.
const SEARCH_MESSAGE_INTERVAL: Duration = Duration::from_secs(10);

/// Time between two attempts to lock a state file.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// A run over a topic.
pub(super) struct TopicRun<'r> {
    pub typed: &'r cli::Tail,
    pub plan: &'r Plan,
    pub renderer: &'r Arc<Renderer>,
    pub recovery: &'r RecoveryHint,
}

/// Where a run starts, and what it keeps.
struct Start {
    reader: Reader,
    base: Option<BaseSnapshot>,
    checkpointer: Option<Checkpointer>,
}

impl TopicRun<'_> {
    /// Reads the topic.
    ///
    /// # Errors
    /// The exit code of a connection or usage error that was reported.
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<(StopReason, Counters), Exit> {
        let mut connection = connect::kafka(&self.typed.connection, context)?;
        connection.set_pace(self.plan.has_end());
        let with_group = connection.group.is_some();
        let state = self.typed.state.is_some();
        if let Some(why) = plan::conflict_with_group(self.plan, state).filter(|_| with_group) {
            return Err(context.usage_error("tail", &why));
        }
        let range = kafka::ReadRange {
            from: self.plan.from.clone(),
            stored: None,
            until: self.plan.until.clone(),
            now: context.env.now.timestamp().as_millisecond(),
            merge: (self.plan.order == Order::Time).then_some(render::txn_of as TxnOf),
        };
        if let Some(count) = self.plan.last {
            return Ok(self.run_last_n(connection, &range, count, context));
        }
        let name = connection.topic.clone();
        let start = match self.start(connection, range, context) {
            Ok(start) => start,
            Err(stopped) => return Ok((stopped.into(), Counters::default())),
        };
        let mut reader = start.reader;
        let renderer = self.renderer_after(start.base);
        let recovery = Some(self.recovery.clone());
        let exec = super::exec(self.plan, context);
        let mut run = Run::new(self.plan, &renderer, name, recovery, context.out);
        if let Some(exec) = exec {
            reader.before_revocation(Box::new(exec.release()));
            run = run.with_exec(exec);
        }
        if let Some(checkpointer) = start.checkpointer {
            run = run.with_checkpoints(checkpointer);
        }
        if with_group {
            run = run.await_assignment();
        }
        let stop = run.run(&mut reader);
        run.report_if_nothing_matched(&stop);
        let mut counters = run.counters;
        if matches!(stop, StopReason::Gap) {
            counters.positions = reader.recovery_offsets();
        }
        Ok((stop, counters))
    }

    /// The renderer, without the events that a snapshot already includes.
    fn renderer_after(&self, base: Option<BaseSnapshot>) -> Arc<Renderer> {
        if base.is_none() {
            return Arc::clone(self.renderer);
        }
        Arc::new(Renderer {
            filter: self.renderer.filter.clone(),
            view: self.renderer.view.clone(),
            base,
            paths: Arc::clone(&self.plan.paths),
        })
    }

    fn run_last_n(
        &self,
        connection: Connection,
        range: &kafka::ReadRange,
        count: usize,
        context: &mut Context<'_>,
    ) -> (StopReason, Counters) {
        let name = connection.topic.clone();
        let interrupt = Arc::clone(context.interrupt);
        let mut read = 0;
        let mut unmatched = UnmatchedFilter::new(&self.plan.filter, false);
        let found = kafka::last(
            connection,
            range,
            count,
            interrupt,
            &mut |line: &str| context.out.note(line),
            &mut |record: &Record<'_>| {
                read += 1;
                unmatched.note_time(record);
                BufferedRecord::render(self.plan, self.renderer, record, unmatched.stats())
            },
        );
        let recovery = Some(self.recovery.clone());
        let exec = super::exec(self.plan, context);
        let mut run = Run::new(self.plan, self.renderer, name, recovery, context.out);
        if let Some(exec) = exec {
            run = run.with_exec(exec);
        }
        run.counters.read = read;
        run.unmatched = unmatched;
        let stop = match found {
            Ok(last_n) => run.write_buffered(last_n),
            Err(stopped) => stopped.into(),
        };
        run.report_if_nothing_matched(&stop);
        (stop, run.counters)
    }

    /// Locks the state file. Waits for commands of a run that was killed, so that none runs twice at once.
    fn lock_state(
        &self,
        path: &Path,
        context: &mut Context<'_>,
    ) -> Result<LockedState, ReadStopped> {
        let (out, interrupt) = (&mut *context.out, context.interrupt);
        let mut is_reported = false;
        let opened = LockedState::open(path, &mut |id| {
            if !is_reported {
                is_reported = true;
                out.note(&format!(
                    "waiting for commands that process {id} started before it was killed (Ctrl-C ends the wait)"
                ));
            }
            thread::sleep(LOCK_INTERVAL);
            !interrupt.load(Ordering::Relaxed)
        });
        if opened.is_err() && interrupt.load(Ordering::Relaxed) {
            return Err(ReadStopped::Interrupted);
        }
        let state = opened?;
        if self.plan.exec.is_some() {
            state.leave_lock_to_commands()?;
        }
        Ok(state)
    }

    /// Connects and decides where to start: a group's committed offsets, else a state file, a snapshot, or `--from`.
    fn start(
        &self,
        connection: Connection,
        mut range: kafka::ReadRange,
        context: &mut Context<'_>,
    ) -> Result<Start, ReadStopped> {
        let base = match &self.plan.snapshot {
            Some(folder) => Some(BaseSnapshot::read(
                folder,
                self.plan.filter.selected_collections(),
                self.typed.allow_incomplete,
            )?),
            None => None,
        };
        let state = match &self.typed.state {
            Some(path) => Some(self.lock_state(path, context)?),
            None => None,
        };
        let interrupt = Arc::clone(context.interrupt);
        if connection.group.is_some() {
            return self.join(connection, base, context);
        }
        let note = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(connection, interrupt, note)?;
        let (checkpointer, kept, precedence) = start_offsets(state, &topic, base.as_ref())?;
        self.report_precedence(precedence, base.as_ref(), checkpointer.as_ref(), context);
        let (topic, kept) = match (kept, self.plan.after_txn) {
            (None, Some(txn)) => {
                let (topic, kept) = search_transaction(topic, txn, context)?;
                (topic, Some(kept))
            }
            (kept, _) => (topic, kept),
        };
        range.stored = kept;
        Ok(Start {
            reader: kafka::start(topic, &range)?,
            // The newer snapshot of the state supersedes this one.
            base: base.filter(|_| precedence != StartPrecedence::NewerState),
            checkpointer,
        })
    }

    /// Joins a group. Its stored positions decide where each partition starts; a snapshot resolves the gaps before it,
    /// and its events are not shown again.
    fn join(
        &self,
        connection: Connection,
        base: Option<BaseSnapshot>,
        context: &mut Context<'_>,
    ) -> Result<Start, ReadStopped> {
        let start = match (&base, &self.plan.from) {
            (Some(base), _) => base.group_start(&connection.topic)?,
            (None, Position::Beginning) => GroupStart::Beginning,
            (None, _) => GroupStart::End,
        };
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect_member(connection, start, interrupt, note)?;
        if let Some(base) = &base {
            base.check_cluster(topic.cluster().as_deref())?;
            base.check_topic(topic.name(), topic.incarnation().id.as_deref())?;
        }
        self.report_precedence(StartPrecedence::Typed, base.as_ref(), None, context);
        Ok(Start {
            reader: kafka::join(topic, self.plan.time_limits.idle())?,
            base,
            checkpointer: None,
        })
    }

    fn report_precedence(
        &self,
        precedence: StartPrecedence,
        base: Option<&BaseSnapshot>,
        checkpointer: Option<&Checkpointer>,
        context: &mut Context<'_>,
    ) {
        if let Some(scope) = base.and_then(BaseSnapshot::scope) {
            context.out.note(&format!(
                "the snapshot contains only {scope}: earlier changes of other documents are unknown"
            ));
        }
        let state = checkpointer.map_or("", Checkpointer::name);
        match (precedence, &self.typed.range.from) {
            (StartPrecedence::State, Some(from)) => context.out.note(&format!(
                "continuing from {state}; --from {from} is ignored because that file already has positions (delete it to start again)"
            )),
            (StartPrecedence::NewerState, Some(from)) => context.out.note(&format!(
                "continuing from {state}, whose positions come from a newer snapshot than {from}"
            )),
            _ => {}
        }
    }
}

/// The start offsets of the state file or the snapshot, if there is one.
fn start_offsets(
    state: Option<LockedState>,
    topic: &Topic,
    base: Option<&BaseSnapshot>,
) -> Result<(Option<Checkpointer>, Option<StartOffsets>, StartPrecedence), Failure> {
    if let Some(base) = base {
        base.check_cluster(topic.cluster().as_deref())?;
    }
    let Some(state) = state else {
        let start = base
            .map(|base| base.start_offsets(topic.name()))
            .transpose()?;
        return Ok((None, start, StartPrecedence::Typed));
    };
    let identity = TopicIdentity {
        cluster: topic.cluster(),
        topic: topic.name().to_owned(),
        incarnation: topic.incarnation(),
        partitions: topic.partitions(),
    };
    let (checkpointer, start, precedence) = state.check_identity(identity, base)?;
    Ok((Some(checkpointer), start, precedence))
}

/// Searches each partition for the first record after a transaction, with progress.
pub(in crate::commands) fn search_transaction(
    topic: Topic,
    txn: u64,
    context: &mut Context<'_>,
) -> Result<(Topic, StartOffsets), ReadStopped> {
    let mut reported_at = Instant::now();
    let out = &mut *context.out;
    let mut report_progress = |progress: Progress| {
        out.progress(progress, false);
        if !out.stderr_terminal && reported_at.elapsed() > SEARCH_MESSAGE_INTERVAL {
            reported_at = Instant::now();
            let total = progress.total.unwrap_or(0);
            let done = progress.done;
            out.note(&format!(
                "searching for transaction {txn}: {done} of {total} records"
            ));
        }
    };
    let mut is_after = |record: &Record<'_>| Some(render::txn_of(record)? > txn);
    let found = kafka::find_after_txn(topic, txn, &mut is_after, &mut report_progress);
    context.out.end_progress();
    found
}
