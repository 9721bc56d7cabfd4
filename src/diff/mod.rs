//! Structural diff of two JSON documents as a list of changes, on raw bytes so that every digit survives; also as RFC 6902
//! and RFC 7396.
//!
//! ```
//! use ditto_cdc::diff::{Diff, Options, json_patch};
//!
//! let (old, new) = (br#"{"qty":1,"tags":["a"]}"#, br#"{"qty":2,"tags":["a","b"]}"#);
//! let mut patch = Vec::new();
//! json_patch::push(&Diff::between(old, new, &Options::default()), &mut patch);
//! let expected = r#"[{"op":"add","path":"/tags/1","value":"b"},{"op":"replace","path":"/qty","value":2}]"#;
//! assert_eq!(String::from_utf8(patch).unwrap(), expected);
//! ```

mod arrays;
mod builder;
mod by_tape;
mod cursor_pair;
mod equality;
mod hash;
pub mod json_patch;
mod members;
pub mod merge_patch;
mod model;
mod on_demand;
pub mod path;
pub mod pattern;
pub mod presence;
pub mod redact;
mod tape;
pub mod word_diff;

use self::hash::Key;
use crate::event::{Event, Op};

pub use self::arrays::MAX_ALIGNED;
pub use self::model::{ArrayKey, Change, ChangeKind, Diff, Note, Options};
pub use self::tape::{MAX_DEPTH, MAX_VALUES};

impl<'a> Diff<'a> {
    /// The changes of an event. Empty if the event does not change a document.
    #[must_use]
    pub fn from_event(event: &Event<'a>, options: &Options) -> Diff<'a> {
        match (event.op(), event.old, event.new) {
            (Op::Update, Some(old), Some(new)) => documents(old, new, options),
            (Op::Insert, _, Some(new)) => by_tape::whole_document(new, ChangeKind::Added),
            (Op::Remove, old, _) => old
                .filter(|json| *json != b"null")
                .or(event.value)
                .map_or_else(Diff::default, |json| {
                    by_tape::whole_document(json, ChangeKind::Removed)
                }),
            _ => Diff::default(),
        }
    }

    /// The changes between two documents.
    #[must_use]
    pub fn between(old: &'a [u8], new: &'a [u8], options: &Options) -> Diff<'a> {
        documents(old, new, options)
    }
}

/// Compares two documents: streaming, else by tapes.
fn documents<'a>(old: &'a [u8], new: &'a [u8], options: &Options) -> Diff<'a> {
    let key = Key::per_process();
    on_demand::documents(old, new, key, options)
        .unwrap_or_else(|| by_tape::by_tape(old, new, key, options))
}

#[cfg(test)]
mod tests;
