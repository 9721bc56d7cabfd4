//! The commands, one module each.

pub mod audit;
mod batch_pool;
pub mod collections;
mod compare;
pub mod completions;
pub mod config;
mod connect;
mod context;
pub mod demo;
pub mod diff;
pub mod history;
pub mod man;
pub mod mirror;
mod mirror_source;
mod pager;
mod read_source;
pub mod relay;
pub mod requery;
mod snapshot_read;
pub mod stats;
mod stores;
mod synthetic_event;
pub mod tail;
mod unknown_collections;
pub mod verify;

pub use context::Context;

use crate::cli::{Command, Invocation};
use crate::util::exit::Exit;

/// Runs a parsed command line.
pub fn run(invocation: &Invocation, context: &mut Context<'_>) -> Exit {
    match invocation {
        Invocation::Command(command) => dispatch(command, context),
        Invocation::Complete(words) => completions::candidates::run(words, context),
    }
}

/// Runs a command.
pub fn dispatch(command: &Command, context: &mut Context<'_>) -> Exit {
    match command {
        Command::Tail(tail) => tail::run(tail, context),
        Command::Diff(diff) => diff::run(diff, context),
        Command::History(typed) => history::run(typed, context),
        Command::Collections(typed) => collections::run(typed, context),
        Command::Stats(typed) => stats::run(typed, context),
        Command::Verify(verify) => verify::run(verify, context),
        Command::Requery(requery) => requery::run(requery, context),
        Command::Mirror(typed) => mirror::run(typed, context),
        Command::Audit(typed) => audit::run(typed, context),
        Command::Relay(typed) => relay::run(typed, context),
        Command::Demo(demo) => demo::run(demo, dispatch, context),
        Command::Config(config) => config::run(config, context),
        Command::Man { command } => man::run(command.as_deref(), context),
        Command::Completions { shell } => context.out.print_text(&completions::script(*shell)),
    }
}
