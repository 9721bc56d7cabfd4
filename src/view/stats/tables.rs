//! The statistics for people: tables, lists and a histogram.

use std::fmt::Write as _;

use super::bars::{push_operations, push_share};
use super::{BarUnit, StatsReport, StatsView};
use crate::summary::stream::{CollectionStats, OpCounts, PartitionStats, TopDocument, skew};
use crate::util::text::plural;
use crate::view::escape;
use crate::view::line::{truncate, without_quotes};
use crate::view::styles::Ink;
use crate::view::table::{Cell, Column, Table};

/// Width without a terminal.
const DEFAULT_COLUMNS: usize = 80;
/// Longer ids and paths are cut in a list.
const MAX_ID_COLUMNS: usize = 60;
/// Longer names are cut in a column that is not the first one.
const MAX_NAME_COLUMNS: usize = 24;
/// Units of time without changes are printed, unless this many follow each other.
const MAX_EMPTY_BARS: usize = 3;
/// The skew of partitions from which on it is remarkable.
const REMARKABLE_SKEW: f64 = 1.5;

impl StatsView {
    /// Appends everything, section by section.
    pub fn tables(&self, report: &StatsReport<'_>, out: &mut Vec<u8>) {
        let mut text = String::new();
        if let Some(copy) = report.copy {
            self.copy(copy, &mut text);
            if !copy.has_history {
                out.extend_from_slice(text.as_bytes());
                return;
            }
            text.push_str("\nhistory: ");
        }
        self.totals(report, &mut text);
        self.collections(report, &mut text);
        self.histogram(report, &mut text);
        self.paths(report, &mut text);
        let stats = report.stats;
        self.documents(
            "busiest documents",
            "events",
            &stats.busiest.sorted(),
            &mut text,
        );
        self.documents(
            "largest documents",
            "bytes",
            &stats.largest.sorted(),
            &mut text,
        );
        self.partitions(report, &mut text);
        out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn columns(&self) -> usize {
        self.width.unwrap_or(DEFAULT_COLUMNS)
    }

    fn totals(&self, report: &StatsReport<'_>, out: &mut String) {
        let stats = report.stats;
        let about = |is_exact: bool| if is_exact { "" } else { "~" };
        let at_least = if stats.duplicates_exact() {
            ""
        } else {
            "at least "
        };
        let _ = writeln!(
            out,
            "{}, {}; {}{}",
            plural(stats.events, "event"),
            bytes(stats.bytes),
            about(stats.transactions_exact()),
            plural(stats.transactions(), "transaction"),
        );
        if let Some((first, last)) = stats.times {
            let from = self.clock.format_local(first);
            let _ = match last.saturating_sub(first) {
                0 => writeln!(out, "{from}"),
                range => {
                    let until = self.clock.format_local(last);
                    writeln!(out, "{from} to {until} ({})", duration(range))
                }
            };
        }
        if report.is_live {
            self.rates(report, out);
        }
        let oddities = [
            (report.gaps, "gap", ""),
            (report.unreadable, "unreadable record", ""),
            (stats.duplicates, "duplicate", at_least),
        ];
        let mut texts = Vec::new();
        for (count, noun, before) in oddities {
            let text = format!("{before}{}", plural(count, noun));
            let ink = if count > 0 {
                self.styles.alarm
            } else {
                Ink::default()
            };
            texts.push(format!("{ink}{text}{ink:#}"));
        }
        let _ = writeln!(out, "{}", texts.join(", "));
    }

    fn rates(&self, report: &StatsReport<'_>, out: &mut String) {
        let now = self.clock.now_millis().div_euclid(1000);
        let rate = |minutes: i64| report.stats.rates.rate(now, minutes * 60);
        let _ = writeln!(
            out,
            "events/s: {:.1} (1 m), {:.1} (5 m), {:.1} (15 m)",
            rate(1),
            rate(5),
            rate(15)
        );
    }

    fn collections(&self, report: &StatsReport<'_>, out: &mut String) {
        let mut all: Vec<&CollectionStats> = report.stats.collections.iter().collect();
        all.sort_unstable_by_key(|one| (std::cmp::Reverse(one.ops.events()), &one.name));
        if all.is_empty() {
            return;
        }
        let others = all.iter().any(|one| one.ops.others > 0);
        let mut columns = vec![
            Column::text("collection"),
            Column::number("events", 0),
            Column::number("inserts", 0),
            Column::number("updates", 0),
            Column::number("removes", 0),
        ];
        columns.extend(others.then(|| Column::number("others", 2)));
        columns.extend([
            Column::number("documents", 0),
            Column::number("bytes", 0),
            Column::number("largest", 1),
        ]);
        let times = report.stats.times.is_some();
        columns.extend(
            times
                .then_some([Column::number("first", 4), Column::number("last", 3)])
                .into_iter()
                .flatten(),
        );
        let mut table = Table::new(&columns, self.styles.dim);
        for one in &all {
            let name = Cell {
                text: escape::text(&one.name),
                ink: self.styles.collection,
            };
            let counts = [
                one.ops.events(),
                one.ops.inserts,
                one.ops.updates,
                one.ops.removes,
            ];
            let others = others.then_some(one.ops.others);
            let counts = counts
                .into_iter()
                .chain(others)
                .map(|count| count.to_string().into());
            let about = if one.documents_exact() { "" } else { "~" };
            let time = |millis: Option<i64>| {
                let time = millis.map(|millis| self.clock.format_seconds(millis));
                Cell::from(time.unwrap_or_else(|| "-".to_owned()))
            };
            let rest = [
                format!("{about}{}", one.documents()).into(),
                bytes(one.bytes).into(),
                bytes(one.largest).into(),
            ];
            let of_times = [
                one.times.map(|times| times.0),
                one.times.map(|times| times.1),
            ];
            let of_times = of_times.into_iter().filter(|_| times).map(time);
            table.row(
                std::iter::once(name)
                    .chain(counts)
                    .chain(rest)
                    .chain(of_times)
                    .collect(),
            );
        }
        let max = all.iter().map(|one| changes(&one.ops)).max().unwrap_or(0);
        let bar = |at: usize, width: usize| {
            let mut bar = String::new();
            if let Some(one) = all.get(at) {
                push_operations(&one.ops, max, width, &self.styles, &mut bar);
            }
            bar
        };
        out.push('\n');
        table.push(self.columns(), bar, out);
    }

    fn histogram(&self, report: &StatsReport<'_>, out: &mut String) {
        let bars = self.activity(report.stats);
        let (Some(range), Some(max)) = (
            report.stats.times,
            bars.iter().map(|(_, counts)| changes(counts)).max(),
        ) else {
            return;
        };
        let unit = self.bar_unit(range);
        let numbers = max.to_string().len();
        let label = |start: i64| match unit {
            BarUnit::Day => self.clock.format_day(start),
            BarUnit::Minute | BarUnit::Hour => self.clock.format_minute(start),
        };
        let labels: Vec<String> = bars.iter().map(|(start, _)| label(*start)).collect();
        let label_width = labels.iter().map(String::len).max().unwrap_or(0);
        let width = self
            .columns()
            .saturating_sub(label_width + numbers + 4)
            .max(10);
        self.heading(
            match unit {
                BarUnit::Minute => "changes by minute",
                BarUnit::Hour => "changes by hour",
                BarUnit::Day => "changes by day",
            },
            out,
        );
        let mut previous: Option<i64> = None;
        for ((start, counts), label_text) in bars.iter().zip(&labels) {
            if let Some(previous) = previous {
                self.empty_bars(previous, *start, unit, &label, numbers, out);
            }
            previous = Some(*start);
            let mut bar = String::new();
            push_operations(counts, max, width, &self.styles, &mut bar);
            let ink = self.styles.dim;
            let _ = writeln!(
                out,
                "{ink}{label_text:label_width$}{ink:#}  {:>numbers$}  {bar}",
                changes(counts)
            );
        }
    }

    /// The units without changes between two others.
    fn empty_bars(
        &self,
        previous: i64,
        next: i64,
        unit: BarUnit,
        label: &dyn Fn(i64) -> String,
        numbers: usize,
        out: &mut String,
    ) {
        let missing = usize::try_from((next - previous) / unit.seconds() - 1).unwrap_or(0);
        if missing > MAX_EMPTY_BARS {
            out.push_str("…\n");
            return;
        }
        let ink = self.styles.dim;
        let mut at = previous;
        for _ in 0..missing {
            at += unit.seconds();
            let _ = writeln!(out, "{ink}{}{ink:#}  {:>numbers$}", label(at), 0);
        }
    }

    fn paths(&self, report: &StatsReport<'_>, out: &mut String) {
        if !report.has_paths {
            return;
        }
        let stats = report.stats;
        let all = stats.paths.sorted();
        let shown = all.get(..self.top).unwrap_or(&all);
        if shown.is_empty() {
            return;
        }
        let mut table = Table::new(
            &[
                Column::text("path"),
                Column::text("collection"),
                Column::number("changes", 0),
            ],
            self.styles.dim,
        );
        for (at, path, count) in shown {
            let name = stats.collections.get(*at).map_or("", |one| &one.name);
            table.row(vec![
                cut(&escape::text(path)).into(),
                cut_name(&escape::text(name)).into(),
                count.to_string().into(),
            ]);
        }
        let max = shown.first().map_or(0, |(_, _, count)| *count);
        self.heading("paths that change most", out);
        let counts: Vec<u64> = shown.iter().map(|(_, _, count)| *count).collect();
        table.push(self.columns(), self.shares(&counts, max), out);
        if all.len() > shown.len() {
            let _ = writeln!(
                out,
                "… and {} (--top)",
                plural((all.len() - shown.len()) as u64, "more path")
            );
        }
    }

    fn documents(
        &self,
        heading: &str,
        value: &'static str,
        documents: &[&TopDocument],
        out: &mut String,
    ) {
        let documents: Vec<&&TopDocument> = documents.iter().filter(|one| one.value > 0).collect();
        let Some(first) = documents.first() else {
            return;
        };
        let mut table = Table::new(
            &[Column::text("document"), Column::number(value, 0)],
            self.styles.dim,
        );
        for one in &documents {
            let id = without_quotes(&one.id);
            let name = format!("{}/{}", escape::text(&one.collection), escape::text(&id));
            let count = if value == "bytes" {
                bytes(one.value)
            } else {
                one.value.to_string()
            };
            table.row(vec![cut(&name).into(), count.into()]);
        }
        self.heading(heading, out);
        let counts: Vec<u64> = documents.iter().map(|one| one.value).collect();
        table.push(self.columns(), self.shares(&counts, first.value), out);
    }

    fn partitions(&self, report: &StatsReport<'_>, out: &mut String) {
        let partitions = report.partitions;
        if partitions.is_empty() {
            return;
        }
        let topics = partitions
            .iter()
            .any(|one| one.topic != partitions[0].topic);
        let has_log = partitions.iter().any(|one| one.log.is_some());
        let has_position = partitions
            .iter()
            .any(|one| one.log.is_some_and(|log| log.position.is_some()));
        let mut columns = vec![Column::text("partition")];
        columns.extend(topics.then(|| Column::text("topic")));
        columns.extend(has_log.then(|| Column::number("start", 5)));
        columns.extend(has_log.then(|| Column::number("end", 0)));
        columns.extend([Column::number("records", 0), Column::number("bytes", 4)]);
        columns.extend(if has_log {
            [Column::number("oldest", 3), Column::number("newest", 2)]
        } else {
            [Column::number("first", 3), Column::number("last", 2)]
        });
        if has_position {
            columns.extend([Column::number("lag", 0), Column::number("kept for", 0)]);
        }
        let mut table = Table::new(&columns, self.styles.dim);
        for one in partitions {
            table.row(self.partition_row(one, topics, has_log, has_position));
        }
        self.heading("partitions", out);
        let max = partitions.iter().map(|one| one.records).max().unwrap_or(0);
        let counts: Vec<u64> = partitions.iter().map(|one| one.records).collect();
        table.push(self.columns(), self.shares(&counts, max), out);
        self.skew(partitions, out);
    }

    fn partition_row(
        &self,
        one: &PartitionStats,
        topics: bool,
        has_log: bool,
        has_position: bool,
    ) -> Vec<Cell> {
        let log = one.log;
        let or_dash = |text: Option<String>| Cell::from(text.unwrap_or_else(|| "-".to_owned()));
        let now = self.clock.now_millis();
        // Of a capture, an age says nothing.
        let time = |millis: i64| {
            if has_log {
                duration(now.saturating_sub(millis))
            } else {
                self.clock.format_seconds(millis)
            }
        };
        let time = |millis: Option<i64>| or_dash(millis.map(time));
        let mut row = vec![one.partition.to_string().into()];
        row.extend(topics.then(|| cut_name(&escape::text(&one.topic)).into()));
        if has_log {
            row.push(or_dash(log.map(|log| log.start.to_string())));
            row.push(or_dash(log.map(|log| log.end.to_string())));
        }
        row.extend([one.records.to_string().into(), bytes(one.bytes).into()]);
        row.extend([
            time(one.times.map(|times| times.0)),
            time(one.times.map(|times| times.1)),
        ]);
        if has_position {
            row.push(or_dash(
                log.and_then(|log| log.lag()).map(|lag| lag.to_string()),
            ));
            row.push(self.kept_for(one, now));
        }
        row
    }

    /// How long retention keeps the next record of a reader.
    fn kept_for(&self, one: &PartitionStats, now: i64) -> Cell {
        let Some(log) = one.log else {
            return "-".to_owned().into();
        };
        let alarm = |text: String| Cell {
            text,
            ink: self.styles.alarm,
        };
        match (log.lost(), log.expires) {
            (lost, _) if lost > 0 => alarm(format!("{lost} lost")),
            (_, Some(expires)) if expires <= now => alarm("expired".to_owned()),
            (_, Some(expires)) => duration(expires - now).into(),
            (_, None) => "-".to_owned().into(),
        }
    }

    fn skew(&self, partitions: &[&PartitionStats], out: &mut String) {
        match skew(partitions) {
            Some(skew) if partitions.len() > 1 && skew >= REMARKABLE_SKEW => {
                let ink = self.styles.dim;
                let _ = writeln!(
                    out,
                    "{ink}uneven: the largest partition has {skew:.1} times the mean number of records{ink:#}"
                );
            }
            _ => {}
        }
    }

    fn heading(&self, heading: &str, out: &mut String) {
        let ink = self.styles.collection;
        let _ = writeln!(out, "\n{ink}{heading}{ink:#}");
    }

    fn shares<'c>(&self, counts: &'c [u64], max: u64) -> impl Fn(usize, usize) -> String + 'c {
        let blocks = self.terminal;
        move |at, width| {
            let mut bar = String::new();
            let count = counts.get(at).copied().unwrap_or(0);
            push_share(count, max, width, blocks, &mut bar);
            bar
        }
    }
}

/// Number of changes with a bar.
fn changes(counts: &OpCounts) -> u64 {
    counts.inserts + counts.updates + counts.removes
}

fn cut_name(text: &str) -> String {
    truncate(text, MAX_NAME_COLUMNS, false)
}

fn cut(text: &str) -> String {
    truncate(text, MAX_ID_COLUMNS, false)
}

/// Bytes with a unit, such as `1.2 MB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut tenths = u128::from(count) * 10;
    let mut unit = "B";
    for larger in UNITS {
        // 999.95 of a unit would be printed as 1000.0.
        if tenths < 9995 {
            break;
        }
        tenths = (tenths + 500) / 1000;
        unit = larger;
    }
    if tenths < 1000 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", (tenths + 5) / 10)
    }
}

/// A duration in two units, such as `3 d 4 h`; a clock that is behind has none.
fn duration(millis: i64) -> String {
    let seconds = (millis / 1000).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} m {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}
