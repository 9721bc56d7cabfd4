//! An event as a person thinks of it: a header, and a line for each value that changed.
//! How a value is cut to the line is told in `value` and `text`.

mod text;
mod value;

use std::fmt;
use std::io::Write as _;

use super::diff::value::{Room, push_value};
use super::escape;
use super::escape::Spelling;
use super::line::{GAP, Line, columns};
use super::styles::Ink;
use super::{Compared, View};
use crate::diff::path::{Step, push_jq};
use crate::diff::pattern::{Relation, closest};
use crate::diff::{Change, Diff, Kind, MAX_ALIGNED, MAX_DEPTH, Note};
use crate::event::{Event, Kind as Announced, Op, Unreadable};
use crate::record::{OffsetGap, Record};

/// Columns of paths are straight up to this width.
const WIDEST_PATH: usize = 32;
/// The most lines of changes for one event, unless asked otherwise.
const MOST_LINES: usize = 50;
/// The width where there is no terminal to ask.
const WIDTH_ELSEWHERE: usize = 160;
/// So many bytes are the paths of most events.
const USUAL_PATHS: usize = 256;
/// A value gets so many columns at least, also where the line is full.
const LEAST_ROOM: usize = 20;

/// Appends an event.
pub(super) fn event(
    view: &View,
    record: &Record<'_>,
    compared: &Compared<'_, '_>,
    out: &mut Vec<u8>,
) {
    let event = compared.event;
    let mut line = Line::new(view, out);
    line.operation(event, 0);
    if event.kind == Announced::RequeryRequired {
        line.txn(event);
        line.word(GAP, view.styles.alarm);
        return line.end();
    }
    line.identity(event, " ");
    line.txn(event);
    line.place(record);
    line.near_time(record);
    line.end();
    if event.op() == Op::Other {
        preview(view, event.raw, out);
    } else {
        changes(view, compared, out);
    }
}

/// Appends a record that is no event: why, and how it begins.
pub(super) fn unreadable(view: &View, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
    let mut line = Line::new(view, out);
    line.word("unreadable", view.styles.alarm);
    line.word(&why.to_string(), view.styles.alarm);
    line.place(record);
    line.near_time(record);
    line.end();
    if let Some(payload) = record.payload.as_deref().filter(|bytes| !bytes.is_empty()) {
        preview(view, payload, out);
    }
}

/// Appends a line for records that retention removed.
pub(super) fn lost(view: &View, lost: &OffsetGap, out: &mut Vec<u8>) {
    super::oneline::lost(view, lost, out);
}

/// The beginning of a payload on a line of its own.
fn preview(view: &View, payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"  ");
    let room = if view.diff.full {
        None
    } else {
        Some(width(view) - 2)
    };
    value::push_clipped(payload.trim_ascii(), Spelling::Text, room, out);
    out.push(b'\n');
}

fn width(view: &View) -> usize {
    view.width.unwrap_or(WIDTH_ELSEWHERE).max(LEAST_ROOM)
}

/// A change and where its path stands in the text of all paths.
struct Row<'d, 'a> {
    change: &'d Change<'a>,
    path: std::ops::Range<usize>,
    columns: usize,
    redacted: bool,
}

/// How many changes are not shown.
#[derive(Default)]
struct LeftOut {
    /// Beyond the most lines.
    more: usize,
    /// At paths that nobody asked for.
    unwanted: usize,
}

fn changes(view: &View, compared: &Compared<'_, '_>, out: &mut Vec<u8>) {
    let (event, diff) = (compared.event, compared.diff(&view.diff));
    let mut paths = Vec::with_capacity(USUAL_PATHS);
    let (rows, left) = rows(view, event, diff, &mut paths);
    let widest = rows.iter().map(|row| row.columns).max().unwrap_or(0);
    let page = Page {
        view,
        diff,
        paths: &paths,
        widest: widest.min(WIDEST_PATH),
    };
    for row in &rows {
        page.row(row, out);
    }
    page.footer(event, &left, out);
}

/// The changes that are shown.
fn rows<'d, 'a>(
    view: &View,
    event: &Event<'_>,
    diff: &'d Diff<'a>,
    paths: &mut Vec<u8>,
) -> (Vec<Row<'d, 'a>>, LeftOut) {
    let (mut rows, mut left) = (
        Vec::with_capacity(diff.changes.len().min(64)),
        LeftOut::default(),
    );
    let mut steps = Vec::new();
    let usual = if view.diff.full {
        usize::MAX
    } else {
        MOST_LINES
    };
    let most = view.diff.max_changes.unwrap_or(usual);
    for change in &diff.changes {
        diff.path(change, &mut steps);
        let shown = view.diff.shows(&steps, change.kind);
        match change.kind {
            _ if is_identity(event, &steps) => {}
            _ if shown && rows.len() == most => left.more += 1,
            _ if shown => rows.push(row(view, change, &steps, paths)),
            Kind::MovedAway | Kind::Respelled => {}
            _ => left.unwanted += 1,
        }
    }
    (rows, left)
}

/// The id of a document that came or went stands in the header already.
fn is_identity(event: &Event<'_>, steps: &[Step<'_>]) -> bool {
    event.op() != Op::Update && matches!(steps, [Step::Key(key)] if crate::json::eq_str(key, "_id"))
}

fn row<'d, 'a>(
    view: &View,
    change: &'d Change<'a>,
    steps: &[Step<'_>],
    paths: &mut Vec<u8>,
) -> Row<'d, 'a> {
    let begin = paths.len();
    push_jq(steps, paths);
    if !paths.get(begin..).is_some_and(escape::is_plain) {
        let path = paths.split_off(begin);
        escape::push(&path, Spelling::Json, paths);
    }
    Row {
        change,
        columns: columns(paths.get(begin..).unwrap_or_default()),
        path: begin..paths.len(),
        redacted: !view.diff.redact.is_empty()
            && closest(&view.diff.redact, steps) >= Relation::Below,
    }
}

/// What the lines of one event have in common.
struct Page<'p, 'a> {
    view: &'p View,
    diff: &'p Diff<'a>,
    paths: &'p [u8],
    widest: usize,
}

impl<'a> Page<'_, 'a> {
    fn row(&self, row: &Row<'_, 'a>, out: &mut Vec<u8>) {
        let styles = &self.view.styles;
        let (sign, style) = match row.change.kind {
            Kind::Added => ("+", styles.insert),
            Kind::Removed | Kind::MovedAway => ("-", styles.remove),
            Kind::Changed | Kind::Respelled => ("~", styles.update),
            Kind::Moved { .. } => (">", styles.moved),
        };
        out.extend_from_slice(b"  ");
        push_styled(sign.as_bytes(), style, out);
        out.push(b' ');
        out.extend_from_slice(self.paths.get(row.path.clone()).unwrap_or_default());
        let padding = self.widest.saturating_sub(row.columns);
        out.extend(std::iter::repeat_n(b' ', padding + 2));
        let used = 4 + row.columns + padding + 2;
        if row.redacted {
            out.extend_from_slice(redaction(row.change.kind).as_bytes());
        } else {
            self.values(row.change, used, out);
        }
        self.notes(row.change, out);
        out.push(b'\n');
    }

    fn values(&self, change: &Change<'a>, used: usize, out: &mut Vec<u8>) {
        let room = self.room(used);
        let styles = &self.view.styles;
        match (change.kind, change.old, change.new) {
            (Kind::Moved { from }, _, Some(new)) => {
                let word = format!("moved from [{from}]  ");
                out.extend_from_slice(word.as_bytes());
                push_value(new, room.less(word.len()), out);
            }
            (_, Some(old), Some(new)) => {
                if !text::push(old, new, self.view, out) {
                    value::push_both(old, new, room, styles, out);
                }
            }
            (_, Some(value), None) | (_, None, Some(value)) => push_value(value, room, out),
            (_, None, None) => {}
        }
    }

    fn room(&self, used: usize) -> Room {
        if self.view.diff.full {
            return Room::endless();
        }
        Room::columns(width(self.view).saturating_sub(used).max(LEAST_ROOM))
    }

    fn notes(&self, change: &Change<'a>, out: &mut Vec<u8>) {
        let note = match (change.note, change.kind) {
            (_, Kind::Respelled) => "  (same value, written differently)",
            (Note::None, _) => "",
            (Note::TypeChanged, _) => "  (type changed)",
            (Note::KeyTwice, _) => "  (a key occurs twice: compared as one value)",
            (Note::TooLong, _) => {
                &format!("  (more than {MAX_ALIGNED} elements: compared as one value)")
            }
            (Note::TooLarge, _) => {
                &format!("  (deeper than {MAX_DEPTH} levels or very large: compared byte by byte)")
            }
        };
        out.extend_from_slice(note.as_bytes());
        if let Some((field, value)) = self.diff.context(change) {
            out.extend_from_slice(b"  in ");
            let mut shown = Vec::new();
            push_jq(&[Step::Key(field)], &mut shown);
            escape::push(&shown, Spelling::Json, out);
            out.push(b' ');
            push_value(value, Room::columns(WIDEST_PATH), out);
        }
    }

    fn footer(&self, event: &Event<'_>, left: &LeftOut, out: &mut Vec<u8>) {
        if left.more > 0 {
            let more = counted(left.more, "more change");
            out.extend_from_slice(format!("  … {more} (--max-changes)\n").as_bytes());
        }
        let begin = out.len();
        out.extend_from_slice(b"  ");
        out.extend_from_slice(self.view.styles.dim.on());
        out.extend_from_slice("·".as_bytes());
        let none = out.len();
        let mut remark = |remark: fmt::Arguments<'_>| {
            out.extend_from_slice(if out.len() == none { b" " } else { b", " });
            // Writing to a buffer cannot fail.
            let _ = out.write_fmt(remark);
        };
        if event.op() == Op::Update {
            remark(format_args!("{} unchanged", self.diff.unchanged));
        }
        let respelled = self.diff.respelled();
        if respelled > 0 && !self.view.diff.strict {
            let same = counted(respelled, "same value");
            remark(format_args!("{same} written differently"));
        }
        if left.unwanted > 0 {
            let changes = counted(left.unwanted, "change");
            remark(format_args!("{changes} not asked for"));
        }
        if self.diff.by_position > 0 {
            let arrays = counted(self.diff.by_position, "array");
            remark(format_args!(
                "{arrays} compared by position: more than {MAX_ALIGNED} elements"
            ));
        }
        if out.len() == none {
            return out.truncate(begin);
        }
        out.extend_from_slice(self.view.styles.dim.off());
        out.push(b'\n');
    }
}

fn redaction(kind: Kind) -> &'static str {
    match kind {
        Kind::Changed => "(redacted, changed)",
        _ => "(redacted)",
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn push_styled(text: &[u8], ink: Ink, out: &mut Vec<u8>) {
    out.extend_from_slice(ink.on());
    out.extend_from_slice(text);
    out.extend_from_slice(ink.off());
}

#[cfg(test)]
mod tests;
