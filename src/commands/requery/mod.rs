//! `requery`: a snapshot of a Big Peer with a proof of completeness.

mod options;
mod report;

use std::path::Path;

use self::options::Options;
use super::read_source;
use super::snapshot_read::{Earlier, Servers, SnapshotRead};
use super::{Context, connect};
use crate::cli;
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest::Scope;
use crate::snapshot::write::directory::SnapshotDirectory;
use crate::snapshot::write::journal::ResumeState;
use crate::util::exit::Exit;
use crate::view::escape;

/// Runs the command.
pub fn run(typed: &cli::Requery, context: &mut Context<'_>) -> Exit {
    let options = match Options::new(typed, context.env) {
        Ok(options) => options,
        Err(why) => return context.usage_error("requery", &why),
    };
    if typed.as_curl {
        return as_curl(typed, &options, context);
    }
    requery(typed, &options, context).unwrap_or_else(|exit| exit)
}

fn as_curl(typed: &cli::Requery, options: &Options, context: &mut Context<'_>) -> Exit {
    match connect::endpoint(&typed.connection, &typed.api, context) {
        Ok(endpoint) => {
            let mut text = Vec::new();
            for line in report::curl(&endpoint, &options.read).lines() {
                escape::push_json_line(line.as_bytes(), context.env.stdout_terminal, &mut text);
            }
            context.out.print_text(&text)
        }
        Err(exit) => exit,
    }
}

fn requery(
    typed: &cli::Requery,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<Exit, Exit> {
    let folder = options
        .folder
        .as_deref()
        .map(|root| open(root, context))
        .transpose()?;
    let resume_state = resume_state(folder.as_ref(), options, context)?;
    // A resumed run needs Kafka only if it has recorded offsets.
    let streams = resume_state
        .head()
        .is_none_or(|head| !head.positions.is_empty());
    let with_kafka = !typed.no_kafka && streams;
    let (endpoint, key, kafka) = connect::api(&typed.connection, &typed.api, with_kafka, context)?;
    let topic = kafka.as_ref().map(|kafka| kafka.topic.clone());
    let servers = Servers {
        endpoint,
        key,
        kafka,
    };
    let old = folder.as_ref().and_then(SnapshotDirectory::existing);
    let earlier = Earlier {
        snapshot: old.as_ref(),
        run: &resume_state,
    };
    let read = SnapshotRead::prepare(servers, &earlier, &options.read, context)?;
    if let Some(folder) = &folder {
        let names = read.names();
        check_scope(folder, read.scope(), &names, context)?;
        let checked = folder.check_collections(&names);
        checked.map_err(|failure| read_source::report(&failure, context))?;
    }
    if typed.dry_run {
        return report::dry_run(&read, context);
    }
    let Some(folder) = folder else {
        let (manifest, printed) = read.print(&options.stdout_format(topic), context)?;
        report::report(&manifest, None, context);
        return Ok(printed.max(report::exit(&manifest)));
    };
    into_folder(read, folder, &earlier, context)
}

fn into_folder(
    read: SnapshotRead,
    folder: SnapshotDirectory,
    earlier: &Earlier<'_>,
    context: &mut Context<'_>,
) -> Result<Exit, Exit> {
    let (manifest, place) = read.read_into_folder(folder, earlier, context)?;
    report::report(&manifest, Some(&place), context);
    Ok(report::exit(&manifest))
}

fn open(root: &Path, context: &mut Context<'_>) -> Result<SnapshotDirectory, Exit> {
    SnapshotDirectory::open(root).map_err(|failure| read_source::report(&failure, context))
}

/// The state of the interrupted run, with `--resume`.
fn resume_state(
    folder: Option<&SnapshotDirectory>,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<ResumeState, Exit> {
    let Some(folder) = folder else {
        return Ok(ResumeState::default());
    };
    let resume_state = folder
        .resume_state()
        .map_err(|failure| read_source::report(&failure, context))?;
    if options.resume {
        if resume_state.head().is_none() {
            let folder = folder.root().display();
            context.out.note(&format!(
                "no interrupted run found in {folder}; starting from the beginning"
            ));
        }
        return Ok(resume_state);
    }
    if resume_state.head().is_some() {
        context
            .out
            .note("discarding an interrupted run in this folder; --resume would continue it");
    }
    Ok(ResumeState::default())
}

/// A complete snapshot is not replaced by one of a narrower scope.
fn check_scope(
    folder: &SnapshotDirectory,
    scope: &Scope,
    names: &[String],
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let old = folder.existing().filter(|old| old.complete);
    let Some(misses) = old.and_then(|old| scope.misses(names, &old)) else {
        return Ok(());
    };
    let failure = Failure {
        class: FailureClass::Setup,
        what: format!(
            "the existing snapshot is complete and contains {misses}, which this run would not read"
        ),
        fix: Some(
            "give another folder as --output, or remove the existing snapshot first".to_owned(),
        ),
        raw: None,
    };
    Err(read_source::report(&failure, context))
}
