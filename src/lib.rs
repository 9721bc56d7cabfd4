//! `ditto-cdc`: look at, check and recover Ditto's change data capture stream.
//! The modules stand in the order in which an event travels; each uses only those above it.

pub mod util;

pub mod record;

pub mod cli;

pub mod settings;

pub mod tls;

pub mod json;

pub mod capture;

pub mod kafka;

pub mod condition;

pub mod event;

pub mod diff;

pub mod bigpeer;

pub mod snapshot;

pub mod state;

pub mod verify;

pub mod view;

pub mod output;

pub mod demo;

pub mod commands;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::output::Out;
use crate::util::env::Env;
use crate::util::exit::Exit;

/// Runs the program: reads the arguments, looks at the terminal once, dispatches.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let (global, task) = match cli::parse(args) {
        Ok(typed) => typed,
        Err(wrong) => return refuse(&wrong).into(),
    };
    let env = Env::look();
    let mut out = Out::new(env.stderr_terminal, global.quiet, global.no_progress);
    let mut context = commands::Context {
        global: &global,
        env: &env,
        var: &util::env::variable,
        interrupt: &util::interrupt::watch(),
        out: &mut out,
    };
    commands::perform(&task, &mut context).into()
}

/// Help and version are answers, everything else is a mistake in the command line.
fn refuse(wrong: &clap::Error) -> Exit {
    // Nobody is left to tell where the stream is closed.
    drop(wrong.print());
    if wrong.use_stderr() {
        Exit::Usage
    } else {
        Exit::Fine
    }
}
