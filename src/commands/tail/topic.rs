//! `tail` of a topic: connects, settles where to start, and hands the reader to `follow`.
//! Captures are opened in `mod`; what an ending means is told there too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::base_snapshot::Base;
use super::checkpoint::{Bound, Keeper, Opened, Wins};
use super::counters::Tally;
use super::last_n::look;
use super::plan::{self, Plan};
use super::recovery_hint::Recovery;
use super::render::Presenter;
use super::run_loop::{Ending, Follow};
use super::usage;
use crate::cli;
use crate::commands::{Context, connect};
use crate::event;
use crate::kafka;
use crate::kafka::{Connection, Kept, Reader, Stopped, Topic};
use crate::record::{Failure, Progress, Record};
use crate::util::exit::Exit;

/// How often a long search says how far it is, where nobody sees a bar.
const TELL: Duration = Duration::from_secs(10);

/// One run on a topic.
pub(super) struct Live<'l> {
    pub typed: &'l cli::Tail,
    pub plan: &'l Plan,
    pub presenter: &'l Arc<Presenter>,
    pub recovery: &'l Recovery,
}

impl From<Stopped> for Ending {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => Ending::Interrupted,
            Stopped::Failed(failure) => Ending::Failed(failure),
        }
    }
}

impl Live<'_> {
    /// Reads the topic.
    ///
    /// # Errors
    /// The exit code for what was said, where nothing could be connected.
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<(Ending, Tally), Exit> {
        let connection = connect::kafka(&self.typed.connection, context)?;
        let with_group = connection.group.is_some();
        let state = self.typed.state.is_some();
        if let Some(why) = plan::conflict_with_group(self.plan, state).filter(|_| with_group) {
            return Err(usage(context, "tail", &why));
        }
        let span = kafka::Span {
            from: self.plan.from.clone(),
            kept: None,
            until: self.plan.until.clone(),
            now: context.env.now.timestamp().as_millisecond(),
        };
        let name = connection.topic.clone();
        if let Some(count) = self.plan.last {
            return Ok(self.last(connection, &span, count, &name, context));
        }
        let opened = self.open(connection, span, context);
        let (mut reader, base, keeper) = match opened {
            Ok(opened) => opened,
            Err(stopped) => return Ok((stopped.into(), Tally::default())),
        };
        let presenter = self.presenter_above(base);
        let mut follow = Follow::new(self.plan, &presenter, name, context.out)
            .recovering(self.recovery.clone())
            .keeping(keeper);
        let ending = follow.run(&mut reader);
        let mut tally = follow.tally;
        tally.positions = reader.next_offsets();
        Ok((ending, tally))
    }

    /// Leaves out what a snapshot contains.
    fn presenter_above(&self, base: Option<Base>) -> Arc<Presenter> {
        let plain = self.presenter;
        base.map_or_else(
            || Arc::clone(plain),
            |base| {
                Arc::new(Presenter {
                    filter: plain.filter.clone(),
                    view: plain.view.clone(),
                    base: Some(base),
                })
            },
        )
    }

    fn last(
        &self,
        connection: Connection,
        span: &kafka::Span,
        count: usize,
        name: &str,
        context: &mut Context<'_>,
    ) -> (Ending, Tally) {
        let interrupt = Arc::clone(context.interrupt);
        let tell = &mut |line: &str| context.out.note(line);
        let found = look(self.plan, self.presenter, |keep| {
            kafka::last(connection, span, count, interrupt, tell, keep)
        });
        Follow::new(self.plan, self.presenter, name.to_owned(), context.out)
            .recovering(self.recovery.clone())
            .run_found(found)
    }

    /// Connects and finds out where to start: with a group the brokers know, else a state file, a snapshot, or what
    /// was typed.
    fn open(
        &self,
        connection: Connection,
        mut span: kafka::Span,
        context: &mut Context<'_>,
    ) -> Result<(Reader, Option<Base>, Option<Keeper>), Stopped> {
        let folder = self.plan.snapshot.as_deref();
        let anyway = self.typed.allow_incomplete;
        let base = folder
            .map(|folder| Base::read(folder, anyway))
            .transpose()?;
        let state = self.typed.state.as_deref().map(Opened::new).transpose()?;
        let interrupt = Arc::clone(context.interrupt);
        let tell = &mut |line: &str| context.out.note(line);
        if connection.group.is_some() {
            return Ok((kafka::open(connection, &span, interrupt, tell)?, None, None));
        }
        let topic = kafka::connect(connection, interrupt, tell)?;
        let (keeper, kept, wins) = bind(state, &topic, base.as_ref())?;
        self.say_who_wins(wins, base.as_ref(), keeper.as_ref(), context);
        let (topic, kept) = match (kept, self.plan.behind) {
            (None, Some(txn)) => {
                let (topic, kept) = search(topic, txn, context)?;
                (topic, Some(kept))
            }
            (kept, _) => (topic, kept),
        };
        span.kept = kept;
        // The newer snapshot has superseded what this one contains.
        let base = base.filter(|_| wins != Wins::NewerState);
        Ok((kafka::start(topic, &span)?, base, keeper))
    }

    fn say_who_wins(
        &self,
        wins: Wins,
        base: Option<&Base>,
        keeper: Option<&Keeper>,
        context: &mut Context<'_>,
    ) {
        let from = self.typed.span.from.as_deref();
        let state = keeper.map_or("", Keeper::name);
        if let Some(narrowed) = base.and_then(Base::narrowed) {
            context.out.note(&format!(
                "the snapshot holds only {narrowed}: of anything else, what changed before it is not known"
            ));
        }
        match (wins, from) {
            (Wins::State, Some(from)) => context.out.note(&format!(
                "going on from the positions in {state}, as after every start; --from {from} was for the first"
            )),
            (Wins::NewerState, Some(from)) => context.out.note(&format!(
                "going on from the positions in {state}, which come from a newer snapshot than {from}"
            )),
            _ => {}
        }
    }
}

/// The positions to start from: the state file's, the snapshot's, or none.
fn bind(
    state: Option<Opened>,
    topic: &Topic,
    base: Option<&Base>,
) -> Result<(Option<Keeper>, Option<Kept>, Wins), Failure> {
    if let Some(base) = base {
        base.check_cluster(topic.cluster().as_deref())?;
    }
    let Some(opened) = state else {
        let kept = base.map(|base| base.kept(topic.name())).transpose()?;
        return Ok((None, kept, Wins::Typed));
    };
    let bound = Bound {
        cluster: topic.cluster(),
        topic: topic.name().to_owned(),
        partitions: topic.partitions(),
    };
    let (keeper, kept, wins) = opened.bind(bound, base)?;
    Ok((Some(keeper), kept, wins))
}

/// Looks for the place behind a transaction, with progress.
fn search(topic: Topic, txn: u64, context: &mut Context<'_>) -> Result<(Topic, Kept), Stopped> {
    let mut told = Instant::now();
    let out = &mut *context.out;
    let mut watch = |progress: Progress| {
        out.progress(progress, false);
        if !out.stderr_terminal && told.elapsed() > TELL {
            told = Instant::now();
            let total = progress.total.unwrap_or(0);
            let done = progress.done;
            out.note(&format!(
                "looking for what is behind transaction {txn}: {done} of {total} records"
            ));
        }
    };
    let mut is_behind = |record: &Record<'_>| {
        let found = event::txn_id(record.payload.as_deref()?)?;
        Some(found.0 > txn)
    };
    let found = kafka::behind(topic, txn, &mut is_behind, &mut watch);
    context.out.end_progress();
    found
}
