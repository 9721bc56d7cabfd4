//! Calendar time.

use std::time::Duration;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp};

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Parses a duration such as `90s`, `5m` or `1h30m`; `None` if it is not one, or not positive.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let parsed: SignedDuration = text.parse().ok()?;
    let duration = Duration::try_from(parsed).ok()?;
    (!duration.is_zero()).then_some(duration)
}

/// Seconds since 1970. Certificates are checked with it: a person may have typed passwords since the program started.
#[must_use]
pub fn now_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// `2026-11-24 12:00 UTC` from seconds since 1970; `None` outside the range of the calendar.
#[must_use]
pub fn format_utc(seconds: i64) -> Option<String> {
    let time = utc(seconds)?;
    Some(time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// RFC 3339 in UTC from seconds since 1970: `2026-11-24T12:00:00Z`; the number itself outside the range of the calendar.
#[must_use]
pub fn format_rfc3339(seconds: i64) -> String {
    utc(seconds).map_or_else(
        || format!("{seconds} s since 1970"),
        |time| format!("{time}Z"),
    )
}

/// `jiff::Timestamp` ends a day before 9999-12-31T23:59:59Z, the date of certificates without an end (RFC 5280).
fn utc(seconds: i64) -> Option<DateTime> {
    let epoch = date(1970, 1, 1).at(0, 0, 0, 0);
    epoch.checked_add(SignedDuration::from_secs(seconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_from_year_0_to_9999_are_shown() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_769_860_921, "2026-01-31T12:02:01Z"),
            (-1, "1969-12-31T23:59:59Z"),
            // The earliest date of a certificate (`UTCTime`), and that of one without an end.
            (-631_152_000, "1950-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
            (253_402_300_800, "253402300800 s since 1970"),
            (i64::MIN, "-9223372036854775808 s since 1970"),
        ] {
            assert_eq!(format_rfc3339(seconds), expected);
        }
        let end = Some("9999-12-31 23:59 UTC".to_owned());
        assert_eq!(format_utc(253_402_300_799), end);
        assert_eq!(format_utc(i64::MAX), None);
    }
}
