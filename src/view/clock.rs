//! Time formatting in the local time zone: date and time on a terminal, RFC 3339 elsewhere.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

/// Milliseconds since 1970-01-01 UTC as RFC 3339 in UTC; `None` beyond the calendar.
#[must_use]
pub(super) fn format_utc(millis: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(millis).ok()?;
    Some(rfc3339_in_utc(time))
}

fn rfc3339_in_utc(time: Timestamp) -> String {
    let text = date_and_time(Offset::UTC.to_datetime(time), 'T').map(|text| text + "Z");
    text.unwrap_or_else(|| format!("{time:.3}"))
}

/// `2026-01-31T12:01:03.114`, as `jiff` prints it, but many times faster; `None` outside of the years 0 to 9999.
fn date_and_time(time: DateTime, separator: char) -> Option<String> {
    if !(0..=9999).contains(&time.year()) {
        return None;
    }
    let mut text = String::with_capacity("2026-01-31T12:01:03.114+01:00".len());
    push_digits(time.year(), 4, &mut text);
    for (before, part) in [
        ('-', time.month()),
        ('-', time.day()),
        (separator, time.hour()),
        (':', time.minute()),
        (':', time.second()),
    ] {
        text.push(before);
        push_digits(part.into(), 2, &mut text);
    }
    text.push('.');
    push_digits(time.millisecond(), 3, &mut text);
    Some(text)
}

/// Appends the last digits of a number, with leading zeros.
fn push_digits(number: i16, count: u32, out: &mut String) {
    for place in (0..count).rev() {
        let digit = number / 10_i16.pow(place) % 10;
        out.extend(char::from_digit(u32::from(digit.unsigned_abs()), 10));
    }
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
        let text = date_and_time(local, ' ');
        text.unwrap_or_else(|| format!("{} {:.3}", local.date(), local.time()))
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
            rfc3339_in_utc(time)
        } else {
            format!("{:.3}", time.display_with_offset(offset))
        }
    }

    /// Formats milliseconds since 1970-01-01 UTC to the second, in the zone of this clock.
    #[must_use]
    pub fn format_seconds(&self, millis: i64) -> String {
        let text = self.format_local(millis);
        text.split_once('.')
            .map_or(text.clone(), |(text, _)| text.to_owned())
    }

    /// Formats seconds since 1970-01-01 UTC to the minute, in the zone of this clock.
    #[must_use]
    pub fn format_minute(&self, seconds: i64) -> String {
        let text = self.format_seconds(seconds.saturating_mul(1000));
        text.rsplit_once(':')
            .map_or(text.clone(), |(text, _)| text.to_owned())
    }

    /// The date of a time in seconds since 1970-01-01 UTC, in the zone of this clock.
    #[must_use]
    pub fn format_day(&self, seconds: i64) -> String {
        let text = self.format_seconds(seconds.saturating_mul(1000));
        text.split_once(' ')
            .map_or(text.clone(), |(text, _)| text.to_owned())
    }

    /// This clock after a number of milliseconds.
    #[must_use]
    pub fn after(&self, millis: i64) -> WallClock {
        let later = self.now.checked_add(SignedDuration::from_millis(millis));
        WallClock::new(later.unwrap_or_else(|_| self.now.clone()))
    }

    /// The time of this clock, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn now_millis(&self) -> i64 {
        self.now.timestamp().as_millisecond()
    }

    /// The start of an hour of the zone of this clock, in seconds since 1970-01-01 UTC; the time itself beyond the calendar.
    #[must_use]
    pub fn start_of_hour(&self, seconds: i64) -> i64 {
        let Ok(time) = Timestamp::from_second(seconds) else {
            return seconds;
        };
        let offset = i64::from(self.now.time_zone().to_offset(time).seconds());
        seconds - (seconds + offset).rem_euclid(3600)
    }

    /// The start of a day of the zone of this clock, in seconds since 1970-01-01 UTC; the time itself beyond the calendar.
    #[must_use]
    pub fn start_of_day(&self, seconds: i64) -> i64 {
        let zone = self.now.time_zone();
        let time = Timestamp::from_second(seconds).ok();
        let start = time.map(|time| zone.to_datetime(time).start_of_day());
        let start = start.and_then(|start| zone.to_timestamp(start).ok());
        start.map_or(seconds, Timestamp::as_second)
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
    use proptest::prelude::*;

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn times_are_printed_as_jiff_prints_them(millis in -80_000_000_000_000..300_000_000_000_000_i64) {
            let time = Timestamp::from_millisecond(millis).ok();
            prop_assert_eq!(format_utc(millis), time.map(|time| format!("{time:.3}")));
            if let Some(time) = time {
                let clock = clock("2026-01-31T12:00:00+05:45[Asia/Kathmandu]");
                let local = clock.now.time_zone().to_datetime(time);
                prop_assert_eq!(clock.format_local(millis), format!("{} {:.3}", local.date(), local.time()));
            }
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
