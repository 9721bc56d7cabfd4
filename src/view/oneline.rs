//! One line an event, for people: when, what happened to which document, where it stands, and what changed.
//! What the values are is not shown here.

use super::escape;
use super::escape::Spelling;
use super::line::{GAP, Line, clip, columns};
use super::styles::Ink;
use super::{Compared, View};
use crate::diff::path::push_jq;
use crate::diff::{Diff, Kind as Change, Options};
use crate::event::{Kind, Op};
use crate::record::{OffsetGap, Record};

/// The width where there is no terminal to ask.
const WIDTH_ELSEWHERE: usize = 160;
/// Contents are shown only if so many columns are left for them.
const LEAST_PREVIEW: usize = 16;
/// Names of changed fields are collected up to this many bytes, beyond any line.
const MOST_NAMES: usize = 1000;
/// Operations have one width.
const OPERATION: usize = 7;

/// Appends an event's line.
pub(super) fn event(
    view: &View,
    record: &Record<'_>,
    compared: &Compared<'_, '_>,
    out: &mut Vec<u8>,
) {
    let event = compared.event;
    let mut line = Line::new(view, out);
    line.time(record);
    line.operation(event, OPERATION);
    if event.kind == Kind::RequeryRequired {
        line.txn(event);
        line.word(GAP, view.styles.alarm);
    } else {
        line.identity(event, "  ");
        line.txn(event);
    }
    line.place(record);
    if event.op() == Op::Update {
        let names = names(compared.diff(&view.diff), &view.diff);
        preview(&mut line, &names, Spelling::Text);
    } else if let Some(document) = event.new.or(event.value).or(event.old) {
        preview(&mut line, document, Spelling::Json);
    }
    line.end();
}

/// Appends the line for records that retention removed.
pub(super) fn lost(view: &View, lost: &OffsetGap, out: &mut Vec<u8>) {
    let mut line = Line::new(view, out);
    let styles = view.styles;
    line.word("lost   ", styles.alarm);
    line.word(
        &format!("the stream has a gap: {}", lost.message()),
        styles.alarm,
    );
    line.end();
}

/// The paths that changed, each with the sign that `diff` has for it.
fn names(diff: &Diff<'_>, options: &Options) -> Vec<u8> {
    let (mut names, mut steps) = (Vec::new(), Vec::new());
    for change in &diff.changes {
        diff.path(change, &mut steps);
        if !options.shows(&steps, change.kind) || names.len() > MOST_NAMES {
            continue;
        }
        if !names.is_empty() {
            names.extend_from_slice(b", ");
        }
        names.extend_from_slice(match change.kind {
            Change::Added => b"+",
            Change::Removed => b"-",
            Change::Moved { .. } => b">",
            Change::Changed | Change::Respelled | Change::MovedAway => b"~",
        });
        push_jq(&steps, &mut names);
    }
    if names.is_empty() {
        names.extend_from_slice(b"nothing changed");
    }
    names
}

/// As much of a text as fits.
fn preview(line: &mut Line<'_, '_>, text: &[u8], spelling: Spelling) {
    let width = line.view.width.unwrap_or(WIDTH_ELSEWHERE);
    let room = width.saturating_sub(line.columns + 2);
    if room < LEAST_PREVIEW {
        return;
    }
    // No character takes less than a byte, so this is enough of a large document.
    let most = text.len().min(room * 4 + 4);
    let mut safe = Vec::new();
    escape::push(text.get(..most).unwrap_or(text), spelling, &mut safe);
    let safe = String::from_utf8_lossy(&safe);
    let clipped = if most == text.len() && columns(safe.as_bytes()) <= room {
        safe.into_owned()
    } else {
        clip(&safe, room, most < text.len())
    };
    line.word(&clipped, Ink::default());
}
