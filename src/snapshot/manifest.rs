//! `manifest.json`: the content of a snapshot, whether it is complete, and which events of the stream it includes.
//! It is written last, so that a snapshot without it is unfinished.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::document_id::{DocumentId, IdType};
use crate::record::incarnation::{Incarnation, Witness};
use crate::record::{Failure, FailureClass};
use crate::util::atomic_file;

/// The manifest's name in the snapshot's folder.
pub const NAME: &str = "manifest.json";
/// The start of the source of a minimum transaction that the user has given, in [`Manifest::floor_from`].
pub const TYPED_FLOOR: &str = "--txn-id ";
/// The format that this program writes and reads.
const FORMAT: u32 = 1;

/// The content of a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// The program that wrote it, with its version.
    pub writer: String,
    /// The address of the server, without any key.
    pub server: String,
    /// When the first request was made, RFC 3339 in UTC.
    pub started: String,
    /// When the last file was flushed, RFC 3339 in UTC.
    pub ended: String,
    /// Whether everything in the scope is present.
    pub complete: bool,
    /// Why not, a sentence each.
    #[serde(default)]
    pub why_not: Vec<String>,
    /// The minimum transaction of every response.
    pub floor: Option<u64>,
    /// The sources of the minimum transaction, a sentence each; the highest counts.
    #[serde(default)]
    pub floor_from: Vec<String>,
    /// The scope that `complete` refers to.
    pub scope: Scope,
    /// The id of the Kafka cluster of the positions, if its brokers send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The offsets from which the stream continues; empty without Kafka.
    #[serde(default)]
    pub positions: Vec<Position>,
    /// Partitions that continue before their end, because the snapshot may not contain all records before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBackPosition>,
    /// What was compared with the newest events of single documents, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_evidence: Option<String>,
    /// Every collection in the scope.
    pub collections: Vec<Collection>,
}

/// The part of the app that was requested.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// No collection was named, no condition given, and the server listed its collections.
    pub whole_app: bool,
    /// The collections that `--collection` selected; empty for all.
    #[serde(default)]
    pub named: Vec<String>,
    /// The patterns of `--collection`, as typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// Selected collections of which neither the server's list nor the stream says that they exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<String>,
    /// The condition of `--where`.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// How reliable the server's list of collections was, as text.
    pub listing: String,
    /// All collections of the app, by the server's list and the stream; `None` if the server has not listed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Vec<String>>,
    /// Collections that were read although the server's list does not name them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unlisted: Vec<String>,
}

impl Scope {
    /// A phrase for what the complete snapshot `old` contains and one of this scope would not. `names` are the
    /// collections of this scope.
    #[must_use]
    pub fn misses(&self, names: &[String], old: &Manifest) -> Option<String> {
        if self.condition.is_some() && self.condition != old.scope.condition {
            return Some("documents that do not match this run's --where".to_owned());
        }
        if self.whole_app {
            return None;
        }
        if old.scope.whole_app {
            return Some("the whole app".to_owned());
        }
        let missing = old
            .collections
            .iter()
            .find(|one| !names.contains(&one.name));
        missing.map(|one| format!("the collection {}", one.name))
    }
}

/// The offset from which one partition continues after the snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// The topic's name.
    pub topic: String,
    /// The topic's id, if its brokers send it: the offset means nothing in a later topic of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// The partition, counted from 0.
    pub partition: i32,
    /// The first offset that did not exist before the first request.
    pub next_offset: i64,
    /// Without an id: the last record before the offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// The next offset of each partition of one topic name.
#[must_use]
pub fn next_offsets(positions: &[Position], topic: &str) -> BTreeMap<i32, i64> {
    let of_topic = positions.iter().filter(|position| position.topic == topic);
    of_topic
        .map(|position| (position.partition, position.next_offset))
        .collect()
}

/// The topic that the positions of one topic name belong to.
#[must_use]
pub fn incarnation(positions: &[Position], topic: &str) -> Incarnation {
    let of_topic = positions.iter().filter(|position| position.topic == topic);
    let witness = |position: &Position| Some((position.partition, position.witness.clone()?));
    Incarnation {
        id: of_topic
            .clone()
            .find_map(|position| position.topic_id.clone()),
        witnesses: of_topic.filter_map(witness).collect(),
    }
}

/// A partition whose position is before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldBackPosition {
    /// The partition, counted from 0.
    pub partition: i32,
    /// The first offset that did not exist before the first request.
    pub end_offset: i64,
    /// Why the stream has to be read again from the position on.
    pub why: String,
}

/// One collection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// Its name: any string.
    pub name: String,
    /// Whether every document is proven to be present.
    pub complete: bool,
    /// Why not, a sentence each.
    #[serde(default)]
    pub why_not: Vec<String>,
    /// How completeness was proven, as text; `None` if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// Number of documents.
    pub documents: u64,
    /// Number of documents for each type of id, as `type(_id)` names it.
    pub by_type: BTreeMap<String, u64>,
    /// Number of responses with documents.
    pub pages: u64,
    /// The lowest transaction at which a page was read.
    pub lowest_transaction_id: Option<u64>,
    /// The highest transaction at which a page was read.
    pub highest_transaction_id: Option<u64>,
    /// How the collection was read, as text.
    pub way: String,
    /// The file beside the manifest; `None` for a snapshot on standard output.
    pub file: Option<String>,
    /// The file's size.
    pub bytes: u64,
    /// The file's SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// The server's count before the read.
    pub census_before: Option<Census>,
    /// The server's count after the read.
    pub census_after: Option<Census>,
    /// The transaction at which each range of ids was read. See [`Collection::read_at`].
    pub places: Vec<ReadRange>,
}

/// The server's count of documents.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Census {
    /// At which transaction it counted.
    pub transaction_id: Option<u64>,
    /// Total number of documents.
    pub documents: u64,
    /// Number of documents for each type of id; empty if the server cannot group by type.
    #[serde(default)]
    pub by_type: BTreeMap<String, u64>,
    /// Warnings of the server on the count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A range of ids that was read at one transaction, or at several of which this is the lowest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadRange {
    /// The type of the ids; `None` for all types without a range of their own.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The last id of the range, inclusive; the range starts after the range before it of the same type. `None` if
    /// the range has no end.
    pub up_to: Option<Box<RawValue>>,
    /// The transaction; `None` if the server did not send it.
    pub transaction_id: Option<u64>,
}

impl Collection {
    /// The transaction at which this id was read. Events for it up to that `txnId` are included, whether the document
    /// exists or not; later ones are not. `None` if nothing is proven, so that every event must be applied.
    #[must_use]
    pub fn read_at(&self, id: &[u8]) -> Option<u64> {
        let key = DocumentId::parse(id)?;
        let own = self.read_at_as(key.id_type(), &key)?;
        let of_bytes = self.ranges(IdType::Binary);
        if of_bytes.is_empty() || !key.may_be_binary() {
            return Some(own);
        }
        // Bytes or what looks like them: the lower transaction. Base64 has another order than the ranges.
        let as_bytes = match key {
            DocumentId::Array(_) => self.read_at_as(IdType::Binary, &key),
            _ => of_bytes
                .iter()
                .map(|one| one.transaction_id)
                .min()
                .flatten(),
        };
        as_bytes.map(|as_bytes| as_bytes.min(own))
    }

    fn ranges(&self, kind: IdType) -> Vec<&ReadRange> {
        let of_type = |place: &&ReadRange| place.kind.as_deref() == Some(kind.name());
        self.places.iter().filter(of_type).collect()
    }

    fn read_at_as(&self, kind: IdType, key: &DocumentId) -> Option<u64> {
        let own = self.ranges(kind);
        if own.is_empty() {
            let any = self.places.iter().find(|place| place.kind.is_none());
            return any.and_then(|place| place.transaction_id);
        }
        let reaches = |place: &&&ReadRange| {
            place.up_to.as_ref().is_none_or(|last| {
                DocumentId::parse(last.get().as_bytes()).is_some_and(|last| *key <= last)
            })
        };
        own.iter()
            .find(reaches)
            .and_then(|place| place.transaction_id)
    }

    /// The transactions of its responses.
    fn transactions(&self) -> impl Iterator<Item = Option<u64>> {
        let censuses = self.census_before.iter().chain(&self.census_after);
        let places = self.places.iter().map(|place| place.transaction_id);
        censuses.map(|census| census.transaction_id).chain(places)
    }

    /// Whether all responses have a transaction.
    #[must_use]
    pub fn has_transactions(&self) -> bool {
        self.transactions().all(|at| at.is_some())
    }

    /// Whether the responses say that they are at this transaction or later.
    fn confirms(&self, floor: Option<u64>) -> bool {
        floor.is_none() || self.transactions().all(|at| at >= floor)
    }

    /// Whether the snapshot already contains an event for this document.
    #[must_use]
    pub fn contains(&self, id: &[u8], txn_id: u64) -> bool {
        self.read_at(id).is_some_and(|read_at| txn_id <= read_at)
    }
}

/// Adds the range of a page; adjacent ranges of one transaction are merged.
pub fn add_range(
    places: &mut Vec<ReadRange>,
    kind: Option<IdType>,
    up_to: Option<&DocumentId>,
    transaction_id: Option<u64>,
) {
    let name = kind.map(|kind| kind.name().to_owned());
    let up_to = up_to.and_then(|key| RawValue::from_string(key.json()).ok());
    match places.last_mut() {
        Some(last) if last.kind == name && last.transaction_id == transaction_id => {
            last.up_to = up_to;
        }
        _ => places.push(ReadRange {
            kind: name,
            up_to,
            transaction_id,
        }),
    }
}

impl Manifest {
    /// An empty manifest of the current format.
    #[must_use]
    pub fn new(server: String, started: String) -> Manifest {
        Manifest {
            format: FORMAT,
            writer: concat!("ditto-cdc ", env!("CARGO_PKG_VERSION")).to_owned(),
            server,
            ended: started.clone(),
            started,
            complete: false,
            why_not: Vec::new(),
            floor: None,
            floor_from: Vec::new(),
            scope: Scope::default(),
            cluster: None,
            positions: Vec::new(),
            held_back: Vec::new(),
            stream_evidence: None,
            collections: Vec::new(),
        }
    }

    /// The collection of that name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|one| one.name == name)
    }

    /// The snapshot with the offsets that a copy has reached since.
    #[must_use]
    pub fn continued_to(self, positions: Vec<Position>) -> Manifest {
        Manifest {
            positions,
            held_back: Vec::new(),
            ..self
        }
    }

    /// Decides whether the snapshot is complete, from its collections and its scope.
    pub fn conclude(&mut self) {
        let listing = &self.scope.listing;
        let unchecked = self
            .collections
            .iter_mut()
            .filter(|one| one.documents == 0 && self.scope.unchecked.contains(&one.name));
        for one in unchecked {
            one.complete = false;
            one.proof = None;
            one.why_not.push(format!(
                "it has no document, and nothing says that it exists: the server's list of collections is {listing}, and the stream does not have it. Its name may be misspelled"
            ));
        }
        self.why_not = self.reasons_against();
        self.complete = self.why_not.is_empty();
    }

    fn reasons_against(&self) -> Vec<String> {
        let incomplete = self.collections.iter().filter(|one| !one.complete);
        let mut why_not: Vec<String> = incomplete
            .map(|one| format!("{}: {}", one.name, one.why_not.join("; ")))
            .collect();
        let proven = self.collections.iter().filter(|one| one.complete);
        let unconfirmed = proven.filter(|one| !one.confirms(self.floor));
        why_not.extend(unconfirmed.map(|one| {
            format!(
                "{}: no response confirms that it is at transaction {} or later",
                one.name,
                self.floor.unwrap_or_default()
            )
        }));
        let listing = &self.scope.listing;
        if self.collections.is_empty() {
            why_not.push(format!(
                "no collection is known: the server's list is {listing}, and none occurs in the stream; name them with --collection"
            ));
        } else if self.scope.named.is_empty() && !self.scope.whole_app && self.scope.known.is_none()
        {
            why_not.push(format!(
                "only collections that occur in the stream were read: the server's list is {listing}; name all collections with --collection"
            ));
        }
        why_not
    }

    /// The end of each partition of a topic before the first request.
    #[must_use]
    pub fn ends(&self, topic: &str) -> BTreeMap<i32, i64> {
        let mut ends = next_offsets(&self.positions, topic);
        for held_back in &self.held_back {
            if let Some(end) = ends.get_mut(&held_back.partition) {
                *end = held_back.end_offset;
            }
        }
        ends
    }

    /// Whether it contains every document of the app.
    #[must_use]
    pub fn covers_whole_app(&self) -> bool {
        self.complete && self.scope.whole_app
    }

    /// The collections of which it contains every document.
    pub fn covered_collections(&self) -> impl Iterator<Item = &str> {
        let unconditional = self.scope.condition.is_none();
        let complete = self.collections.iter().filter(|one| one.complete);
        complete
            .filter(move |_| unconditional)
            .map(|one| one.name.as_str())
    }

    /// Whether the user has given the minimum transaction.
    #[must_use]
    pub fn has_typed_floor(&self) -> bool {
        let from = &self.floor_from;
        from.iter().any(|from| from.starts_with(TYPED_FLOOR))
    }

    /// Replaces the manifest of a folder atomically and durably.
    ///
    /// # Errors
    /// I/O errors of the folder; an existing manifest is then unchanged.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        atomic_file::replace(&folder.join(NAME), &text)
    }

    /// Reads the manifest of a snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the folder or the manifest cannot be read, or is not valid.
    pub fn read(folder: &Path) -> Result<Manifest, Failure> {
        let path = folder.join(NAME);
        let what = format!("reading the snapshot {}", folder.display());
        let bytes = fs::read(&path).map_err(|error| unreadable(&what, folder, &error))?;
        let format: Format = parse(&what, &bytes)?;
        if format.format != FORMAT {
            return Err(invalid(
                format!(
                    "{what}: {NAME} has the format {}, this program reads {FORMAT}",
                    format.format
                ),
                "use the version of ditto-cdc that wrote it, or make a new snapshot: ditto-cdc requery --output DIR",
                None,
            ));
        }
        let manifest: Manifest = parse(&what, &bytes)?;
        manifest.check(&what)?;
        Ok(manifest)
    }

    /// Checks that file names stay inside the folder.
    fn check(&self, what: &str) -> Result<(), Failure> {
        for collection in &self.collections {
            let path = collection.file.as_deref().unwrap_or("x");
            if path.contains(['/', '\\']) || path == ".." || path.is_empty() {
                return Err(invalid(
                    format!(
                        "{what}: the file of the collection {} is outside the folder: {path}",
                        collection.name
                    ),
                    "the manifest was changed by hand; make a new snapshot: ditto-cdc requery --output DIR",
                    None,
                ));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

fn parse<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        invalid(
            format!("{what}: {NAME} is damaged"),
            "make a new snapshot: ditto-cdc requery --output DIR",
            Some(error.to_string()),
        )
    })
}

fn unreadable(what: &str, folder: &Path, error: &io::Error) -> Failure {
    let (why, fix) = match error.kind() {
        io::ErrorKind::NotFound if folder.is_dir() => (
            format!("it contains no {NAME}, so no requery has been finished there"),
            "finish one: ditto-cdc requery --output DIR --resume",
        ),
        io::ErrorKind::NotFound => ("there is no such folder".to_owned(), "check the path"),
        io::ErrorKind::NotADirectory => (
            "it is a file".to_owned(),
            "give the folder that requery --output created",
        ),
        _ => (
            format!("{NAME} cannot be read"),
            "check its owner and mode (ls -l)",
        ),
    };
    invalid(format!("{what}: {why}"), fix, Some(error.to_string()))
}

fn invalid(what: String, fix: &str, raw: Option<String>) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what,
        fix: Some(fix.to_owned()),
        raw,
    }
}

#[cfg(test)]
#[path = "tests/manifest.rs"]
mod tests;
