//! The statistics of hostile and of wide texts, and live.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::diff::Options;
use crate::event::decode;
use crate::summary::stream::{BatchFacts, PartitionLog, Partitions};
use crate::view::escape::is_dangerous;
use crate::view::hostile_tests::all_events;
use crate::view::line::columns;

fn view(width: usize) -> StatsView {
    StatsView {
        styles: Styles::new(false),
        terminal: true,
        width: Some(width),
        clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
        top: 50,
        unit: None,
    }
}

fn statistics(events: &[String]) -> StreamStats {
    let (mut stats, mut batch) = (StreamStats::new(50), BatchFacts::default());
    for (event, millis) in events.iter().zip((1_769_860_000_000..).step_by(1000)) {
        if let Ok(event) = decode(Some(event.as_bytes())) {
            batch.add(&event, Some(millis), Some(&Options::default()));
        }
    }
    stats.add(&batch);
    stats
}

fn shown(view: &StatsView, stats: &StreamStats, partitions: &[&PartitionStats]) -> String {
    let report = StatsReport {
        stats,
        partitions,
        gaps: 1,
        unreadable: 0,
        has_paths: true,
        copy: None,
        is_live: true,
    };
    let mut out = Vec::new();
    view.tables(&report, &mut out);
    view.json(&report, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn nothing_dangerous_reaches_a_terminal() {
    let stats = statistics(&all_events());
    let mut partitions = Partitions::default();
    partitions.count("a\u{1b}[2J", (1, 2), 3, Some(4));
    partitions.count("b\u{202e}", (1, 2), 3, Some(4));
    let text = shown(&view(80), &stats, &partitions.sorted());
    assert!(text.len() > 10_000);
    let dangerous = |c: &char| *c != '\n' && is_dangerous(*c);
    assert_eq!(text.chars().find(dangerous), None, "{text}");
}

/// Names of any width, in every list: no line of a table is wider than the terminal.
#[test]
fn no_line_is_wider_than_the_terminal() {
    let event = |name: &str, id: &str| {
        format!(
            r#"{{"txnId":1,"type":"documentChanged","collection":"{name}","change":{{"oldValue":{{"_id":"{id}","{id}":1}},"newValue":{{"_id":"{id}","{id}":2}}}}}}"#
        )
    };
    let (wide, ascii) = ("注文".repeat(30), "x".repeat(300));
    let stats = statistics(&[event(&wide, &ascii), event(&ascii, &wide), event("c", "é")]);
    let mut partitions = Partitions::default();
    partitions.count(&ascii, (1, 1), u64::MAX / 2, Some(1));
    partitions.count(&wide, (1, 1_000_000_000), 1, Some(1));
    let log = PartitionLog {
        start: 1_000_000_000,
        end: 2_000_000_000,
        position: Some(1_000_000_000),
        expires: Some(1_800_000_000_000),
    };
    partitions.set_log(&wide, 1, log);
    for width in [80, 100, 120, 160, 300] {
        let text = shown(&view(width), &stats, &partitions.sorted());
        let json = text.lines().count() - 1;
        for line in text.lines().take(json) {
            assert!(columns(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn the_time_until_retention_is_shown() {
    let now = 1_769_860_800_000;
    let mut partitions = Partitions::default();
    for (partition, start, position, expires) in [
        (0, 0, Some(5), Some(now + 90_000_000)),
        (1, 0, Some(10), None),
        (2, 7, Some(5), Some(now + 1000)),
        (3, 0, Some(5), Some(now - 1)),
        (4, 0, None, None),
    ] {
        let log = PartitionLog {
            start,
            end: 10,
            position,
            expires,
        };
        partitions.set_log("t", partition, log);
    }
    let text = shown(&view(80), &StreamStats::new(3), &partitions.sorted());
    let cells: Vec<Vec<&str>> = text
        .lines()
        .skip_while(|line| !line.starts_with("partition "))
        .skip(1)
        .take(5)
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .skip(7)
                .collect()
        })
        .collect();
    assert_eq!(
        cells,
        [
            vec!["5", "1 d 1 h"],
            vec!["0", "-"],
            vec!["3", "2 lost"],
            vec!["5", "expired"],
            vec!["-", "-"]
        ],
        "{text}"
    );
    assert!(text.contains("events/s: 0.0 (1 m)"));
}

#[test]
fn bars_start_at_the_units_of_the_time_zone() {
    let clock = WallClock::new("2026-03-29T12:00:00+02:00[Europe/Zurich]".parse().unwrap());
    let seconds = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    for (time, hour, day) in [
        (
            "2026-03-29T00:59:59Z",
            "2026-03-29T00:00:00Z",
            "2026-03-28T23:00:00Z",
        ),
        (
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-28T23:00:00Z",
        ),
        (
            "2026-03-29T22:30:00Z",
            "2026-03-29T22:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
    ] {
        let found = (
            clock.start_of_hour(seconds(time)),
            clock.start_of_day(seconds(time)),
        );
        assert_eq!(found, (seconds(hour), seconds(day)), "{time}");
    }
    let kathmandu = WallClock::new("2026-01-31T12:00:00+05:45[Asia/Kathmandu]".parse().unwrap());
    assert_eq!(
        kathmandu.start_of_hour(seconds("2026-01-31T00:20:00Z")),
        seconds("2026-01-31T00:15:00Z")
    );
    assert_eq!(kathmandu.start_of_day(i64::MAX), i64::MAX);
}
