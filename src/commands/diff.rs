//! `diff`: what changed, in captures; the view of `tail` without a broker.
//! Reading and showing are `tail`'s; here are the pager and the exit code for scripts.

use std::path::PathBuf;

use super::Context;
use super::tail::plan::{self, SharedArgs};
use super::tail::{show_captures, usage};
use crate::cli;
use crate::util::exit::Exit;
use crate::view::Format;

/// The pager where none is asked for by name: quits on one screen, passes colours, leaves the text behind.
const PAGER: &str = "less";
const LESS: (&str, &str) = ("LESS", "FRX");

/// Runs the command.
pub fn run(typed: &cli::Diff, context: &mut Context<'_>) -> Exit {
    let files = match typed.files.as_slice() {
        [] if context.env.stdin_terminal => {
            return usage(context, "diff", "no capture: give a file, or pipe one in");
        }
        [] => vec![PathBuf::from("-")],
        files => files.to_vec(),
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        span: &typed.span,
        idle_exit: None,
        format: typed.format.map_or(Format::Diff, plan::format),
        look: &typed.look,
        inputs: files,
        on_gap: typed.on_gap,
    };
    let plan = match shared.plan(context.env) {
        Ok(plan) => plan,
        Err(why) => return usage(context, "diff", &why),
    };
    if let Some(pager) = pager(typed, context) {
        let less = (context.var)(LESS.0).is_none().then_some(LESS);
        context.out.page(&pager, less.as_slice());
    }
    let (exit, shown) = show_captures(&plan, context);
    context.out.end_page();
    match exit {
        Exit::Fine if typed.exit_code && shown > 0 => Exit::Differences,
        exit => exit,
    }
}

/// The pager's command line, on a terminal and unless it is switched off.
fn pager(typed: &cli::Diff, context: &Context<'_>) -> Option<String> {
    if typed.no_pager || !context.env.stdout_terminal {
        return None;
    }
    let wanted = (context.var)("PAGER").map(|pager| pager.to_string_lossy().into_owned());
    let pager = wanted.unwrap_or_else(|| PAGER.to_owned());
    (!pager.trim().is_empty() && pager != "cat").then_some(pager)
}
