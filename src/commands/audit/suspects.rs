//! Documents that differ, and what the stream says about them after the copy was made.

use std::collections::{BTreeMap, HashMap};
use std::io;

use super::comparison::Doubt;
use super::copy::{AuditedCopy, Version};
use super::sameness::Sameness;
use crate::commands::snapshot_read::{ChangeVisitor, format_place};
use crate::condition::Condition;
use crate::event::{self, Event, EventKind, Op};
use crate::record::Record;
use crate::snapshot::document_id::DocumentId;
use crate::snapshot::proof_events::is_present_after;

/// A document that differs.
#[derive(Debug)]
pub(super) struct Suspect {
    pub collection: String,
    pub doubt: Doubt,
    /// The server was asked for this one document.
    pub is_read_again: bool,
    /// The transaction of what the copy has.
    copy_txn: Option<u64>,
    /// The versions in the stream that are later than the copy, by transaction.
    later: BTreeMap<u64, Option<Vec<u8>>>,
    /// How the copy with the stream up to the server's transaction relates to the server; `None` if the copy is newer.
    sameness: Option<Sameness>,
}

impl Suspect {
    /// The version in the stream at the server's transaction; `None` if the stream has none.
    fn in_stream(&self) -> Option<&Option<Vec<u8>>> {
        let (_, version) = match self.doubt.read_at {
            Some(read_at) => self.later.range(..=read_at).next_back(),
            None => self.later.last_key_value(),
        }?;
        Some(version)
    }

    /// Whether the server was read before the transaction of the copy.
    fn is_copy_newer(&self) -> bool {
        let times = self.copy_txn.zip(self.doubt.read_at);
        times.is_some_and(|(copy, server)| copy > server)
    }

    /// The document that the copy has with the stream up to the server's transaction.
    ///
    /// # Errors
    /// Errors of the copy.
    pub fn document(&self, copy: &dyn AuditedCopy) -> io::Result<Option<Vec<u8>>> {
        if let Some(version) = self.in_stream() {
            return Ok(version.clone());
        }
        let own = copy.version(&self.collection, &self.doubt.key, self.doubt.place)?;
        Ok(own.document)
    }

    fn compare(&mut self, copy: &dyn AuditedCopy) -> io::Result<()> {
        if self.in_stream().is_none() && self.is_copy_newer() {
            self.sameness = None;
            return Ok(());
        }
        let document = self.document(copy)?;
        let server = self.doubt.server.as_deref();
        self.sameness = Some(Sameness::of_versions(document.as_deref(), server));
        Ok(())
    }

    /// Whether the copy and the server are the same, with the stream between them.
    pub fn sameness(&self) -> Option<Sameness> {
        self.sameness
    }

    /// Whether it still differs.
    pub fn is_open(&self) -> bool {
        self.sameness.is_none_or(|sameness| !sameness.is_equal())
    }

    /// Takes what the server has now.
    pub fn read_again(&mut self, document: Option<Vec<u8>>, read_at: Option<u64>) {
        self.doubt.server = document;
        self.doubt.read_at = read_at;
        self.is_read_again = true;
        self.sameness = None;
    }
}

/// All documents that differ, while the stream is read.
pub(super) struct Suspects {
    pub all: Vec<Suspect>,
    by_collection: HashMap<String, HashMap<String, usize>>,
    open: usize,
    /// The highest transaction in the stream.
    newest: Option<u64>,
    condition: Option<Condition>,
    /// The minimum transaction of the copy's snapshot, which has resolved gaps up to it.
    floor: Option<u64>,
    /// Why the changes since the copy was made are not known completely.
    pub flaw: Option<String>,
}

impl Suspects {
    /// The suspects, with what the copy has.
    ///
    /// # Errors
    /// Errors of the copy.
    pub fn new(
        doubts: Vec<(String, Doubt)>,
        copy: &dyn AuditedCopy,
        floor: Option<u64>,
        condition: Option<Condition>,
    ) -> io::Result<Suspects> {
        let mut suspects = Suspects {
            all: Vec::with_capacity(doubts.len()),
            by_collection: HashMap::new(),
            open: doubts.len(),
            newest: None,
            condition,
            floor,
            flaw: None,
        };
        for (collection, doubt) in doubts {
            let Version { txn, .. } = copy.version(&collection, &doubt.key, doubt.place)?;
            let keys = suspects
                .by_collection
                .entry(collection.clone())
                .or_default();
            keys.insert(doubt.key.clone(), suspects.all.len());
            suspects.all.push(Suspect {
                collection,
                doubt,
                is_read_again: false,
                copy_txn: txn,
                later: BTreeMap::new(),
                sameness: None,
            });
        }
        Ok(suspects)
    }

    /// Compares those that are open again, with what the stream and the server have said since.
    ///
    /// # Errors
    /// Errors of the copy.
    pub fn compare(&mut self, copy: &dyn AuditedCopy) -> io::Result<()> {
        for suspect in self.all.iter_mut().filter(|suspect| suspect.is_open()) {
            suspect.compare(copy)?;
        }
        self.open = self.all.iter().filter(|suspect| suspect.is_open()).count();
        Ok(())
    }

    /// Number of those that still differ.
    pub fn open(&self) -> usize {
        self.open
    }

    fn event(&mut self, event: &Event<'_>, record: &Record<'_>) {
        let txn = event.txn_id.map(|txn| txn.0);
        match &event.kind {
            EventKind::DocumentChanged => {}
            EventKind::RequeryRequired => {
                if txn.is_none() || txn > self.floor {
                    let place = format_place(record);
                    self.note_failure(format!(
                        "the stream has a gap after the copy (requeryRequired at {place})"
                    ));
                }
                return;
            }
            EventKind::Other(_) => return,
        }
        self.newest = self.newest.max(txn);
        let Some(collection) = event.collection.as_deref() else {
            let place = format_place(record);
            return self.note_failure(format!("the event at {place} has no collection"));
        };
        let Some(keys) = self.by_collection.get(collection) else {
            return;
        };
        let key = event.id().and_then(DocumentId::parse);
        let (Some(key), Some(txn), false) = (key, txn, event.op() == Op::Other) else {
            let place = format_place(record);
            return self.note_failure(format!(
                "the event at {place} has no valid _id, txnId or change"
            ));
        };
        let Some(suspect) = keys.get(&key.json()).and_then(|at| self.all.get_mut(*at)) else {
            return;
        };
        if suspect.copy_txn >= Some(txn) {
            return;
        }
        let Some(is_present) = is_present_after(event, self.condition.as_ref()) else {
            return self.note_failure("only the server can evaluate the --where".to_owned());
        };
        let document = event.new.filter(|_| is_present).map(<[u8]>::to_vec);
        suspect.later.insert(txn, document);
        let was_open = suspect.is_open();
        let server = suspect.doubt.server.as_deref();
        let sameness = suspect
            .in_stream()
            .map(|version| Sameness::of_versions(version.as_deref(), server));
        suspect.sameness = sameness.or(suspect.sameness);
        match (was_open, suspect.is_open()) {
            (true, false) => self.open -= 1,
            (false, true) => self.open += 1,
            _ => {}
        }
    }
}

impl ChangeVisitor for Suspects {
    fn record(&mut self, record: &Record<'_>) {
        match event::decode(record.payload.as_deref()) {
            Ok(event) => self.event(&event, record),
            Err(why) => {
                let place = format_place(record);
                self.note_failure(format!("the record at {place} cannot be read ({why})"));
            }
        }
    }

    fn note_failure(&mut self, why: String) {
        self.flaw.get_or_insert(why);
    }

    fn awaits_events(&self) -> bool {
        self.open > 0 && self.flaw.is_none()
    }

    fn has_reached_responses(&self) -> bool {
        let open = self.all.iter().filter(|suspect| suspect.is_open());
        let highest = open.filter_map(|suspect| suspect.doubt.read_at).max();
        self.newest >= highest
    }
}
