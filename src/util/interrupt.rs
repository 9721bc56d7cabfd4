//! Ctrl-C and termination signals, as a flag that loops poll.
//! A second Ctrl-C ends the program at once, because the first may wait for a blocked write. If child processes are
//! running, it kills them instead: the run then ends by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::child_process;
use super::exit::Exit;

/// Installs the signal handler. If that fails, Ctrl-C ends the program at once.
#[must_use]
pub fn watch() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let interrupted = Arc::clone(&flag);
    let installed = ctrlc::set_handler(move || {
        if interrupted.swap(true, Ordering::Relaxed) && child_process::kill_all() == 0 {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
    // Without a handler the system's default applies: a signal ends the process.
    drop(installed);
    flag
}
