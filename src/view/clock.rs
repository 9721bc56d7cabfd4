//! Time formatting in the local time zone: date and time on a terminal, RFC 3339 elsewhere.

use jiff::tz::Offset;
use jiff::{Timestamp, ZonedDateTime};

/// Milliseconds since 1970-01-01 UTC as RFC 3339 in UTC; `None` beyond the calendar.
#[must_use]
pub(super) fn format_utc(millis: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(millis).ok()?;
    Some(format!("{time:.3}"))
}

/// Shows times in a time zone.
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

    /// Formats milliseconds since 1970-01-01 UTC for a person at a terminal, as date and time in the zone of this clock,
    /// such as `2026-01-31 12:01:03.114`; a number beyond the calendar is printed as it is.
    #[must_use]
    pub fn format_local(&self, millis: i64) -> String {
        let Ok(time) = Timestamp::from_millisecond(millis) else {
            return format!("{millis} ms");
        };
        let local = self.now.time_zone().to_datetime(time);
        format!("{} {:.3}", local.date(), local.time())
    }

    /// Formats milliseconds since 1970-01-01 UTC as RFC 3339, with the offset from UTC: such a time can be given to
    /// `--from`, on every machine.
    #[must_use]
    pub fn format_rfc3339(&self, millis: i64) -> String {
        let Ok(time) = Timestamp::from_millisecond(millis) else {
            return format!("{millis} ms");
        };
        let offset = self.now.time_zone().to_offset(time);
        if offset == Offset::UTC {
            format!("{time:.3}")
        } else {
            format!("{:.3}", time.display_with_offset(offset))
        }
    }

    /// The time zone's name and its offset from UTC now, such as `Europe/Zurich (UTC+01:00)`.
    #[must_use]
    pub fn zone(&self) -> String {
        let offset = self.now.offset();
        let utc = if offset == Offset::UTC {
            "UTC".to_owned()
        } else {
            format!("UTC{}", self.now.strftime("%:z"))
        };
        match self.now.time_zone().iana_name() {
            Some(name) if name != utc && name != "Etc/Unknown" => format!("{name} ({utc})"),
            _ => utc,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::position;
    use crate::record::position::Position;

    fn clock(now: &str) -> WallClock {
        WallClock::new(now.parse().unwrap())
    }

    #[test]
    fn a_terminal_shows_date_and_time() {
        let clock = clock("2026-01-31T12:00:00+01:00[Europe/Zurich]");
        for (millis, expected) in [
            (1_769_860_921_220, "2026-01-31 13:02:01.220"),
            (1_769_860_921_000, "2026-01-31 13:02:01.000"),
            (1_769_774_521_220, "2026-01-30 13:02:01.220"),
            (i64::MAX, "9223372036854775807 ms"),
        ] {
            assert_eq!(clock.format_local(millis), expected);
        }
    }

    #[test]
    fn elsewhere_times_have_a_date_and_an_offset() {
        let zurich = "2026-01-31T12:00:00+01:00[Europe/Zurich]";
        let utc = "2026-01-31T12:00:00Z[UTC]";
        for (now, millis, expected) in [
            (zurich, 1_769_860_921_220, "2026-01-31T13:02:01.220+01:00"),
            (zurich, 1_782_820_800_000, "2026-06-30T14:00:00.000+02:00"),
            (utc, 1_769_860_921_220, "2026-01-31T12:02:01.220Z"),
            (utc, 1_769_860_921_000, "2026-01-31T12:02:01.000Z"),
            (utc, -1, "1969-12-31T23:59:59.999Z"),
            (utc, i64::MAX, "9223372036854775807 ms"),
        ] {
            assert_eq!(clock(now).format_rfc3339(millis), expected);
        }
    }

    #[test]
    fn both_forms_go_back_into_from() {
        for now in [
            "2026-01-31T12:00:00+01:00[Europe/Zurich]",
            "2026-06-30T12:00:00-04:00[America/New_York]",
            "2026-01-31T12:00:00+05:45[Asia/Kathmandu]",
            "2026-01-31T12:00:00Z[UTC]",
        ] {
            let clock = clock(now);
            let today = clock.now.timestamp().as_millisecond();
            // An hour that a time zone has twice is ambiguous without an offset.
            for millis in [today + 1, today - 86_400_000, 1_782_820_800_250, 0] {
                for text in [clock.format_local(millis), clock.format_rfc3339(millis)] {
                    let read = position::parse(&text, &clock.now);
                    assert_eq!(read, Ok(Position::Time(millis)), "{text} in {now}");
                }
            }
            let twice = 1_761_440_400_000;
            let read = position::parse(&clock.format_rfc3339(twice), &clock.now);
            assert_eq!(read, Ok(Position::Time(twice)));
        }
    }

    #[test]
    fn the_zone_has_a_name_and_an_offset() {
        for (now, expected) in [
            (
                "2026-01-31T12:00:00+01:00[Europe/Zurich]",
                "Europe/Zurich (UTC+01:00)",
            ),
            (
                "2026-01-31T12:00:00+00:00[Europe/London]",
                "Europe/London (UTC)",
            ),
            ("2026-01-31T12:00:00Z[UTC]", "UTC"),
            ("2026-01-31T12:00:00-03:30[-03:30]", "UTC-03:30"),
        ] {
            assert_eq!(clock(now).zone(), expected);
        }
    }
}
