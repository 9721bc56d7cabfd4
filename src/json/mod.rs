//! Raw JSON scanner: validation, fields, strings and numbers on bytes. Builds no values, so numbers keep every digit.
//!
//! ```
//! use ditto_cdc::json;
//!
//! let document = br#"{"_id": "a\u0062", "qty": 1e400}"#;
//! assert!(json::check(document).is_ok());
//! let id = json::field(document, "_id").and_then(json::unquote);
//! assert_eq!(id.as_deref(), Some("ab"));
//! assert_eq!(json::field(document, "qty"), Some(&b"1e400"[..]));
//! ```

mod block;
mod bytes;
mod canonical;
mod compact;
mod decimal;
mod depth_stack;
mod elements;
mod equality;
mod escaped;
mod fields;
mod grammar;
mod incremental;
mod items;
mod leaves;
mod quoted;
mod quotes;
mod scalar;
mod skip;
mod strings;
mod visit;

use std::ops::ControlFlow;

pub(crate) use bytes::{common_prefix_len, common_suffix_len, contains_byte};
pub use canonical::is_canonical;
pub use compact::compact;
pub use decimal::{Decimal, Exponent, decimal};
pub use elements::ElementSpans;
pub use equality::{NumberRule, eq_numbers, eq_values, is_canonical_scalar, sorted_fields};
pub use escaped::{char_count, characters, escaped_body, prefix, suffix};
pub use fields::Visitor;
pub use incremental::{IncrementalScanner, ScanProgress};
pub use items::{Item, elements, fields, items};
pub use leaves::{Leaf, leaves};
pub use quoted::push_quoted;
pub(crate) use skip::{container_end, container_end_before, scalar_end, string, string_end};
pub use skip::{separators, value_end, visit_unchecked};
pub use strings::{eq_content, eq_str, eq_unescaped, raw_body, unescaped, unquote};
pub use visit::visit;

/// A syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxError {
    /// Not UTF-8 from this byte on. Takes precedence over [`SyntaxError::NotJson`].
    NotUtf8 {
        /// Byte offset, counted from 0.
        at: usize,
    },
    /// Not JSON from about this byte on, to within 64 bytes; the length if the end is missing.
    NotJson {
        /// Byte offset, counted from 0.
        at: usize,
    },
}

/// Checks that the bytes are exactly one JSON value in UTF-8, with or without blanks around it.
/// Any depth, any length and lone surrogate escapes are valid, as in RFC 8259's grammar; a byte order mark is not.
///
/// # Errors
/// The first [`SyntaxError`].
pub fn check(bytes: &[u8]) -> Result<(), SyntaxError> {
    struct Ignore;
    impl<'a> Visitor<'a> for Ignore {
        fn field(&mut self, _: &'a [u8], _: &'a [u8]) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }
    visit(bytes, &mut Ignore).map(|_| ())
}

/// The raw value of the first field with this name in a valid object; `None` if `object` is not an object.
#[must_use]
pub fn field<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut finder = Finder { name, found: None };
    // The rest after the field is not read.
    let _flow = visit_unchecked(object, &mut finder)?;
    finder.found
}

struct Finder<'a, 'n> {
    name: &'n str,
    found: Option<&'a [u8]>,
}

impl<'a> Visitor<'a> for Finder<'a, '_> {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        if eq_str(key, self.name) {
            self.found = Some(value);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// Appends JSON without its line ends. In valid JSON they occur only between tokens.
pub fn push_on_one_line(json: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        out.extend_from_slice(json);
    } else {
        out.extend(json.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    }
}

#[cfg(test)]
mod skip_tests;
#[cfg(test)]
pub(crate) mod tests;
