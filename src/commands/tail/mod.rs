//! `tail`: events of a topic or a capture, filtered, as text for people or programs.
//! Opens the source, runs the loop in `follow` and turns its ending into an exit code.

mod base_snapshot;
mod checkpoint;
mod counters;
mod last_n;
pub(crate) mod messages;
pub(super) mod plan;
mod range;
mod recovery_hint;
mod render;
mod run_loop;
mod topic;
mod worker_pool;

use std::sync::Arc;

use super::Context;
use super::tail::counters::Tally;
use super::tail::plan::{Plan, Typed};
use super::tail::recovery_hint::Recovery;
use super::tail::render::Presenter;
use super::tail::run_loop::{Ending, Follow};
use super::tail::topic::Live;
use crate::capture::Capture;
use crate::cli;
use crate::util::exit::Exit;
use crate::view::{Format, Styles, View, WallClock};

/// Runs the command.
pub fn run(typed: &cli::Tail, context: &mut Context<'_>) -> Exit {
    let default = if context.env.stdout_terminal {
        Format::Diff
    } else {
        Format::Json
    };
    let shared = Typed {
        filter: &typed.filter,
        span: &typed.span,
        idle_exit: typed.idle_exit.as_deref(),
        format: typed.format.map_or(default, plan::format),
        look: &typed.look,
        inputs: typed.input.iter().cloned().collect(),
        on_gap: typed.on_gap,
    };
    let plan = match shared.plan(context.env) {
        Ok(plan) => plan,
        Err(why) => return usage(context, "tail", &why),
    };
    if !plan.inputs.is_empty() {
        return show_captures(&plan, context).0;
    }
    let presenter = presenter(&plan, context);
    let recovery = Recovery::new(&typed.connection);
    let live = Live {
        typed,
        plan: &plan,
        presenter: &presenter,
        recovery: &recovery,
    };
    match live.run(context) {
        Ok((ending, tally)) => finish(ending, &tally, &plan, &recovery, context),
        Err(exit) => exit,
    }
}

/// Shows a plan's captures, one after the other; the exit code, and how many events were shown.
pub(super) fn show_captures(plan: &Plan, context: &mut Context<'_>) -> (Exit, u64) {
    let (ending, tally) = captures(plan, context);
    let recovery = Recovery::default();
    (
        finish(ending, &tally, plan, &recovery, context),
        tally.shown,
    )
}

/// Says which words do not fit.
pub(super) fn usage(context: &mut Context<'_>, command: &str, why: &str) -> Exit {
    context.out.warn(why);
    context
        .out
        .warn(&format!("for help: ditto-cdc {command} --help"));
    Exit::Usage
}

/// A plan's filter, and how its format is printed on this terminal.
fn presenter(plan: &Plan, context: &Context<'_>) -> Arc<Presenter> {
    let env = context.env;
    let coloured = env.colours(context.global.color, env.stdout_terminal);
    let view = View {
        format: plan.format,
        styles: Styles::new(coloured),
        coloured,
        terminal: env.stdout_terminal,
        width: env.width.filter(|_| env.stdout_terminal),
        clock: WallClock::new(env.now.clone()),
        diff: plan.diff.clone(),
    };
    Arc::new(Presenter {
        filter: plan.filter.clone(),
        view,
        base: None,
    })
}

fn captures(plan: &Plan, context: &mut Context<'_>) -> (Ending, Tally) {
    let presenter = presenter(plan, context);
    let interrupt = context.interrupt;
    let names: Vec<String> = plan
        .inputs
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let mut follow = Follow::new(plan, &presenter, names.join(", "), context.out).sifting();
    for file in &plan.inputs {
        let ending = match Capture::open(file, Arc::clone(interrupt)) {
            Ok(mut capture) => follow.run(&mut capture),
            Err(failure) => Ending::Failed(failure),
        };
        if !matches!(ending, Ending::SourceEnded) {
            return (ending, follow.tally);
        }
    }
    (follow.show_last(), follow.tally)
}

/// Says how the run ended, and which exit code that is.
fn finish(
    ending: Ending,
    tally: &Tally,
    plan: &Plan,
    recovery: &Recovery,
    context: &mut Context<'_>,
) -> Exit {
    let summary = tally.summary();
    match ending {
        Ending::Closed => Exit::Fine,
        Ending::Interrupted => {
            context.out.note(&summary);
            Exit::Interrupted
        }
        Ending::Complete | Ending::SourceEnded => {
            let odd = tally.gaps > 0 || tally.unreadable > 0 || tally.contained > 0;
            if odd || (context.env.stderr_terminal && plan.is_bounded()) {
                context.out.note(&summary);
            }
            if tally.unreadable > 0 {
                Exit::Failed
            } else {
                Exit::Fine
            }
        }
        Ending::Gap => {
            context.out.warn("stopped at a gap in the stream, as --on-gap stop asks: requery everything before going on");
            let txn = tally.asked.map(|txn| txn.0);
            context
                .out
                .hint("try", &recovery.requery(txn, &tally.positions));
            context.out.hint("then", &recovery.resume(txn));
            context.out.note(&summary);
            Exit::Gap
        }
        Ending::Failed(failure) => {
            context.out.failure(&failure);
            if tally.read > 0 {
                context.out.note(&summary);
            }
            failure.exit()
        }
        Ending::Unwritable(error) => {
            context
                .out
                .warn(&format!("writing to standard output: {error}"));
            Exit::Failed
        }
    }
}

#[cfg(test)]
mod tests;
