//! Exponential backoff with full jitter, `Retry-After`, and a deadline that counts from the first attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

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
        let pause = jitter(self.attempt, random).saturating_add(requested.unwrap_or_default());
        self.attempt = self.attempt.saturating_add(1);
        (self.started.elapsed().saturating_add(pause) < self.deadline).then_some(pause)
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

/// The pause that `Retry-After` requests (RFC 9110, 10.2.3): seconds, or one of the three forms of an HTTP date. A date
/// is compared with the server's clock, if its response shows it. A value that is not understood is a pause of
/// [`MAX_PAUSE`], because a server that asks for a pause is better asked too late than too early.
#[must_use]
pub(super) fn retry_after(text: &str, server_date: Option<&str>, now: Timestamp) -> Duration {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)));
    }
    let Some(date) = http_date(text, now) else {
        return MAX_PAUSE;
    };
    let now = server_date
        .and_then(|text| http_date(text, now))
        .unwrap_or(now);
    let wait = date.as_second().saturating_sub(now.as_second());
    Duration::from_secs(u64::try_from(wait).unwrap_or(0))
}

/// Parses an HTTP date (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete forms
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. The day of the week is ignored.
fn http_date(text: &str, now: Timestamp) -> Option<Timestamp> {
    let words: Vec<&str> = text
        .split([' ', '-'])
        .filter(|word| !word.is_empty())
        .collect();
    let [_, rest @ ..] = words.as_slice() else {
        return None;
    };
    let (day, month, year, time) = match *rest {
        [day, month, year, time, "GMT" | "UTC"] | [month, day, time, year] => {
            (day, month, year.to_owned(), time)
        }
        _ => return None,
    };
    let year = match year.len() {
        2 => full_year(year.parse().ok()?, now).to_string(),
        _ => year,
    };
    let date = format!("{day} {month} {year} {time}");
    let parsed = strtime::parse("%d %b %Y %H:%M:%S", date)
        .ok()?
        .to_datetime();
    TimeZone::UTC.to_timestamp(parsed.ok()?).ok()
}

/// A year of two digits: the last one with these digits that is at most 50 years in the future.
fn full_year(digits: i16, now: Timestamp) -> i16 {
    let latest = TimeZone::UTC.to_datetime(now).year() + 50;
    latest - (latest - digits).rem_euclid(100)
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
    fn retry_after_is_seconds_or_one_of_three_dates() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap_or_default();
        let check = |text, server, expected| {
            let wait = retry_after(text, server, now).as_secs();
            assert_eq!(wait, expected, "{text} {server:?}");
        };
        check("3", None, 3);
        check(" 0 ", None, 0);
        check("99999999999999999999999", None, u64::from(u32::MAX));
        check("Sat, 31 Jan 2026 12:00:30 GMT", None, 30);
        check("Saturday, 31-Jan-26 12:00:30 GMT", None, 30);
        check("Sat Jan 31 12:00:30 2026", None, 30);
        check("Sun Feb  1 12:00:00 2026", None, 86_400);
        check("Sat, 31 Jan 2026 11:00:00 GMT", None, 0);
        check("Sunday, 06-Nov-94 08:49:37 GMT", None, 0);
        // The date counts from the server's clock, which is an hour behind.
        let server = Some("Sat, 31 Jan 2026 11:00:00 GMT");
        check("Sat, 31 Jan 2026 11:00:30 GMT", server, 30);
        check("Sat Jan 31 11:00:30 2026", server, 30);
        check("Sat, 31 Jan 2026 12:00:30 GMT", Some("soon"), 30);
        for unknown in [
            "soon",
            "-1",
            "1.5",
            "",
            "2026-01-31T12:00:30Z",
            "Sat, 31 Feb 2026 12:00:30 GMT",
            "Sat, 31 Jan 2026 12:00:30 PST",
        ] {
            check(unknown, None, 30);
        }
    }

    #[test]
    fn years_of_two_digits_are_at_most_fifty_years_ahead() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap_or_default();
        for (digits, expected) in [(26, 2026), (0, 2000), (76, 2076), (77, 1977), (94, 1994)] {
            assert_eq!(full_year(digits, now), expected);
        }
    }

    #[test]
    fn no_pause_is_too_long_to_add() {
        let mut backoff = Backoff::new(Duration::from_secs(100));
        assert_eq!(backoff.pause(Some(Duration::MAX)), None);
    }
}
