//! Types of a diff: options, kinds of changes, and the list of changes.

use super::path::{Place, PlaceId, Step};
use super::pattern::{Pattern, Relation, closest};
use crate::path::{Path, PathError, Step as TypedStep};

/// Which changes to show, and how. The default is everything, cut to the width of a terminal.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only changes at or under these paths; empty for all.
    pub only: Vec<Pattern>,
    /// No changes at or under these paths.
    pub ignore: Vec<Pattern>,
    /// Values to redact.
    pub redact: Vec<Pattern>,
    /// Also show equal values with another spelling.
    pub strict: bool,
    /// Do not truncate values.
    pub full: bool,
    /// Maximum number of lines per event; `None` for the view's default.
    pub max_changes: Option<usize>,
    /// The fields that identify array elements.
    pub array_keys: Vec<ArrayKey>,
    /// Show the identity of the array element that contains a change.
    pub context: bool,
}

/// The field that identifies the elements of the arrays at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayKey {
    /// Which arrays.
    pub path: Pattern,
    /// The field's name.
    pub field: String,
}

impl ArrayKey {
    /// Parses `PATH=FIELD`.
    ///
    /// # Errors
    /// The reason, if the `=` or the field is missing, or the path is not a valid pattern.
    pub fn parse(text: &str) -> Result<ArrayKey, String> {
        let mut wrong = format!("'{text}': expected PATH=FIELD such as lines=sku");
        // A quoted name may contain a `=`.
        for (at, _) in text.rmatch_indices('=') {
            let (path, field) = (text.get(..at), text.get(at + 1..));
            let (Some(path), Some(field)) = (path, field.filter(|field| !field.is_empty())) else {
                continue;
            };
            match (Pattern::parse(path), field_name(field)) {
                (Ok(path), Ok(field)) => return Ok(ArrayKey { path, field }),
                (Err(bad), _) | (_, Err(bad)) => wrong = bad.to_string(),
            }
        }
        Err(wrong)
    }
}

/// The name of a field, in the language of paths.
fn field_name(text: &str) -> Result<String, PathError> {
    let steps = Path::parse(text).and_then(Path::one_in_both)?;
    let name = match <[TypedStep; 1]>::try_from(steps) {
        Ok([TypedStep::Key(name) | TypedStep::Token(name, _)]) => String::from_utf8(name).ok(),
        _ => None,
    };
    name.ok_or_else(|| PathError {
        path: text.to_owned(),
        why: "expected the name of a field, such as sku or [\"odd.key\"]".to_owned(),
    })
}

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Inserted.
    Added,
    /// Removed.
    Removed,
    /// Replaced by a different value.
    Changed,
    /// Equal, with another spelling: `1` and `1.0`, or two spellings of a string.
    Respelled,
    /// An array element that was at another index before, equal byte by byte.
    Moved {
        /// The old index.
        from: u32,
    },
    /// The old index of a moved element; not counted as a change.
    MovedAway,
}

/// An additional note on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// No note.
    None,
    /// The values are of different types.
    TypeChanged,
    /// A key occurs twice in an object, which readers interpret differently: compared as a whole.
    KeyTwice,
    /// Nested deeper than [`MAX_DEPTH`], or of more values than [`MAX_VALUES`]: compared as a whole, byte by byte.
    TooLarge,
    /// Arrays that differ in more elements than [`MAX_ALIGNED`], or are that long and differ in length:
    /// compared as a whole.
    TooLong,
}

/// One difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The kind of change.
    pub kind: ChangeKind,
    /// The raw old value; `None` if there was none.
    pub old: Option<&'a [u8]>,
    /// The raw new value; `None` if there is none.
    pub new: Option<&'a [u8]>,
    /// An additional note.
    pub note: Note,
    pub(super) place: PlaceId,
}

/// All changes of a document, in document order.
///
/// Whitespace and the order of keys are not changes. An object in which a key occurs twice is compared as a whole,
/// because readers disagree about which of the two counts.
#[derive(Debug, Default)]
pub struct Diff<'a> {
    /// The changes. Indices are valid if the changes are applied from the last to the first.
    pub changes: Vec<Change<'a>>,
    /// Number of equal values; a container counts once with its content.
    pub unchanged: usize,
    /// Number of arrays longer than [`MAX_ALIGNED`], whose elements were compared by position.
    pub by_position: usize,
    pub(super) places: Vec<Place<'a>>,
    /// The identity fields of array elements, by place.
    pub(super) identities: Vec<(PlaceId, &'a [u8], &'a [u8])>,
}

impl<'a> Diff<'a> {
    /// The steps to a change, from the root.
    pub fn path(&self, change: &Change<'a>, steps: &mut Vec<Step<'a>>) {
        self.steps(change.place, steps);
    }

    pub(super) fn steps(&self, mut place: PlaceId, steps: &mut Vec<Step<'a>>) {
        steps.clear();
        while let Some(here) = place.checked_sub(1).and_then(|at| self.places.get(at)) {
            steps.push(here.step);
            place = here.parent;
        }
        steps.reverse();
    }

    /// The identity field and value of the array element that contains a change, if requested and known; raw JSON.
    #[must_use]
    pub fn context(&self, change: &Change<'a>) -> Option<(&'a [u8], &'a [u8])> {
        let mut place = change.place;
        while let Some(here) = place.checked_sub(1).and_then(|at| self.places.get(at)) {
            let found = self
                .identities
                .binary_search_by_key(&place, |(at, _, _)| *at);
            if let Some((_, field, value)) = found.ok().and_then(|at| self.identities.get(at)) {
                return Some((field, value));
            }
            place = here.parent;
        }
        None
    }

    /// Whether the documents are equal; with `strict`, another spelling of a value is a difference.
    #[must_use]
    pub fn is_empty(&self, strict: bool) -> bool {
        let is_difference = |kind| match kind {
            ChangeKind::Respelled => strict,
            ChangeKind::MovedAway => false,
            _ => true,
        };
        !self.changes.iter().any(|change| is_difference(change.kind))
    }

    /// Number of values that are equal with another spelling.
    #[must_use]
    pub fn respelled(&self) -> usize {
        let respelled = |change: &&Change<'_>| change.kind == ChangeKind::Respelled;
        self.changes.iter().filter(respelled).count()
    }
}

impl Options {
    /// Whether a change is to be shown, by its path and kind.
    #[must_use]
    pub fn shows(&self, steps: &[Step<'_>], kind: ChangeKind) -> bool {
        match kind {
            ChangeKind::MovedAway => return false,
            ChangeKind::Respelled if !self.strict => return false,
            _ => {}
        }
        let wanted = self.only.is_empty() || closest(&self.only, steps) != Relation::Apart;
        wanted && (self.ignore.is_empty() || closest(&self.ignore, steps) < Relation::Below)
    }

    /// Whether the options hide some changes, and so whole events.
    #[must_use]
    pub fn hides_changes(&self) -> bool {
        !(self.only.is_empty() && self.ignore.is_empty())
    }

    /// Whether there is a change that is to be shown.
    #[must_use]
    pub fn shows_any(&self, diff: &Diff<'_>) -> bool {
        let mut steps = Vec::new();
        diff.changes.iter().any(|change| {
            diff.path(change, &mut steps);
            self.shows(&steps, change.kind)
        })
    }
}
