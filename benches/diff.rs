//! Benchmark of diff and rendering on one thread, compared with parsing the same events into `serde_json` values:
//! `bench_diff FILE` with the output of `generate`. Prints ratios, because seconds depend on the machine.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::borrow::Cow;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ditto_cdc::diff::{Diff, Options};
use ditto_cdc::event::decode;
use ditto_cdc::record::{Clock, Place, Record, Timestamp};
use ditto_cdc::view::{Format, Styles, View, WallClock};
use serde_json::Value;

/// Number of runs; the best one counts.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    let bytes = std::fs::read(file)?;
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let parsing = best(|| parse(&lines));
    row(
        "serde_json into values",
        parsing,
        parsing,
        lines.len(),
        bytes.len(),
    );
    for format in [
        Format::Diff,
        Format::Oneline,
        Format::Patch,
        Format::Merge,
        Format::Changes,
    ] {
        let view = view(format)?;
        let mut size = 0;
        let time = best(|| size = show(&lines, &view));
        row(
            &format!("{format:?}, {} MB of text", size / 1_000_000),
            time,
            parsing,
            lines.len(),
            bytes.len(),
        );
    }
    for part in [4, 2, 1] {
        let view = view(Format::Diff)?;
        let lines = lines.get(..lines.len() / part).unwrap_or_default();
        let time = best(|| {
            black_box(show(lines, &view));
        });
        println!("1/{part} of the events: {:.3} s", time.as_secs_f64());
    }
    for elements in [12_500, 25_000, 50_000] {
        arrays("random elements", elements, &|at, side| {
            noise(at * 2 + side)
        });
        arrays("random digits", elements, &|at, side| {
            noise(at * 2 + side) % 10
        });
        arrays("shuffled numbers", elements, &|at, side| {
            at * (7 + side * 4) % elements
        });
        arrays("every second changed", elements, &|at, side| {
            at + at % 2 * side * 1_000_000
        });
    }
    Ok(())
}

fn parse(lines: &[&[u8]]) {
    for line in lines {
        drop(black_box(serde_json::from_slice::<Value>(line)));
    }
}

fn view(format: Format) -> Result<View, Box<dyn Error>> {
    Ok(View {
        format: format.into(),
        styles: Styles::new(true),
        coloured: true,
        terminal: format == Format::Diff || format == Format::Oneline,
        width: Some(100),
        clock: WallClock::new("2026-01-31T12:00:00+01:00[Europe/Zurich]".parse()?),
        diff: Options::default(),
    })
}

/// Total length of the output.
fn show(lines: &[&[u8]], view: &View) -> usize {
    let (mut out, mut size) = (Vec::new(), 0);
    for (offset, line) in (0..).zip(lines) {
        let record = Record {
            place: Place::Offset {
                topic: "t",
                partition: 3,
                offset,
            },
            time: Some(Timestamp {
                millis: 1_769_860_921_220 + offset,
                clock: Clock::Create,
            }),
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(line)),
        };
        if let Ok(event) = decode(Some(line)) {
            let _ = black_box(view.event(&record, &event, &mut out));
        }
        if out.len() > 1 << 17 {
            size += out.len();
            out.clear();
        }
    }
    size + out.len()
}

/// Two arrays of numbers, each made of its index and side.
fn arrays(name: &str, elements: u64, number: &dyn Fn(u64, u64) -> u64) {
    let array = |side: u64| {
        let numbers: Vec<String> = (0..elements)
            .map(|at| number(at, side).to_string())
            .collect();
        format!("[{}]", numbers.join(","))
    };
    let (old, new) = (array(0), array(1));
    let options = Options::default();
    let mut changes = 0;
    let time = best(|| {
        changes = Diff::between(old.as_bytes(), new.as_bytes(), &options)
            .changes
            .len();
    });
    println!(
        "2 x {elements} {name}: {:.3} s, {changes} changes",
        time.as_secs_f64()
    );
}

/// A pseudo-random number.
fn noise(seed: u64) -> u64 {
    (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed.rotate_left(31))
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
        >> 11
}

fn best(mut run: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..RUNS).map(timed).min().unwrap_or_default()
}

fn row(name: &str, time: Duration, parsing: Duration, events: usize, bytes: usize) {
    let seconds = time.as_secs_f64();
    println!(
        "{name:<32} {seconds:>7.3} s {:>9.0} events/s {:>6.0} MB/s {:>6.2} x parsing",
        events as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        parsing.as_secs_f64() / seconds
    );
}
