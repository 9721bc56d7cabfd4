//! Path lookup in a document.

use super::ast::PathStep;
use crate::json::{elements, eq_str, fields};

/// The value at a path; `None` if there is none.
pub(super) fn find<'a>(document: &'a [u8], steps: &[PathStep]) -> Option<&'a [u8]> {
    steps.iter().try_fold(document, |value, step| match step {
        PathStep::Key(key) if value.first() == Some(&b'{') => {
            let mut fields = fields(value);
            fields.find_map(|(name, value)| eq_str(name, key).then_some(value))
        }
        PathStep::Index(index) if value.first() == Some(&b'[') => elements(value).nth(*index),
        _ => None,
    })
}
