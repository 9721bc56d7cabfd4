//! Which records of a capture lie between `--from` and `--until`.
//! Kafka finds these by its indexes; a capture has to be looked through.

use std::collections::VecDeque;

use crate::record::position::Position;
use crate::record::{Failure, FailureClass, Place, Record};

/// Where a record of a capture lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    Inside,
    Outside,
}

/// Decides where a record lies.
///
/// # Errors
/// A failure where the capture did not keep what the position asks for.
pub(super) fn lies(
    record: &Record<'_>,
    from: &Position,
    until: Option<&Position>,
) -> Result<Lies, Failure> {
    let starts = !is_before(record, from, "--from", true)?;
    let stops = match until {
        None | Some(Position::End | Position::Back(_)) => false,
        Some(until) => !is_before(record, until, "--until", false)?,
    };
    Ok(if starts && !stops {
        Lies::Inside
    } else {
        Lies::Outside
    })
}

/// Whether a record lies before a position. `unnamed` is the answer for partitions that it does not name.
fn is_before(
    record: &Record<'_>,
    position: &Position,
    flag: &str,
    unnamed: bool,
) -> Result<bool, Failure> {
    match position {
        Position::Beginning | Position::End | Position::Back(_) => Ok(false),
        Position::Time(millis) => match record.time {
            Some(time) => Ok(time.millis < *millis),
            None => Err(not_kept(record, flag, "time")),
        },
        Position::Offsets(offsets) => match record.place {
            Place::Offset {
                partition, offset, ..
            } => {
                let named = offsets.iter().find(|(named, _)| *named == partition);
                Ok(named.map_or(unnamed || flag == "--until", |(_, at)| offset < *at))
            }
            Place::Line { .. } => Err(not_kept(record, flag, "offset")),
        },
    }
}

fn not_kept(record: &Record<'_>, flag: &str, what: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("{flag}: the record at {} has no {what}", show_place(record)),
        fix: Some(
            "captures made with --format record keep times and offsets; others can be read with -n and --last only".into(),
        ),
        raw: None,
    }
}

/// A record's partition and offset, where it has them.
pub(super) fn place(record: &Record<'_>) -> Option<(i32, i64)> {
    match record.place {
        Place::Offset {
            partition, offset, ..
        } => Some((partition, offset)),
        Place::Line { .. } => None,
    }
}

/// A record's place as messages name it.
pub(super) fn show_place(record: &Record<'_>) -> String {
    match record.place {
        Place::Offset {
            topic,
            partition,
            offset,
        } => format!("{topic} p{partition}@{offset}"),
        Place::Line { file, line } => format!("{file} line {line}"),
    }
}

/// The last so many things that were pushed, the oldest first: by rank, and in the order pushed where ranks are equal.
#[derive(Debug)]
pub(super) struct Last<T> {
    most: usize,
    kept: VecDeque<(i64, T)>,
}

impl<T> Last<T> {
    /// Keeps `most` things.
    pub(super) fn new(most: usize) -> Last<T> {
        Last {
            most,
            kept: VecDeque::new(),
        }
    }

    /// Pushes a thing with its time; one without a time ranks with the newest before it.
    pub(super) fn push(&mut self, time: Option<i64>, thing: T) {
        let newest = self.kept.back().map_or(i64::MIN, |(time, _)| *time);
        let time = time.unwrap_or(newest);
        let at = self.kept.partition_point(|(kept, _)| *kept <= time);
        if self.kept.len() < self.most {
            self.kept.insert(at, (time, thing));
        } else if at > 0 {
            self.kept.insert(at, (time, thing));
            self.kept.pop_front();
        }
    }

    /// What was kept, the oldest first.
    pub(super) fn into_iter(self) -> impl Iterator<Item = T> {
        self.kept.into_iter().map(|(_, thing)| thing)
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
            key: None,
            headers: Vec::new(),
            payload: None,
        }
    }

    #[test]
    fn a_capture_is_cut_where_the_positions_say() {
        let offsets = |pairs: &[(i32, i64)]| Position::Offsets(pairs.to_vec());
        let inside = |from: &Position, until: Option<&Position>| {
            lies(&record(1, 5, Some(100)), from, until).unwrap() == Lies::Inside
        };
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
            assert_eq!(
                inside(&from, until.as_ref()),
                expected,
                "{from:?} {until:?}"
            );
        }
    }

    #[test]
    fn what_a_capture_did_not_keep_is_said() {
        let failure = lies(&record(0, 0, None), &Position::Time(1), None).unwrap_err();
        assert!(
            failure.what.contains("t p0@0 has no time"),
            "{}",
            failure.what
        );
    }

    #[test]
    fn the_last_go_by_time_then_by_order() {
        for (pushed, expected) in [
            (&[(Some(1), 'a'), (Some(3), 'b'), (Some(2), 'c')][..], "cb"),
            (&[(None, 'a'), (None, 'b'), (None, 'c')], "bc"),
            (&[(Some(5), 'a'), (None, 'b'), (Some(5), 'c')], "bc"),
            (&[(Some(5), 'a'), (Some(6), 'b'), (Some(1), 'c')], "ab"),
            (&[(Some(5), 'a')], "a"),
        ] {
            let mut last = Last::new(2);
            for (time, thing) in pushed {
                last.push(*time, *thing);
            }
            assert_eq!(last.into_iter().collect::<String>(), expected);
        }
    }
}
