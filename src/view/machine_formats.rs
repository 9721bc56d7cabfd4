//! Machine formats of changes (`patch`, `merge`, `changes`): one JSON object per line with the event's identity.
//! Other events are passed through, because a gap must not be hidden.

use std::io::Write as _;

use super::clock;
use super::model::EventDiff;
use crate::diff::path::push_jq;
use crate::diff::{ChangeKind, Options, json_patch, merge_patch};
use crate::event::{Event, Op};
use crate::json::push_on_one_line;
use crate::record::Record;

/// The format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MachineFormat {
    Patch,
    Merge,
    Changes,
}

/// Appends an event's line.
pub(super) fn event(
    format: MachineFormat,
    record: &Record<'_>,
    event_diff: &EventDiff<'_, '_>,
    options: &Options,
    out: &mut Vec<u8>,
) {
    let event = event_diff.event;
    let op = match event.op() {
        Op::Insert => "insert",
        Op::Update => "update",
        Op::Remove => "remove",
        Op::Other => {
            push_on_one_line(event.raw.trim_ascii(), out);
            return out.push(b'\n');
        }
    };
    identity(event, op, out);
    match format {
        MachineFormat::Patch => push_patch(event_diff, options, out),
        MachineFormat::Merge => push_merge(event, out),
        MachineFormat::Changes => push_changes(event_diff, options, out),
    }
    push_place(record, out);
    out.extend_from_slice(b"}\n");
}

/// Time, partition and offset of the record, as far as they are known. The time is UTC.
fn push_place(record: &Record<'_>, out: &mut Vec<u8>) {
    let time = record.time.and_then(|time| clock::format_utc(time.millis));
    // Writing to memory cannot fail.
    if let Some(time) = time {
        let _ = write!(out, ",\"time\":\"{time}\"");
    }
    if let Some((partition, offset)) = record.place.position() {
        let _ = write!(out, ",\"partition\":{partition},\"offset\":{offset}");
    }
}

fn identity(event: &Event<'_>, op: &str, out: &mut Vec<u8>) {
    let txn = event
        .txn_id
        .map_or_else(|| "null".to_owned(), |txn| txn.0.to_string());
    out.extend_from_slice(format!("{{\"txnId\":{txn},\"collection\":").as_bytes());
    // Serializing a string to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, &event.collection.as_deref());
    out.extend_from_slice(b",\"id\":");
    push_on_one_line(event.id().unwrap_or(b"null").trim_ascii(), out);
    out.extend_from_slice(format!(",\"op\":\"{op}\"").as_bytes());
}

fn push_patch(event_diff: &EventDiff<'_, '_>, options: &Options, out: &mut Vec<u8>) {
    let event = event_diff.event;
    out.extend_from_slice(b",\"patch\":");
    match event.op() {
        Op::Insert => json_patch::push_whole(event.new, out),
        Op::Remove => json_patch::push_whole(None, out),
        Op::Update | Op::Other => json_patch::push(event_diff.diff(options), out),
    }
}

fn push_merge(event: &Event<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"merge\":");
    let exact = match (event.op(), event.old, event.new) {
        (Op::Insert, _, Some(new)) => merge_patch::push_whole(new, out),
        (Op::Update, Some(old), Some(new)) => merge_patch::push(old, new, out),
        // The patch from a document to `null`.
        _ => merge_patch::push_whole(b"null", out),
    };
    out.extend_from_slice(format!(",\"mergeExact\":{exact}").as_bytes());
}

fn push_changes(event_diff: &EventDiff<'_, '_>, options: &Options, out: &mut Vec<u8>) {
    let diff = event_diff.diff(options);
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
            ChangeKind::Changed | ChangeKind::Respelled => 0,
            ChangeKind::Added => 1,
            ChangeKind::Removed | ChangeKind::MovedAway => 2,
            ChangeKind::Moved { .. } => 3,
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

/// Appends a path to a list of JSON strings. Keys that need quotes are raw JSON in a path, so their backslashes
/// and quotes are escaped again.
fn push_path(path: &[u8], list: &mut Vec<u8>) {
    if !list.is_empty() {
        list.push(b',');
    }
    let _ = serde_json::to_writer(&mut *list, &String::from_utf8_lossy(path));
}
