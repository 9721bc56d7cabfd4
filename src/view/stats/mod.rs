//! Formats the statistics of a stream: tables and bars for people, one JSON object for programs.

mod bars;
mod copy;
mod json;
mod tables;
#[cfg(test)]
mod tests;

use super::clock::WallClock;
use super::styles::Styles;
use crate::summary::CopySummary;
use crate::summary::stream::{OpCounts, PartitionStats, StreamStats};
use crate::util::time::DAY_SECONDS;

/// The statistics to show.
#[derive(Debug, Clone, Copy)]
pub struct StatsReport<'s> {
    /// What was counted.
    pub stats: &'s StreamStats,
    /// The partitions in their order.
    pub partitions: &'s [&'s PartitionStats],
    /// Number of gaps, announced or found.
    pub gaps: u64,
    /// Number of unreadable records.
    pub unreadable: u64,
    /// Whether changed paths were counted.
    pub has_paths: bool,
    /// What a mirror contains; the statistics are then those of its changes.
    pub copy: Option<&'s CopySummary>,
    /// Whether the rates of the last minutes are shown.
    pub is_live: bool,
}

/// The options of the output.
#[derive(Debug, Clone)]
pub struct StatsView {
    /// Styles by role.
    pub styles: Styles,
    /// Whether the output is for a terminal.
    pub terminal: bool,
    /// Width of the terminal in columns.
    pub width: Option<usize>,
    /// Formats times.
    pub clock: WallClock,
    /// Number of entries of a list.
    pub top: usize,
    /// The time of one bar; `None` to choose it by the range of times.
    pub unit: Option<BarUnit>,
}

/// The time of one bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarUnit {
    /// A minute.
    Minute,
    /// An hour of the clock's time zone.
    Hour,
    /// A day of the clock's time zone.
    Day,
}

/// Minutes and hours are chosen if there are at most about this many of them.
const MAX_CHOSEN_BARS: i64 = 48;

impl BarUnit {
    /// The shortest unit that has few enough bars in a range of milliseconds.
    fn of_range((first, last): (i64, i64)) -> BarUnit {
        let minutes = last.saturating_sub(first) / 60_000;
        if minutes < MAX_CHOSEN_BARS {
            BarUnit::Minute
        } else if minutes / 60 < MAX_CHOSEN_BARS {
            BarUnit::Hour
        } else {
            BarUnit::Day
        }
    }

    fn seconds(self) -> i64 {
        match self {
            BarUnit::Minute => 60,
            BarUnit::Hour => 3600,
            BarUnit::Day => DAY_SECONDS,
        }
    }
}

impl StatsView {
    /// The changes of each unit of time that has any: its start in seconds since 1970, and counts.
    fn activity(&self, stats: &StreamStats) -> Vec<(i64, OpCounts)> {
        let Some(range) = stats.times else {
            return Vec::new();
        };
        let unit = self.bar_unit(range);
        let mut bars: Vec<(i64, OpCounts)> = Vec::new();
        for (second, counts) in stats.activity.units() {
            let start = match unit {
                BarUnit::Minute => second,
                BarUnit::Hour => self.clock.start_of_hour(second),
                BarUnit::Day => self.clock.start_of_day(second),
            };
            match bars.last_mut() {
                Some((last, sum)) if *last == start => sum.add(&counts),
                _ => bars.push((start, counts)),
            }
        }
        bars
    }

    fn bar_unit(&self, range: (i64, i64)) -> BarUnit {
        self.unit.unwrap_or_else(|| BarUnit::of_range(range))
    }
}
