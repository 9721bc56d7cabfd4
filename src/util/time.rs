//! Calendar time.

use std::time::Duration;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp};

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Parses the value of a flag: a positive duration such as `90s`, `5m` or `1h30m`. `examples` are valid ones.
///
/// # Errors
/// A message with the flag and the value.
pub fn parse_duration(flag: &str, text: &str, examples: &str) -> Result<Duration, String> {
    if text.parse::<u32>().is_ok() {
        return Err(format!(
            "{flag}: '{text}' has no unit; write {text}s, {text}m or {text}ms"
        ));
    }
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("{flag}: '{text}' is not a valid duration; write {examples}"))
}

/// Seconds since 1970. Certificates are checked with it: a person may have typed passwords since the program started.
#[must_use]
pub fn now_seconds() -> i64 {
    Timestamp::now().as_second()
}

/// Milliseconds since 1970.
#[must_use]
pub fn now_millis() -> i64 {
    Timestamp::now().as_millisecond()
}

/// `2026-11-24 12:00 UTC` from seconds since 1970; `None` outside the range of the calendar.
#[must_use]
pub fn format_utc(seconds: i64) -> Option<String> {
    let time = utc(seconds)?;
    Some(time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// Milliseconds since 1970 from RFC 3339.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_millisecond)
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
    fn durations_are_positive_and_have_a_unit() {
        let parse = |text: &str| parse_duration("--flag", text, "30s");
        for (text, seconds) in [("1s", 1), ("90s", 90), ("1h30m", 5400), ("2m", 120)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for (text, expected) in [
            ("5", "--flag: '5' has no unit; write 5s, 5m or 5ms"),
            ("0s", "--flag: '0s' is not a valid duration; write 30s"),
            ("-1s", "--flag: '-1s' is not a valid duration; write 30s"),
            ("x", "--flag: 'x' is not a valid duration; write 30s"),
            ("", "--flag: '' is not a valid duration; write 30s"),
        ] {
            assert_eq!(parse(text), Err(expected.to_owned()));
        }
    }

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
