//! The chain of a document's versions: whether each one follows the one before, or a change is missing between them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::diff::{Diff, Options};
use crate::event::{Event, Op};

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
    /// It does not say what the document was or is.
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
}

/// The document before and after an event; `None` if there was or is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change<'a> {
    pub before: Option<&'a [u8]>,
    pub after: Option<&'a [u8]>,
}

/// The change of an event; `None` if it does not say what the document was or is.
pub(super) fn change<'a>(event: &Event<'a>) -> Option<Change<'a>> {
    let present = |value: Option<&'a [u8]>| value.filter(|json| *json != b"null");
    let (before, after) = match event.op() {
        Op::Insert => (None, event.new),
        Op::Update => (event.old, event.new),
        Op::Remove => (present(event.old).or(event.value), None),
        Op::Other => return None,
    };
    Some(Change { before, after })
}

impl Timeline {
    /// Adds the next event.
    pub fn add(&mut self, event: &Event<'_>, position: Position) -> Link {
        let Some(Change { before, after }) = change(event) else {
            return Link::NoChange;
        };
        if let Some(repeated) = self.repeated(event, position) {
            return repeated;
        }
        let continues = self.state.as_ref().map(|state| state.is(before));
        let state = self.state.replace(State::new(after));
        match (continues, state) {
            (Some(false), Some(state)) => Link::Missing(state),
            (Some(_), _) => Link::Continues,
            (None, _) => Link::First,
        }
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
