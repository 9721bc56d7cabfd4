//! The `oneline` format: time, operation, document, transaction, position, and what changed, in columns that depend on the
//! width of the terminal only. A narrow terminal has fewer of them, so that the changes are shown.

use super::escape::EscapeStyle;
use super::line::{GAP, Line};
use super::model::{EventDiff, View};
use super::summary;
use super::value;
use crate::event::{Event, EventKind, Op, Unreadable};
use crate::record::{OffsetGap, Record};

/// Width of the padded operation.
const OPERATION_COLUMNS: usize = 7;
/// Minimum width of the position.
const PLACE_COLUMNS: usize = 10;
/// Minimum width of the transaction.
const TXN_COLUMNS: usize = 12;
/// Columns of the payload of an unreadable record: at least, and without a terminal.
const MIN_PAYLOAD_COLUMNS: usize = 24;
const MAX_PAYLOAD_COLUMNS: usize = 60;
/// A gap on a narrow terminal.
const SHORT_GAP: &str = "the stream has a gap: requery everything";

/// The columns that a width has room for.
#[derive(Debug, Clone, Copy)]
struct Layout {
    has_time: bool,
    has_place: bool,
    has_txn: bool,
    /// Minimum width of collection and id.
    identity: usize,
    /// Maximum width of collection and id.
    max_identity: Option<usize>,
}

impl Layout {
    fn new(view: &View) -> Layout {
        let width = view.width.filter(|_| !view.diff.full);
        let width = width.unwrap_or(usize::MAX);
        let identity = match width {
            0..60 => 14,
            60..110 => 20,
            _ => 32,
        };
        Layout {
            has_time: width >= 60,
            has_place: width >= 110,
            has_txn: width >= 140,
            identity,
            max_identity: (width < 110).then_some(identity),
        }
    }
}

/// Appends an event's line.
pub(super) fn event(
    view: &View,
    record: &Record<'_>,
    event_diff: &EventDiff<'_, '_>,
    out: &mut Vec<u8>,
) {
    let (event, layout) = (event_diff.event, Layout::new(view));
    let mut line = begin(view, layout, record, out);
    line.operation(event, OPERATION_COLUMNS);
    if event.kind == EventKind::RequeryRequired {
        let gap = if layout.has_place { GAP } else { SHORT_GAP };
        line.word(gap, view.styles.alarm);
        place(&mut line, layout, Some(event), record);
        return line.end();
    }
    let identity = line.columns + 2;
    line.identity(event, "  ", layout.max_identity);
    if event.op() != Op::Other {
        line.pad_to(identity + layout.identity);
    }
    place(&mut line, layout, Some(event), record);
    summary_to_end(line, event_diff);
}

/// What the event changed, as the rest of a line.
pub(super) fn summary_to_end(mut line: Line<'_, '_>, event_diff: &EventDiff<'_, '_>) {
    let view = line.view;
    line.safe_text(|out, used| {
        let columns_left = view.width.map(|width| width.saturating_sub(used));
        summary::push(view, event_diff, columns_left, out);
    });
    line.end();
}

/// Appends a line for an unreadable record.
pub(super) fn unreadable(view: &View, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
    let layout = Layout::new(view);
    let mut line = begin(view, layout, record, out);
    line.word("unreadable", view.styles.alarm);
    line.word(&why.to_string(), view.styles.alarm);
    place(&mut line, layout, None, record);
    let payload = record.payload.as_deref().unwrap_or_default().trim_ascii();
    line.safe_text(|out, used| {
        let width = view.width.filter(|_| !view.diff.full);
        let columns_left = match width {
            Some(width) => Some(width.saturating_sub(used).max(MIN_PAYLOAD_COLUMNS)),
            None if view.diff.full => None,
            None => Some(MAX_PAYLOAD_COLUMNS),
        };
        value::push_clipped(payload, EscapeStyle::Text, columns_left, out);
    });
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
    line.position(offset_gap.partition, offset_gap.wanted);
    line.end();
}

fn begin<'v, 'o>(
    view: &'v View,
    layout: Layout,
    record: &Record<'_>,
    out: &'o mut Vec<u8>,
) -> Line<'v, 'o> {
    let mut line = Line::new(view, out);
    if layout.has_time {
        line.time(record);
    }
    line
}

/// Position and transaction, as far as they are known and the layout has room for them.
fn place(line: &mut Line<'_, '_>, layout: Layout, event: Option<&Event<'_>>, record: &Record<'_>) {
    if layout.has_place {
        padded(line, PLACE_COLUMNS, |line| line.place(record));
    }
    if let Some(event) = event.filter(|_| layout.has_txn) {
        padded(line, TXN_COLUMNS, |line| line.txn(event));
    }
}

/// Pads a word to a width, if one is written.
fn padded<'v, 'o>(line: &mut Line<'v, 'o>, width: usize, write: impl FnOnce(&mut Line<'v, 'o>)) {
    let before = line.columns;
    write(line);
    if line.columns > before {
        line.pad_to(before + 2 + width);
    }
}
