//! Events per second of the last minutes.

/// Number of events in each second of the last [`MAX_SECONDS`].
#[derive(Debug, Clone)]
pub struct Rates {
    counts: Vec<u64>,
    /// The latest second that has a count, since 1970.
    latest: i64,
}

/// The longest time for which there is a rate.
pub const MAX_SECONDS: i64 = 15 * 60;

impl Default for Rates {
    fn default() -> Self {
        Rates {
            counts: vec![0; usize::try_from(MAX_SECONDS).unwrap_or(0)],
            latest: i64::MIN,
        }
    }
}

impl Rates {
    /// Counts an event of a second since 1970.
    pub fn count(&mut self, second: i64) {
        if second <= self.latest.saturating_sub(MAX_SECONDS) {
            return;
        }
        self.move_to(second);
        if let Some(count) = self.counts.get_mut(slot(second)) {
            *count += 1;
        }
    }

    /// Events per second in the last `seconds` before `now`.
    #[must_use]
    pub fn rate(&self, now: i64, seconds: i64) -> f64 {
        let begin = now
            .saturating_sub(seconds)
            .max(self.latest.saturating_sub(MAX_SECONDS));
        let range = begin.saturating_add(1)..=now.min(self.latest);
        let counts = range.filter_map(|second| self.counts.get(slot(second)));
        #[allow(clippy::cast_precision_loss)]
        let (events, seconds) = (counts.sum::<u64>() as f64, seconds.max(1) as f64);
        events / seconds
    }

    /// Clears the seconds after the latest one, which are those of a quarter of an hour before.
    fn move_to(&mut self, second: i64) {
        if second <= self.latest {
            return;
        }
        let begin = self.latest.max(second.saturating_sub(MAX_SECONDS));
        for passed in begin.saturating_add(1)..=second {
            if let Some(count) = self.counts.get_mut(slot(passed)) {
                *count = 0;
            }
        }
        self.latest = second;
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(MAX_SECONDS)).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_events_in_its_time() {
        let mut rates = Rates::default();
        assert_eq!(rates.rate(100, 60), 0.0);
        for second in [1000, 1030, 1030, 1059, 1000] {
            rates.count(second);
        }
        assert_eq!(rates.rate(1059, 60), 5.0 / 60.0);
        assert_eq!(rates.rate(1060, 60), 3.0 / 60.0);
        assert_eq!(rates.rate(1060, 900), 5.0 / 900.0);
        assert_eq!(rates.rate(1899, 900), 5.0 / 900.0);
        assert_eq!(rates.rate(1900, 900), 3.0 / 900.0);
        // A later event clears what is older than a quarter of an hour, and an older one is not counted.
        rates.count(1950);
        rates.count(1040);
        assert_eq!(rates.rate(1950, 900), 2.0 / 900.0);
        rates.count(1_000_000);
        assert_eq!(rates.rate(1_000_000, 900), 1.0 / 900.0);
    }
}
