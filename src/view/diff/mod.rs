//! The `diff` format: a header line, and one line per change.

mod text;

use std::fmt;
use std::io::Write as _;

use super::escape;
use super::escape::EscapeStyle;
use super::line::{DEFAULT_WIDTH, Line, columns};
use super::model::{EventDiff, View};
use super::styles::Ink;
use super::value;
use super::value::{Columns, push_value};
use super::value_pair;
use crate::diff::path::{Step, push_jq};
use crate::diff::pattern::{Relation, closest};
use crate::diff::{Change, ChangeKind, Diff, MAX_ALIGNED, MAX_DEPTH, Note};
use crate::event::{Event, EventKind, Op, Unreadable};
use crate::record::{OffsetGap, Record};
use crate::util::text::plural;

/// Paths are padded to one width, up to this one.
const MAX_PATH_COLUMNS: usize = 32;
/// Default limit of changes per event.
const DEFAULT_MAX_CHANGES: usize = 50;
/// Typical depth of a change.
const TYPICAL_STEPS: usize = 8;
/// Typical size of all paths of an event.
const TYPICAL_PATHS_BYTES: usize = 256;
/// Smallest width of a value, even if the line is full.
const MIN_VALUE_COLUMNS: usize = 20;

/// Appends an event.
pub(super) fn event(
    view: &View,
    record: &Record<'_>,
    event_diff: &EventDiff<'_, '_>,
    out: &mut Vec<u8>,
) {
    let event = event_diff.event;
    let mut line = Line::new(view, out);
    line.event_header(event);
    line.place(record);
    line.time_after_blank(record);
    line.end();
    if event.kind == EventKind::RequeryRequired {
        return;
    }
    if event.op() == Op::Other {
        preview(view, event.raw, out);
    } else {
        changes(view, event_diff, out);
    }
}

/// Appends an unreadable record: the reason, and its first bytes.
pub(super) fn unreadable(view: &View, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
    let mut line = Line::new(view, out);
    line.word("unreadable", view.styles.alarm);
    line.word(&why.to_string(), view.styles.alarm);
    line.place(record);
    line.time_after_blank(record);
    line.end();
    if let Some(payload) = record.payload.as_deref().filter(|bytes| !bytes.is_empty()) {
        preview(view, payload, out);
    }
}

/// Appends a line for records that retention removed.
pub(super) fn offset_gap(view: &View, offset_gap: &OffsetGap, out: &mut Vec<u8>) {
    super::oneline::offset_gap(view, offset_gap, out);
}

/// The beginning of a payload on a line of its own.
fn preview(view: &View, payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"  ");
    let columns_left = if view.diff.full {
        None
    } else {
        Some(width(view) - 2)
    };
    value::push_clipped(payload.trim_ascii(), EscapeStyle::Text, columns_left, out);
    out.push(b'\n');
}

fn width(view: &View) -> usize {
    view.width.unwrap_or(DEFAULT_WIDTH).max(MIN_VALUE_COLUMNS)
}

/// A change, with the range of its path in the buffer of all paths.
struct ChangeLine<'d, 'a> {
    change: &'d Change<'a>,
    path: std::ops::Range<usize>,
    columns: usize,
    redacted: bool,
}

/// Numbers of changes that are not shown.
#[derive(Default)]
struct HiddenCounts {
    /// Beyond the limit of `--max-changes`.
    more: usize,
    /// Excluded by `--only` or `--ignore`.
    excluded: usize,
}

/// Appends the changes of an event.
pub(super) fn changes(view: &View, event_diff: &EventDiff<'_, '_>, out: &mut Vec<u8>) {
    let (event, diff) = (event_diff.event, event_diff.diff(&view.diff));
    let mut paths = Vec::with_capacity(TYPICAL_PATHS_BYTES);
    let (change_lines, hidden) = change_lines(view, event, diff, &mut paths);
    let widest = change_lines
        .iter()
        .map(|change_line| change_line.columns)
        .max()
        .unwrap_or(0);
    let layout = Layout {
        view,
        diff,
        paths: &paths,
        widest: widest.min(MAX_PATH_COLUMNS),
    };
    let mut rest = change_lines.iter().peekable();
    while let Some(change_line) = rest.next() {
        let texts = rest
            .peek()
            .and_then(|next| layout.replacement(change_line, next));
        let (text, next_text) = texts.unzip();
        layout.change_line(change_line, text.as_deref(), out);
        if let Some(next_text) = next_text
            && let Some(next) = rest.next()
        {
            layout.change_line(next, Some(&next_text), out);
        }
    }
    layout.footer(event, &hidden, out);
}

/// The changes that are shown.
fn change_lines<'d, 'a>(
    view: &View,
    event: &Event<'_>,
    diff: &'d Diff<'a>,
    paths: &mut Vec<u8>,
) -> (Vec<ChangeLine<'d, 'a>>, HiddenCounts) {
    let (mut change_lines, mut hidden) = (
        Vec::with_capacity(diff.changes.len().min(64)),
        HiddenCounts::default(),
    );
    let mut steps = Vec::with_capacity(TYPICAL_STEPS);
    let default_limit = if view.diff.full {
        usize::MAX
    } else {
        DEFAULT_MAX_CHANGES
    };
    let limit = view.diff.max_changes.unwrap_or(default_limit);
    for change in &diff.changes {
        diff.path(change, &mut steps);
        let shown = view.diff.shows(&steps, change.kind);
        match change.kind {
            _ if is_identity(event, &steps) => {}
            _ if shown && change_lines.len() == limit => hidden.more += 1,
            _ if shown => change_lines.push(change_line(view, change, &steps, paths)),
            ChangeKind::MovedAway | ChangeKind::Respelled => {}
            _ => hidden.excluded += 1,
        }
    }
    (change_lines, hidden)
}

/// The id of an inserted or removed document is already in the header.
fn is_identity(event: &Event<'_>, steps: &[Step<'_>]) -> bool {
    event.op() != Op::Update && matches!(steps, [Step::Key(key)] if crate::json::eq_str(key, "_id"))
}

fn change_line<'d, 'a>(
    view: &View,
    change: &'d Change<'a>,
    steps: &[Step<'_>],
    paths: &mut Vec<u8>,
) -> ChangeLine<'d, 'a> {
    let begin = paths.len();
    push_jq(steps, paths);
    if !paths.get(begin..).is_some_and(escape::is_safe) {
        let path = paths.split_off(begin);
        escape::push(&path, EscapeStyle::Json, paths);
    }
    ChangeLine {
        change,
        columns: columns(paths.get(begin..).unwrap_or_default()),
        path: begin..paths.len(),
        redacted: !view.diff.redact.is_empty()
            && closest(&view.diff.redact, steps) >= Relation::Below,
    }
}

/// Layout that the lines of one event share.
struct Layout<'p, 'a> {
    view: &'p View,
    diff: &'p Diff<'a>,
    paths: &'p [u8],
    widest: usize,
}

impl<'a> Layout<'_, 'a> {
    /// The texts of two lines that remove a value and add another one at the same path, so that they differ.
    fn replacement(
        &self,
        line: &ChangeLine<'_, 'a>,
        next: &ChangeLine<'_, 'a>,
    ) -> Option<(Vec<u8>, Vec<u8>)> {
        let path = |line: &ChangeLine<'_, 'a>| self.paths.get(line.path.clone());
        let value = match (line.change.kind, next.change.kind) {
            (ChangeKind::Removed, ChangeKind::Added) => line.change.old.zip(next.change.new),
            (ChangeKind::Added, ChangeKind::Removed) => line.change.new.zip(next.change.old),
            _ => None,
        };
        let (one, other) = value.filter(|_| path(line) == path(next) && !line.redacted)?;
        let columns_left = self.columns_left(self.used(line));
        Some(value_pair::texts(
            (one, columns_left),
            (other, columns_left),
        ))
    }

    /// Columns before the values of a line.
    fn used(&self, line: &ChangeLine<'_, 'a>) -> usize {
        4 + line.columns.max(self.widest) + 2
    }

    /// Appends a change, with a text for its value if it is known.
    fn change_line(
        &self,
        change_line: &ChangeLine<'_, 'a>,
        text: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) {
        let styles = &self.view.styles;
        let (sign, style) = match change_line.change.kind {
            ChangeKind::Added => ("+", styles.insert),
            ChangeKind::Removed | ChangeKind::MovedAway => ("-", styles.remove),
            ChangeKind::Changed | ChangeKind::Respelled => ("~", styles.update),
            ChangeKind::Moved { .. } => (">", styles.moved),
        };
        out.extend_from_slice(b"  ");
        push_styled(sign.as_bytes(), style, out);
        out.push(b' ');
        out.extend_from_slice(self.paths.get(change_line.path.clone()).unwrap_or_default());
        let padding = self.widest.saturating_sub(change_line.columns);
        out.extend(std::iter::repeat_n(b' ', padding + 2));
        match text {
            _ if change_line.redacted => {
                out.extend_from_slice(redaction(change_line.change.kind).as_bytes());
            }
            Some(text) => out.extend_from_slice(text),
            None => self.values(change_line.change, self.used(change_line), out),
        }
        self.notes(change_line.change, out);
        out.push(b'\n');
    }

    fn values(&self, change: &Change<'a>, used: usize, out: &mut Vec<u8>) {
        let columns_left = self.columns_left(used);
        let styles = &self.view.styles;
        match (change.kind, change.old, change.new) {
            (ChangeKind::Moved { from }, _, Some(new)) => {
                let word = format!("moved from [{from}]  ");
                out.extend_from_slice(word.as_bytes());
                push_value(new, columns_left.less(word.len()), out);
            }
            (_, Some(old), Some(new)) => {
                if !text::push(old, new, self.view, out) {
                    value_pair::push_both(old, new, columns_left, styles, out);
                }
            }
            (_, Some(value), None) | (_, None, Some(value)) => push_value(value, columns_left, out),
            (_, None, None) => {}
        }
    }

    fn columns_left(&self, used: usize) -> Columns {
        if self.view.diff.full {
            return Columns::unlimited();
        }
        Columns::new(width(self.view).saturating_sub(used).max(MIN_VALUE_COLUMNS))
    }

    fn notes(&self, change: &Change<'a>, out: &mut Vec<u8>) {
        let note = match (change.note, change.kind) {
            (_, ChangeKind::Respelled) => "  (same value, written differently)",
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
            escape::push(&shown, EscapeStyle::Json, out);
            out.push(b' ');
            push_value(value, Columns::new(MAX_PATH_COLUMNS), out);
        }
    }

    fn footer(&self, event: &Event<'_>, hidden: &HiddenCounts, out: &mut Vec<u8>) {
        if hidden.more > 0 {
            let more = plural(hidden.more, "more change");
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
            let same = plural(respelled, "same value");
            remark(format_args!("{same} written differently"));
        }
        if hidden.excluded > 0 {
            let changes = plural(hidden.excluded, "other change");
            remark(format_args!("{changes} hidden by --only/--ignore"));
        }
        if self.diff.by_position > 0 {
            let arrays = plural(self.diff.by_position, "array");
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

fn redaction(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Changed => "(redacted, changed)",
        _ => "(redacted)",
    }
}

fn push_styled(text: &[u8], ink: Ink, out: &mut Vec<u8>) {
    out.extend_from_slice(ink.on());
    out.extend_from_slice(text);
    out.extend_from_slice(ink.off());
}

#[cfg(test)]
mod tests;
