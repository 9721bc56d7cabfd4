//! The answer to a gap: a snapshot in a private folder, which the relay writes before it continues.

use std::path::PathBuf;

use crate::bigpeer::Endpoint;
use crate::cli::{self, RelayOnGap};
use crate::commands::read_source::report;
use crate::commands::snapshot_read::options::ReadOptions;
use crate::commands::snapshot_read::{Earlier, Servers, SnapshotRead};
use crate::commands::{Context, connect};
use crate::event::filter::Filter;
use crate::kafka::Connection;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::write::directory::{SnapshotDirectory, disk_failure};
use crate::snapshot::write::journal::ResumeState;
use crate::util::exit::Exit;
use crate::util::secret::Secret;
use crate::util::text::plural;

/// Reads snapshots of the collections of a relay.
pub(super) struct GapRequery {
    endpoint: Endpoint,
    key: Secret,
    connection: Connection,
    options: ReadOptions,
    /// The folder of the last snapshot, which is removed with it.
    folder: Option<tempfile::TempDir>,
}

impl GapRequery {
    /// Checks what a requery will need, before there is a gap; `None` if the relay stops at a gap.
    ///
    /// # Errors
    /// The exit code of a reported error.
    pub fn new(
        typed: &cli::Relay,
        filter: &Filter,
        connection: &Connection,
        context: &mut Context<'_>,
    ) -> Result<Option<GapRequery>, Exit> {
        if typed.on_gap == RelayOnGap::Stop {
            return Ok(None);
        }
        // With patterns, it is not known which collections a gap is about: all are read, and the filter selects.
        let names = filter.selected_collections().unwrap_or_default();
        let names: Vec<String> = names.into_iter().collect();
        let options = ReadOptions::new("relay", &names, &typed.reading);
        let options = options.map_err(|why| context.usage_error("relay", &why))?;
        let (endpoint, key, _) = connect::api(&typed.connection, &typed.api, false, context)?;
        Ok(Some(GapRequery {
            endpoint,
            key,
            connection: connection.clone(),
            options,
            folder: None,
        }))
    }

    /// Reads a snapshot at or after a transaction, and proves it complete. Returns its folder.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub fn read(&mut self, txn: Option<u64>, context: &mut Context<'_>) -> Result<PathBuf, Exit> {
        context.out.note("requery: reading all documents again");
        // An earlier one is no longer needed.
        self.folder = None;
        let folder = tempfile::Builder::new()
            .prefix("ditto-cdc-relay-")
            .tempdir();
        let folder = folder.map_err(|error| {
            report(
                &disk_failure("creating a temporary folder", &error),
                context,
            )
        })?;
        let directory = SnapshotDirectory::open(&folder.path().join("snapshot"));
        let directory = directory.map_err(|failure| report(&failure, context))?;
        let servers = Servers {
            endpoint: self.endpoint.clone(),
            key: self.key.clone(),
            kafka: Some(self.connection.clone()),
        };
        let run = ResumeState::default();
        let earlier = Earlier {
            snapshot: None,
            run: &run,
        };
        let options = ReadOptions {
            txn_id: txn,
            ..self.options.clone()
        };
        let read = SnapshotRead::prepare(servers, &earlier, &options, context)?;
        let (manifest, place) = read.read_into_folder(directory, &earlier, context)?;
        check_complete(&manifest, context)?;
        let documents: u64 = manifest.collections.iter().map(|one| one.documents).sum();
        context.out.note(&format!(
            "requery: {} of {}, complete. What was removed in the gap is not among them{}",
            plural(documents, "document"),
            plural(manifest.collections.len(), "collection"),
            removed(&manifest)
        ));
        self.folder = Some(folder);
        Ok(place)
    }
}

/// How to find the documents that were removed in the gap.
fn removed(manifest: &Manifest) -> String {
    manifest.floor.map_or_else(String::new, |floor| {
        format!(": in a copy of the target, those are the documents whose transaction is below {floor} after all of these were applied")
    })
}

fn check_complete(manifest: &Manifest, context: &mut Context<'_>) -> Result<(), Exit> {
    if manifest.complete {
        return Ok(());
    }
    let collections = manifest.collections.iter();
    let of_collections = collections.flat_map(|one| one.why_not.iter());
    for why in manifest.why_not.iter().chain(of_collections) {
        context.out.warn(&format!("incomplete: {why}"));
    }
    context.out.warn(
        "the requery is not proven complete: nothing of it was written, and the relay stays before the gap; start it again",
    );
    Err(Exit::Incomplete)
}
