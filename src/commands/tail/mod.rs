//! `tail`: shows the events of a topic or of captures, filtered, as text for people or programs.

mod account;
pub(super) mod base_snapshot;
mod buffered_record;
pub(super) mod checkpoint;
mod commit;
pub(super) mod continuation;
mod counters;
mod empty_range;
mod exec;
mod exec_loop;
mod exec_record;
mod idle;
pub(super) mod messages;
mod name_lists;
mod option_notes;
mod path_usage;
pub(super) mod plan;
pub(super) mod range;
pub(super) mod recovery_hint;
pub(super) mod render;
mod run;
mod run_loop;
mod shown_timer;
mod stop_reason;
pub(super) mod topic;
mod unmatched;
mod worker_pool;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use self::counters::Counters;
use self::exec::{Exec, ExecPlan, ProcessRunner};
use self::messages::Messages;
use self::plan::{Plan, SharedArgs, TypedTimeLimits};
use self::recovery_hint::RecoveryHint;
use self::render::Renderer;
use self::run::Run;
use self::stop_reason::StopReason;
use self::topic::TopicRun;
use super::Context;
use crate::capture::{Capture, MergedCaptures, OrderedCapture};
use crate::cli::{self, Order};
use crate::output::Output;
use crate::record::{Notice, Record};
use crate::util::exit::Exit;
use crate::view::{Format, Styles, View, WallClock};

/// Runs the command.
pub fn run(typed: &cli::Tail, context: &mut Context<'_>) -> Exit {
    let default = if context.env.stdout_terminal && typed.exec.is_none() {
        Format::Diff
    } else {
        Format::Json
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        range: &typed.range,
        time_limits: TypedTimeLimits {
            idle_exit: typed.idle_exit.as_deref(),
            idle_exit_read: typed.idle_exit_read.as_deref(),
            timeout: typed.timeout.as_deref(),
        },
        format: typed.format.clone().unwrap_or(default.into()),
        changes: &typed.changes,
        inputs: typed.input.iter().cloned().collect(),
        on_gap: typed.on_gap,
        has_state: typed.state.is_some(),
    };
    let plan = shared.plan(context.env).and_then(|mut plan| {
        plan.exec = ExecPlan::new(typed)?;
        plan.notes
            .extend(plan.exec.as_ref().and_then(ExecPlan::note));
        Ok(plan)
    });
    let plan = match plan {
        Ok(plan) => plan,
        Err(why) => return context.usage_error("tail", &why),
    };
    if !plan.inputs.is_empty() {
        return show_captures(&plan, context).0;
    }
    print_notes(&plan, context);
    let renderer = renderer(&plan, context);
    let recovery = RecoveryHint::new(&typed.connection);
    let topic = TopicRun {
        typed,
        plan: &plan,
        renderer: &renderer,
        recovery: &recovery,
    };
    match topic.run(context) {
        Ok((stop, counters)) => finish(stop, &counters, &plan, &recovery, context),
        Err(exit) => exit,
    }
}

/// What a run has shown.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub events: u64,
    pub gaps: u64,
    /// Documents of which a comparison does not know whether they were removed.
    pub unproven: u64,
}

/// Shows the captures of a plan, by time or in turn.
pub(super) fn show_captures(plan: &Plan, context: &mut Context<'_>) -> (Exit, Shown) {
    print_notes(plan, context);
    let (stop, counters) = run_captures(plan, context);
    let recovery = RecoveryHint::default();
    let shown = Shown {
        events: counters.shown,
        gaps: counters.gaps,
        unproven: 0,
    };
    (finish(stop, &counters, plan, &recovery, context), shown)
}

fn print_notes(plan: &Plan, context: &mut Context<'_>) {
    for note in &plan.notes {
        context.out.note(note);
    }
}

/// The transaction of a record, for merging by time.
pub(super) fn txn_of(record: &Record<'_>) -> Option<u64> {
    render::txn_of(record)
}

/// Reports a notice of a source.
pub(super) fn report_notice(notice: &Notice, out: &mut Output) {
    Messages::report_notice(notice, out);
}

/// The view of a plan's format on this terminal.
pub(super) fn view(plan: &Plan, context: &Context<'_>) -> View {
    let env = context.env;
    let terminal = env.stdout_terminal && plan.exec.is_none();
    let coloured = plan.exec.is_none() && env.colours(context.global.color, terminal);
    View {
        format: plan.format.clone(),
        styles: Styles::new(coloured),
        coloured,
        terminal,
        width: env.width.filter(|_| terminal),
        clock: WallClock::new(env.now.clone()),
        diff: plan.diff.clone(),
    }
}

/// The filter of a plan, and its view.
fn renderer(plan: &Plan, context: &Context<'_>) -> Arc<Renderer> {
    Arc::new(Renderer {
        filter: plan.filter.clone(),
        view: view(plan, context),
        base: None,
        paths: Arc::clone(&plan.paths),
    })
}

fn run_captures(plan: &Plan, context: &mut Context<'_>) -> (StopReason, Counters) {
    let renderer = renderer(plan, context);
    let interrupt = context.interrupt;
    let names: Vec<String> = plan
        .inputs
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let exec = exec(plan, context);
    let mut run = Run::new(plan, &renderer, names.join(", "), None, context.out).scan_positions();
    if let Some(exec) = exec {
        run = run.with_exec(exec);
    }
    let stop = match (plan.order, plan.inputs.as_slice()) {
        // The last N are sorted when they are known.
        (Order::Time, [file]) if run.last_n.is_none() => {
            match OrderedCapture::open(file, render::txn_of, 1, interrupt) {
                Ok(mut capture) => run.run(&mut capture),
                Err(failure) => StopReason::SourceFailed(failure),
            }
        }
        (Order::Time, files @ [_, _, ..]) => {
            match MergedCaptures::open(files, render::txn_of, interrupt) {
                Ok(mut captures) => run.run(&mut captures),
                Err(failure) => StopReason::SourceFailed(failure),
            }
        }
        (_, files) => run_in_turn(&mut run, files, interrupt),
    };
    if !matches!(stop, StopReason::SourceEnded) {
        run.report_if_nothing_matched(&stop);
        return (stop, run.counters);
    }
    let stop = run.write_last_n();
    run.report_if_nothing_matched(&stop);
    (stop, run.counters)
}

/// One capture after the other.
fn run_in_turn(run: &mut Run<'_>, files: &[PathBuf], interrupt: &Arc<AtomicBool>) -> StopReason {
    for file in files {
        let stop = match Capture::open(file, Arc::clone(interrupt)) {
            Ok(mut capture) => run.run(&mut capture),
            Err(failure) => StopReason::SourceFailed(failure),
        };
        if !matches!(stop, StopReason::SourceEnded) {
            return stop;
        }
    }
    StopReason::SourceEnded
}

/// The threads of `--exec`, if it is set. To be called when all secrets are known.
fn exec(plan: &Plan, context: &Context<'_>) -> Option<Arc<Exec>> {
    let exec = plan.exec.as_ref()?;
    let runner = ProcessRunner::new(exec, context.out.known_secrets());
    let interrupt = Arc::clone(context.interrupt);
    Some(Arc::new(Exec::start(exec, runner, interrupt)))
}

/// Reports the end of a run, and maps it to an exit code.
fn finish(
    stop: StopReason,
    counters: &Counters,
    plan: &Plan,
    recovery: &RecoveryHint,
    context: &mut Context<'_>,
) -> Exit {
    let summary = counters.summary();
    match stop {
        StopReason::OutputClosed => Exit::Success,
        StopReason::Interrupted => {
            plan.paths.report(context.out);
            context.out.note(&summary);
            Exit::Interrupted
        }
        StopReason::Complete | StopReason::SourceEnded | StopReason::TimedOut => {
            let has_exceptions = counters.gaps > 0
                || counters.unreadable > 0
                || counters.inexpressible > 0
                || counters.already_included > 0;
            if has_exceptions || (context.env.stderr_terminal && plan.is_bounded()) {
                context.out.note(&summary);
            }
            let hides_nothing = plan.paths.report(context.out);
            if counters.gaps > 0 && plan.format.has_changes_only() {
                Exit::Gap
            } else if counters.unreadable + counters.inexpressible > 0 || hides_nothing {
                Exit::Failed
            } else if matches!(stop, StopReason::TimedOut) && counters.shown == 0 {
                let what = match counters.succeeded {
                    None => "no event was shown",
                    Some(_) => "no event had a command to run",
                };
                context.out.warn(&format!("{what} before --timeout"));
                Exit::NothingShown
            } else {
                Exit::Success
            }
        }
        StopReason::Gap => {
            context.out.warn(&format!(
                "stopped at a gap in the stream ({}): run requery before continuing",
                plan.why_stop_at_gap()
            ));
            let txn = counters.max_gap_txn.map(|txn| txn.0);
            context
                .out
                .hint("try", &recovery.requery(txn, &counters.positions));
            context.out.hint("then", &recovery.resume(txn));
            context.out.note(&summary);
            Exit::Gap
        }
        StopReason::CommandFailed => {
            context.out.note(&summary);
            Exit::Failed
        }
        StopReason::SourceFailed(failure) => {
            context.out.failure(&failure);
            if counters.read > 0 {
                context.out.note(&summary);
            }
            failure.exit()
        }
        StopReason::OutputFailed(error) => {
            context
                .out
                .warn(&format!("writing to standard output: {error}"));
            Exit::Failed
        }
    }
}
