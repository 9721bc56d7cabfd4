//! `relay`: writes the stream to a topic of another cluster, each event exactly once for readers of committed records.

mod batch;
mod options;
mod pump;
mod requery;
mod target;
mod topics;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::options::Options;
use self::pump::{Counts, Pump, PumpOptions, Refusal, Stop};
use self::requery::GapRequery;
use self::target::KafkaDestination;
use super::read_source::{report, report_stopped};
use super::tail::base_snapshot::BaseSnapshot;
use super::tail::continuation::{
    Continuation, PositionStore, StartPrecedence, TopicIdentity, continuation,
};
use super::tail::messages::Messages;
use super::tail::recovery_hint::RecoveryHint;
use super::tail::render::Renderer;
use super::tail::report_notice;
use super::tail::topic::search_transaction;
use super::{Context, connect};
use crate::cli;
use crate::event::TxnId;
use crate::kafka::producer::{Target, WriteError};
use crate::kafka::{self, Connection, ReadRange, ReadStopped, Reader};
use crate::record::position::Position;
use crate::record::{Failure, FailureClass};
use crate::state::{Gap, State};
use crate::util::exit::Exit;

/// Attempts without a committed transaction before the relay gives up.
const MAX_ATTEMPTS: u32 = 6;
/// The pause before the second attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// How long the abort of a transaction may take when the relay ends.
const ABORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs the command.
pub fn run(typed: &cli::Relay, context: &mut Context<'_>) -> Exit {
    let options = match Options::new(typed, context.env) {
        Ok(options) => options,
        Err(why) => return context.usage_error("relay", &why),
    };
    for note in &options.plan.notes {
        context.out.note(note);
    }
    relay(typed, options, context).unwrap_or_else(|exit| exit)
}

/// A relay that is connected.
struct Relay<'r> {
    typed: &'r cli::Relay,
    options: Options,
    connection: Connection,
    destination: KafkaDestination,
    renderer: Renderer,
    counts: Counts,
    /// The records before which the relay ends, whichever is read first.
    refusals: Vec<Refusal>,
    /// The positions that this process knows to be committed.
    committed: Option<State>,
    /// How a gap is answered; `None` to stop.
    requery: Option<GapRequery>,
}

/// Where an attempt starts.
struct Attempt {
    reader: Reader,
    state: State,
    /// Whether the documents of the base snapshot come first.
    sends_documents: bool,
}

fn relay(typed: &cli::Relay, options: Options, context: &mut Context<'_>) -> Result<Exit, Exit> {
    let (mut connection, properties) = connect::kafka_and_target(&typed.connection, context)?;
    if let Some(group) = connection.group.take() {
        context.out.note(&format!(
            "the group {group} is not used: the target cluster keeps the positions"
        ));
    }
    let requery = GapRequery::new(typed, &options.plan.filter, &connection, context)?;
    connection.set_pace(options.plan.until.is_some());
    connection.set_small_queues();
    let base = options.plan.snapshot.as_ref().map(|folder| {
        let selected = options.plan.filter.selected_collections();
        BaseSnapshot::read(folder, selected, typed.allow_incomplete)
    });
    let base = base
        .transpose()
        .map_err(|failure| report(&failure, context))?;
    let target = Target {
        brokers: typed.to_brokers.clone(),
        properties,
        verbosity: context.global.verbose,
    };
    let destination = connect_target(typed, target, &connection.topic, context)?;
    let renderer = Renderer {
        filter: options.plan.filter.clone(),
        view: options.view(context.env),
        base,
        paths: Arc::clone(&options.plan.paths),
    };
    let relay = Relay {
        typed,
        options,
        connection,
        destination,
        renderer,
        counts: Counts::default(),
        refusals: Vec::new(),
        committed: None,
        requery,
    };
    relay.run(context)
}

fn connect_target(
    typed: &cli::Relay,
    target: Target,
    source_topic: &str,
    context: &mut Context<'_>,
) -> Result<KafkaDestination, Exit> {
    let destination = KafkaDestination::connect(
        target,
        (&typed.name, source_topic),
        &typed.positions_topic,
        context.interrupt,
        &mut |notice| report_notice(notice, context.out),
    );
    destination.map_err(|stopped| report_stopped(stopped, context))
}

impl Relay<'_> {
    /// Attempts until one ends for good: an aborted transaction starts another one at the committed positions.
    fn run(mut self, context: &mut Context<'_>) -> Result<Exit, Exit> {
        let mut failed = 0;
        loop {
            let committed = self.counts.transactions;
            let stop = self.attempt(context)?;
            if self.counts.transactions > committed + 1 {
                failed = 0;
            }
            let failure = match stop {
                Stop::Refused(place, failure) => {
                    self.refusals.push(Refusal { place, failure });
                    self.abort(context)?;
                    continue;
                }
                Stop::Gap(txn) if self.requery.is_some() => {
                    self.read_snapshot(txn, context)?;
                    continue;
                }
                Stop::Retry(failure) => failure,
                Stop::Fenced {
                    raw,
                    timed_out: true,
                } => {
                    self.reconnect(raw, context)?;
                    continue;
                }
                stop => {
                    // Readers of the target would wait for the end of an open transaction.
                    let _ = self.destination.abort(Some(ABORT_TIMEOUT), &mut |_| {});
                    return Ok(self.finish(stop, context));
                }
            };
            failed += 1;
            if failed >= MAX_ATTEMPTS {
                return Ok(report(&failure, context));
            }
            context.out.warn(&format!(
                "{} ({}); continuing from the last transaction",
                failure.what,
                failure.raw.as_deref().unwrap_or_default()
            ));
            self.abort(context)?;
            context.pause(FIRST_PAUSE * 2_u32.pow(failed - 1))?;
        }
    }

    /// Reads a snapshot; the next attempt starts with it.
    fn read_snapshot(&mut self, txn: Option<TxnId>, context: &mut Context<'_>) -> Result<(), Exit> {
        let Some(requery) = &mut self.requery else {
            return Ok(());
        };
        let folder = requery.read(txn.map(|txn| txn.0), context)?;
        let selected = self.options.plan.filter.selected_collections();
        let base = BaseSnapshot::read(&folder, selected, false);
        self.renderer.base = Some(base.map_err(|failure| report(&failure, context))?);
        Ok(())
    }

    /// After the brokers have aborted a transaction that was open for too long: takes the relay over again, unless another
    /// process has committed positions.
    fn reconnect(&mut self, raw: String, context: &mut Context<'_>) -> Result<(), Exit> {
        context.out.warn(
            "the target brokers have aborted a transaction that was open for too long; continuing from the last transaction",
        );
        let stored = self
            .destination
            .stored(&mut |line: &str| context.out.note(line));
        let stored = stored.map_err(|stopped| report_stopped(stopped, context))?;
        if stored != self.committed {
            return Err(report(&self.fenced(raw), context));
        }
        self.destination = connect_target(
            self.typed,
            self.destination.target().clone(),
            &self.connection.topic,
            context,
        )?;
        Ok(())
    }

    /// Aborts the open transaction, so that another attempt can start.
    fn abort(&mut self, context: &mut Context<'_>) -> Result<(), Exit> {
        let report_notice = &mut |notice: &_| report_notice(notice, context.out);
        match self.destination.abort(None, report_notice) {
            Ok(()) => Ok(()),
            Err(WriteError::Interrupted) => Err(Exit::Interrupted),
            Err(WriteError::Fenced {
                raw,
                timed_out: true,
            }) => self.reconnect(raw, context),
            Err(WriteError::Fenced { raw, .. }) => Err(report(&self.fenced(raw), context)),
            Err(
                WriteError::Rejected { failure, .. }
                | WriteError::Aborted(failure)
                | WriteError::Fatal(failure),
            ) => Err(report(&failure, context)),
        }
    }

    fn attempt(&mut self, context: &mut Context<'_>) -> Result<Stop, Exit> {
        let started = self.start(context);
        let mut attempt = started.map_err(|stopped| report_stopped(stopped, context))?;
        if let Some(gap) = attempt.state.gap.clone()
            && let Some(stop) = self.open_gap(&gap, context)
        {
            if attempt.sends_documents {
                // Another snapshot of the same kind would not resolve it either.
                self.requery = None;
            }
            return Ok(stop);
        }
        if context.out.stderr_terminal && self.counts.transactions == 0 {
            let (source, target) = (&self.connection.topic, &self.typed.to_topic);
            context
                .out
                .note(&format!("relaying {source} to {target}… (Ctrl-C ends)"));
        }
        let options = PumpOptions {
            renderer: &self.renderer,
            topics: &self.options.topics,
            skips_unreadable: self.typed.skip_unreadable,
            refusals: &self.refusals,
        };
        let mut pump = Pump::new(
            &mut self.destination,
            &options,
            attempt.state,
            &mut self.counts,
            context.out,
        );
        if let Some(base) = self
            .renderer
            .base
            .as_ref()
            .filter(|_| attempt.sends_documents)
        {
            let folder = Path::new(&base.name);
            if let Err(stop) = pump.send_documents(folder, &base.manifest, context.interrupt) {
                return Ok(stop);
            }
        }
        let stop = pump.run(&mut attempt.reader);
        self.committed = pump.committed().or(self.committed.take());
        Ok(stop)
    }

    /// Reads the positions, and decides where to start.
    fn start(&mut self, context: &mut Context<'_>) -> Result<Attempt, ReadStopped> {
        let stored = self
            .destination
            .stored(&mut |line: &str| context.out.note(line))?;
        self.committed.clone_from(&stored);
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(self.connection.clone(), interrupt, note)?;
        let cluster = topic.cluster();
        self.check_loop(cluster.as_deref(), topic.name())?;
        let base = self.renderer.base.as_ref();
        if let Some(base) = base {
            base.check_cluster(cluster.as_deref())?;
        }
        let identity = TopicIdentity {
            cluster,
            topic: topic.name().to_owned(),
            incarnation: topic.incarnation(),
            partitions: topic.partitions(),
        };
        let continued = continuation(&self.store(), stored, identity, base)?;
        self.report_start(&continued, context);
        let (topic, stored) = match (continued.start, self.options.plan.after_txn) {
            (None, Some(txn)) => {
                let (topic, found) = search_transaction(topic, txn, context)?;
                (topic, Some(found))
            }
            (start, _) => (topic, start),
        };
        let range = ReadRange {
            from: self.options.plan.from.clone(),
            stored,
            until: self.options.plan.until.clone(),
            now: context.env.now.timestamp().as_millisecond(),
            merge: None,
        };
        Ok(Attempt {
            reader: kafka::start(topic, &range)?,
            sends_documents: continued.precedence == StartPrecedence::Snapshot,
            state: continued.state,
        })
    }

    fn store(&self) -> PositionStore {
        let name = &self.typed.name;
        PositionStore {
            name: format!("the positions of the relay {name}"),
            other_topic: "give another --name".to_owned(),
            other_cluster: "connect to that cluster; or, if it was re-created, this is a gap: ditto-cdc requery --output DIR, then this command with another --name and --from DIR".to_owned(),
        }
    }

    /// A relay must not read what it writes.
    fn check_loop(&self, source: Option<&str>, topic: &str) -> Result<(), Failure> {
        let target = self.destination.cluster();
        let is_same_cluster = source.is_some() && source == target.as_deref();
        if is_same_cluster && self.options.topics.fixed() == Some(topic) {
            return Err(Failure {
                class: FailureClass::Setup,
                what: format!("the topic {topic} is both the source and the target"),
                fix: Some("give another --to-topic".to_owned()),
                raw: None,
            });
        }
        Ok(())
    }

    fn report_start(&self, continued: &Continuation, context: &mut Context<'_>) {
        if self.counts.transactions > 0 {
            return;
        }
        let name = &self.typed.name;
        match (continued.precedence, &self.typed.from) {
            (StartPrecedence::Typed, None) if self.options.plan.from == Position::End => context.out.note(&format!(
                "the relay {name} has no positions yet: starting at the end of the topic (--from beginning would relay what is there)"
            )),
            (StartPrecedence::State, Some(from)) => context.out.note(&format!(
                "continuing from the positions of the relay {name}; --from {from} was for its first start"
            )),
            (StartPrecedence::NewerState, Some(from)) => context.out.note(&format!(
                "continuing from the positions of the relay {name}, which come from a newer snapshot than {from}"
            )),
            _ => {}
        }
    }

    /// Reports a gap of an earlier run; stops if it concerns this one.
    fn open_gap(&self, gap: &Gap, context: &mut Context<'_>) -> Option<Stop> {
        let selected = self.options.plan.filter.selected_collections();
        let is_open = gap.concerns(selected.as_ref());
        let name = format!("the relay {}", self.typed.name);
        Messages::report_saved_gap(&name, gap, is_open, context.out);
        is_open.then_some(Stop::Gap(gap.txn_id.map(TxnId)))
    }

    fn fenced(&self, raw: String) -> Failure {
        let name = &self.typed.name;
        Failure {
            class: FailureClass::Setup,
            what: format!(
                "another process runs the relay {name} and has taken over; what this one had not committed is not visible to readers"
            ),
            fix: Some(
                "run each relay once; for a second one of the same topic, give another --name"
                    .to_owned(),
            ),
            raw: Some(raw),
        }
    }

    fn finish(&self, stop: Stop, context: &mut Context<'_>) -> Exit {
        let summary = self.counts.summary();
        match stop {
            Stop::End => {
                context.out.note(&summary);
                if self.counts.unreadable > 0 {
                    Exit::Failed
                } else {
                    Exit::Success
                }
            }
            Stop::Interrupted => {
                context.out.note(&summary);
                Exit::Interrupted
            }
            Stop::Gap(txn) => self.finish_at_gap(txn, &summary, context),
            Stop::Fenced { raw, .. } => {
                context.out.note(&summary);
                report(&self.fenced(raw), context)
            }
            Stop::Failed(failure) | Stop::Retry(failure) | Stop::Refused(_, failure) => {
                context.out.note(&summary);
                report(&failure, context)
            }
        }
    }

    fn finish_at_gap(&self, txn: Option<TxnId>, summary: &str, context: &mut Context<'_>) -> Exit {
        context.out.note(summary);
        context.out.warn(
            "stopped at a gap in the stream: everything before it was relayed; run requery; with its folder, the relay writes its documents and continues after it",
        );
        let hint = RecoveryHint::new(&self.typed.connection);
        let txn = txn.map(|txn| txn.0);
        context.out.hint("try", &hint.requery(txn, &[]));
        context.out.hint("then", &hint.resume(txn));
        Exit::Gap
    }
}
