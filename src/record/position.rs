//! Positions of `--from` and `--until`, as typed.

use jiff::civil;
use jiff::{Span, Timestamp, ZonedDateTime};

/// A position in a topic or capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// The oldest record.
    Beginning,
    /// After the newest record at the time of the start.
    End,
    /// This many records before the end, over all partitions in the order of their times.
    Back(usize),
    /// The first record at or after this time, in milliseconds since 1970-01-01 UTC.
    Time(i64),
    /// An offset for each named partition, in the order typed; other partitions are not read.
    Offsets(Vec<(i32, i64)>),
}

/// Parses a position of `--from` or `--until`.
///
/// # Errors
/// A message with the accepted forms.
pub fn parse(text: &str, now: &ZonedDateTime) -> Result<Position, String> {
    match text {
        "beginning" => Ok(Position::Beginning),
        "end" | "now" => Ok(Position::End),
        _ => parse_other(text, now),
    }
}

fn parse_other(text: &str, now: &ZonedDateTime) -> Result<Position, String> {
    if let Some(time) = text.strip_prefix('@') {
        return parse_time(time, now).map(Position::Time);
    }
    if let Some(count) = text.strip_prefix('-') {
        return parse_count(count).map(Position::Back);
    }
    if text.contains(':') {
        return parse_offsets(text).map(Position::Offsets);
    }
    Err(format!(
        "cannot understand '{text}'; use beginning, end, -100, @2026-01-31T12:00:00Z, @-1h, PARTITION:OFFSET,…, txn:552789 or the folder of a requery"
    ))
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!(
            "'-{text}' is not a valid number of records; use a whole number such as -100"
        )),
    }
}

fn parse_offsets(text: &str) -> Result<Vec<(i32, i64)>, String> {
    let mut offsets: Vec<(i32, i64)> = Vec::new();
    for part in text.split(',') {
        let pair = parse_pair(part.trim()).ok_or_else(|| {
            format!("'{part}' is not a valid PARTITION:OFFSET; use for example 0:1500")
        })?;
        if offsets.iter().any(|(partition, _)| *partition == pair.0) {
            return Err(format!("partition {} is named twice", pair.0));
        }
        offsets.push(pair);
    }
    Ok(offsets)
}

fn parse_pair(text: &str) -> Option<(i32, i64)> {
    let (partition, offset) = text.split_once(':')?;
    let pair = (partition.parse().ok()?, offset.parse().ok()?);
    (pair.0 >= 0 && pair.1 >= 0).then_some(pair)
}

/// Parses the time after `@`: a point in time, or a duration before now.
fn parse_time(text: &str, now: &ZonedDateTime) -> Result<i64, String> {
    let wrong = || {
        format!(
            "'@{text}' is not a valid time; use for example @2026-01-31T12:00:00Z, @2026-01-31 or @-1h"
        )
    };
    if let Some(span) = text.strip_prefix('-') {
        let span: Span = span.parse().map_err(|_| wrong())?;
        let time = now.checked_sub(span).map_err(|_| wrong())?;
        return Ok(time.timestamp().as_millisecond());
    }
    point_in_time(text, now).ok_or_else(wrong)
}

/// A time without a UTC offset is in the user's time zone.
fn point_in_time(text: &str, now: &ZonedDateTime) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    let local: civil::DateTime = text.parse().ok()?;
    let zoned = local.to_zoned_datetime(now.time_zone().clone()).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn now() -> ZonedDateTime {
        "2026-01-31T13:00:00+01:00[Europe/Zurich]".parse().unwrap()
    }

    #[test]
    fn positions_are_parsed() {
        let noon_utc = 1_769_860_800_000;
        for (text, expected) in [
            ("beginning", Position::Beginning),
            ("end", Position::End),
            ("now", Position::End),
            ("-100", Position::Back(100)),
            ("@2026-01-31T12:00:00Z", Position::Time(noon_utc)),
            ("@2026-01-31T12:00:00.250Z", Position::Time(noon_utc + 250)),
            ("@2026-01-31T13:00:00", Position::Time(noon_utc)),
            ("@2026-01-31T13:00:00+01:00", Position::Time(noon_utc)),
            ("@2026-01-31", Position::Time(noon_utc - 13 * 3_600_000)),
            ("@-1h", Position::Time(noon_utc - 3_600_000)),
            ("@-1h30m", Position::Time(noon_utc - 5_400_000)),
            ("@-2d", Position::Time(noon_utc - 2 * 86_400_000)),
            ("0:5", Position::Offsets(vec![(0, 5)])),
            ("3:18, 0:5", Position::Offsets(vec![(3, 18), (0, 5)])),
        ] {
            assert_eq!(parse(text, &now()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_position_is_refused_with_the_accepted_forms() {
        for (text, part) in [
            ("yesterday", "use beginning, end"),
            ("", "use beginning, end"),
            ("-0", "whole number"),
            ("-x", "whole number"),
            ("@", "is not a valid time"),
            ("@-", "is not a valid time"),
            ("@noon", "is not a valid time"),
            ("0:-1", "PARTITION:OFFSET"),
            ("0:1,", "PARTITION:OFFSET"),
            ("0:1,0:2", "named twice"),
            ("99999999999:1", "PARTITION:OFFSET"),
        ] {
            let message = parse(text, &now()).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
