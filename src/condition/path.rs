//! The way along a path into a document, on raw JSON.
//! What stands at one level of a value is told by `json`.

use super::ast::Step;
use crate::json::{elements, fields, says};

/// The value at a path; `None` where there is none.
pub(super) fn find<'a>(document: &'a [u8], steps: &[Step]) -> Option<&'a [u8]> {
    steps.iter().try_fold(document, |value, step| match step {
        Step::Key(key) if value.first() == Some(&b'{') => {
            let mut fields = fields(value);
            fields.find_map(|(name, value)| says(name, key).then_some(value))
        }
        Step::Index(index) if value.first() == Some(&b'[') => elements(value).nth(*index),
        _ => None,
    })
}
