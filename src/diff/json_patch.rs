//! JSON Patch (RFC 6902) from the old document to the new one. Values are copied byte by byte, so that `1.0` stays `1.0`.

use super::model::{ChangeKind, Diff};
use super::path::{Step, push_pointer};
use crate::json::push_on_one_line;

/// Appends a patch, a JSON array on one line. Operations on arrays are in descending order, so that every index
/// refers to the old document.
///
/// A new spelling of a number is included, since some readers distinguish `1` from `1.0`; a new spelling of a string
/// or another order of keys is not. A moved element is removed and added.
pub fn push(diff: &Diff<'_>, out: &mut Vec<u8>) {
    let mut steps = Vec::new();
    out.push(b'[');
    let mut separator: &[u8] = b"";
    for change in diff.changes.iter().rev() {
        let number = |value: &[u8]| value.first() != Some(&b'"');
        let (operation, value) = match change.kind {
            ChangeKind::Added | ChangeKind::Moved { .. } => ("add", change.new),
            ChangeKind::Removed | ChangeKind::MovedAway => ("remove", None),
            ChangeKind::Respelled if !change.new.is_some_and(number) => continue,
            ChangeKind::Changed | ChangeKind::Respelled => ("replace", change.new),
        };
        diff.path(change, &mut steps);
        out.extend_from_slice(separator);
        push_operation(operation, &steps, value, out);
        separator = b",";
    }
    out.push(b']');
}

/// Appends the patch of an inserted (`Some`) or removed document: one operation on the whole document.
pub fn push_whole(document: Option<&[u8]>, out: &mut Vec<u8>) {
    out.push(b'[');
    let operation = if document.is_some() { "add" } else { "remove" };
    push_operation(operation, &[], document, out);
    out.push(b']');
}

fn push_operation(name: &str, steps: &[Step<'_>], value: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"op\":\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",\"path\":\"");
    push_pointer(steps, out);
    out.push(b'"');
    if let Some(value) = value {
        out.extend_from_slice(b",\"value\":");
        push_on_one_line(value, out);
    }
    out.push(b'}');
}
