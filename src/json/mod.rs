//! JSON as bytes: whether it is valid, where its fields are, what a string says.
//! Builds no values and prints nothing, so numbers keep every digit; knows nothing of Ditto.

mod block;
mod bytes;
mod canonical;
mod decimal;
mod depth_stack;
mod elements;
mod escaped;
mod fields;
mod grammar;
mod incremental;
mod items;
mod quotes;
mod scalar;
mod skip;
mod strings;
mod visit;

use std::ops::ControlFlow;

pub(crate) use bytes::{common, common_end, occurs};
pub use canonical::is_plain;
pub use decimal::{Decimal, Exponent, decimal};
pub use elements::Split;
pub use escaped::{characters, count, first, last, spelled};
pub use incremental::{Arriving, Looked};
pub use items::{Item, elements, fields, items};
pub(crate) use skip::{container_end, container_end_before, scalar_end, string, string_end};
pub use skip::{separators, skim, value_end};
pub use strings::{content, inside, same_texts, says, unquote};
pub use visit::{Watch, walk};

/// Why bytes are not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Not UTF-8 from this byte on; said of bytes that are neither UTF-8 nor JSON, too.
    NotUtf8 {
        /// Counted from 0.
        at: usize,
    },
    /// Not JSON from about this byte on, to within 64 bytes; the length where the end is missing.
    NotJson {
        /// Counted from 0.
        at: usize,
    },
}

/// Whether these bytes are exactly one JSON value in UTF-8, with or without blanks around it.
/// Any depth, any length and lone surrogate escapes are fine, as RFC 8259's grammar has it; a byte order mark is not.
///
/// # Errors
/// The first [`Flaw`].
pub fn check(bytes: &[u8]) -> Result<(), Flaw> {
    struct Nobody;
    impl<'a> Watch<'a> for Nobody {
        fn field(&mut self, _: &'a [u8], _: &'a [u8]) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }
    walk(bytes, &mut Nobody).map(|_| ())
}

/// The raw value of a field of an object that was checked before, the first of that name; `None` where `object` is none.
#[must_use]
pub fn field<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut finder = Finder { name, found: None };
    // What comes after the field is not looked at.
    let _flow = skim(object, &mut finder)?;
    finder.found
}

struct Finder<'a, 'n> {
    name: &'n str,
    found: Option<&'a [u8]>,
}

impl<'a> Watch<'a> for Finder<'a, '_> {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        if says(key, self.name) {
            self.found = Some(value);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod skip_tests;
#[cfg(test)]
pub(crate) mod tests;
