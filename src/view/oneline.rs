//! The `oneline` format: time, operation, document, position, and the changed fields or the beginning of the document.

use super::escape;
use super::escape::EscapeStyle;
use super::line::{DEFAULT_WIDTH, Line, columns, truncate};
use super::model::{EventDiff, View};
use super::styles::Ink;
use crate::diff::path::push_jq;
use crate::diff::{ChangeKind, Diff, Options};
use crate::event::Op;
use crate::json::compact;
use crate::record::{OffsetGap, Record};

/// Contents are shown only if at least this many columns are left.
const MIN_PREVIEW_COLUMNS: usize = 16;
/// Limit of the names of changed fields, longer than any line.
const MAX_NAMES_BYTES: usize = 1000;
/// The longest character in UTF-8.
const MAX_BYTES_PER_COLUMN: usize = 4;
/// Width of the padded operation.
const OPERATION_COLUMNS: usize = 7;

/// Appends an event's line.
pub(super) fn event(
    view: &View,
    record: &Record<'_>,
    event_diff: &EventDiff<'_, '_>,
    out: &mut Vec<u8>,
) {
    let event = event_diff.event;
    let mut line = Line::new(view, out);
    line.time(record);
    line.event_header(event, OPERATION_COLUMNS, "  ");
    line.place(record);
    if event.op() == Op::Update {
        let names = names(event_diff.diff(&view.diff), &view.diff);
        preview(&mut line, &names, EscapeStyle::Text);
    } else if let Some(document) = event.new.or(event.value).or(event.old) {
        let max_bytes = MAX_BYTES_PER_COLUMN * view.width.unwrap_or(DEFAULT_WIDTH);
        preview(
            &mut line,
            &compact(document, max_bytes + 1),
            EscapeStyle::Json,
        );
    }
    line.end();
}

/// Appends the line for records that retention removed.
pub(super) fn offset_gap(view: &View, offset_gap: &OffsetGap, out: &mut Vec<u8>) {
    let mut line = Line::new(view, out);
    let styles = view.styles;
    line.word("lost   ", styles.alarm);
    line.word(
        &format!("the stream has a gap: {}", offset_gap.message()),
        styles.alarm,
    );
    line.end();
}

/// The changed paths, each with the sign of the `diff` format.
fn names(diff: &Diff<'_>, options: &Options) -> Vec<u8> {
    let (mut names, mut steps) = (Vec::new(), Vec::new());
    for change in &diff.changes {
        diff.path(change, &mut steps);
        if !options.shows(&steps, change.kind) || names.len() > MAX_NAMES_BYTES {
            continue;
        }
        if !names.is_empty() {
            names.extend_from_slice(b", ");
        }
        names.extend_from_slice(match change.kind {
            ChangeKind::Added => b"+",
            ChangeKind::Removed => b"-",
            ChangeKind::Moved { .. } => b">",
            ChangeKind::Changed | ChangeKind::Respelled | ChangeKind::MovedAway => b"~",
        });
        push_jq(&steps, &mut names);
    }
    if names.is_empty() {
        names.extend_from_slice(b"nothing changed");
    }
    names
}

/// As much of a string as fits.
fn preview(line: &mut Line<'_, '_>, text: &[u8], style: EscapeStyle) {
    let width = line.view.width.unwrap_or(DEFAULT_WIDTH);
    let columns_left = width.saturating_sub(line.columns + 2);
    if columns_left < MIN_PREVIEW_COLUMNS {
        return;
    }
    // No character takes less than a byte, so this is enough of a large document.
    let max_bytes = text.len().min(columns_left * MAX_BYTES_PER_COLUMN + 4);
    let mut safe = Vec::new();
    escape::push(text.get(..max_bytes).unwrap_or(text), style, &mut safe);
    let safe = String::from_utf8_lossy(&safe);
    let clipped = if max_bytes == text.len() && columns(safe.as_bytes()) <= columns_left {
        safe.into_owned()
    } else {
        truncate(&safe, columns_left, max_bytes < text.len())
    };
    line.word(&clipped, Ink::default());
}
