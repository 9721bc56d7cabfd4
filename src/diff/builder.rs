//! Builder of a diff: appends changes, and can be rolled back to an earlier length.

use super::equality::{Spelling, Typed, same_leaves};
use super::model::{Change, ChangeKind, Diff, Note};
use super::path::{Place, PlaceId, Step};
use super::tape::ValueType;

/// Capacity for the changes of most events.
const TYPICAL_CHANGES: usize = 16;

impl<'a> Diff<'a> {
    /// An empty diff with capacity for most events.
    pub(super) fn with_capacity() -> Self {
        Diff {
            changes: Vec::with_capacity(TYPICAL_CHANGES),
            places: Vec::with_capacity(TYPICAL_CHANGES),
            ..Diff::default()
        }
    }

    /// Adds a place one step below another one.
    pub(super) fn place(&mut self, parent: PlaceId, step: Step<'a>) -> PlaceId {
        self.places.push(Place { parent, step });
        self.places.len()
    }

    pub(super) fn push_one(
        &mut self,
        kind: ChangeKind,
        value: &'a [u8],
        place: PlaceId,
        note: Note,
    ) {
        let removed = matches!(kind, ChangeKind::Removed | ChangeKind::MovedAway);
        self.changes.push(Change {
            kind,
            old: removed.then_some(value),
            new: (!removed).then_some(value),
            note,
            place,
        });
    }

    pub(super) fn push_both(
        &mut self,
        kind: ChangeKind,
        (old, new): (&'a [u8], &'a [u8]),
        place: PlaceId,
        note: Note,
    ) {
        self.changes.push(Change {
            kind,
            old: Some(old),
            new: Some(new),
            note,
            place,
        });
    }

    /// Adds two values that are unequal byte by byte and are compared as a whole.
    pub(super) fn push_leaf(&mut self, old: Typed<'a>, new: Typed<'a>, place: PlaceId) {
        let kind = if same_leaves(old, new, Spelling::Any) {
            ChangeKind::Respelled
        } else {
            ChangeKind::Changed
        };
        let note = match (old.1, new.1) {
            (ValueType::Opaque, _) | (_, ValueType::Opaque) => Note::TooLarge,
            (one, other) if one != other => Note::TypeChanged,
            _ => Note::None,
        };
        self.push_both(kind, (old.0, new.0), place, note);
    }
}

/// The lengths of a diff's lists, for a rollback.
#[derive(Debug, Clone, Copy)]
pub(super) struct DiffLength {
    pub changes: usize,
    unchanged: usize,
    by_position: usize,
    places: usize,
    identities: usize,
}

impl Diff<'_> {
    pub(super) fn length(&self) -> DiffLength {
        DiffLength {
            changes: self.changes.len(),
            unchanged: self.unchanged,
            by_position: self.by_position,
            places: self.places.len(),
            identities: self.identities.len(),
        }
    }

    /// Rolls back to an earlier length.
    pub(super) fn truncate_to(&mut self, length: DiffLength) {
        self.changes.truncate(length.changes);
        self.places.truncate(length.places);
        self.identities.truncate(length.identities);
        (self.unchanged, self.by_position) = (length.unchanged, length.by_position);
    }
}
