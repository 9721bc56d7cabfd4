//! `requery`: a snapshot of a Big Peer with a proof of completeness.
//! Offsets are recorded before the first request, so that the stream continues without a gap after the snapshot.

mod change_reader;
mod evidence;
mod min_txn;
mod options;
mod outcome;
mod proof;
mod report;
mod scope;
mod selection;
mod stdout_page;
mod workers;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use self::change_reader::ChangeReader;
use self::evidence::EvidenceCheck;
use self::min_txn::{JOURNAL_FORMAT, MinTransaction};
use self::options::Options;
use self::outcome::{report_failure, report_stop};
use self::selection::Selection;
use self::workers::{CollectionWorkers, run_in_background};
use super::{Context, connect};
use crate::bigpeer::Client;
use crate::cli;
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest::{Collection, Manifest, Scope};
use crate::snapshot::read::queries::{LISTING, Listing, Target};
use crate::snapshot::read::retrying_client::{Request, RequestStatus, RetryingClient, StopReason};
use crate::snapshot::write::directory::{SnapshotDirectory, disk_failure};
use crate::snapshot::write::journal::{Entry, Journal, ResumeState, RunIdentity};
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
            for line in report::curl(&endpoint, options).lines() {
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
    let client = Client::new(endpoint, key, options.version).map_err(|error| {
        report_stop(
            &StopReason::Api("preparing the HTTP API".to_owned(), error),
            context,
        )
    })?;
    let mut head = head(
        &client,
        kafka.clone(),
        folder.as_ref(),
        &resume_state,
        options,
        context,
    )?;
    let evidence_stream = kafka.clone().filter(|_| !typed.dry_run);
    let evidence = EvidenceCheck::start(evidence_stream, &mut head, context)?;
    let stream = ChangeReader::new(kafka, &head);
    let status = Arc::new(RequestStatus::default());
    let stop = Arc::new(AtomicBool::new(false));
    let client = Arc::new(RetryingClient::new(
        client,
        head.floor,
        options.deadline,
        Arc::clone(&stop),
        Arc::clone(&status),
    ));
    let old = folder.as_ref().and_then(SnapshotDirectory::existing);
    let known = (&head, old.as_ref());
    let (names, scope, legacy) = collections(&client, known, &resume_state, options, context)?;
    if let Some(folder) = &folder {
        check_scope(folder, &scope, &names, context)?;
        let checked = folder.check_collections(&names);
        checked.map_err(|failure| report_failure(&failure, context))?;
    }
    if typed.dry_run {
        return report::dry_run(&client, &head, &targets(&names, options), &scope, context);
    }
    let manifest = new_manifest(&head, scope);
    let workers = CollectionWorkers {
        client,
        stop,
        legacy,
        targets: targets(&names, options),
        evidence: evidence.written(),
        jobs: usize::from(typed.jobs),
    };
    match folder {
        Some(folder) => {
            let run = (&head, &resume_state, old.as_ref());
            let stream = (stream.as_ref(), &evidence);
            into_folder(workers, folder, run, stream, manifest, context)
        }
        None => into_stream(&workers, (stream.as_ref(), &evidence), manifest, context),
    }
}

fn new_manifest(head: &RunIdentity, scope: Scope) -> Manifest {
    let mut manifest = Manifest::new(head.server.clone(), head.started.clone());
    manifest.floor = head.floor;
    manifest.floor_from.clone_from(&head.floor_from);
    manifest.cluster.clone_from(&head.cluster);
    manifest.positions.clone_from(&head.positions);
    manifest.held_back.clone_from(&head.held_back);
    manifest.scope = scope;
    manifest
}

fn into_folder(
    workers: CollectionWorkers,
    folder: SnapshotDirectory,
    (head, resume_state, old): (&RunIdentity, &ResumeState, Option<&Manifest>),
    (stream, evidence): (Option<&ChangeReader>, &EvidenceCheck),
    mut manifest: Manifest,
    context: &mut Context<'_>,
) -> Result<Exit, Exit> {
    let client = Arc::clone(&workers.client);
    let scope = &manifest.scope;
    let journal = begin(&folder, head, resume_state, &workers, scope, context)?;
    let read = proof::into_folder(workers, &folder, journal, resume_state, stream, context);
    manifest.collections = read?;
    evidence.check(&mut manifest, &client, context)?;
    manifest.ended = now();
    manifest.conclude();
    scope::conclude(&mut manifest, old, context);
    let place = folder.commit(&manifest);
    let place = place.map_err(|failure| report_failure(&failure, context))?;
    report::report(&manifest, Some(&place), context);
    Ok(report::exit(&manifest))
}

fn open(root: &Path, context: &mut Context<'_>) -> Result<SnapshotDirectory, Exit> {
    SnapshotDirectory::open(root).map_err(|failure| report_failure(&failure, context))
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
        .map_err(|failure| report_failure(&failure, context))?;
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

/// The identity of the interrupted run, or of a new one.
fn head(
    client: &Client,
    kafka: Option<crate::kafka::Connection>,
    folder: Option<&SnapshotDirectory>,
    resume_state: &ResumeState,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<RunIdentity, Exit> {
    let server = client.endpoint().to_string();
    if let Some(head) = resume_state.head() {
        let topic = kafka.as_ref().map(|kafka| kafka.topic.as_str());
        return match min_txn::conflict(head, &server, topic, options) {
            None => match kafka {
                Some(kafka) => min_txn::check_topic(kafka, head, context).map(|()| head.clone()),
                None => Ok(head.clone()),
            },
            Some(why) => {
                context.out.failure(&Failure {
                    class: FailureClass::Setup,
                    what: format!("resuming the interrupted run: {why}"),
                    fix: Some(
                        "use the same options as before, or leave out --resume to start again"
                            .to_owned(),
                    ),
                    raw: None,
                });
                Err(Exit::Setup)
            }
        };
    }
    let old = folder.and_then(SnapshotDirectory::existing);
    let floor = match kafka {
        Some(kafka) => min_txn::with_kafka(kafka, old.as_ref(), options, context)?,
        None => MinTransaction::from_options(options),
    };
    floor.report(options.no_kafka, context);
    Ok(RunIdentity {
        format: JOURNAL_FORMAT,
        server,
        api: options.api().to_owned(),
        floor: floor.txn_id(),
        floor_from: floor.from,
        patterns: options.patterns.clone(),
        condition: options.condition.clone(),
        cluster: floor.cluster,
        positions: floor.positions,
        held_back: floor.held_back,
        seen: floor.collections.into_iter().collect(),
        started: now(),
    })
}

/// The collections to read, the scope, and whether the server has no DQL.
fn collections(
    client: &Arc<RetryingClient>,
    (head, old): (&RunIdentity, Option<&Manifest>),
    resume_state: &ResumeState,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<(Vec<String>, Scope, bool), Exit> {
    if let Some((names, scope)) = resume_state.collections() {
        return Ok((
            names.to_vec(),
            scope.clone(),
            scope.listing.contains(scope::NO_DQL),
        ));
    }
    let listing = match workers::listing(client, context) {
        Ok(listing) => listing,
        Err(stop) => return Err(report_stop(&stop, context)),
    };
    let old: Vec<&Collection> = old.iter().flat_map(|old| &old.collections).collect();
    // What is replaced is read again, so that a collection that is gone is noticed.
    let elsewhere: BTreeSet<String> = head
        .seen
        .iter()
        .cloned()
        .chain(old.iter().map(|one| one.name.clone()))
        .collect();
    let legacy = matches!(listing, Listing::NoDql(_));
    let (listing_status, listed) = scope::describe(&listing);
    let selects_all = options.patterns.is_empty();
    let selection = if selects_all {
        let names = elsewhere.iter().chain(listing.names()).cloned();
        Selection {
            names: names.collect(),
            ..Selection::default()
        }
    } else {
        // An empty collection of the replaced snapshot proves nothing: its name may have been a mistake.
        let replaced = old.iter().filter(|one| one.documents > 0);
        let known = head.seen.iter().chain(replaced.map(|one| &one.name));
        let known = known.chain(listing.names()).cloned().collect();
        let (is_listed, mut stopped) = (listed.is_some(), None);
        let selection = selection::select(&options.patterns, &known, is_listed, &mut |name| {
            let counted = has_documents(client, name, context);
            counted.unwrap_or_else(|stop| {
                stopped = Some(stop);
                false
            })
        });
        if let Some(stop) = stopped {
            return Err(report_stop(&stop, context));
        }
        selection.map_err(|why| context.usage_error("requery", &why))?
    };
    if selection.names.is_empty() && legacy {
        return Err(no_dql(listing, context));
    }
    if !selection.unchecked.is_empty() {
        let names: Vec<&str> = selection.unchecked.iter().map(String::as_str).collect();
        context.out.warn(&format!(
            "whether the collection {} exists is unknown: the server's list of collections is {listing_status}, and the stream does not have it",
            names.join(", ")
        ));
    }
    let names: Vec<String> = selection.names.into_iter().collect();
    if listed.is_none() && selects_all {
        context.out.warn(&format!(
            "the server's list of collections is {listing_status}: reading only collections that it names or that occur in the stream"
        ));
    }
    let unlisted = names
        .iter()
        .filter(|name| listed.is_some_and(|listed| !listed.contains(*name)));
    let scope = Scope {
        whole_app: listed.is_some() && selects_all && options.condition.is_none(),
        named: if selects_all {
            Vec::new()
        } else {
            names.clone()
        },
        patterns: options.patterns.clone(),
        unchecked: selection.unchecked.into_iter().collect(),
        condition: options.condition.clone(),
        unlisted: unlisted.cloned().collect(),
        listing: listing_status,
        known: listed.map(|listed| listed.union(&elsewhere).cloned().collect()),
    };
    Ok((names, scope, legacy))
}

/// Whether the server counts documents in a collection that no list names.
fn has_documents(
    client: &Arc<RetryingClient>,
    name: &str,
    context: &mut Context<'_>,
) -> Result<bool, StopReason> {
    let (background, target) = (Arc::clone(client), Target::new(name.to_owned(), None));
    let doing = format!("counting the collection {name}");
    let (_, rows) = run_in_background(client, context, move || {
        background.query(&doing, &Request::Dql(target.count()))
    })?;
    Ok(rows.iter().any(|row| counts_documents(row)))
}

/// Whether a row `{"n": N}` counts at least one document.
fn counts_documents(row: &[u8]) -> bool {
    let row: Option<serde_json::Value> = serde_json::from_slice(row).ok();
    row.and_then(|row| row.get("n")?.as_u64())
        .is_some_and(|count| count > 0)
}

/// Reports a server without DQL, whose collections must be known from elsewhere.
fn no_dql(listing: Listing, context: &mut Context<'_>) -> Exit {
    let Listing::NoDql(error) = listing else {
        return Exit::Setup;
    };
    report_stop(&StopReason::Api(LISTING.to_owned(), error), context)
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
    Err(report_failure(&failure, context))
}

fn targets(names: &[String], options: &Options) -> Vec<Target> {
    let target = |name: &String| Target::new(name.clone(), options.condition.clone());
    names.iter().map(target).collect()
}

/// Starts the journal, or continues that of the interrupted run.
fn begin(
    folder: &SnapshotDirectory,
    head: &RunIdentity,
    resume_state: &ResumeState,
    workers: &CollectionWorkers,
    scope: &Scope,
    context: &mut Context<'_>,
) -> Result<Journal, Exit> {
    let journal = folder
        .journal(resume_state.valid)
        .map_err(|failure| report_failure(&failure, context))?;
    if resume_state.valid > 0 {
        return Ok(journal);
    }
    let names = workers.targets.iter();
    let names: Vec<String> = names.map(|target| target.collection.clone()).collect();
    let begun = journal
        .add(&Entry::Head(head.clone()))
        .and_then(|()| journal.add(&Entry::Collections(names, scope.clone())));
    begun.map_err(|error| report_failure(&disk_failure("writing the journal", &error), context))?;
    Ok(journal)
}

fn into_stream(
    workers: &CollectionWorkers,
    (stream, evidence): (Option<&ChangeReader>, &EvidenceCheck),
    mut manifest: Manifest,
    context: &mut Context<'_>,
) -> Result<Exit, Exit> {
    let terminal = context.env.stdout_terminal;
    context
        .out
        .buffer()
        .extend(stdout_page::begin(&manifest, &workers.targets, terminal));
    manifest.collections = proof::into_stream(workers, stream, context)?;
    evidence.check(&mut manifest, &workers.client, context)?;
    manifest.ended = now();
    manifest.conclude();
    scope::conclude(&mut manifest, None, context);
    context
        .out
        .buffer()
        .extend(stdout_page::end(&manifest, terminal));
    let printed = context.out.print_text(b"");
    report::report(&manifest, None, context);
    Ok(printed.max(report::exit(&manifest)))
}

fn now() -> String {
    Timestamp::now()
        .round(jiff::Unit::Millisecond)
        .unwrap_or_default()
        .to_string()
}
