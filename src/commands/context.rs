//! The environment of a command: global flags, terminals, variables and output.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::Global;
use crate::output::Output;
use crate::util::env::Env;
use crate::util::exit::Exit;

/// How often Ctrl-C is checked during a pause.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The environment of a command.
pub struct Context<'a> {
    /// Flags of every command.
    pub global: &'a Global,
    /// Terminals, width, time.
    pub env: &'a Env,
    /// Looks up an environment variable.
    pub var: &'a dyn Fn(&str) -> Option<OsString>,
    /// Becomes true when the user presses Ctrl-C.
    pub interrupt: &'a Arc<AtomicBool>,
    /// Standard output and standard error.
    pub out: &'a mut Output,
}

impl Context<'_> {
    /// Reports a usage error of a command. Lines after the first one quote the option and mark a place in it.
    pub(super) fn usage_error(&mut self, command: &str, why: &str) -> Exit {
        self.out.usage_error(&format!(" {command}"), why)
    }

    /// Waits, unless the user presses Ctrl-C.
    pub(super) fn pause(&self, wait: Duration) -> Result<(), Exit> {
        let started = Instant::now();
        while started.elapsed() < wait {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(Exit::Interrupted);
            }
            thread::sleep(POLL_INTERVAL.min(wait));
        }
        Ok(())
    }
}
