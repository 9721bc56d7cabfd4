//! `stats`: counts what a topic, captures or a mirror contain, over time, by collection, document and partition.

mod counter;
mod facts;
mod log;
mod mirror;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::counter::Counter;
use self::log::LogReader;
use self::watch::Watcher;
use super::Context;
use super::connect;
use super::read_source::{read_to_end, report, start_topic};
use super::tail::plan::{Plan, SharedArgs, TypedTimeLimits};
use super::unknown_collections;
use crate::capture::Capture;
use crate::cli;
use crate::cli::{ChangeOptions, OnGap, PositionRange, TimeUnit};
use crate::kafka::{Reader, Topic};
use crate::output::{Output, WriteEnd};
use crate::record::position::Position;
use crate::record::{Failure, Source};
use crate::summary::stream::{PartitionLog, Partitions};
use crate::util::exit::Exit;
use crate::util::sqlite_file::is_sqlite;
use crate::view::stats::{BarUnit, StatsReport, StatsView};
use crate::view::{Format, Styles, WallClock};

/// Runs the command.
pub fn run(typed: &cli::Stats, context: &mut Context<'_>) -> Exit {
    let plan = match plan(typed, context) {
        Ok(plan) => plan,
        Err(why) => return context.usage_error("stats", &why),
    };
    for note in &plan.notes {
        context.out.note(note);
    }
    let mut counter = Counter::new(&plan, usize::from(typed.top), typed.paths);
    let read = if typed.files.is_empty() {
        read_topic(typed, &plan, &mut counter, context)
    } else {
        let mut files = typed.files.iter();
        files.try_for_each(|file| read_file(file, &plan, &mut counter, context))
    };
    counter.drain();
    match read {
        Ok(()) => print(typed, &counter, &plan, context),
        Err(Exit::Interrupted) => {
            print(typed, &counter, &plan, context);
            context
                .out
                .warn("interrupted: only what was read so far is counted");
            Exit::Interrupted
        }
        Err(exit) => exit,
    }
}

fn plan(typed: &cli::Stats, context: &Context<'_>) -> Result<Plan, String> {
    let range = PositionRange {
        from: typed.from.clone(),
        until: typed.until.clone(),
        ..PositionRange::default()
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        range: &range,
        time_limits: TypedTimeLimits::default(),
        format: Format::Json.into(),
        changes: &ChangeOptions::default(),
        inputs: typed.files.clone(),
        on_gap: Some(OnGap::Mark),
        has_state: false,
    };
    let mut plan = shared.plan(context.env)?;
    if plan.snapshot.is_some() {
        return Err("--from with a requery folder is for tail; to see what a snapshot contains: collections DIR".to_owned());
    }
    if !typed.files.is_empty() && matches!(plan.from, Position::Back(_)) {
        return Err(
            "--from -N: the end of a capture is not known in advance; use a time or offsets"
                .to_owned(),
        );
    }
    if let Some(mirror) = typed.files.iter().find(|path| is_sqlite(path))
        && typed.files.len() > 1
    {
        return Err(format!(
            "{} is a SQLite database: a mirror is counted without other files",
            mirror.display()
        ));
    }
    if typed.from.is_none() {
        plan.from = Position::Beginning;
    }
    if typed.watch.is_none() {
        plan.until = plan.until.or(Some(Position::End));
    }
    Ok(plan)
}

fn read_file(
    path: &Path,
    plan: &Plan,
    counter: &mut Counter<'_>,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    if is_sqlite(path) {
        counter.copy = Some(mirror::read(path, plan, counter, context)?);
        return Ok(());
    }
    let capture = Capture::open(path, Arc::clone(context.interrupt));
    let mut capture = capture.map_err(|failure| report(&failure, context))?;
    counter.scan_positions();
    read_to_end(&mut capture, counter, true, context)
}

/// Reads the topic without joining a group, so that no other consumer loses a partition.
fn read_topic(
    typed: &cli::Stats,
    plan: &Plan,
    counter: &mut Counter<'_>,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let mut connection = connect::kafka(&typed.connection, context)?;
    let needs_log = connection.group.is_some() || typed.state.is_some() || typed.watch.is_some();
    let log = needs_log.then(|| LogReader::new(&connection, typed.state.as_deref(), context));
    let log = log.transpose();
    let mut log = log.map_err(|failure| report(&failure, context))?;
    connection.group = None;
    connection.set_pace(typed.watch.is_none());
    let partitions = &mut counter.partitions;
    let note_logs = &mut |topic: &Topic| note_logs(topic, partitions);
    let mut reader = start_topic(connection, plan, None, note_logs, context)?;
    if let Some(log) = &log {
        log.check_id(reader.incarnation().id.as_deref(), context.out);
    }
    if let (Some(seconds), Some(log)) = (typed.watch, &mut log) {
        let interval = Duration::from_secs(seconds);
        return watch(typed, &mut reader, counter, log, interval, context);
    }
    let read = read_to_end(&mut reader, counter, false, context);
    if let Some(log) = log.as_mut().filter(|_| read.is_ok()) {
        let updated = log.update(&mut counter.partitions, context.out);
        updated.map_err(|failure| report(&failure, context))?;
    }
    read
}

fn note_logs(topic: &Topic, partitions: &mut Partitions) -> Result<(), Failure> {
    for (partition, start, end) in topic.watermarks()? {
        let log = PartitionLog {
            start,
            end,
            ..PartitionLog::default()
        };
        partitions.set_log(topic.name(), partition, log);
    }
    Ok(())
}

/// Shows the statistics at an interval, until the read ends.
fn watch(
    typed: &cli::Stats,
    reader: &mut Reader,
    counter: &mut Counter<'_>,
    log: &mut LogReader,
    interval: Duration,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let (view, started) = (view(typed, context), Instant::now());
    let show = |counter: &Counter<'_>, out: &mut Output| {
        let view = StatsView {
            clock: view.clock.after(millis_since(started)),
            width: view.width.and(out.columns()),
            ..view.clone()
        };
        show_again(typed, counter, &view, out)
    };
    let mut watcher = Watcher {
        counter,
        log,
        interval,
        shown: Instant::now(),
        show: &show,
    };
    read_to_end(reader, &mut watcher, false, context)
}

/// Prints the statistics, and on standard error what is in no table.
fn print(
    typed: &cli::Stats,
    counter: &Counter<'_>,
    plan: &Plan,
    context: &mut Context<'_>,
) -> Exit {
    let mut view = view(typed, context);
    view.clock = view.clock.after(millis_since(plan.started));
    let printed = if typed.watch.is_some() && view.terminal && !typed.json {
        // In place of what was shown last.
        let shown = show_again(typed, counter, &view, context.out);
        shown.map_or(Exit::Failed, |()| Exit::Success)
    } else {
        if !typed.json && counter.totals.stats.times.is_some() {
            context.out.note_zone(&view.clock.zone());
        }
        context.out.print_text(&text(typed, counter, &view))
    };
    report_rest(counter, plan, context);
    if counter.totals.unreadable > 0 {
        return Exit::Failed;
    }
    printed
}

fn millis_since(instant: Instant) -> i64 {
    i64::try_from(instant.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// Prints the statistics in place of those before; into a pipe, after them.
fn show_again(
    typed: &cli::Stats,
    counter: &Counter<'_>,
    view: &StatsView,
    out: &mut Output,
) -> Result<(), WriteEnd> {
    let mut text = text(typed, counter, view);
    if typed.json {
        return out.write(&text);
    }
    if view.terminal {
        return out.redraw(&String::from_utf8_lossy(&text));
    }
    text.push(b'\n');
    out.write(&text)
}

/// The statistics as tables or JSON.
fn text(typed: &cli::Stats, counter: &Counter<'_>, view: &StatsView) -> Vec<u8> {
    let partitions = counter.partitions.sorted();
    let report = StatsReport {
        stats: &counter.totals.stats,
        partitions: &partitions,
        gaps: counter.gaps(),
        unreadable: counter.totals.unreadable,
        has_paths: typed.paths,
        copy: counter.copy.as_ref(),
        is_live: typed.watch.is_some(),
    };
    let mut text = Vec::new();
    if typed.json {
        view.json(&report, &mut text);
    } else {
        view.tables(&report, &mut text);
    }
    text
}

/// Reports what was read, and what is in no table.
fn report_rest(counter: &Counter<'_>, plan: &Plan, context: &mut Context<'_>) {
    let (out, totals) = (&mut *context.out, &counter.totals);
    let mut text = format!("read {}", counter.read);
    let parts = [
        (totals.hidden, "not matched by the filters"),
        (totals.stats.without_collection, "without a collection"),
        (totals.unreadable, "unreadable"),
    ];
    for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
        text = format!("{text}, {count} {what}");
    }
    out.note(&text);
    for estimate in estimates(counter) {
        out.note(&estimate);
    }
    if counter.gaps() > 0 {
        let noun = if counter.gaps() == 1 { "gap" } else { "gaps" };
        out.warn(&format!(
            "{} {noun}: changes are missing, so there may be more than this",
            counter.gaps()
        ));
    }
    if let Some(first) = &totals.first_unreadable {
        out.warn(&format!("the first unreadable record is at {first}"));
    }
    unknown_collections::report(&counter.known_collections(), plan, out);
}

/// Which numbers are not exact.
fn estimates(counter: &Counter<'_>) -> Vec<String> {
    let stats = &counter.totals.stats;
    let mut notes = Vec::new();
    if !stats.documents_exact() {
        notes.push(
            "too many documents to count exactly: numbers of documents with ~ are estimates, and the busiest documents are those of a sample".to_owned(),
        );
    }
    if !stats.transactions_exact() {
        notes.push("the number of transactions is an estimate".to_owned());
    }
    if !stats.duplicates_exact() {
        notes.push(
            "duplicates far from the first event are not counted: there may be more".to_owned(),
        );
    }
    if stats.paths.further() > 0 {
        notes.push(format!(
            "too many paths: {} changes are in no list",
            stats.paths.further()
        ));
    }
    notes
}

fn view(typed: &cli::Stats, context: &Context<'_>) -> StatsView {
    let env = context.env;
    StatsView {
        styles: Styles::new(env.colours(context.global.color, env.stdout_terminal)),
        terminal: env.stdout_terminal,
        width: env.width.filter(|_| env.stdout_terminal),
        clock: WallClock::new(env.now.clone()),
        top: usize::from(typed.top),
        unit: typed.by.map(|unit| match unit {
            TimeUnit::Minute => BarUnit::Minute,
            TimeUnit::Hour => BarUnit::Hour,
            TimeUnit::Day => BarUnit::Day,
        }),
    }
}
