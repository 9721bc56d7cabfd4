//! What the stream says about single documents before the snapshot's positions, and whether the snapshot agrees.
//! Pure: it is fed with events, with the ids of the snapshot, and with the server's answers about single ids.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::document_id::DocumentId;

/// Memory for all documents. Beyond it, a sample is kept.
const MAX_EVIDENCE_BYTES: usize = 16 << 20;
/// Memory of a document besides its id.
const BYTES_PER_DOCUMENT: usize = 144;

/// The place of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPlace {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub time_ms: Option<i64>,
}

/// The newest events of documents.
#[derive(Debug, Default)]
pub struct StreamEvidence {
    collections: BTreeMap<String, CollectionEvidence>,
    used_bytes: usize,
    /// Only ids whose hash has this many low bits clear are kept.
    sample_bits: u32,
    next_index: u32,
    /// Changes up to this transaction may be missing in the stream, so that a newest event up to it may not be newest.
    gap_up_to: Option<u64>,
    /// Gaps without a transaction: only later records are after them.
    unknown_gaps: Vec<EventPlace>,
    /// The last record of each partition that could not be read, and may have been any event.
    unreadable: BTreeMap<i32, EventPlace>,
    /// The first record that was read of each partition that has or had older ones: one of these may have been a
    /// `requeryRequired`.
    unread: Vec<EventPlace>,
}

/// The newest events of one collection.
#[derive(Debug, Default)]
pub struct CollectionEvidence {
    documents: HashMap<DocumentId, NewestEvent>,
    /// An event without a valid id may be about any of them.
    is_unclear: bool,
}

/// The newest event of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NewestEvent {
    /// A number of this document, unique in the evidence.
    index: u32,
    txn_id: u64,
    place: EventPlace,
    /// Whether the document matched the scope after the event; `None` if that is unknown.
    is_present: Option<bool>,
}

/// An event about a document.
#[derive(Debug, Clone, Copy)]
pub struct DocumentEvent<'a> {
    /// The collection's name.
    pub collection: &'a str,
    /// The raw id; `None` if the event has no valid one.
    pub id: Option<&'a [u8]>,
    /// The transaction, if the event has one.
    pub txn_id: Option<u64>,
    /// Whether the document matches the scope after the event; `None` if the event does not say.
    pub is_present: Option<bool>,
    /// The place of its record.
    pub place: EventPlace,
}

/// A document whose newest event is known.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'e> {
    /// The id.
    pub id: &'e DocumentId,
    /// The number that [`CollectionEvidence::index_of`] returns.
    pub index: u32,
    /// The transaction of the newest event.
    pub txn_id: u64,
    /// Whether the snapshot must contain the document.
    pub is_present: bool,
}

impl StreamEvidence {
    /// Notes an event before the positions. Any order is right, and an event may be noted several times.
    pub fn note_event(&mut self, event: &DocumentEvent<'_>) {
        let collection = self
            .collections
            .entry(event.collection.to_owned())
            .or_default();
        let Some(id) = event.id.and_then(DocumentId::parse) else {
            collection.is_unclear = true;
            return;
        };
        if !is_sampled(&id, self.sample_bits) {
            return;
        }
        let newest = NewestEvent {
            index: self.next_index,
            // Without a transaction it may be the newest one: the document stays unclear.
            txn_id: event.txn_id.unwrap_or(u64::MAX),
            place: event.place,
            is_present: event.is_present.filter(|_| event.txn_id.is_some()),
        };
        if let Some(known) = collection.documents.get_mut(&id) {
            known.supersede(newest);
            return;
        }
        self.next_index = self.next_index.saturating_add(1);
        self.used_bytes += size(&id);
        collection.documents.insert(id, newest);
        while self.used_bytes > MAX_EVIDENCE_BYTES {
            self.halve_sample();
        }
    }

    /// Notes a `requeryRequired`, with its transaction if it has one.
    pub fn note_gap(&mut self, txn_id: Option<u64>, place: EventPlace) {
        match txn_id {
            Some(txn_id) => self.gap_up_to = self.gap_up_to.max(Some(txn_id)),
            None => self.unknown_gaps.push(place),
        }
    }

    /// Notes a record that cannot be read.
    pub fn note_unreadable(&mut self, place: EventPlace) {
        let last = self.unreadable.entry(place.partition).or_insert(place);
        if place.offset > last.offset {
            *last = place;
        }
    }

    /// Notes the first record that was read of a partition that has or had older ones. Without any record, its offset is the
    /// end, and it has no time.
    pub fn note_unread_before(&mut self, first: EventPlace) {
        self.unread.push(first);
    }

    fn halve_sample(&mut self) {
        self.sample_bits += 1;
        let bits = self.sample_bits;
        for collection in self.collections.values_mut() {
            collection.documents.retain(|id, _| is_sampled(id, bits));
        }
        let ids = self
            .collections
            .values()
            .flat_map(|one| one.documents.keys());
        self.used_bytes = ids.map(size).sum();
    }

    /// The collections that occur in the stream.
    pub fn collection_names(&self) -> impl Iterator<Item = &String> {
        self.collections.keys()
    }

    /// The evidence about one collection.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&CollectionEvidence> {
        self.collections
            .get(name)
            .filter(|collection| !collection.documents.is_empty())
    }

    /// How many documents there are for each one that is kept; 1 if all are kept.
    #[must_use]
    pub fn sampled_one_in(&self) -> u64 {
        1_u64.checked_shl(self.sample_bits).unwrap_or(u64::MAX)
    }

    /// The documents of a collection whose newest event up to the transaction `floor`, which every response has reached,
    /// is known. `has_binary` is whether the collection has ids of bytes, which events do not tell from other ids.
    pub fn expectations(
        &self,
        collection: &str,
        floor: Option<u64>,
        has_binary: bool,
    ) -> impl Iterator<Item = Expectation<'_>> {
        let found = self.collections.get(collection);
        let clear = found.filter(|collection| !collection.is_unclear);
        let documents = clear
            .into_iter()
            .flat_map(|collection| &collection.documents);
        documents.filter_map(move |(id, newest)| {
            let is_known = Some(newest.txn_id) <= floor
                && Some(newest.txn_id) > self.gap_up_to
                && !self.is_hidden(newest.place)
                && !(has_binary && id.may_be_binary());
            Some(Expectation {
                id,
                index: newest.index,
                txn_id: newest.txn_id,
                is_present: newest.is_present.filter(|_| is_known)?,
            })
        })
    }

    /// Whether a newer event may be missing, because of a gap or an unreadable record after this place, or because of a gap
    /// whose `requeryRequired` was not read.
    fn is_hidden(&self, place: EventPlace) -> bool {
        let gaps = self.unknown_gaps.iter().chain(self.unreadable.values());
        let mut gaps = gaps.chain(&self.unread);
        gaps.any(|gap| may_be_before(place, *gap))
    }
}

impl CollectionEvidence {
    /// The number of a document; `None` if nothing is known about it. `id` is raw JSON.
    #[must_use]
    pub fn index_of(&self, id: &[u8]) -> Option<u32> {
        let newest = self.documents.get(&DocumentId::parse(id)?)?;
        Some(newest.index)
    }
}

impl NewestEvent {
    fn supersede(&mut self, other: NewestEvent) {
        let index = self.index;
        let same_partition = self.place.partition == other.place.partition;
        if other.txn_id > self.txn_id {
            *self = other;
        } else if other.txn_id == self.txn_id && same_partition {
            // The change is as old as its first record.
            let time_ms = self.place.time_ms.min(other.place.time_ms);
            if other.place.offset > self.place.offset {
                *self = other;
            }
            self.place.time_ms = time_ms;
        } else if other.txn_id == self.txn_id && other.is_present != self.is_present {
            // Two partitions have no common order.
            self.is_present = None;
        }
        self.index = index;
    }
}

/// Whether a record may have been written before another one. In two partitions, only their times tell.
fn may_be_before(one: EventPlace, other: EventPlace) -> bool {
    if one.partition == other.partition {
        return one.offset < other.offset;
    }
    other.time_ms.is_none() || one.time_ms <= other.time_ms
}

fn size(id: &DocumentId) -> usize {
    let text = match id {
        DocumentId::String(text) | DocumentId::Array(text) | DocumentId::Object(text) => text.len(),
        DocumentId::Boolean(_) | DocumentId::Integer(_) => 0,
    };
    text + BYTES_PER_DOCUMENT
}

fn is_sampled(id: &DocumentId, bits: u32) -> bool {
    // Without a random key, so that each event of a document gets the same decision.
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish().trailing_zeros() >= bits
}

/// What is known about one document: the newest event before the positions, the snapshot, and later evidence.
#[derive(Debug, Clone, Copy)]
pub struct DocumentFacts<'f> {
    /// Whether the newest event says that the snapshot must contain it.
    pub expected: bool,
    /// Whether the snapshot contains it.
    pub is_written: bool,
    /// The transaction at which its place in the snapshot was read.
    pub read_at: Option<u64>,
    /// Events after the positions and after the newest event: their transactions, and whether the document is there.
    pub later: &'f [(u64, bool)],
    /// Whether the server has it now, if it was asked.
    pub on_server: Option<bool>,
}

/// Whether the snapshot and the stream agree about one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They agree.
    Agrees,
    /// They do not, and an event after the positions explains that or will repair it.
    Explained,
    /// The stream removed it, and the server has it now: its new insertion is not in the stream yet.
    Confirmed,
    /// Only the server can tell.
    NeedsQuery,
    /// It must be there, and the server does not show it: the key may not allow it.
    Hidden,
    /// It must be there, and the server shows it now: the snapshot lacks it.
    Lost,
    /// It was removed, and the server does not show it any more: the snapshot contains what is gone.
    Stale,
}

/// Decides whether the snapshot and the stream agree about one document.
#[must_use]
pub fn agreement(facts: &DocumentFacts<'_>) -> Agreement {
    if facts.expected == facts.is_written {
        return Agreement::Agrees;
    }
    // Events up to the transaction of the read are in the snapshot; later ones are applied to it.
    let until_read = |(txn_id, _): &&(u64, bool)| Some(*txn_id) <= facts.read_at;
    let at_read = facts
        .later
        .iter()
        .filter(until_read)
        .max_by_key(|(txn_id, _)| *txn_id);
    let is_repaired = facts.later.iter().any(|event| !until_read(&event));
    if is_repaired || at_read.is_some_and(|(_, is_present)| *is_present == facts.is_written) {
        return Agreement::Explained;
    }
    match (facts.expected, facts.on_server) {
        (_, None) => Agreement::NeedsQuery,
        (true, Some(false)) => Agreement::Hidden,
        (true, Some(true)) => Agreement::Lost,
        (false, Some(true)) => Agreement::Confirmed,
        (false, Some(false)) => Agreement::Stale,
    }
}

#[cfg(test)]
#[path = "tests/stream_evidence.rs"]
mod tests;
