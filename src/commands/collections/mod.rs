//! `collections`: what a topic, captures or snapshots contain, collection by collection, with the fields of the documents.

mod visitor;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use self::visitor::SummaryVisitor;
use super::Context;
use super::read_source::{TopicRead, read_to_end, read_topic, report};
use super::tail::plan::{Plan, SharedArgs, TypedTimeLimits};
use super::unknown_collections;
use crate::capture::Capture;
use crate::cli;
use crate::cli::{ChangeOptions, OnGap, PositionRange};
use crate::record::Failure;
use crate::record::position::Position;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::rows::Rows;
use crate::util::exit::Exit;
use crate::view::collection_tables::SummaryView;
use crate::view::{Format, Styles, WallClock};

/// Runs the command.
pub fn run(typed: &cli::Collections, context: &mut Context<'_>) -> Exit {
    let plan = match plan(typed, context) {
        Ok(plan) => plan,
        Err(why) => return context.usage_error("collections", &why),
    };
    for note in &plan.notes {
        context.out.note(note);
    }
    let mut visitor = SummaryVisitor::new(&plan);
    let read = if typed.paths.is_empty() {
        let topic = TopicRead {
            command: "collections",
            connection: &typed.connection,
            plan: &plan,
            merge: None,
        };
        read_topic(&topic, &mut visitor, context)
    } else {
        let mut paths = typed.paths.iter();
        paths.try_for_each(|path| read_path(path, &mut visitor, context))
    };
    match read {
        Ok(()) => print(typed, &visitor, &plan, context),
        Err(Exit::Interrupted) => {
            print(typed, &visitor, &plan, context);
            context
                .out
                .warn("interrupted: there may be more than what was read so far");
            Exit::Interrupted
        }
        Err(exit) => exit,
    }
}

fn plan(typed: &cli::Collections, context: &Context<'_>) -> Result<Plan, String> {
    let range = PositionRange {
        from: typed.from.clone(),
        until: typed.until.clone(),
        ..PositionRange::default()
    };
    let changes = ChangeOptions {
        redact: typed.redact.clone(),
        ..ChangeOptions::default()
    };
    let shared = SharedArgs {
        filter: &typed.filter,
        range: &range,
        time_limits: TypedTimeLimits::default(),
        format: Format::Json.into(),
        changes: &changes,
        inputs: typed.paths.clone(),
        on_gap: Some(OnGap::Mark),
        has_state: false,
    };
    let mut plan = shared.plan(context.env)?;
    if plan.snapshot.is_some() {
        return Err("--from with a requery folder is for tail; to see what a snapshot contains: collections DIR".to_owned());
    }
    let has_paths = !typed.paths.is_empty();
    if has_paths && matches!(plan.from, Position::Back(_)) {
        return Err(
            "--from -N: the end of a capture is not known in advance; use a time or offsets"
                .to_owned(),
        );
    }
    let is_limited = typed.from.is_some() || typed.until.is_some();
    if let Some(folder) = typed.paths.iter().find(|path| is_limited && path.is_dir()) {
        return Err(format!(
            "--from and --until choose events, and {} is a snapshot; leave them out",
            folder.display()
        ));
    }
    if typed.from.is_none() {
        plan.from = Position::Beginning;
    }
    plan.until = plan.until.or(Some(Position::End));
    Ok(plan)
}

fn read_path(
    path: &Path,
    visitor: &mut SummaryVisitor<'_>,
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    if path.is_dir() {
        return match read_snapshot(path, visitor, context) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Exit::Interrupted),
            Err(failure) => Err(report(&failure, context)),
        };
    }
    let capture = Capture::open(path, Arc::clone(context.interrupt));
    let mut capture = capture.map_err(|failure| report(&failure, context))?;
    visitor.scan_positions();
    read_to_end(&mut capture, visitor, true, context)
}

/// Reads the selected collections of a snapshot; `false` if the user pressed Ctrl-C.
fn read_snapshot(
    folder: &Path,
    visitor: &mut SummaryVisitor<'_>,
    context: &mut Context<'_>,
) -> Result<bool, Failure> {
    let manifest = Manifest::read(folder)?;
    if !manifest.complete {
        context.out.warn(&format!(
            "the snapshot {} is not complete: {}",
            folder.display(),
            manifest.why_not.join("; ")
        ));
    }
    for collection in &manifest.collections {
        if !visitor.begin_collection(&collection.name) {
            continue;
        }
        let mut rows = Rows::open(folder, collection)?;
        while let Some(row) = rows.next_row()? {
            visitor.document(&collection.name, row.document);
            if visitor.is_interrupted(context.interrupt) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Prints the tables, and on standard error what is in none of them.
fn print(
    typed: &cli::Collections,
    visitor: &SummaryVisitor<'_>,
    plan: &Plan,
    context: &mut Context<'_>,
) -> Exit {
    let env = context.env;
    let view = SummaryView {
        styles: Styles::new(env.colours(context.global.color, env.stdout_terminal)),
        terminal: env.stdout_terminal,
        width: env.width.filter(|_| env.stdout_terminal),
        clock: WallClock::new(env.now.clone()),
        max_fields: typed.max_fields,
    };
    let mut text = Vec::new();
    if typed.json {
        view.json(&visitor.summary, &mut text);
    } else {
        view.tables(&visitor.summary, &mut text);
    }
    let printed = context.out.print_text(&text);
    visitor.report(context.out);
    let known: BTreeSet<String> = visitor.known().cloned().collect();
    unknown_collections::report(&known, plan, context.out);
    let hides_nothing = plan.paths.report(context.out);
    if visitor.unreadable > 0 || hides_nothing {
        return Exit::Failed;
    }
    printed
}
