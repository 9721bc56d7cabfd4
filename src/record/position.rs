//! Positions of `--from` and `--until`, as typed.

use jiff::ZonedDateTime;

use super::point_in_time;
use super::point_in_time::is_number;

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

/// Words for the oldest record: this tool's own, then those of other Kafka tools.
const BEGINNING: &[&str] = &[
    "beginning",
    "earliest",
    "oldest",
    "start",
    "first",
    "smallest",
];
/// Words for the end of the topic.
const END: &[&str] = &["end", "now", "latest", "newest", "largest"];
/// Words of other tools for the position of a consumer group.
const STORED: &[&str] = &["stored", "committed"];

/// Seconds since 1970 have at least this many digits.
const MIN_DIGITS_OF_TIME: usize = 9;
/// Numbers of this many digits are times in milliseconds to nanoseconds, as captures have them: no topic has so many
/// records.
const CERTAIN_DIGITS_OF_TIME: usize = 13;

/// Parses a position of `--from` or `--until`.
///
/// # Errors
/// A message with the accepted forms, or with the form that the user probably means.
pub fn parse(text: &str, now: &ZonedDateTime) -> Result<Position, String> {
    let text = text.trim();
    if let Some(position) = named(text.strip_prefix('@').unwrap_or(text)) {
        return Ok(position);
    }
    if let Some(time) = text.strip_prefix('@') {
        return point_in_time::parse(time, now).map(Position::Time);
    }
    if let Some(why) = foreign(text) {
        return Err(why);
    }
    let count = text.strip_prefix('-').filter(|count| is_number(count));
    if let Some(count) = count {
        return parse_count(count).map(Position::Back);
    }
    if let Some(offsets) = parse_offsets(text) {
        return offsets.map(Position::Offsets);
    }
    // A time is recognised without `@`, too, as most tools write it.
    match point_in_time::parse(text, now) {
        Ok(millis) => Ok(Position::Time(millis)),
        Err(_) => Err(not_a_position(text)),
    }
}

/// Whether a string is a position in the notation of the help: it cannot be meant as the name of a folder.
#[must_use]
pub fn is_unmistakable(text: &str) -> bool {
    let starts_with_sign = text.starts_with(['@', '-', '+']);
    starts_with_sign || text.contains(':') || matches!(text, "beginning" | "end" | "now")
}

fn named(text: &str) -> Option<Position> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match text {
        _ if is_one_of(BEGINNING) => Some(Position::Beginning),
        // The time now is the end of the topic.
        _ if is_one_of(END) => Some(Position::End),
        _ => None,
    }
}

/// The message for a notation of another tool whose meaning here is not certain.
fn foreign(text: &str) -> Option<String> {
    if STORED.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Some(format!(
            "'{text}': use --state FILE or --group NAME, which store positions and continue from them"
        ));
    }
    if let Some(time) = text.strip_prefix("s@").or(text.strip_prefix("e@")) {
        return Some(format!(
            "'{text}': write --from @{time} for the start, and --until @{time} for the end"
        ));
    }
    let is_uncertain = is_number(text) && text.len() < CERTAIN_DIGITS_OF_TIME;
    is_uncertain.then(|| {
        let other = if text.len() < MIN_DIGITS_OF_TIME {
            format!("-{text} for the last {text} records")
        } else {
            format!("@{text} for a time since 1970")
        };
        format!("'{text}': write 0:{text} for an offset, with its partition before it, or {other}")
    })
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!(
            "'-{text}' is not a valid number of records; use a whole number such as -100"
        )),
    }
}

/// Parses `0:5,1:7`, or `p0@5,p1@7` as events are shown; `None` if no part of the string has this form.
fn parse_offsets(text: &str) -> Option<Result<Vec<(i32, i64)>, String>> {
    let pairs = text.split(',').map(|part| (part, parse_pair(part.trim())));
    let pairs: Vec<(&str, Option<(i32, i64)>)> = pairs.collect();
    if pairs.iter().all(|(_, pair)| pair.is_none()) {
        return None;
    }
    if let Some(why) = time_of_day(text) {
        return Some(Err(why));
    }
    let mut offsets: Vec<(i32, i64)> = Vec::new();
    for (part, pair) in pairs {
        let Some(pair) = pair else {
            return Some(Err(not_an_offset(part)));
        };
        if offsets.iter().any(|(partition, _)| *partition == pair.0) {
            return Some(Err(format!("partition {} is named twice", pair.0)));
        }
        offsets.push(pair);
    }
    Some(Ok(offsets))
}

/// `0:5`, `p0@5`, `0@5`, or `partition 0 offset 5` as messages have it.
fn parse_pair(text: &str) -> Option<(i32, i64)> {
    let shown = || text.strip_prefix('p').unwrap_or(text).split_once('@');
    let in_message = || text.strip_prefix("partition ")?.split_once(" offset ");
    let pair = text.split_once(':').or_else(shown).or_else(in_message);
    let (partition, offset) = pair?;
    (is_number(partition) && is_number(offset))
        .then(|| Some((partition.parse().ok()?, offset.parse().ok()?)))?
}

/// The message for what looks like a time of day, such as `19:55`, `12:00` or `9:05`: an offset has no leading zero.
fn time_of_day(text: &str) -> Option<String> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| part.parse::<u8>().ok().filter(|_| is_number(part));
    let (hours, minutes) = (number(hour)?, number(minute)?);
    let is_time = hour.len() <= 2 && minute.len() == 2 && hours < 24 && minutes < 60;
    let is_like_time = hour.len() == 2 || minute.starts_with('0');
    (is_time && is_like_time).then(|| {
        format!("'{text}': write @{text} for the time, or p{hours}@{minutes} for the offset")
    })
}

fn not_an_offset(part: &str) -> String {
    format!("'{part}' is not a valid PARTITION:OFFSET; use for example 0:1500")
}

/// The message for a string that is no position.
fn not_a_position(text: &str) -> String {
    // `kafka-get-offsets.sh` prints TOPIC:PARTITION:OFFSET.
    let mut parts = text.rsplitn(3, ':');
    let last_two = (parts.next(), parts.next());
    match (last_two, parts.next()) {
        ((Some(offset), Some(partition)), Some(_)) if is_number(offset) && is_number(partition) => {
            format!("'{text}': write {partition}:{offset}, without the topic")
        }
        ((Some(_), Some(_)), _) if !text.contains(char::is_alphabetic) => not_an_offset(text),
        _ => format!(
            "cannot understand '{text}'; use beginning, end, -100, @2026-01-31T12:00:00Z, @12:00, @-1h, PARTITION:OFFSET,…, txn:552789 or the folder of a requery"
        ),
    }
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
            ("BEGINNING", Position::Beginning),
            ("earliest", Position::Beginning),
            ("oldest", Position::Beginning),
            ("start", Position::Beginning),
            ("@earliest", Position::Beginning),
            ("end", Position::End),
            ("END", Position::End),
            ("now", Position::End),
            ("@now", Position::End),
            ("latest", Position::End),
            ("newest", Position::End),
            ("-100", Position::Back(100)),
            (" -100 ", Position::Back(100)),
            ("@2026-01-31T12:00:00Z", Position::Time(noon_utc)),
            ("2026-01-31T12:00:00Z", Position::Time(noon_utc)),
            ("2026-01-31T13:00:00.000+01:00", Position::Time(noon_utc)),
            ("2026-01-31 13:00", Position::Time(noon_utc)),
            ("2026-01-31", Position::Time(noon_utc - 13 * 3_600_000)),
            ("13:02:01.220", Position::Time(noon_utc + 121_220)),
            ("@1769860800", Position::Time(noon_utc)),
            ("@-1h", Position::Time(noon_utc - 3_600_000)),
            ("-1h", Position::Time(noon_utc - 3_600_000)),
            ("1h", Position::Time(noon_utc - 3_600_000)),
            ("+1h", Position::Time(noon_utc + 3_600_000)),
            ("yesterday", Position::Time(noon_utc - 37 * 3_600_000)),
            ("0:5", Position::Offsets(vec![(0, 5)])),
            ("3:18, 0:5", Position::Offsets(vec![(3, 18), (0, 5)])),
            ("p3@18234", Position::Offsets(vec![(3, 18234)])),
            ("3@18234", Position::Offsets(vec![(3, 18234)])),
            ("p3@18,p0@5", Position::Offsets(vec![(3, 18), (0, 5)])),
            ("24:59", Position::Offsets(vec![(24, 59)])),
            ("19:75", Position::Offsets(vec![(19, 75)])),
            ("0:13", Position::Offsets(vec![(0, 13)])),
            ("9:55", Position::Offsets(vec![(9, 55)])),
            ("10:13,1:14", Position::Offsets(vec![(10, 13), (1, 14)])),
            ("p19@55", Position::Offsets(vec![(19, 55)])),
            ("partition 0 offset 11", Position::Offsets(vec![(0, 11)])),
            ("1769860800000", Position::Time(noon_utc)),
            ("now-1h", Position::Time(noon_utc - 3_600_000)),
            ("@now-1h", Position::Time(noon_utc - 3_600_000)),
            ("13:00:00.000+01:00", Position::Time(noon_utc)),
            ("14:00:00+02:00", Position::Time(noon_utc)),
            ("@12:00Z", Position::Time(noon_utc)),
            ("12:00Z", Position::Time(noon_utc)),
        ] {
            assert_eq!(parse(text, &now()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_position_is_refused_with_the_right_form() {
        for (text, part) in [
            ("soon", "use beginning, end"),
            ("", "use beginning, end"),
            ("-0", "whole number"),
            ("-x", "use beginning, end"),
            ("@", "is not a valid time"),
            ("@-", "is not a valid time"),
            ("@noon", "is not a valid time"),
            ("0:-1", "PARTITION:OFFSET"),
            ("0:1,", "PARTITION:OFFSET"),
            ("0:1,0:2", "named twice"),
            ("p0@1,0:2", "named twice"),
            ("99999999999:1", "PARTITION:OFFSET"),
            ("5", "write 0:5 for an offset"),
            ("5", "-5 for the last 5 records"),
            ("1769860800", "@1769860800 for a time"),
            ("19:55", "@19:55 for the time, or p19@55 for the offset"),
            ("9:05", "@9:05 for the time, or p9@5"),
            ("8:45 PM", "@12:00"),
            ("Nov 28 08:45", "@12:00"),
            ("s@1769860800000", "--from @1769860800000"),
            ("e@1769860800000", "--until @1769860800000"),
            ("stored", "--state FILE"),
            ("12:00", "@12:00 for the time, or p12@0 for the offset"),
            ("09:30", "@09:30 for the time, or p9@30 for the offset"),
            ("events:0:5", "write 0:5, without the topic"),
            ("@18234", "0:18234"),
        ] {
            let message = parse(text, &now()).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
