//! The chain of a document's versions: whether each one follows the one before, or a change is missing between them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::diff::{Diff, Options};
use crate::event::{Change, Event, TxnId};

/// What is known of the document after the events so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// There is no document.
    Absent,
    /// The document, as in its event.
    Present(Vec<u8>),
}

impl State {
    pub fn new(document: Option<&[u8]>) -> State {
        document.map_or(State::Absent, |json| State::Present(json.to_vec()))
    }

    /// The document, if there is one.
    pub fn document(&self) -> Option<&[u8]> {
        match self {
            State::Absent => None,
            State::Present(json) => Some(json),
        }
    }

    /// Whether this is the same document in value: spellings of values and the order of keys do not count.
    fn is(&self, other: Option<&[u8]>) -> bool {
        match (self.document(), other) {
            (None, None) => true,
            (Some(one), Some(other)) => {
                one == other || Diff::between(one, other, &Options::default()).is_empty(false)
            }
            _ => false,
        }
    }
}

/// How an event of the document continues the events before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// The first one: what was before is known from its old value only.
    First,
    /// Its old value is the new value of the one before.
    Continues,
    /// Its old value is something else than this, so a change is missing before it.
    Missing(State),
    /// The event was delivered before, at another offset.
    Repeated,
    /// The same record, from another capture.
    SameRecord,
    /// It does not say what the document was or is, or a document of a snapshot was read after it.
    NoChange,
}

impl Link {
    /// Whether the event was added before.
    pub fn is_repeated(&self) -> bool {
        matches!(self, Link::Repeated | Link::SameRecord)
    }
}

/// Partition and offset.
type Position = Option<(i32, i64)>;

/// The events of one document in their order.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// After the last event; `None` before the first one.
    state: Option<State>,
    /// The events with a transaction: that and a hash of the documents, and where the last one is.
    delivered: HashMap<(u64, u64), Position>,
    /// The highest transaction so far.
    latest: Option<TxnId>,
    /// The transaction at which a document of a snapshot was read: it contains earlier events.
    read_at: Option<TxnId>,
}

impl Timeline {
    /// The state after the last event; `None` before the first one.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Adds the next event.
    pub fn add(&mut self, event: &Event<'_>, position: Position) -> Link {
        let Some(Change { before, after }) = event.change() else {
            return Link::NoChange;
        };
        if let Some(repeated) = self.repeated(event, position) {
            return repeated;
        }
        if self.is_outdated(event) {
            return Link::NoChange;
        }
        let continues = self.state.as_ref().map(|state| state.is(before));
        let state = self.state.replace(State::new(after));
        match (continues, state) {
            (Some(false), Some(state)) => Link::Missing(state),
            (Some(_), _) => Link::Continues,
            (None, _) => Link::First,
        }
    }

    /// Whether the state is of a later transaction already: an event that a snapshot contains, or an earlier snapshot.
    fn is_outdated(&mut self, event: &Event<'_>) -> bool {
        let Some(txn) = event.txn_id else {
            return false;
        };
        let is_outdated = if event.is_snapshot_document() {
            self.latest > Some(txn)
        } else {
            self.read_at >= Some(txn)
        };
        if event.is_snapshot_document() {
            self.read_at = self.read_at.max(Some(txn));
        }
        self.latest = self.latest.max(Some(txn));
        is_outdated
    }

    /// Whether the same change was added before: events are delivered at least once. Several changes of one document may
    /// have one transaction, so it does not suffice.
    fn repeated(&mut self, event: &Event<'_>, position: Position) -> Option<Link> {
        let txn = event.txn_id?;
        let mut hasher = DefaultHasher::new();
        (event.old, event.new, event.value).hash(&mut hasher);
        let known = self.delivered.insert((txn.0, hasher.finish()), position);
        let place = known?;
        Some(if place.is_some() && place == position {
            Link::SameRecord
        } else {
            Link::Repeated
        })
    }
}
