//! Exponential back-off between the attempts of one command. Pure.

use std::time::Duration;

/// How the attempts of one command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    /// The last attempt has failed.
    Failed,
    /// An attempt has failed, and the run stops or has lost the partition.
    GivenUp,
}

/// How often and when a command is run again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    /// Number of retries after the first attempt.
    retries: u32,
    first_pause: Duration,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(30);

impl Backoff {
    pub(super) fn new(retries: u32) -> Backoff {
        Backoff {
            retries,
            first_pause: FIRST_PAUSE,
        }
    }

    /// Without pauses, for tests.
    #[cfg(test)]
    pub(super) fn immediate(retries: u32) -> Backoff {
        Backoff {
            retries,
            first_pause: Duration::ZERO,
        }
    }

    /// The pause after a failed attempt, counted from 0. `None` if it was the last one.
    pub(super) fn pause(self, attempt: u32) -> Option<Duration> {
        let factor = 2_u32.saturating_pow(attempt);
        let pause = self.first_pause.saturating_mul(factor).min(MAX_PAUSE);
        (attempt < self.retries).then_some(pause)
    }

    /// What follows a failed attempt, for its message.
    pub(super) fn describe(self, attempt: u32, is_given_up: bool) -> String {
        match self.pause(attempt) {
            Some(pause) if !is_given_up => format!(
                "; retry {} of {} in {} s",
                attempt + 1,
                self.retries,
                pause.as_secs_f64()
            ),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let pauses = |retries: u32| -> Vec<u64> {
            let backoff = Backoff::new(retries);
            let pauses = (0..).map_while(|attempt| backoff.pause(attempt));
            pauses.map(|pause| pause.as_secs()).collect()
        };
        assert!(pauses(0).is_empty());
        assert_eq!(pauses(3), [0, 1, 2]);
        assert_eq!(pauses(9), [0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(pauses(100).len(), 100);
        assert_eq!(
            Backoff::new(3).describe(0, false),
            "; retry 1 of 3 in 0.5 s"
        );
        assert_eq!(Backoff::new(3).describe(0, true), "");
        assert_eq!(Backoff::new(3).describe(3, false), "");
    }
}
