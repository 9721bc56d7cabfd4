//! From a payload to an [`Event`]: one pass that checks the JSON and notes where the values are.
//! What the values say about the document is told in `mod.rs`; who wants the event, in `filter`.

use std::ops::ControlFlow;

use super::{Event, Kind, TxnId, Unreadable};
use crate::json::{Watch, content, says, skim, unquote, walk};

/// Reads a payload as an event and checks all of it.
///
/// Keys may be spelled with escapes, blanks may stand anywhere, documents may be nested as deep and strings be as
/// long as memory allows, numbers may have any size, and lone surrogate escapes are accepted.
///
/// # Errors
/// [`Unreadable`] says why it is none.
pub fn decode(payload: Option<&[u8]>) -> Result<Event<'_>, Unreadable> {
    let raw = payload.ok_or(Unreadable::Empty)?;
    let mut envelope = Envelope::default();
    let mut notes = Notes {
        envelope: &mut envelope,
        enough: |_: &Envelope<'_>| false,
    };
    let _complete = walk(raw, &mut notes)?;
    envelope.event(raw)
}

/// The transaction that a payload names, read no further than that; `None` where there is none.
#[must_use]
pub fn txn_id(payload: &[u8]) -> Option<TxnId> {
    let mut found = None;
    // Whether the payload is an event is not asked here.
    let _ = peek(payload, |envelope| {
        found = envelope.txn_id();
        found.is_some()
    });
    found
}

/// Walks until `enough`; `true` if it was, so that the rest was not looked at.
pub(super) fn peek<'a>(
    raw: &'a [u8],
    enough: impl FnMut(&Envelope<'a>) -> bool,
) -> Result<Envelope<'a>, Stopped> {
    let mut envelope = Envelope::default();
    match walk(
        raw,
        &mut Notes {
            envelope: &mut envelope,
            enough,
        },
    ) {
        Ok(ControlFlow::Continue(())) => Ok(envelope),
        Ok(ControlFlow::Break(())) => Err(Stopped::Enough),
        Err(flaw) => Err(Stopped::Flaw(flaw.into())),
    }
}

/// As [`peek`], but nothing is checked; `None` where the payload does not even look like an object.
pub(super) fn glance<'a>(
    raw: &'a [u8],
    enough: impl FnMut(&Envelope<'a>) -> bool,
) -> Option<Result<Envelope<'a>, Stopped>> {
    let mut envelope = Envelope::default();
    let mut notes = Notes {
        envelope: &mut envelope,
        enough,
    };
    Some(match skim(raw, &mut notes)? {
        ControlFlow::Continue(()) => Ok(envelope),
        ControlFlow::Break(()) => Err(Stopped::Enough),
    })
}

/// Why [`peek`] did not come to the end.
pub(super) enum Stopped {
    /// The caller had seen enough.
    Enough,
    /// The payload is not JSON.
    Flaw(Unreadable),
}

/// Raw JSON of the fields that make an event, as far as they have been seen.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub kind: Option<&'a [u8]>,
    pub collection: Option<&'a [u8]>,
    pub method: Option<&'a [u8]>,
    txn_id: Option<&'a [u8]>,
    old: Option<&'a [u8]>,
    new: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    /// A first `change` was there: another one does not count.
    changed: bool,
}

impl<'a> Envelope<'a> {
    /// The transaction's number, if it was seen.
    pub fn txn_id(&self) -> Option<TxnId> {
        self.txn_id.and_then(number)
    }

    /// The event of a payload that was walked to its end.
    pub fn event(&self, raw: &'a [u8]) -> Result<Event<'a>, Unreadable> {
        Ok(Event {
            raw,
            kind: self.kind.and_then(kind).ok_or(Unreadable::NotAnEvent)?,
            txn_id: self.txn_id(),
            collection: self.collection.and_then(unquote),
            method: self.method.and_then(unquote),
            old: self.old,
            new: self.new,
            value: self.value,
        })
    }

    fn outer(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match content(key).as_ref() {
            b"txnId" | b"txnID" => Some(&mut self.txn_id),
            b"type" => Some(&mut self.kind),
            b"collection" => Some(&mut self.collection),
            b"change" => {
                self.changed = true;
                None
            }
            _ => None,
        }
    }

    fn inner(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match content(key).as_ref() {
            b"method" => Some(&mut self.method),
            b"oldValue" => Some(&mut self.old),
            b"newValue" => Some(&mut self.new),
            b"value" => Some(&mut self.value),
            _ => None,
        }
    }
}

/// The kind of event that a raw `type` names; `None` where it is no string.
pub(super) fn kind(raw: &[u8]) -> Option<Kind<'_>> {
    let name = unquote(raw)?;
    Some(match name.as_ref() {
        "documentChanged" => Kind::DocumentChanged,
        "requeryRequired" | "RequeryRequired" => Kind::RequeryRequired,
        _ => Kind::Other(name),
    })
}

/// Digits only: `1.0`, `1e3`, `-1` and `+1` are no transaction numbers.
fn number(raw: &[u8]) -> Option<TxnId> {
    let text = match raw {
        [b'"', ..] => unquote(raw)?,
        _ => std::str::from_utf8(raw).ok()?.into(),
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok().map(TxnId)).flatten()
}

struct Notes<'e, 'a, F> {
    envelope: &'e mut Envelope<'a>,
    enough: F,
}

impl<'a, F: FnMut(&Envelope<'a>) -> bool> Notes<'_, 'a, F> {
    fn flow(&mut self) -> ControlFlow<()> {
        if (self.enough)(self.envelope) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl<'a, F: FnMut(&Envelope<'a>) -> bool> Watch<'a> for Notes<'_, 'a, F> {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        let Some(slot) = self.envelope.outer(key) else {
            return ControlFlow::Continue(());
        };
        slot.get_or_insert(value);
        self.flow()
    }

    fn enter(&mut self, key: &'a [u8]) -> bool {
        let first = !self.envelope.changed && says(key, "change");
        self.envelope.changed |= first;
        first
    }

    fn inner(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        let Some(slot) = self.envelope.inner(key) else {
            return ControlFlow::Continue(());
        };
        slot.get_or_insert(value);
        self.flow()
    }
}
