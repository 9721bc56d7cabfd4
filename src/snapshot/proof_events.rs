//! What an event of the stream says to the completeness proof and to the evidence about single documents.

use super::proof::{Change, ChangeLedger};
use super::stream_evidence::{DocumentEvent, EventPlace, StreamEvidence};
use crate::condition::Condition;
use crate::event::{Event, EventKind, Op};

impl ChangeLedger {
    /// Notes an event. With a condition, a document counts only while it matches.
    pub fn note_event(&mut self, event: &Event<'_>, condition: Option<&Condition>) {
        let txn_id = event.txn_id.map(|txn_id| txn_id.0);
        match (&event.kind, &event.collection, txn_id) {
            (EventKind::RequeryRequired, _, _) => self.note_gap(txn_id),
            (EventKind::Other(_), _, _) => {}
            (EventKind::DocumentChanged, None, _) => {
                self.note_failure("an event in it names no collection".to_owned());
            }
            (EventKind::DocumentChanged, Some(collection), None) => {
                self.note_unclear(collection, None, "an event in it has no txnId");
            }
            (EventKind::DocumentChanged, Some(collection), Some(txn_id)) => {
                self.note_txn(txn_id);
                if let Some(id) = event.id().filter(|_| event.op() != Op::Other) {
                    self.note_change(&change(event, collection, id, txn_id, condition));
                } else {
                    let why = "an event in it has no valid id or change";
                    self.note_unclear(collection, Some(txn_id), why);
                }
            }
        }
    }
}

fn change<'a>(
    event: &'a Event<'_>,
    collection: &'a str,
    id: &'a [u8],
    txn_id: u64,
    condition: Option<&Condition>,
) -> Change<'a> {
    let facts = event.facts();
    let counts = |document: Option<&[u8]>| match condition {
        None => document.is_some(),
        Some(condition) => condition.holds_for(document) == Some(true),
    };
    Change {
        collection,
        id,
        txn_id,
        was: counts(facts.old),
        is: counts(facts.new),
    }
}

impl StreamEvidence {
    /// Notes an event. With a condition, a document is present only while it matches.
    pub fn note(&mut self, event: &Event<'_>, condition: Option<&Condition>, place: EventPlace) {
        let txn_id = event.txn_id.map(|txn_id| txn_id.0);
        match (&event.kind, &event.collection) {
            (EventKind::RequeryRequired, _) => self.note_gap(txn_id, place),
            (EventKind::DocumentChanged, Some(collection)) => self.note_event(&DocumentEvent {
                collection,
                id: event.id(),
                txn_id,
                is_present: is_present_after(event, condition),
                place,
            }),
            // A change of an unknown collection may be the newest event of any document.
            (EventKind::DocumentChanged, None) => self.note_unreadable(place),
            (EventKind::Other(_), _) => {}
        }
    }
}

/// Whether the document is in the scope after the event; `None` if the event does not say.
#[must_use]
pub fn is_present_after(event: &Event<'_>, condition: Option<&Condition>) -> Option<bool> {
    if event.op() == Op::Other {
        return None;
    }
    match (event.facts().new, condition) {
        (None, _) => Some(false),
        (Some(_), None) => Some(true),
        (Some(document), Some(condition)) => condition.holds_for(Some(document)),
    }
}
