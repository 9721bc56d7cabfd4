//! Report of a range that contains no record: what `--from` and `--until` mean, and where the records are.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::range::partition_and_offset;
use crate::record::Record;
use crate::record::position::Position;
use crate::view::WallClock;

/// Limit of the partitions that are named.
const MAX_SHOWN_PARTITIONS: usize = 8;

/// Where the records outside of the range are.
#[derive(Default)]
pub(super) struct RecordsOutside {
    count: u64,
    /// The earliest and the latest time, in milliseconds since 1970-01-01 UTC.
    times: Option<(i64, i64)>,
    /// For each partition, the lowest and the highest offset.
    offsets: BTreeMap<i32, (i64, i64)>,
}

impl RecordsOutside {
    /// Adds a record that is not in the range.
    pub(super) fn add(&mut self, record: &Record<'_>) {
        self.count += 1;
        if let Some(time) = record.time {
            let (first, last) = self.times.unwrap_or((time.millis, time.millis));
            self.times = Some((first.min(time.millis), last.max(time.millis)));
        }
        if let Some((partition, offset)) = partition_and_offset(record) {
            let (low, high) = self.offsets.entry(partition).or_insert((offset, offset));
            (*low, *high) = (offset.min(*low), offset.max(*high));
        }
    }

    /// The message if all of the `read` records are outside, or if a topic has none in the range.
    pub(super) fn report(&self, plan: &Plan, read: u64, clock: &WallClock) -> Option<String> {
        if read != self.count || !selects_by_position(plan) {
            return None;
        }
        let range = describe_range(plan, clock)?;
        if read == 0 {
            return plan
                .inputs
                .is_empty()
                .then(|| format!("no record is in the range: {range}"));
        }
        let uses_offsets = [Some(&plan.from), plan.until.as_ref()]
            .into_iter()
            .any(|position| matches!(position, Some(Position::Offsets(_))));
        let records = match (self.times, uses_offsets) {
            (Some((first, last)), false) => format!(
                "; the records are from {} to {}",
                clock.format_rfc3339(first),
                clock.format_rfc3339(last)
            ),
            _ => format!("; the records are {}", self.describe_offsets()),
        };
        let s = if read == 1 { "" } else { "s" };
        Some(format!(
            "none of {read} record{s} is in the range: {range}{records}"
        ))
    }

    fn describe_offsets(&self) -> String {
        let shown = self.offsets.iter().take(MAX_SHOWN_PARTITIONS);
        let shown: Vec<String> = shown
            .map(|(partition, (low, high))| {
                if low == high {
                    format!("p{partition}@{low}")
                } else {
                    format!("p{partition}@{low} to p{partition}@{high}")
                }
            })
            .collect();
        let more = self.offsets.len().saturating_sub(MAX_SHOWN_PARTITIONS);
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more partitions"),
        };
        format!("{}{more}", shown.join(", "))
    }
}

/// Whether a position was typed that can be beyond all records by mistake.
fn selects_by_position(plan: &Plan) -> bool {
    let can_miss =
        |position: &Position| matches!(position, Position::Time(_) | Position::Offsets(_));
    can_miss(&plan.from) || plan.until.as_ref().is_some_and(can_miss)
}

/// The typed positions as they were understood; `None` if records may still arrive.
fn describe_range(plan: &Plan, clock: &WallClock) -> Option<String> {
    if plan.is_live() && !plan.time_limits.ends_run() {
        return None;
    }
    let mut parts = Vec::new();
    if plan.from != Position::Beginning {
        parts.push(format!("--from is {}", describe(&plan.from, clock)));
    }
    if let Some(until) = &plan.until {
        let is_before = match (&plan.from, until) {
            (Position::Time(from), Position::Time(until)) => until <= from,
            _ => false,
        };
        let remark = if is_before { ", not after --from" } else { "" };
        parts.push(format!("--until is {}{remark}", describe(until, clock)));
    }
    Some(parts.join(", and "))
}

fn describe(position: &Position, clock: &WallClock) -> String {
    match position {
        Position::Beginning => "beginning".to_owned(),
        Position::End => "end".to_owned(),
        Position::Back(count) => format!("-{count}"),
        Position::Time(millis) => clock.format_rfc3339(*millis),
        Position::Offsets(offsets) => {
            let offsets = offsets.iter().take(MAX_SHOWN_PARTITIONS);
            let shown = offsets.map(|(partition, offset)| format!("p{partition}@{offset}"));
            shown.collect::<Vec<_>>().join(",")
        }
    }
}
