//! Builds a diff: adds places and changes, and returns to an earlier length.

use super::equality::{Spelling, Typed, same_leaves};
use super::model::{Change, Diff, Kind, Note};
use super::path::{Place, PlaceId, Step};
use super::tape;

/// Capacity for the changes of most events.
const TYPICAL_CHANGES: usize = 16;

impl<'a> Diff<'a> {
    /// Nothing yet, with room for as much as most events change.
    pub(super) fn with_capacity() -> Self {
        Diff {
            changes: Vec::with_capacity(TYPICAL_CHANGES),
            places: Vec::with_capacity(TYPICAL_CHANGES),
            ..Diff::default()
        }
    }

    /// The place one step below another one.
    pub(super) fn place(&mut self, parent: PlaceId, step: Step<'a>) -> PlaceId {
        self.places.push(Place { parent, step });
        self.places.len()
    }

    pub(super) fn push_one(&mut self, kind: Kind, value: &'a [u8], place: PlaceId, note: Note) {
        let gone = matches!(kind, Kind::Removed | Kind::MovedAway);
        self.changes.push(Change {
            kind,
            old: gone.then_some(value),
            new: (!gone).then_some(value),
            note,
            place,
        });
    }

    pub(super) fn push_both(
        &mut self,
        kind: Kind,
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

    /// Notes two values that are not both taken apart, and not equal byte by byte.
    pub(super) fn push_leaf(&mut self, old: Typed<'a>, new: Typed<'a>, place: PlaceId) {
        let kind = if same_leaves(old, new, Spelling::Any) {
            Kind::Respelled
        } else {
            Kind::Changed
        };
        let note = match (old.1, new.1) {
            (tape::Kind::Opaque, _) | (_, tape::Kind::Opaque) => Note::TooLarge,
            (one, other) if one != other => Note::TypeChanged,
            _ => Note::None,
        };
        self.push_both(kind, (old.0, new.0), place, note);
    }
}

/// The length of a diff's lists, to return to.
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

    /// Discards what was added since.
    pub(super) fn truncate_to(&mut self, length: DiffLength) {
        self.changes.truncate(length.changes);
        self.places.truncate(length.places);
        self.identities.truncate(length.identities);
        (self.unchanged, self.by_position) = (length.unchanged, length.by_position);
    }
}
