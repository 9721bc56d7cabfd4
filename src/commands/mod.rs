//! One file a command: the only place where settings, sources, events and views meet.
//! Each command takes what was typed and the surroundings, and answers with an exit code.

pub mod completions;
pub mod config;
mod connect;
pub mod demo;
pub mod diff;
pub mod man;
pub mod requery;
pub mod tail;
pub mod verify;

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::cli::{Command, Global, Task};
use crate::output::Out;
use crate::util::env::Env;
use crate::util::exit::Exit;

/// What every command works with.
pub struct Context<'a> {
    /// Flags of every command.
    pub global: &'a Global,
    /// Terminals, width, time.
    pub env: &'a Env,
    /// The variables of the environment.
    pub var: &'a dyn Fn(&str) -> Option<OsString>,
    /// Becomes true when the user presses Ctrl-C.
    pub interrupt: &'a Arc<AtomicBool>,
    /// Both output streams.
    pub out: &'a mut Out,
}

/// Does what was typed.
pub fn perform(task: &Task, context: &mut Context<'_>) -> Exit {
    match task {
        Task::Command(command) => dispatch(command, context),
        Task::Complete(words) => completions::candidates::run(words, context),
    }
}

/// Runs a command.
pub fn dispatch(command: &Command, context: &mut Context<'_>) -> Exit {
    match command {
        Command::Tail(tail) => tail::run(tail, context),
        Command::Diff(diff) => diff::run(diff, context),
        Command::Verify(verify) => verify::run(verify, context),
        Command::Requery(requery) => requery::run(requery, context),
        Command::Demo(demo) => demo::run(demo, context),
        Command::Config(config) => config::run(config, context),
        Command::Man { command } => man::run(command.as_deref(), context),
        Command::Completions { shell } => context.out.print_text(&completions::script(*shell)),
    }
}
