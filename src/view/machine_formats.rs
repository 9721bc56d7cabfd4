//! What changed, for programs: `patch`, `merge` and `changes`, one JSON object a line with the event's identity.
//! Events that change no document are passed through as they are, so that no gap is hidden.

use super::{Compared, push_on_one_line};
use crate::diff::path::push_jq;
use crate::diff::{Kind, Options, json_patch, merge_patch};
use crate::event::{Event, Op};

/// Which of the formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Patch,
    Merge,
    Changes,
}

/// Appends an event's line.
pub(super) fn event(
    program: Program,
    compared: &Compared<'_, '_>,
    options: &Options,
    out: &mut Vec<u8>,
) {
    let event = compared.event;
    let op = match event.op() {
        Op::Insert => "insert",
        Op::Update => "update",
        Op::Remove => "remove",
        Op::Other => return push_on_one_line(event.raw, out),
    };
    identity(event, op, out);
    match program {
        Program::Patch => push_patch(compared, options, out),
        Program::Merge => push_merge(event, out),
        Program::Changes => push_changes(compared, options, out),
    }
    out.extend_from_slice(b"}\n");
}

fn identity(event: &Event<'_>, op: &str, out: &mut Vec<u8>) {
    let txn = event
        .txn_id
        .map_or_else(|| "null".to_owned(), |txn| txn.0.to_string());
    out.extend_from_slice(format!("{{\"txnId\":{txn},\"collection\":").as_bytes());
    // Writing a text to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, &event.collection.as_deref());
    out.extend_from_slice(b",\"id\":");
    push_json(event.id().unwrap_or(b"null"), out);
    out.extend_from_slice(format!(",\"op\":\"{op}\"").as_bytes());
}

/// Appends JSON without line ends.
fn push_json(json: &[u8], out: &mut Vec<u8>) {
    push_on_one_line(json, out);
    out.pop();
}

fn push_patch(compared: &Compared<'_, '_>, options: &Options, out: &mut Vec<u8>) {
    let event = compared.event;
    out.extend_from_slice(b",\"patch\":");
    match event.op() {
        Op::Insert => json_patch::push_whole(event.new, out),
        Op::Remove => json_patch::push_whole(None, out),
        Op::Update | Op::Other => json_patch::push(compared.diff(options), out),
    }
}

fn push_merge(event: &Event<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"merge\":");
    let exact = match (event.op(), event.old, event.new) {
        (Op::Insert, _, Some(new)) => merge_patch::push_whole(new, out),
        (Op::Update, Some(old), Some(new)) => merge_patch::push(old, new, out),
        // What makes `null` of a document.
        _ => merge_patch::push_whole(b"null", out),
    };
    out.extend_from_slice(format!(",\"mergeExact\":{exact}").as_bytes());
}

fn push_changes(compared: &Compared<'_, '_>, options: &Options, out: &mut Vec<u8>) {
    let diff = compared.diff(options);
    let mut lists = [
        ("changed", Vec::new()),
        ("added", Vec::new()),
        ("removed", Vec::new()),
        ("moved", Vec::new()),
    ];
    let (mut steps, mut path) = (Vec::new(), Vec::new());
    for change in &diff.changes {
        diff.path(change, &mut steps);
        if !options.shows(&steps, change.kind) {
            continue;
        }
        let list = match change.kind {
            Kind::Changed | Kind::Respelled => 0,
            Kind::Added => 1,
            Kind::Removed | Kind::MovedAway => 2,
            Kind::Moved { .. } => 3,
        };
        path.clear();
        push_jq(&steps, &mut path);
        if let Some((_, list)) = lists.get_mut(list) {
            push_path(&path, list);
        }
    }
    for (name, list) in &lists {
        if *name != "moved" || !list.is_empty() {
            out.extend_from_slice(format!(",\"{name}\":[").as_bytes());
            out.extend_from_slice(list);
            out.push(b']');
        }
    }
}

/// Appends a path to a list of JSON strings. A path holds raw JSON in its odd keys: backslashes and quotes are text.
fn push_path(path: &[u8], list: &mut Vec<u8>) {
    if !list.is_empty() {
        list.push(b',');
    }
    let _ = serde_json::to_writer(&mut *list, &String::from_utf8_lossy(path));
}
