//! Time formatting in the local time zone, with the date only if it is not today's.

use jiff::{Timestamp, ZonedDateTime};

/// Shows times relative to a day.
#[derive(Debug, Clone)]
pub struct WallClock {
    now: ZonedDateTime,
}

impl WallClock {
    /// For this current time and its time zone.
    #[must_use]
    pub fn new(now: ZonedDateTime) -> WallClock {
        WallClock { now }
    }

    /// Formats milliseconds since 1970-01-01 UTC; a number beyond the calendar is printed as it is.
    #[must_use]
    pub fn format(&self, millis: i64) -> String {
        let Ok(time) = Timestamp::from_millisecond(millis) else {
            return format!("{millis} ms");
        };
        let local = self.now.time_zone().to_datetime(time);
        let (date, time) = (local.date(), local.time());
        if date == self.now.date() {
            format!("{time:.3}")
        } else {
            format!("{date} {time:.3}")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_shown_where_it_is_not_todays() {
        let clock = WallClock::new("2026-01-31T12:00:00+01:00[Europe/Zurich]".parse().unwrap());
        for (millis, expected) in [
            (1_769_860_921_220, "13:02:01.220"),
            (1_769_860_921_000, "13:02:01.000"),
            (1_769_774_521_220, "2026-01-30 13:02:01.220"),
            (i64::MAX, "9223372036854775807 ms"),
        ] {
            assert_eq!(clock.format(millis), expected);
        }
    }
}
