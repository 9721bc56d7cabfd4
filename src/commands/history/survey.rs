//! What there is instead, if no event of the document is found.

use std::collections::{BTreeMap, BTreeSet};

use super::wanted::Wanted;
use crate::event::{Event, is_broken_json_id};
use crate::mirror::MirrorReader;
use crate::record::Failure;
use crate::util::suggest::nearest;
use crate::util::text::truncate;
use crate::view::id_text;

/// Limit of the ids and of the collections that are compared with the typed one.
const MAX_NAMES: usize = 10_000;
/// Longer ids are not compared.
const MAX_ID_BYTES: usize = 200;
/// Limit of the characters of a name in a message.
const MAX_NAME_CHARS: usize = 60;
/// Limit of the names in a message.
const MAX_SHOWN: usize = 5;

/// What a survey counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Counted {
    /// Events of a stream.
    #[default]
    Events,
    /// Documents of a mirror, of which the wanted one was removed by this transaction.
    Documents(Option<u64>),
}

/// The other documents.
#[derive(Debug, Default)]
pub(super) struct Survey {
    collection: String,
    counted: Counted,
    /// All events or documents.
    total: u64,
    /// Those of each collection.
    collections: BTreeMap<String, u64>,
    /// Ids of the wanted collection.
    ids: BTreeSet<String>,
    /// Other collections with the wanted id.
    elsewhere: BTreeSet<String>,
}

impl Survey {
    pub fn new(wanted: &Wanted) -> Survey {
        Survey {
            collection: wanted.collection.clone(),
            ..Survey::default()
        }
    }

    /// The documents of a mirror that has not the wanted one; `keys` are its possible ids as canonical JSON.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn of_mirror(
        mirror: &MirrorReader,
        wanted: &Wanted,
        keys: &[String],
    ) -> Result<Survey, Failure> {
        let mut survey = Survey::new(wanted);
        for key in keys {
            let removed = mirror.removed_by(&wanted.collection, key)?;
            if survey.counted != Counted::Documents(None) || removed.is_some() {
                survey.counted = Counted::Documents(removed);
            }
        }
        for (collection, count) in mirror.collections()? {
            survey.total += count;
            for key in keys {
                if mirror.document(&collection, key)?.is_some() {
                    survey.elsewhere.insert(collection.clone());
                }
            }
            survey.collections.insert(collection, count);
        }
        for row in mirror.documents(&wanted.collection).take(MAX_NAMES) {
            survey.add_id(row?.key.as_bytes());
        }
        Ok(survey)
    }

    /// Adds an event of another document; `has_id` if that has the wanted id.
    pub fn add(&mut self, event: &Event<'_>, has_id: bool) {
        let Some(collection) = event.collection.as_deref() else {
            return;
        };
        self.total += 1;
        if let Some(count) = self.collections.get_mut(collection) {
            *count += 1;
        } else if self.collections.len() < MAX_NAMES {
            self.collections.insert(collection.to_owned(), 1);
        }
        if has_id && self.elsewhere.len() < MAX_SHOWN {
            self.elsewhere.insert(collection.to_owned());
        }
        if let Some(id) = event.id().filter(|_| collection == self.collection) {
            self.add_id(id);
        }
    }

    /// Adds an id of the wanted collection.
    fn add_id(&mut self, id: &[u8]) {
        if id.len() <= MAX_ID_BYTES && self.ids.len() < MAX_NAMES {
            self.ids.insert(id_text(id).into_owned());
        }
    }

    /// The message for the user. `hides_ids` with redacted ids.
    pub fn message(&self, wanted: &Wanted, hides_ids: bool) -> String {
        let document = format!(
            "{}/{}",
            truncate(&wanted.collection, MAX_NAME_CHARS),
            truncate(&wanted.id, MAX_NAME_CHARS)
        );
        let count = self.collections.get(&wanted.collection);
        let collection = truncate(&wanted.collection, MAX_NAME_CHARS);
        let (none, empty, noun) = match self.counted {
            Counted::Events => (
                "no event of the document",
                "no event of any document was read",
                "events were read",
            ),
            Counted::Documents(_) => (
                "the mirror has no document",
                "it has no documents",
                "documents are in it",
            ),
        };
        let read = match (self.total, count) {
            (0, _) => empty.to_owned(),
            (all, None) => format!("{all} {noun}, none of them of the collection {collection}"),
            (all, Some(count)) => format!("{all} {noun}, {count} of the collection {collection}"),
        };
        let removed = match self.counted {
            Counted::Documents(Some(txn)) => format!("; transaction {txn} removed it"),
            _ => String::new(),
        };
        let near = match count {
            _ if self.total == 0 => String::new(),
            None => self.near_collection(),
            Some(_) if hides_ids => String::new(),
            Some(_) => self.near_id(wanted),
        };
        let elsewhere: Vec<&str> = self.elsewhere.iter().map(String::as_str).collect();
        let elsewhere = match elsewhere.as_slice() {
            [] => String::new(),
            names => format!("; collections with this id: {}", names.join(", ")),
        };
        let broken = if is_broken_json_id(&wanted.id) {
            "; the id starts like JSON, but is not valid JSON"
        } else {
            ""
        };
        format!("{none} {document}: {read}{removed}{elsewhere}{broken}{near}")
    }

    fn near_collection(&self) -> String {
        let names = || self.collections.keys().map(String::as_str);
        let near = nearest(&self.collection, names());
        if near.is_empty() {
            format!("; collections seen: {}", list(names()))
        } else {
            format!("; did you mean {}?", near.join(" or "))
        }
    }

    fn near_id(&self, wanted: &Wanted) -> String {
        let ids = || self.ids.iter().map(String::as_str);
        let stripped = wanted.id.strip_prefix(&format!("{}/", self.collection));
        if let Some(id) = stripped.filter(|id| self.ids.contains(*id)) {
            return format!("; did you mean {id}?");
        }
        let near = nearest(&wanted.id, ids());
        if near.is_empty() {
            format!("; ids seen: {}", list(ids()))
        } else {
            format!("; did you mean {}?", near.join(" or "))
        }
    }
}

/// The first names, and how many more there are.
fn list<'n>(names: impl Iterator<Item = &'n str> + Clone) -> String {
    let shown: Vec<String> = names
        .clone()
        .take(MAX_SHOWN)
        .map(|name| truncate(name, MAX_NAME_CHARS).into_owned())
        .collect();
    let shown = shown.join(", ");
    match names.count().saturating_sub(MAX_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
