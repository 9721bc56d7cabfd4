//! Ctrl-C, and the signals by which systems end programs, as a flag that loops look at between two steps.
//! A second Ctrl-C ends the program at once: the first may wait for a reader that is not reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;

/// Watches for Ctrl-C from now on. If that is not possible, Ctrl-C ends the program at once.
#[must_use]
pub fn watch() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let watching = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
    // A handler that could not be set leaves the system's own behaviour, which is to end.
    drop(watching);
    flag
}
