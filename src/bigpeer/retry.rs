//! Exponential backoff with full jitter, `Retry-After`, and a deadline that counts from the first attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Upper bound of the first pause; each attempt doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Upper bound of every pause.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Backoff state of one request.
#[derive(Debug)]
pub struct Backoff {
    deadline: Duration,
    started: Instant,
    attempt: u32,
}

impl Backoff {
    /// A backoff that ends `deadline` after now.
    #[must_use]
    pub fn new(deadline: Duration) -> Self {
        Backoff {
            deadline,
            started: Instant::now(),
            attempt: 0,
        }
    }

    /// The pause before the next attempt; `None` if it would end after the deadline. The server's `Retry-After` is a
    /// lower bound.
    pub fn pause(&mut self, requested: Option<Duration>) -> Option<Duration> {
        let random = RandomState::new().hash_one(self.attempt);
        let pause = jitter(self.attempt, random) + requested.unwrap_or_default();
        self.attempt = self.attempt.saturating_add(1);
        (self.started.elapsed() + pause < self.deadline).then_some(pause)
    }

    /// Time since the first attempt.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A pause between 0 and the attempt's bound, so that clients do not retry in lockstep.
fn jitter(attempt: u32, random: u64) -> Duration {
    let bound = FIRST_PAUSE
        .saturating_mul(1 << attempt.min(16))
        .min(MAX_PAUSE);
    let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random % nanos.max(1))
}

/// Parses `Retry-After`: seconds, or an HTTP date.
#[must_use]
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = date.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_uniform_below_a_bound_that_doubles() {
        for (attempt, bound) in [(0, 200), (1, 400), (4, 3_200), (10, 30_000), (99, 30_000)] {
            let bound = Duration::from_millis(bound);
            for random in [0, 1, u64::MAX / 3, u64::MAX] {
                assert!(jitter(attempt, random) < bound, "{attempt} {random}");
            }
            let mean: Duration = (0..1000)
                .map(|n| jitter(attempt, RandomState::new().hash_one(n)))
                .sum::<Duration>()
                / 1000;
            assert!(
                mean > bound / 3 && mean < bound * 2 / 3,
                "{attempt}: {mean:?}"
            );
        }
    }

    #[test]
    fn the_deadline_holds_and_retry_after_is_a_lower_bound() {
        let mut backoff = Backoff::new(Duration::from_secs(100));
        assert!(
            backoff
                .pause(Some(Duration::from_secs(7)))
                .is_some_and(|pause| pause >= Duration::from_secs(7))
        );
        assert_eq!(backoff.pause(Some(Duration::from_secs(100))), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap_or_default();
        for (text, expected) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("Sat, 31 Jan 2026 12:00:30 GMT", Some(30)),
            ("Sat, 31 Jan 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(
                retry_after(text, now).map(|wait| wait.as_secs()),
                expected,
                "{text}"
            );
        }
    }
}
