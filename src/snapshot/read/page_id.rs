//! Finds the `_id` of a document that is in memory as a whole.

use std::ops::ControlFlow;

use crate::json::{self, Visitor};

/// The raw `_id` of a document.
pub(super) fn id_of(row: &[u8]) -> Option<&[u8]> {
    // Fast path: nearly every document starts like this.
    const FIRST: &[u8] = br#"{"_id":""#;
    if !row.starts_with(FIRST) {
        return find_id(row);
    }
    let start = FIRST.len() - 1;
    row.get(start..json::value_end(row, start)?)
}

fn find_id(row: &[u8]) -> Option<&[u8]> {
    struct Find<'a>(Option<&'a [u8]>);
    impl<'a> Visitor<'a> for Find<'a> {
        fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
            if !json::eq_str(key, "_id") {
                return ControlFlow::Continue(());
            }
            self.0 = Some(value);
            ControlFlow::Break(())
        }
    }
    let mut find = Find(None);
    let _ = json::visit_unchecked(row, &mut find)?;
    find.0
}
