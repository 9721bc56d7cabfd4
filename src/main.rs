//! The binary.

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

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ditto_cdc::run(std::env::args_os())
}
