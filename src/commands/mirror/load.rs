//! Loads a snapshot into the file, and replaces the copy by it in one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Mirror;
use super::destination::TableDestination;
use crate::bigpeer::Client;
use crate::commands::Context;
use crate::commands::read_source::report;
use crate::commands::snapshot_read::destination::Destination;
use crate::commands::snapshot_read::outcome::report_stop;
use crate::commands::snapshot_read::{
    Earlier, NotPrepared, Servers, SnapshotRead, run_in_background,
};
use crate::mirror::{MirrorState, Staging};
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::read::queries;
use crate::snapshot::read::retrying_client::{Request, RequestStatus, RetryingClient, StopReason};
use crate::snapshot::write::directory::disk_failure;
use crate::util::exit::Exit;
use crate::util::text::plural;

/// The wait after the first snapshot that is not proven; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(300);

impl Mirror {
    /// Loads snapshots until one is proven to be complete. Until then, readers keep the old copy.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub(super) fn load_until_proven(&mut self, context: &mut Context<'_>) -> Result<(), Exit> {
        let mut wait = FIRST_WAIT;
        loop {
            let end = match self.load(context) {
                Ok(true) => return Ok(()),
                Ok(false) | Err(Exit::Gap) => Exit::Incomplete,
                Err(Exit::Failed) => Exit::Failed,
                Err(exit) => return Err(exit),
            };
            if self.options.ends {
                return Err(end);
            }
            context.out.note(&format!(
                "the mirror {} is not current; next attempt in {} s",
                self.file.name(),
                wait.as_secs()
            ));
            context.pause(wait)?;
            wait = (wait * 2).min(MAX_WAIT);
        }
    }

    /// Loads one snapshot; `false` if it is not proven to be complete.
    fn load(&mut self, context: &mut Context<'_>) -> Result<bool, Exit> {
        let file = &self.file;
        let run = file.resume_state();
        let run = run.map_err(|failure| report(&failure, context))?;
        let replaced = self.replaced();
        let replaced = replaced.map_err(|failure| report(&failure, context))?;
        let mut options = self.options.read.clone();
        if run.head().is_none() {
            options.txn_id = self.min_txn(context)?;
        }
        let earlier = Earlier {
            snapshot: replaced.as_ref(),
            run: &run,
        };
        let servers = Servers {
            endpoint: self.endpoint.clone(),
            key: self.key.clone(),
            kafka: Some(self.connection.clone()),
        };
        let prepared = SnapshotRead::prepare(servers, &earlier, &options, context);
        let read = match prepared {
            Ok(read) => read,
            Err(NotPrepared::CannotContinue(_)) => {
                context.out.note("starting the snapshot again");
                self.discard(context)?;
                return self.load(context);
            }
            Err(NotPrepared::Stopped(exit)) => return Err(exit),
        };
        let staging = self.file.staging();
        let staging = staging.map_err(|failure| report(&failure, context))?;
        if run.head().is_none() {
            let start = read.journal_start();
            let begun = start.iter().try_for_each(|entry| staging.add(entry));
            begun.map_err(|error| report(&disk_failure("writing the mirror", &error), context))?;
        }
        let manifest = read_into(read, staging, &earlier, context)?;
        self.conclude(&manifest, context)
    }

    /// Replaces the copy by the loaded one, if that is complete.
    fn conclude(&mut self, manifest: &Manifest, context: &mut Context<'_>) -> Result<bool, Exit> {
        if !manifest.complete {
            for why in &manifest.why_not {
                context.out.warn(&format!("incomplete: {why}"));
            }
            self.discard(context)?;
            return Ok(false);
        }
        self.announce_indexes(manifest, context)?;
        let swapped = match self.file.swap(manifest, MirrorState::CatchingUp) {
            Ok(swapped) => swapped,
            Err(_) if is_interrupted(context) => return Err(Exit::Interrupted),
            Err(failure) => {
                // A snapshot that is refused would be refused again; after an error of the disk it is still good.
                if failure.class == FailureClass::Gap {
                    self.discard(context)?;
                }
                return Err(report(&failure, context));
            }
        };
        for collection in &swapped.gone {
            context
                .out
                .note(&format!("the collection {collection} is gone"));
        }
        for lost in &swapped.lost {
            context.out.warn(&format!(
                "an index or trigger does not fit the new table and was dropped: {lost}"
            ));
        }
        context.out.note(&format!(
            "loaded {} of {} into {}, complete",
            plural(swapped.documents, "document"),
            plural(manifest.collections.len(), "collection"),
            self.file.name()
        ));
        Ok(swapped.unresolved == 0)
    }

    fn discard(&mut self, context: &mut Context<'_>) -> Result<(), Exit> {
        let discarded = self.file.discard_load();
        discarded.map_err(|failure| report(&failure, context))
    }

    /// The snapshot that is replaced, with the offsets that the copy has reached since: gaps after them raise the minimum
    /// transaction.
    fn replaced(&self) -> Result<Option<Manifest>, Failure> {
        let Some(manifest) = self.file.manifest()? else {
            return Ok(None);
        };
        Ok(Some(manifest.continued_to(self.file.positions()?)))
    }

    /// The minimum transaction for a gap that does not say one: any transaction of now is after it.
    fn min_txn(&self, context: &mut Context<'_>) -> Result<Option<u64>, Exit> {
        let gap = self.file.open_gap();
        let gap = gap.map_err(|failure| report(&failure, context))?;
        if gap.is_none_or(|gap| gap.unnumbered == 0) {
            return Ok(None);
        }
        let doing = "asking for the current transaction";
        let (endpoint, key) = (self.endpoint.clone(), self.key.clone());
        let read = &self.options.read;
        let client = Client::new(endpoint, key, read.version)
            .map_err(|error| report_stop(&StopReason::Api(doing.to_owned(), error), context))?;
        let client = Arc::new(RetryingClient::new(
            client,
            None,
            read.deadline,
            Arc::new(AtomicBool::new(false)),
            Arc::new(RequestStatus::default()),
        ));
        let background = Arc::clone(&client);
        let answer = run_in_background(&client, context, move || {
            background.query(doing, &Request::Dql(queries::listing(1)))
        });
        let (response, _) = answer.map_err(|stop| report_stop(&stop, context))?;
        Ok(response.transaction_id)
    }
}

/// Reads into the tables of the load, until everything is in the file.
fn read_into(
    read: SnapshotRead,
    staging: Staging,
    earlier: &Earlier<'_>,
    context: &mut Context<'_>,
) -> Result<Manifest, Exit> {
    let tables = Arc::new(TableDestination(staging));
    let destination: Arc<dyn Destination> = Arc::clone(&tables) as Arc<dyn Destination>;
    let manifest = read.read(&destination, earlier, context)?;
    drop(destination);
    let staging = sole_owner(tables).0;
    let closed = staging.close();
    closed.map_err(|error| report(&disk_failure("writing the mirror", &error), context))?;
    Ok(manifest)
}

/// Waits until the threads of the read have ended: after the last collection they only return.
fn sole_owner<T>(mut shared: Arc<T>) -> T {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(owned) => return owned,
            Err(still_shared) => shared = still_shared,
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the user has pressed Ctrl-C.
pub(super) fn is_interrupted(context: &Context<'_>) -> bool {
    context.interrupt.load(Ordering::Relaxed)
}
