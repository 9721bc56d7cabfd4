//! `requery`: everything that a Big Peer holds, into a folder or a stream, and whether that is proven to be all.
//! The order of things is here: positions, floor, collections, walks, proof, manifest.

mod change_reader;
mod min_txn;
mod options;
mod proof;
mod report;
mod stdout_page;
mod workers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::requery::change_reader::Stream;
use super::requery::min_txn::Floor;
use super::requery::options::Options;
use super::requery::workers::{Outcome, Work};
use super::tail::usage;
use super::{Context, connect};
use crate::bigpeer::{ApiError, Client, Kind};
use crate::cli;
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest::{Manifest, Scope};
use crate::snapshot::read::listing::Listing;
use crate::snapshot::read::queries::Target;
use crate::snapshot::read::retrying_client::{Asker, Pulse, Question, Stop};
use crate::snapshot::write::directory::{Folder, failed};
use crate::snapshot::write::journal::{Head, Journal, Left, Line};
use crate::util::exit::Exit;

/// The version of the journal's format.
const JOURNAL_FORMAT: u32 = 1;

/// Runs the command.
pub fn run(typed: &cli::Requery, context: &mut Context<'_>) -> Exit {
    let options = match Options::new(typed, context.env) {
        Ok(options) => options,
        Err(why) => return usage(context, "requery", &why),
    };
    if typed.as_curl {
        return as_curl(typed, &options, context);
    }
    requery(typed, &options, context).unwrap_or_else(|exit| exit)
}

fn as_curl(typed: &cli::Requery, options: &Options, context: &mut Context<'_>) -> Exit {
    match connect::base(&typed.connection, &typed.api, context) {
        Ok(base) => context
            .out
            .print_text(report::curl(&base, options).as_bytes()),
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
    let left = left(folder.as_ref(), options, context)?;
    // A run that goes on needs the stream for its proof, if it has positions there.
    let streams = left.head().is_none_or(|head| !head.positions.is_empty());
    let with_kafka = !typed.no_kafka && streams;
    let (base, key, kafka) = connect::api(&typed.connection, &typed.api, with_kafka, context)?;
    let client = Client::new(base, key, options.version).map_err(|error| {
        stopped(
            &Stop::Api("preparing the HTTP API".to_owned(), error),
            context,
        )
    })?;
    let head = head(
        &client,
        kafka.clone(),
        folder.as_ref(),
        &left,
        options,
        context,
    )?;
    let stream = Stream::new(kafka, &head);
    let pulse = Arc::new(Pulse::default());
    let stop = Arc::new(AtomicBool::new(false));
    let asker = Arc::new(Asker::new(
        client,
        head.floor,
        options.deadline,
        Arc::clone(&stop),
        Arc::clone(&pulse),
    ));
    let (names, scope, legacy) = collections(&asker, &head, &left, options, context)?;
    if let Some(folder) = &folder {
        keep_the_wider(folder, &scope, &names, context)?;
    }
    if typed.dry_run {
        return report::dry_run(&asker, &head, &targets(&names, options), &scope, context);
    }
    let mut manifest = Manifest::new(head.server.clone(), head.started.clone());
    manifest.floor = head.floor;
    manifest.floor_from.clone_from(&head.floor_from);
    manifest.cluster.clone_from(&head.cluster);
    manifest.positions.clone_from(&head.positions);
    manifest.scope = scope;
    let work = Work {
        asker,
        stop,
        legacy,
        targets: targets(&names, options),
        jobs: usize::from(typed.jobs),
    };
    match folder {
        Some(folder) => {
            let journal = begin(&folder, &head, &left, &work, &manifest.scope, context)?;
            let read = proof::into_folder(work, &folder, journal, &left, stream.as_ref(), context);
            manifest.collections = read?;
            report::conclude(&mut manifest, now());
            let place = folder.commit(&manifest);
            let place = place.map_err(|failure| say(&failure, context))?;
            report::tell(&manifest, Some(&place), context);
            Ok(report::exit(&manifest))
        }
        None => into_stream(&work, stream.as_ref(), manifest, context),
    }
}

fn open(root: &Path, context: &mut Context<'_>) -> Result<Folder, Exit> {
    Folder::open(root).map_err(|failure| say(&failure, context))
}

/// What an interrupted run has left, where the user wants to go on with it.
fn left(
    folder: Option<&Folder>,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<Left, Exit> {
    let Some(folder) = folder else {
        return Ok(Left::default());
    };
    let left = folder.left().map_err(|failure| say(&failure, context))?;
    if options.resume {
        if left.head().is_none() {
            context
                .out
                .note("there is nothing to go on with: this run begins anew");
        }
        return Ok(left);
    }
    if left.head().is_some() {
        context.out.note(
            "an interrupted run in this folder is given up; --resume would have gone on with it",
        );
    }
    Ok(Left::default())
}

/// What the run is bound to: of the interrupted one, or found out now. Positions come before the first request.
fn head(
    client: &Client,
    kafka: Option<crate::kafka::Connection>,
    folder: Option<&Folder>,
    left: &Left,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<Head, Exit> {
    let server = client.base().to_string();
    if let Some(head) = left.head() {
        let topic = kafka.as_ref().map(|kafka| kafka.topic.as_str());
        return match min_txn::conflict(head, &server, topic, options) {
            None => Ok(head.clone()),
            Some(why) => {
                context.out.failure(&Failure {
                    class: FailureClass::Setup,
                    what: format!("going on with the interrupted run: {why}"),
                    fix: Some(
                        "give the same as before, or leave --resume out to begin anew".to_owned(),
                    ),
                    raw: None,
                });
                Err(Exit::Setup)
            }
        };
    }
    let old = folder.and_then(Folder::old);
    let floor = match kafka {
        Some(kafka) => min_txn::with_kafka(kafka, old.as_ref(), options, context)?,
        None => Floor::typed(options),
    };
    floor.say(context);
    Ok(Head {
        format: JOURNAL_FORMAT,
        server,
        api: options.api().to_owned(),
        floor: floor.txn_id(),
        floor_from: floor.from,
        named: options.named.clone(),
        condition: options.condition.clone(),
        cluster: floor.cluster,
        positions: floor.positions,
        seen: floor.collections.into_iter().collect(),
        started: now(),
    })
}

/// The collections to read, what of the app they are, and whether the server has no DQL.
fn collections(
    asker: &Arc<Asker>,
    head: &Head,
    left: &Left,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<(Vec<String>, Scope, bool), Exit> {
    if let Some((names, scope)) = left.collections() {
        return Ok((
            names.to_vec(),
            scope.clone(),
            scope.listing.contains(NO_DQL),
        ));
    }
    let listing = match workers::listing(asker, options, context) {
        Ok(listing) => listing,
        Err(stop) => return Err(stopped(&stop, context)),
    };
    let mut names: Vec<String> = options.named.clone();
    let mut legacy = false;
    let (words, listed) = match listing {
        None => ("not asked: collections were named".to_owned(), false),
        Some(Listing::Names(listed)) => {
            let empty = listed.is_empty();
            names.extend(listed);
            (
                if empty { "empty" } else { "names collections" }.to_owned(),
                !empty,
            )
        }
        Some(Listing::Refused(why)) => (format!("refused: {why}"), false),
        Some(Listing::NoDql(error)) => {
            let known = !head.seen.is_empty() || !options.named.is_empty();
            if !known {
                let doing = "listing the collections".to_owned();
                return Err(stopped(&Stop::Api(doing, error), context));
            }
            legacy = true;
            (format!("{NO_DQL}: {error}"), false)
        }
    };
    if options.named.is_empty() {
        names.extend(head.seen.iter().cloned());
    }
    names.sort();
    names.dedup();
    if !listed && options.named.is_empty() {
        context.out.warn(&format!(
            "the server's list of collections is {words}: only what the stream has shown is read"
        ));
    }
    let scope = Scope {
        whole_app: listed && options.condition.is_none(),
        named: options.named.clone(),
        condition: options.condition.clone(),
        listing: words,
    };
    Ok((names, scope, legacy))
}

/// A good snapshot is not replaced by one that holds less.
fn keep_the_wider(
    folder: &Folder,
    scope: &Scope,
    names: &[String],
    context: &mut Context<'_>,
) -> Result<(), Exit> {
    let old = folder.old().filter(|old| old.complete);
    let Some(misses) = old.and_then(|old| scope.misses(names, &old)) else {
        return Ok(());
    };
    let failure = Failure {
        class: FailureClass::Setup,
        what: format!(
            "replacing the snapshot that is there: it is complete and holds {misses}, and this run would not read that"
        ),
        fix: Some("give another folder as --output, or remove that snapshot first".to_owned()),
        raw: None,
    };
    Err(say(&failure, context))
}

/// What the listing is called where the server knows only the interface before DQL.
const NO_DQL: &str = "not there, since the server has no DQL";

fn targets(names: &[String], options: &Options) -> Vec<Target> {
    let target = |name: &String| Target {
        collection: name.clone(),
        condition: options.condition.clone(),
    };
    names.iter().map(target).collect()
}

/// Begins the journal, or goes on with the one that was left.
fn begin(
    folder: &Folder,
    head: &Head,
    left: &Left,
    work: &Work,
    scope: &Scope,
    context: &mut Context<'_>,
) -> Result<Journal, Exit> {
    let journal = folder
        .journal(left.valid)
        .map_err(|failure| say(&failure, context))?;
    if left.valid > 0 {
        return Ok(journal);
    }
    let names = work.targets.iter();
    let names: Vec<String> = names.map(|target| target.collection.clone()).collect();
    let begun = journal
        .add(&Line::Head(head.clone()))
        .and_then(|()| journal.add(&Line::Collections(names, scope.clone())));
    begun.map_err(|error| say(&failed("writing the journal", &error), context))?;
    Ok(journal)
}

fn into_stream(
    work: &Work,
    stream: Option<&Stream>,
    mut manifest: Manifest,
    context: &mut Context<'_>,
) -> Result<Exit, Exit> {
    context
        .out
        .buffer()
        .extend(stdout_page::begin(&manifest, &work.targets));
    manifest.collections = proof::into_stream(work, stream, context)?;
    report::conclude(&mut manifest, now());
    context.out.buffer().extend(stdout_page::end(&manifest));
    let printed = context.out.print_text(b"");
    report::tell(&manifest, None, context);
    Ok(printed.max(report::exit(&manifest)))
}

/// The collections, or the exit code of a run that did not come to its end.
fn finished(
    outcome: Outcome,
    resumable: bool,
    context: &mut Context<'_>,
) -> Result<Vec<crate::snapshot::manifest::Collection>, Exit> {
    let (exit, documents) = match outcome {
        Outcome::Complete(collections) => return Ok(collections),
        Outcome::Closed => return Err(Exit::Fine),
        Outcome::Unwritable(error) => {
            context
                .out
                .warn(&format!("writing to standard output: {error}"));
            return Err(Exit::Failed);
        }
        Outcome::Interrupted(documents) => (Exit::Interrupted, documents),
        Outcome::ReadStopped(stop, documents) => (stopped(&stop, context), documents),
    };
    let on = if resumable {
        "; --resume goes on from there"
    } else {
        ""
    };
    context
        .out
        .note(&format!("stopped after {documents} documents{on}"));
    Err(exit)
}

/// Says why the run cannot go on.
fn stopped(stop: &Stop, context: &mut Context<'_>) -> Exit {
    match stop {
        Stop::Interrupted => Exit::Interrupted,
        Stop::Disk(doing, error) => say(&failed(doing, error), context),
        Stop::Api(doing, error) => {
            let failure = Failure {
                class: class(error),
                what: format!("{doing}: {}", error.why()),
                fix: error.fix().map(str::to_owned),
                raw: Some(error.words.clone()).filter(|words| !words.is_empty()),
            };
            say(&failure, context)
        }
    }
}

fn class(error: &ApiError) -> FailureClass {
    match error.kind {
        Kind::RefusedKey
        | Kind::Forbidden
        | Kind::Unreachable
        | Kind::Tls
        | Kind::Redirected
        | Kind::NotFound
        | Kind::NoInterface
        | Kind::NotDql => FailureClass::Setup,
        _ => FailureClass::Read,
    }
}

fn say(failure: &Failure, context: &mut Context<'_>) -> Exit {
    context.out.failure(failure);
    failure.exit()
}

fn now() -> String {
    Timestamp::now()
        .round(jiff::Unit::Millisecond)
        .unwrap_or_default()
        .to_string()
}

/// The first question of a run.
fn first_question(options: &Options) -> Question {
    let named = options.named.first().map(|name| {
        let target = Target {
            collection: name.clone(),
            condition: options.condition.clone(),
        };
        target.census()
    });
    Question::Dql(named.unwrap_or_else(crate::snapshot::read::queries::listing))
}

/// The folder that a path names; `-` is standard output.
fn output(path: &Path) -> Option<PathBuf> {
    (path != Path::new("-")).then(|| path.to_owned())
}
