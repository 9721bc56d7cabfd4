//! `diff`: shows the changes in captures, with a pager and an exit code for scripts.

use std::path::PathBuf;

use super::Context;
use super::tail::plan::{SharedArgs, TypedTimeLimits};
use super::tail::{Shown, show_captures};
use crate::cli;
use crate::util::exit::Exit;
use crate::view::Format;

/// The default pager, and its options: quit if the text fits on one screen, pass colours, keep the screen content.
const PAGER: &str = "less";
const LESS: (&str, &str) = ("LESS", "FRX");

/// Runs the command.
pub fn run(typed: &cli::Diff, context: &mut Context<'_>) -> Exit {
    let files = match typed.files.as_slice() {
        [] if context.env.stdin_terminal => {
            return context.usage_error(
                "diff",
                "no capture: name a file, or pipe one into the command",
            );
        }
        [] => vec![PathBuf::from("-")],
        files => files.to_vec(),
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        range: &typed.range,
        time_limits: TypedTimeLimits::default(),
        format: typed.format.unwrap_or(Format::Diff),
        changes: &typed.changes,
        inputs: files,
        on_gap: typed.on_gap,
        has_state: false,
    };
    let plan = match shared.plan(context.env) {
        Ok(plan) => plan,
        Err(why) => return context.usage_error("diff", &why),
    };
    if let Some(pager) = pager(typed, context) {
        let less = (context.var)(LESS.0).is_none().then_some(LESS);
        context.out.start_pager(&pager, less.as_slice());
    }
    let (exit, shown) = show_captures(&plan, context);
    context.out.end_pager();
    if typed.exit_code {
        status_of_differences(exit, &shown)
    } else {
        exit
    }
}

/// As `diff` and `git diff`: 1 says that there are changes, and nothing else does. If there is a gap, no change proves nothing.
fn status_of_differences(exit: Exit, shown: &Shown) -> Exit {
    match exit {
        Exit::Success if shown.events > 0 => Exit::Differences,
        Exit::Success if shown.gaps > 0 => Exit::Gap,
        Exit::Failed => Exit::Trouble,
        exit => exit,
    }
}

/// The pager's command line; `None` without a terminal, or if the pager is disabled.
fn pager(typed: &cli::Diff, context: &Context<'_>) -> Option<String> {
    if typed.no_pager || !context.env.stdout_terminal {
        return None;
    }
    let configured = (context.var)("PAGER").map(|pager| pager.to_string_lossy().into_owned());
    let pager = configured.unwrap_or_else(|| PAGER.to_owned());
    (!pager.trim().is_empty() && pager != "cat").then_some(pager)
}
