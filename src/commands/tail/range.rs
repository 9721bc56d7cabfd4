//! Range check of a capture's records against `--from` and `--until`: a capture has no index to seek with.

use crate::record::position::Position;
use crate::record::{Failure, FailureClass, Place, Record};

/// Whether a record of a capture lies in the range; `until` is exclusive.
///
/// # Errors
/// A [`Failure`] if the capture does not have the time or offset that a position needs.
pub(crate) fn in_range(
    record: &Record<'_>,
    from: &Position,
    until: Option<&Position>,
) -> Result<bool, Failure> {
    let after_start = !is_before(record, from, "--from", true)?;
    let after_stop = match until {
        None | Some(Position::End | Position::Back(_)) => false,
        Some(until) => !is_before(record, until, "--until", false)?,
    };
    Ok(after_start && !after_stop)
}

/// Whether a record lies before a position. `if_unnamed` is the result for partitions that the position does not name.
fn is_before(
    record: &Record<'_>,
    position: &Position,
    flag: &str,
    if_unnamed: bool,
) -> Result<bool, Failure> {
    match position {
        Position::Beginning | Position::End | Position::Back(_) => Ok(false),
        Position::Time(millis) => match record.time {
            Some(time) => Ok(time.millis < *millis),
            None => Err(missing(record, flag, "time")),
        },
        Position::Offsets(offsets) => match record.place.position() {
            Some((partition, offset)) => {
                let named = offsets.iter().find(|(named, _)| *named == partition);
                Ok(named.map_or(if_unnamed || flag == "--until", |(_, at)| offset < *at))
            }
            None => Err(missing(record, flag, what_is_missing(record))),
        },
    }
}

/// The part of a position that a record does not have.
fn what_is_missing(record: &Record<'_>) -> &'static str {
    match record.place {
        Place::Line {
            partition: None,
            offset: Some(_),
            ..
        } => "partition",
        _ => "offset",
    }
}

fn missing(record: &Record<'_>, flag: &str, what: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("{flag}: the record at {} has no {what}", format_place(record)),
        fix: Some(
            "captures of --format record, kcat -J, rpk and kcl have times and offsets; kafka-console-consumer.sh writes them with print.timestamp, print.partition and print.offset; read others with -n or --last".into(),
        ),
        raw: None,
    }
}

/// Partition and offset of a record, if it has them.
pub(super) fn partition_and_offset(record: &Record<'_>) -> Option<(i32, i64)> {
    record.place.position()
}

/// A record's place as messages name it.
pub(crate) fn format_place(record: &Record<'_>) -> String {
    match record.place {
        Place::Offset {
            topic,
            partition,
            offset,
        } => format!("{topic} partition {partition} offset {offset}"),
        Place::Line { file, line, .. } => format!("{file} line {line}"),
        Place::Unknown => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::{Clock, Timestamp};

    fn record(partition: i32, offset: i64, millis: Option<i64>) -> Record<'static> {
        Record {
            place: Place::Offset {
                topic: "t",
                partition,
                offset,
            },
            time: millis.map(|millis| Timestamp {
                millis,
                clock: Clock::Create,
            }),
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: None,
        }
    }

    #[test]
    fn a_capture_is_cut_at_the_positions() {
        let offsets = |pairs: &[(i32, i64)]| Position::Offsets(pairs.to_vec());
        for (from, until, expected) in [
            (Position::Beginning, None, true),
            (Position::Beginning, Some(Position::End), true),
            (Position::Time(100), None, true),
            (Position::Time(101), None, false),
            (Position::Beginning, Some(Position::Time(100)), false),
            (Position::Beginning, Some(Position::Time(101)), true),
            (offsets(&[(1, 5)]), None, true),
            (offsets(&[(1, 6)]), None, false),
            (offsets(&[(0, 0)]), None, false),
            (Position::Beginning, Some(offsets(&[(1, 5)])), false),
            (Position::Beginning, Some(offsets(&[(1, 6)])), true),
            (Position::Beginning, Some(offsets(&[(0, 0)])), true),
        ] {
            let inside = in_range(&record(1, 5, Some(100)), &from, until.as_ref());
            assert_eq!(inside, Ok(expected), "{from:?} {until:?}");
        }
    }

    #[test]
    fn a_missing_time_is_an_error() {
        let failure = in_range(&record(0, 0, None), &Position::Time(1), None).unwrap_err();
        let expected = "t partition 0 offset 0 has no time";
        assert!(failure.what.contains(expected), "{}", failure.what);
    }
}
