//! What changed between the two documents of an event, as a list; and that list as RFC 6902 and RFC 7396 write it.
//! Pure, on the raw bytes, so that every digit survives; how a person sees a change is told in `view`.

mod arrays;
mod by_tape;
mod cursor_pair;
mod equality;
mod hash;
pub mod json_patch;
mod members;
pub mod merge_patch;
mod on_demand;
pub mod path;
pub mod pattern;
pub mod redact;
mod tape;
pub mod word_diff;

use self::path::{Place, PlaceId, Step};
use self::pattern::{Pattern, Relation, closest};
use crate::event::{Event, Op};

pub use self::arrays::MOST_ALIGNED;
pub use self::tape::{DEEPEST, MOST_VALUES};

/// What a person asked to see of changes. The default is everything, clipped for a terminal.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only changes at or under these paths; empty for all.
    pub only: Vec<Pattern>,
    /// No changes at or under these paths.
    pub ignore: Vec<Pattern>,
    /// Values whose contents nobody may see.
    pub redact: Vec<Pattern>,
    /// Show values that are the same and only written differently, too.
    pub strict: bool,
    /// Clip nothing.
    pub full: bool,
    /// The most lines that one event may take; `None` for the view's own limit.
    pub max_changes: Option<usize>,
    /// Which field tells the elements of an array apart.
    pub array_keys: Vec<ArrayKey>,
    /// Show which array element a change is in by its identity.
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
    /// Reads `PATH=FIELD`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<ArrayKey, String> {
        let (path, field) = text
            .rsplit_once('=')
            .filter(|(_, field)| !field.is_empty())
            .ok_or_else(|| format!("'{text}': expected PATH=FIELD such as lines=sku"))?;
        let path = Pattern::parse(path).map_err(|bad| bad.to_string())?;
        Ok(ArrayKey {
            path,
            field: field.to_owned(),
        })
    }
}

/// What happened to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another one.
    Changed,
    /// It is the same, written differently: `1` and `1.0`, or two spellings of one text.
    Respelled,
    /// It was elsewhere in the same array before, equal byte by byte.
    Moved {
        /// The old index.
        from: u32,
    },
    /// The old place of a value that moved; not a change of its own.
    MovedAway,
}

/// What else there is to say of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Nothing.
    None,
    /// The values are of different types.
    TypeChanged,
    /// A key occurs twice in an object, of which no two readers agree what it says: compared as one value.
    KeyTwice,
    /// Nested deeper than [`DEEPEST`], or of more values than [`MOST_VALUES`]: compared as one value, byte by byte.
    TooLarge,
    /// Arrays that differ in more elements than [`MOST_ALIGNED`], or are that long and differ in length:
    /// compared as one value.
    TooLong,
}

/// One difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// What happened.
    pub kind: Kind,
    /// The old value's bytes; `None` where there was none.
    pub old: Option<&'a [u8]>,
    /// The new value's bytes; `None` where there is none.
    pub new: Option<&'a [u8]>,
    /// What else there is to say.
    pub note: Note,
    place: PlaceId,
}

/// Everything that changed in a document, in document order.
///
/// The order of keys and blanks are no change. Where a key occurs twice in an object the first one counts
/// everywhere else in this program; here such an object is one value, since a list of changes of its fields
/// would be wrong for half of its readers.
#[derive(Debug, Default)]
pub struct Diff<'a> {
    /// The changes. Applied from the last to the first, each index is the right one.
    pub changes: Vec<Change<'a>>,
    /// How many values are the same; a value counts once with all that is in it.
    pub unchanged: usize,
    /// How many arrays were longer than [`MOST_ALIGNED`], so that their elements were compared by position.
    pub by_position: usize,
    places: Vec<Place<'a>>,
    /// Which field tells an element apart, by its place.
    identities: Vec<(PlaceId, &'a [u8], &'a [u8])>,
}

impl<'a> Diff<'a> {
    /// What an event changed. Nothing for events that are no change of a document.
    #[must_use]
    pub fn of(event: &Event<'a>, options: &Options) -> Diff<'a> {
        match (event.op(), event.old, event.new) {
            (Op::Update, Some(old), Some(new)) => by_tape::documents(old, new, options),
            (Op::Insert, _, Some(new)) => by_tape::one(new, Kind::Added),
            (Op::Remove, old, _) => old
                .filter(|json| *json != b"null")
                .or(event.value)
                .map_or_else(Diff::default, |json| by_tape::one(json, Kind::Removed)),
            _ => Diff::default(),
        }
    }

    /// What changed between two documents.
    #[must_use]
    pub fn between(old: &'a [u8], new: &'a [u8], options: &Options) -> Diff<'a> {
        by_tape::documents(old, new, options)
    }

    /// The steps to a change, from the root.
    pub fn path(&self, change: &Change<'a>, steps: &mut Vec<Step<'a>>) {
        self.steps(change.place, steps);
    }

    fn steps(&self, mut place: PlaceId, steps: &mut Vec<Step<'a>>) {
        steps.clear();
        while let Some(here) = place.checked_sub(1).and_then(|at| self.places.get(at)) {
            steps.push(here.step);
            place = here.parent;
        }
        steps.reverse();
    }

    /// The field and value that tell apart the array element in which a change is, if asked for and known; raw JSON.
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

    /// How many values are the same and only written differently.
    #[must_use]
    pub fn respelled(&self) -> usize {
        let respelled = |change: &&Change<'_>| change.kind == Kind::Respelled;
        self.changes.iter().filter(respelled).count()
    }
}

impl Options {
    /// Whether a change is to be shown, by its path and kind.
    #[must_use]
    pub fn shows(&self, steps: &[Step<'_>], kind: Kind) -> bool {
        match kind {
            Kind::MovedAway => return false,
            Kind::Respelled if !self.strict => return false,
            _ => {}
        }
        let wanted = self.only.is_empty() || closest(&self.only, steps) != Relation::Apart;
        wanted && (self.ignore.is_empty() || closest(&self.ignore, steps) < Relation::Below)
    }

    /// Whether an event may be left out for what it changed.
    #[must_use]
    pub fn is_choosy(&self) -> bool {
        !(self.only.is_empty() && self.ignore.is_empty())
    }

    /// Whether there is a change that is to be shown.
    #[must_use]
    pub fn wants(&self, diff: &Diff<'_>) -> bool {
        let mut steps = Vec::new();
        diff.changes.iter().any(|change| {
            diff.path(change, &mut steps);
            self.shows(&steps, change.kind)
        })
    }
}

#[cfg(test)]
mod tests;
