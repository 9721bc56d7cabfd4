//! `ditto-cdc`: look at, check and recover Ditto's change data capture stream.
//! The modules stand in the order in which an event travels; each uses only those above it and the shared vocabulary.

pub mod env;
pub mod exit;
pub mod position;
pub mod record;
pub mod secret;

pub mod json;

pub mod capture_format;

pub mod tls;

pub mod settings;

pub mod source;

pub mod event;

pub mod demo;

pub mod cmd;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program.
pub fn run(_args: impl IntoIterator<Item = OsString>) -> ExitCode {
    exit::Exit::Fine.into()
}
