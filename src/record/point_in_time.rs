//! Points in time as typed: a date, a time of day, a duration before now, or a number since 1970.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, Timestamp, ToSpan, ZonedDateTime};

/// Smaller numbers are taken for offsets: as seconds since 1970 they are before 1973-03-03.
const MIN_SECONDS: i128 = 100_000_000;
/// Numbers below are seconds (up to the year 5138), then milliseconds, microseconds and nanoseconds (from 1973 on).
const MAX_OF_UNIT: [(i128, i128); 3] = [
    (100_000_000_000_000, 1),
    (100_000_000_000_000_000, 1_000),
    (100_000_000_000_000_000_000, 1_000_000),
];
/// The limit of seconds.
const MAX_SECONDS: i128 = 100_000_000_000;

/// Parses a time, typed with or without `@` before it: milliseconds since 1970-01-01 UTC. A time without an offset
/// from UTC is in the user's time zone.
///
/// # Errors
/// A message with the accepted forms.
pub(super) fn parse(text: &str, now: &ZonedDateTime) -> Result<i64, String> {
    let text = text.trim();
    if let Some(since_1970) = parse_number(text) {
        return since_1970;
    }
    let found = parse_relative(text, now)
        .or_else(|| parse_day(text, now))
        .or_else(|| parse_date(text, now))
        // Reads the time of day of a whole date, too: that must have been tried before.
        .or_else(|| parse_time_of_day(text, now));
    found.ok_or_else(|| {
        let digits = text.trim_start_matches(['-', '+']);
        if is_number(digits) {
            return format!("'@{text}' has no unit; write for example @{text}s or @{text}m");
        }
        format!(
            "'@{text}' is not a valid time; use for example @2026-01-31T12:00:00Z, @2026-01-31, @12:00, @yesterday, @-1h or @1769860800 (since 1970)"
        )
    })
}

/// Whether a string has digits only.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number since 1970, whose magnitude tells its unit; seconds can have a fraction. `None` if it is not a number.
fn parse_number(text: &str) -> Option<Result<i64, String>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_number(whole) || !is_number(fraction) || text.parse::<Date>().is_ok() {
        return None;
    }
    let number: i128 = whole.parse().unwrap_or(i128::MAX);
    if number < MIN_SECONDS {
        return Some(Err(format!(
            "'@{text}' is too small for a time in seconds since 1970; an offset needs its partition, such as 0:{whole}; for everything write beginning"
        )));
    }
    let millis = if number < MAX_SECONDS {
        let digits = fraction.bytes().chain(*b"000").take(3);
        let thousandths = digits.fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        Some(number * 1_000 + thousandths)
    } else {
        let unit = MAX_OF_UNIT.iter().find(|(max, _)| number < *max);
        unit.map(|(_, per_milli)| number / per_milli)
    };
    let millis = millis.and_then(|millis| i64::try_from(millis).ok());
    Some(millis.ok_or_else(|| format!("'@{text}' is too large for a time since 1970")))
}

/// `-1h`, `1h`, `1h ago`, `now-1h`: before now. `+1h`: after now.
fn parse_relative(text: &str, now: &ZonedDateTime) -> Option<i64> {
    let text = text.strip_prefix("now").unwrap_or(text);
    let unsigned = text.trim_start_matches(['-', '+']);
    // Without a sign, `12:00:00` is a time of day.
    if unsigned == text && text.contains(':') {
        return None;
    }
    let span: Span = unsigned.parse().ok()?;
    let time = if text.starts_with('+') {
        now.checked_add(span.abs()).ok()?
    } else {
        now.checked_sub(span.abs()).ok()?
    };
    Some(time.timestamp().as_millisecond())
}

/// The start of a day in the user's time zone.
fn parse_day(text: &str, now: &ZonedDateTime) -> Option<i64> {
    let days = match text.to_ascii_lowercase().as_str() {
        "yesterday" => -1,
        "today" => 0,
        "tomorrow" => 1,
        _ => return None,
    };
    let day = now.date().checked_add(days.days()).ok()?;
    local(day.at(0, 0, 0, 0), now)
}

/// A time of the current day, in the user's time zone if it has no offset from UTC.
fn parse_time_of_day(text: &str, now: &ZonedDateTime) -> Option<i64> {
    // The parser of a time of day ignores an offset.
    if text.contains(['+', '-', 'Z', 'z']) {
        let time: Timestamp = format!("{}T{text}", now.date()).parse().ok()?;
        return Some(time.as_millisecond());
    }
    let time: Time = text.parse().ok().filter(|_| text.contains(':'))?;
    local(now.date().to_datetime(time), now)
}

fn parse_date(text: &str, now: &ZonedDateTime) -> Option<i64> {
    let text = join_offset(text);
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return local(time, now);
    }
    let mail = jiff::fmt::rfc2822::parse(&text).ok()?;
    Some(mail.timestamp().as_millisecond())
}

/// `2026-01-31 12:00 UTC` and `2026-01-31 12:00:00 +0100` as RFC 3339 writes them: without the blank.
fn join_offset(text: &str) -> String {
    let Some((time, zone)) = text.rsplit_once(' ') else {
        return text.to_owned();
    };
    let starts_with_date = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains('-');
    match zone {
        "UTC" | "GMT" | "Z" if starts_with_date => format!("{time}Z"),
        offset if starts_with_date && offset.starts_with(['+', '-']) => format!("{time}{offset}"),
        _ => text.to_owned(),
    }
}

fn local(time: DateTime, now: &ZonedDateTime) -> Option<i64> {
    let zoned = time.to_zoned_datetime(now.time_zone().clone()).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 12:00:00 UTC at the day of `now`.
    const NOON: i64 = 1_769_860_800_000;
    const HOUR: i64 = 3_600_000;

    fn now() -> ZonedDateTime {
        "2026-01-31T13:00:00+01:00[Europe/Zurich]".parse().unwrap()
    }

    #[test]
    fn times_are_parsed() {
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", NOON),
            ("2026-01-31t12:00:00z", NOON),
            ("2026-01-31T12:00:00.250Z", NOON + 250),
            ("2026-01-31T13:00:00", NOON),
            ("2026-01-31 13:00:00", NOON),
            ("2026-01-31 13:00", NOON),
            ("2026-01-31T13:00:00+01:00", NOON),
            ("2026-01-31T13:00:00+0100", NOON),
            ("2026-01-31 13:00:00 +01:00", NOON),
            ("2026-01-31 13:00:00 +0100", NOON),
            ("2026-01-31T13:00:00+01:00[Europe/Zurich]", NOON),
            ("2026-01-31 12:00 UTC", NOON),
            ("Sat, 31 Jan 2026 12:00:00 GMT", NOON),
            ("Sat, 31 Jan 2026 13:00:00 +0100", NOON),
            ("2026-01-31", NOON - 13 * HOUR),
            ("20260131", NOON - 13 * HOUR),
            ("2026-01-30 13:00:00", NOON - 24 * HOUR),
            ("20260130T130000", NOON - 24 * HOUR),
            ("20260130T13:00", NOON - 24 * HOUR),
            ("13:00", NOON),
            ("13:02:01.220", NOON + 121_220),
            ("23:00", NOON + 10 * HOUR),
            ("14:02:01.220+02:00", NOON + 121_220),
            ("12:00Z", NOON),
            ("now-1h", NOON - HOUR),
            ("now+1h", NOON + HOUR),
            ("today", NOON - 13 * HOUR),
            ("yesterday", NOON - 37 * HOUR),
            ("Yesterday", NOON - 37 * HOUR),
            ("tomorrow", NOON + 11 * HOUR),
            ("-1h", NOON - HOUR),
            ("1h", NOON - HOUR),
            ("1h ago", NOON - HOUR),
            ("1 hour ago", NOON - HOUR),
            ("+1h", NOON + HOUR),
            ("-1h30m", NOON - HOUR * 3 / 2),
            ("-1.5h", NOON - HOUR * 3 / 2),
            ("-2d", NOON - 48 * HOUR),
            ("-1w", NOON - 168 * HOUR),
            ("PT1H", NOON - HOUR),
            ("1769860800", NOON),
            ("1769860800.250", NOON + 250),
            ("1769860800.5", NOON + 500),
            ("1769860800000", NOON),
            ("1769860800250", NOON + 250),
            ("1769860800250999", NOON + 250),
            ("1769860800250999999", NOON + 250),
        ] {
            assert_eq!(parse(text, &now()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_number_follows_from_its_magnitude() {
        for (text, expected) in [
            ("100000000", 100_000_000_000),
            ("99999999999", 99_999_999_999_000),
            ("100000000000", 100_000_000_000),
            ("99999999999999", 99_999_999_999_999),
            ("100000000000000", 100_000_000_000),
            ("99999999999999999", 99_999_999_999_999),
            ("100000000000000000", 100_000_000_000),
            ("99999999999999999999", 99_999_999_999_999),
        ] {
            assert_eq!(parse(text, &now()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_time_is_refused_with_the_right_form() {
        for (text, part) in [
            ("", "is not a valid time"),
            ("-", "is not a valid time"),
            ("noon", "is not a valid time"),
            ("25:00", "is not a valid time"),
            ("12:00+x", "is not a valid time"),
            ("2026-02-30", "is not a valid time"),
            ("-3600", "write for example @-3600s"),
            ("0", "for everything write beginning"),
            ("18234", "such as 0:18234"),
            ("100000000000000000000", "too large"),
            ("99999999999999999999999999999999999999999999", "too large"),
        ] {
            let message = parse(text, &now()).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
