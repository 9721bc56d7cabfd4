//! `ditto-cdc`: reads, checks and recovers Ditto's change data capture stream.
//! Modules are declared in layers; each uses only those above it.

pub mod util;

pub mod record;

pub mod cli;

pub mod settings;

pub mod tls;

pub mod probe;

pub mod json;

pub mod capture;

pub mod kafka;

pub mod path;

pub mod condition;

pub mod event;

pub mod diff;

pub mod bigpeer;

pub mod snapshot;

pub mod state;

pub mod mirror;

pub mod summary;

pub mod verify;

pub mod view;

pub mod output;

pub mod demo;

pub mod commands;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::ParseError;
use crate::output::Output;
use crate::util::env::Env;
use crate::util::exit::Exit;

/// Runs the program: parses the arguments and runs the command.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let env = Env::detect();
    let (global, invocation) = match cli::parse(args) {
        Ok(parsed) => parsed,
        Err(ParseError::Help(error)) => return print_help(&error).into(),
        Err(ParseError::Usage(error)) => {
            let mut out = Output::new(env.stderr_terminal, false, true);
            return out.usage_error(&error.command, &error.message).into();
        }
    };
    let mut out = Output::new(env.stderr_terminal, global.quiet, global.no_progress);
    let mut context = commands::Context {
        global: &global,
        env: &env,
        var: &util::env::variable,
        interrupt: &util::interrupt::watch(),
        out: &mut out,
    };
    commands::run(&invocation, &mut context).into()
}

/// Prints help or version (success), or help without a command (a usage error).
fn print_help(error: &clap::Error) -> Exit {
    // If the stream is closed, the error cannot be reported.
    drop(error.print());
    if error.use_stderr() {
        Exit::Usage
    } else {
        Exit::Success
    }
}
