//! Suppression of repeated messages: every attempt to connect gives the same one, or one of a few in turn.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How often a message is shown that repeats.
const INTERVAL: Duration = Duration::from_secs(30);
/// Limit of remembered messages; when it is reached, all are forgotten.
const MAX_MESSAGES: usize = 256;

/// Remembers when each message was shown last.
#[derive(Debug, Default)]
pub struct RepeatFilter(HashMap<String, Instant>);

impl RepeatFilter {
    /// Whether to show a message: it is new, or was shown last a while ago. Numbers do not make it new, because they are
    /// durations and counts.
    pub fn shows(&mut self, message: &str, now: Instant) -> bool {
        let mut key: String = message.chars().filter(|c| !c.is_ascii_digit()).collect();
        key.truncate(key.find(" (after ").unwrap_or(key.len()));
        match self.0.get(&key) {
            Some(shown) if now.saturating_duration_since(*shown) < INTERVAL => false,
            _ => {
                if self.0.len() >= MAX_MESSAGES {
                    self.0.clear();
                }
                self.0.insert(key, now);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_line_is_shown_every_30_seconds() {
        let (mut filter, start) = (RepeatFilter::default(), Instant::now());
        let shown: Vec<u64> = (0..100)
            .filter(|second| {
                let line = format!("FAIL: host:443/1: Disconnected (after {second}ms in state UP)");
                filter.shows(&line, start + Duration::from_secs(*second))
            })
            .collect();
        assert_eq!(shown, [0, 30, 60, 90]);
        assert!(filter.shows("another", start));
    }

    #[test]
    fn several_lines_in_turn_are_shown_once_each() {
        let (mut filter, start) = (RepeatFilter::default(), Instant::now());
        let shown = (0..60_usize).filter(|step| {
            let line = ["cars: HTTP 502", "bikes: HTTP 502", "bikes: no response"][step % 3];
            filter.shows(line, start + Duration::from_millis(100 * *step as u64))
        });
        assert_eq!(shown.collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut filter, now) = (RepeatFilter::default(), Instant::now());
        for number in 0..10_000_u32 {
            let name = char::from_u32(0x4e00 + number).map(String::from);
            assert!(filter.shows(&name.unwrap_or_default(), now));
            assert!(filter.0.len() <= MAX_MESSAGES);
        }
    }
}
