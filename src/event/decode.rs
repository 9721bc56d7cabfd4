//! Decodes a payload into an [`Event`]: one pass that validates the JSON and records the spans of its values.

use std::ops::ControlFlow;

use super::{Event, EventKind, TxnId, Unreadable};
use crate::json::{Visitor, eq_str, unescaped, unquote, visit, visit_unchecked};

/// Decodes and validates a payload.
///
/// Keys may have escapes, blanks may be anywhere, documents may have any depth, strings and numbers any size, and
/// lone surrogate escapes are accepted.
///
/// # Errors
/// [`Unreadable`] if the payload is not an event.
pub fn decode(payload: Option<&[u8]>) -> Result<Event<'_>, Unreadable> {
    let raw = payload.ok_or(Unreadable::Empty)?;
    let mut envelope = Envelope::default();
    let mut visitor = EnvelopeVisitor {
        envelope: &mut envelope,
        enough: |_: &Envelope<'_>| false,
    };
    let _complete = visit(raw, &mut visitor)?;
    envelope.event(raw)
}

/// The transaction of a payload, read only up to that field; `None` if there is none.
#[must_use]
pub fn txn_id(payload: &[u8]) -> Option<TxnId> {
    let mut found = None;
    // An invalid payload may still have a transaction.
    let _ = read_envelope(payload, |envelope| {
        found = envelope.txn_id();
        found.is_some()
    });
    found
}

/// Whether a payload is a `requeryRequired`, read only up to its type. One that is not valid JSON may be none.
#[must_use]
pub fn is_gap(payload: &[u8]) -> bool {
    let mut found = None;
    // What was read up to the type decides.
    let _ = read_envelope_unchecked(payload, |envelope| {
        found = envelope.kind;
        found.is_some()
    });
    found.and_then(kind) == Some(EventKind::RequeryRequired)
}

/// Reads the envelope until `enough` returns `true`.
pub(super) fn read_envelope<'a>(
    raw: &'a [u8],
    enough: impl FnMut(&Envelope<'a>) -> bool,
) -> Result<Envelope<'a>, EnvelopeError> {
    let mut envelope = Envelope::default();
    match visit(
        raw,
        &mut EnvelopeVisitor {
            envelope: &mut envelope,
            enough,
        },
    ) {
        Ok(ControlFlow::Continue(())) => Ok(envelope),
        Ok(ControlFlow::Break(())) => Err(EnvelopeError::Enough),
        Err(error) => Err(EnvelopeError::Syntax(error.into())),
    }
}

/// Like [`read_envelope`] without validation; `None` if the payload does not look like an object.
pub(super) fn read_envelope_unchecked<'a>(
    raw: &'a [u8],
    enough: impl FnMut(&Envelope<'a>) -> bool,
) -> Option<Result<Envelope<'a>, EnvelopeError>> {
    let mut envelope = Envelope::default();
    let mut visitor = EnvelopeVisitor {
        envelope: &mut envelope,
        enough,
    };
    Some(match visit_unchecked(raw, &mut visitor)? {
        ControlFlow::Continue(()) => Ok(envelope),
        ControlFlow::Break(()) => Err(EnvelopeError::Enough),
    })
}

/// Why [`read_envelope`] stopped early.
pub(super) enum EnvelopeError {
    /// `enough` returned `true`.
    Enough,
    /// The payload is not JSON.
    Syntax(Unreadable),
}

/// Raw JSON of the envelope's fields that were read so far.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub kind: Option<&'a [u8]>,
    pub collection: Option<&'a [u8]>,
    pub method: Option<&'a [u8]>,
    txn_id: Option<&'a [u8]>,
    old: Option<&'a [u8]>,
    new: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    /// A `change` was read; the first one counts.
    has_change: bool,
}

impl<'a> Envelope<'a> {
    /// The transaction, if it was read.
    pub fn txn_id(&self) -> Option<TxnId> {
        self.txn_id.and_then(number)
    }

    /// The event of a payload that was read to its end.
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
        match unescaped(key).as_ref() {
            b"txnId" | b"txnID" => Some(&mut self.txn_id),
            b"type" => Some(&mut self.kind),
            b"collection" => Some(&mut self.collection),
            b"change" => {
                self.has_change = true;
                None
            }
            _ => None,
        }
    }

    fn inner(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match unescaped(key).as_ref() {
            b"method" => Some(&mut self.method),
            b"oldValue" => Some(&mut self.old),
            b"newValue" => Some(&mut self.new),
            b"value" => Some(&mut self.value),
            _ => None,
        }
    }
}

/// The kind of event of a raw `type`; `None` if it is not a string.
pub(super) fn kind(raw: &[u8]) -> Option<EventKind<'_>> {
    let name = unquote(raw)?;
    Some(match name.as_ref() {
        "documentChanged" => EventKind::DocumentChanged,
        "requeryRequired" | "RequeryRequired" => EventKind::RequeryRequired,
        _ => EventKind::Other(name),
    })
}

/// Digits only: `1.0`, `1e3`, `-1` and `+1` are not valid transaction numbers.
fn number(raw: &[u8]) -> Option<TxnId> {
    let text = match raw {
        [b'"', ..] => unquote(raw)?,
        _ => std::str::from_utf8(raw).ok()?.into(),
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok().map(TxnId)).flatten()
}

struct EnvelopeVisitor<'e, 'a, F> {
    envelope: &'e mut Envelope<'a>,
    enough: F,
}

impl<'a, F: FnMut(&Envelope<'a>) -> bool> EnvelopeVisitor<'_, 'a, F> {
    fn flow(&mut self) -> ControlFlow<()> {
        if (self.enough)(self.envelope) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl<'a, F: FnMut(&Envelope<'a>) -> bool> Visitor<'a> for EnvelopeVisitor<'_, 'a, F> {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        let Some(slot) = self.envelope.outer(key) else {
            return ControlFlow::Continue(());
        };
        slot.get_or_insert(value);
        self.flow()
    }

    fn enter(&mut self, key: &'a [u8]) -> bool {
        let first = !self.envelope.has_change && eq_str(key, "change");
        self.envelope.has_change |= first;
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
