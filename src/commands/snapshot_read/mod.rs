//! Reads a snapshot of a Big Peer into a destination, and proves it complete. Offsets are recorded before the first
//! request, so that the stream continues without a gap after the snapshot.

mod change_reader;
pub mod destination;
mod earlier;
mod evidence;
mod folder;
mod listing;
mod min_txn;
pub mod options;
pub mod outcome;
mod proof;
mod proof_events;
mod scope;
mod selection;
mod stdout_page;
mod workers;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

pub use self::change_reader::{ChangeReader, ChangeVisitor, StreamStart};
use self::destination::Destination;
pub use self::earlier::{Earlier, NotPrepared};
use self::evidence::EvidenceCheck;
use self::listing::CollectionList;
pub use self::min_txn::format_place;
use self::min_txn::{JOURNAL_FORMAT, MinTransaction};
use self::options::ReadOptions;
use self::outcome::report_stop;
use self::proof_events::LedgerReader;
pub use self::proof_events::document_condition;
pub use self::stdout_page::StdoutFormat;
use self::workers::CollectionWorkers;
pub use self::workers::run_in_background;
use super::Context;
use crate::bigpeer::{Client, Endpoint};
use crate::kafka::Connection;
use crate::snapshot::manifest::{Manifest, Scope};
use crate::snapshot::read::queries::Target;
use crate::snapshot::read::retrying_client::{RequestStatus, RetryingClient, StopReason};
use crate::snapshot::write::journal::{Entry, RunIdentity};
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// The servers of a read: the HTTP API with its key, and the topic, if it is used.
pub struct Servers {
    /// The HTTP API.
    pub endpoint: Endpoint,
    /// Its key.
    pub key: Secret,
    /// The topic.
    pub kafka: Option<Connection>,
}

/// A read that is prepared: its identity and its collections are known, and no document was read yet.
pub struct SnapshotRead {
    workers: CollectionWorkers,
    evidence: EvidenceCheck,
    changes: Option<LedgerReader>,
    head: RunIdentity,
    scope: Scope,
}

impl SnapshotRead {
    /// Records the offsets, and determines the minimum transaction and the collections. Reports errors.
    ///
    /// # Errors
    /// [`NotPrepared`], which was reported.
    pub fn prepare(
        servers: Servers,
        earlier: &Earlier<'_>,
        options: &ReadOptions,
        context: &mut Context<'_>,
    ) -> Result<SnapshotRead, NotPrepared> {
        let Servers {
            endpoint,
            key,
            kafka,
        } = servers;
        let client = Client::new(endpoint, key, options.version).map_err(|error| {
            let stop = StopReason::Api("preparing the HTTP API".to_owned(), error);
            report_stop(&stop, context)
        })?;
        let mut head = head(&client, kafka.clone(), earlier, options, context)?;
        let with_evidence = kafka.clone().filter(|_| !options.counts_only);
        let evidence = EvidenceCheck::start(with_evidence, &mut head, context)?;
        let stop = Arc::new(AtomicBool::new(false));
        let client = Arc::new(RetryingClient::new(
            client,
            head.floor,
            options.deadline,
            Arc::clone(&stop),
            Arc::new(RequestStatus::default()),
        ));
        let CollectionList {
            names,
            scope,
            legacy,
        } = listing::collections(&client, &head, earlier, options, context)?;
        let target = |name: String| Target::new(name, options.condition.clone());
        Ok(SnapshotRead {
            changes: LedgerReader::new(kafka, &head),
            workers: CollectionWorkers {
                client,
                stop,
                legacy,
                targets: names.into_iter().map(target).collect(),
                evidence: evidence.written(),
                jobs: options.jobs,
            },
            evidence,
            head,
            scope,
        })
    }

    /// The client, for further requests.
    pub fn client(&self) -> &Arc<RetryingClient> {
        &self.workers.client
    }

    /// The identity of the run.
    pub fn head(&self) -> &RunIdentity {
        &self.head
    }

    /// The collections that will be read.
    pub fn targets(&self) -> &[Target] {
        &self.workers.targets
    }

    /// The names of the collections that will be read.
    pub fn names(&self) -> Vec<String> {
        let targets = self.workers.targets.iter();
        targets.map(|target| target.collection.clone()).collect()
    }

    /// The part of the app that will be read.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The first entries of the journal of this run.
    pub fn journal_start(&self) -> [Entry; 2] {
        [
            Entry::Head(self.head.clone()),
            Entry::Collections(self.names(), self.scope.clone()),
        ]
    }

    /// Reads into a destination that can discard pages; what is not proven is read again. The manifest says whether the
    /// snapshot is complete.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub fn read(
        self,
        destination: &Arc<dyn Destination>,
        earlier: &Earlier<'_>,
        context: &mut Context<'_>,
    ) -> Result<Manifest, Exit> {
        let mut manifest = self.manifest();
        let client = Arc::clone(&self.workers.client);
        let changes = self.changes.as_ref();
        manifest.collections =
            proof::read_until_proven(self.workers, destination, earlier.run, changes, context)?;
        self.evidence.check(&mut manifest, &client, context)?;
        conclude(&mut manifest, earlier.snapshot, context);
        Ok(manifest)
    }

    /// Reads to standard output, in one attempt.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub fn print(
        self,
        format: &StdoutFormat,
        context: &mut Context<'_>,
    ) -> Result<(Manifest, Exit), Exit> {
        let terminal = context.env.stdout_terminal;
        let mut manifest = self.manifest();
        let is_framed = *format == StdoutFormat::Json;
        if is_framed {
            let first = stdout_page::begin(&manifest, self.targets(), terminal);
            context.out.buffer().extend(first);
        }
        manifest.collections =
            proof::into_stream(&self.workers, self.changes.as_ref(), format, context)?;
        self.evidence
            .check(&mut manifest, &self.workers.client, context)?;
        conclude(&mut manifest, None, context);
        if is_framed {
            let last = stdout_page::end(&manifest, terminal);
            context.out.buffer().extend(last);
        }
        let printed = context.out.print_text(b"");
        Ok((manifest, printed))
    }

    fn manifest(&self) -> Manifest {
        let head = &self.head;
        let mut manifest = Manifest::new(head.server.clone(), head.started.clone());
        manifest.floor = head.floor;
        manifest.floor_from.clone_from(&head.floor_from);
        manifest.cluster.clone_from(&head.cluster);
        manifest.positions.clone_from(&head.positions);
        manifest.held_back.clone_from(&head.held_back);
        manifest.scope = self.scope.clone();
        manifest
    }
}

/// Decides whether the snapshot is complete.
fn conclude(manifest: &mut Manifest, replaced: Option<&Manifest>, context: &mut Context<'_>) {
    manifest.ended = now();
    manifest.conclude();
    scope::conclude(manifest, replaced, context);
}

/// The identity of the interrupted run, or of a new one.
fn head(
    client: &Client,
    kafka: Option<Connection>,
    earlier: &Earlier<'_>,
    options: &ReadOptions,
    context: &mut Context<'_>,
) -> Result<RunIdentity, NotPrepared> {
    let server = client.endpoint().to_string();
    if let Some(head) = earlier.run.head() {
        return interrupted_head(head, &server, kafka, options, context);
    }
    let floor = match kafka {
        Some(kafka) => min_txn::with_kafka(kafka, earlier.snapshot, options, context)?,
        None => MinTransaction::from_options(options),
    };
    floor.report(options, context);
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

/// The identity of the interrupted run, if it can be continued.
fn interrupted_head(
    head: &RunIdentity,
    server: &str,
    kafka: Option<Connection>,
    options: &ReadOptions,
    context: &mut Context<'_>,
) -> Result<RunIdentity, NotPrepared> {
    let topic = kafka.as_ref().map(|kafka| kafka.topic.as_str());
    if let Some(why) = min_txn::conflict(head, server, topic, options) {
        let same = "use the same options as before, or ";
        return Err(min_txn::refuse_resume(&why, same, options, context));
    }
    if let Some(kafka) = kafka {
        min_txn::check_topic(kafka, head, options, context)?;
    }
    Ok(head.clone())
}

fn now() -> String {
    Timestamp::now()
        .round(jiff::Unit::Millisecond)
        .unwrap_or_default()
        .to_string()
}
