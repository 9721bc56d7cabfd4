//! How long a run has shown nothing.

use std::time::{Duration, Instant};

/// Measures how long nothing was shown. Only the time in which the newest records are read counts: during a search through
/// older ones, a matching event may still follow.
#[derive(Debug, Default)]
pub(super) struct ShownTimer {
    shown: u64,
    since: Option<Instant>,
}

impl ShownTimer {
    /// How long nothing was shown; `shown` is what was shown so far.
    pub(super) fn elapsed(&mut self, shown: u64, reads_newest: bool) -> Duration {
        if !reads_newest || shown != self.shown {
            self.since = None;
            self.shown = shown;
        }
        if !reads_newest {
            return Duration::ZERO;
        }
        self.since.get_or_insert_with(Instant::now).elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_at_the_end_without_output_counts() {
        let pause = Duration::from_millis(5);
        let mut timer = ShownTimer::default();
        assert_eq!(timer.elapsed(0, false), Duration::ZERO);
        std::thread::sleep(pause);
        assert_eq!(timer.elapsed(0, false), Duration::ZERO);
        assert!(timer.elapsed(0, true) < pause);
        std::thread::sleep(pause);
        assert!(timer.elapsed(0, true) >= pause);
        assert!(timer.elapsed(1, true) < pause, "an event was shown");
        std::thread::sleep(pause);
        assert!(timer.elapsed(1, true) >= pause);
        assert_eq!(
            timer.elapsed(1, false),
            Duration::ZERO,
            "older records again"
        );
        assert!(timer.elapsed(1, true) < pause);
    }
}
