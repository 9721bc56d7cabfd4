//! The state of a snapshot's folder: its documents.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::coverage::Coverage;
use super::document_key;
use super::side::{DocumentFiles, Exceptions, Side};
use super::state_index::{DocumentState, SortedStates, Span, StateIndex};
use crate::commands::Context;
use crate::event::filter::Filter;
use crate::json;
use crate::record::{Failure, FailureClass};
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::{Collection, Manifest};
use crate::snapshot::rows;
use crate::snapshot::rows::Rows;
use crate::util::exit::Exit;

/// How often Ctrl-C is checked, in documents.
const DOCUMENTS_PER_CHECK: u64 = 1 << 14;

/// Reads the documents of the collections that the filter selects.
///
/// # Errors
/// The exit code of a failure that was reported.
pub(super) fn read(
    folder: &Path,
    filter: &Filter,
    context: &mut Context<'_>,
) -> Result<Side, Exit> {
    let report = |failure: Failure, context: &mut Context<'_>| {
        context.out.failure(&failure);
        failure.exit()
    };
    let manifest = Manifest::read(folder).map_err(|failure| report(failure, context))?;
    let mut exceptions = Exceptions {
        incomplete: reasons(&manifest),
        ..Exceptions::default()
    };
    let (mut collections, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for collection in &manifest.collections {
        if !filter.matches_collection(Some(&collection.name)) {
            continue;
        }
        let states = index(folder, collection, &mut exceptions, context);
        let states = states.map_err(|stop| match stop {
            Stop::Interrupted => Exit::Interrupted,
            Stop::Failed(failure) => report(failure, context),
        })?;
        let binary = collection.by_type.get(IdType::Binary.name()).copied();
        if let Some(count) = binary.filter(|count| *count > 0) {
            exceptions.binary_ids.insert(collection.name.clone(), count);
        }
        paths.extend(rows::path(folder, collection).map(|path| (collection.name.clone(), path)));
        collections.insert(collection.name.clone(), states);
    }
    Ok(Side {
        title: format!("the snapshot {}", folder.display()),
        is_capture: false,
        coverage: Coverage::of_snapshot(&manifest),
        known: manifest
            .collections
            .iter()
            .map(|one| one.name.clone())
            .collect(),
        collections,
        files: DocumentFiles::Snapshot(paths),
        topics: Vec::new(),
        exceptions,
    })
}

/// Why a snapshot is not complete; empty if it is.
fn reasons(manifest: &Manifest) -> Vec<String> {
    match (manifest.complete, manifest.why_not.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec!["its manifest does not say why".to_owned()],
        (false, false) => manifest.why_not.clone(),
    }
}

enum Stop {
    Interrupted,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(failure)
    }
}

fn index(
    folder: &Path,
    collection: &Collection,
    exceptions: &mut Exceptions,
    context: &Context<'_>,
) -> Result<SortedStates, Stop> {
    let (mut index, mut key, mut count) = (StateIndex::default(), Vec::new(), 0_u64);
    let mut rows = Rows::open(folder, collection)?;
    while let Some(row) = rows.next_row()? {
        count += 1;
        if count.is_multiple_of(DOCUMENTS_PER_CHECK) && context.interrupt.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        let Some(id) = json::field(row.document, "_id") else {
            return Err(without_id(folder, collection, count).into());
        };
        document_key::write(id, &mut key);
        // The ids of the bytes "ab" and of the array [97,98] are written alike: both documents are kept.
        while index.version(&key).is_some() {
            exceptions.repeated_ids += 1;
            key.push(0);
        }
        let span = Span {
            offset: row.offset,
            length: row.document.len(),
        };
        index.set(&key, DocumentState::Present(span), None);
    }
    Ok(index.into_sorted())
}

fn without_id(folder: &Path, collection: &Collection, line: u64) -> Failure {
    Failure {
        class: FailureClass::Read,
        what: format!(
            "reading the snapshot {}: line {line} of the collection {} is not a document with an _id",
            folder.display(),
            collection.name
        ),
        fix: Some("make a new snapshot: ditto-cdc requery --output DIR".to_owned()),
        raw: None,
    }
}
