//! The summary of an event on one line, with values: `status: open → paid, +note: "left at the door"`.

use super::escape;
use super::escape::EscapeStyle;
use super::line::{columns, truncate};
use super::model::{EventDiff, View};
use super::styles::Styles;
use super::value::{Columns, push_value};
use super::value_pair::push_both;
use crate::diff::path::{Step, push_jq};
use crate::diff::pattern::{Relation, closest};
use crate::diff::{Change, ChangeKind, Diff};
use crate::event::Op;
use crate::json::{eq_str, items, raw_body};

/// Longer values are cut, and followed by their size.
const MAX_VALUE_COLUMNS: usize = 1000;
/// Two values are cut only if at least this many columns are left; else only the name is shown.
const MIN_VALUES_COLUMNS: usize = 24;
/// Columns for the number of entries that do not fit: `, …4`.
const MORE_COLUMNS: usize = 4;
/// Columns of `moved from [2] `.
const MOVED_COLUMNS: usize = 16;

/// Appends what an event changed: the changes of an update, and the fields of another document without its id. As much as
/// fits into a number of columns, or everything, with long values cut unless the view is `full`. Empty for an event without
/// a document.
pub(super) fn push(
    view: &View,
    event_diff: &EventDiff<'_, '_>,
    columns_left: Option<usize>,
    out: &mut Vec<u8>,
) {
    let event = event_diff.event;
    let mut list = EntryList {
        view,
        columns_left: columns_left.filter(|_| !view.diff.full),
        entry: Vec::new(),
        is_first: true,
        out,
    };
    let old = event.old.filter(|json| *json != b"null");
    match event.op() {
        Op::Update => list.changes(event_diff.diff(&view.diff)),
        Op::Insert => list.document(event.new),
        Op::Remove => list.document(old.or(event.value)),
        Op::Other => list.document(event.new.or(event.value).or(event.old)),
    }
}

/// The text of an entry without its name.
enum Content<'a> {
    Both(&'a [u8], &'a [u8]),
    One(&'a [u8]),
    Moved(u32, &'a [u8]),
    Redacted(&'static str),
}

/// A list that is written as far as the columns last.
struct EntryList<'v, 'o> {
    view: &'v View,
    columns_left: Option<usize>,
    /// The entry that is written.
    entry: Vec<u8>,
    is_first: bool,
    out: &'o mut Vec<u8>,
}

impl EntryList<'_, '_> {
    fn changes(&mut self, diff: &Diff<'_>) {
        let options = &self.view.diff;
        let mut steps = Vec::new();
        let mut shown = Vec::with_capacity(diff.changes.len().min(64));
        for change in &diff.changes {
            diff.path(change, &mut steps);
            if options.shows(&steps, change.kind) {
                shown.push(change);
            }
        }
        if shown.is_empty() {
            return self.out.extend_from_slice(b"nothing changed");
        }
        let limit = options.max_changes.unwrap_or(usize::MAX);
        for (at, change) in shown.iter().enumerate() {
            let rest = shown.len() - at;
            diff.path(change, &mut steps);
            if at == limit || !self.change(change, &steps, rest > 1) {
                return self.more(rest);
            }
        }
    }

    fn change(&mut self, change: &Change<'_>, steps: &[Step<'_>], is_followed: bool) -> bool {
        let sign = match change.kind {
            ChangeKind::Added => "+",
            ChangeKind::Removed | ChangeKind::MovedAway => "-",
            ChangeKind::Moved { .. } => ">",
            ChangeKind::Changed | ChangeKind::Respelled => "~",
        };
        let content = match (change.kind, change.old, change.new) {
            (ChangeKind::Changed, ..) if self.is_redacted(steps) => {
                Content::Redacted("(redacted, changed)")
            }
            _ if self.is_redacted(steps) => Content::Redacted("(redacted)"),
            (ChangeKind::Moved { from }, _, Some(new)) => Content::Moved(from, new),
            (_, Some(old), Some(new)) => Content::Both(old, new),
            (_, old, new) => Content::One(new.or(old).unwrap_or_default()),
        };
        self.entry(sign, steps, &content, is_followed)
    }

    /// The fields of a document, or a value that is none.
    fn document(&mut self, document: Option<&[u8]>) {
        let Some(document) = document else { return };
        if document.first() != Some(&b'{') {
            return self.value(document);
        }
        let mut fields =
            items(document).filter(|item| item.key.is_none_or(|key| !eq_str(key, "_id")));
        let mut next = fields.next();
        while let Some(item) = next {
            next = fields.next();
            let steps = [Step::Key(item.key.unwrap_or_default())];
            let content = if self.is_redacted(&steps) {
                Content::Redacted("(redacted)")
            } else {
                Content::One(item.value)
            };
            if !self.entry("", &steps, &content, next.is_some()) {
                return self.more(1 + usize::from(next.is_some()) + fields.count());
            }
        }
    }

    fn value(&mut self, value: &[u8]) {
        let limit = self.columns_left.unwrap_or(MAX_VALUE_COLUMNS);
        push_value(value, self.columns(limit), self.out);
    }

    fn is_redacted(&self, steps: &[Step<'_>]) -> bool {
        let redact = &self.view.diff.redact;
        !redact.is_empty() && closest(redact, steps) >= Relation::Below
    }

    fn columns(&self, limit: usize) -> Columns {
        if self.view.diff.full {
            Columns::unlimited()
        } else {
            Columns::with_json(limit)
        }
    }

    /// Appends an entry with its values, else with cut values, else its name; `false` if not even that fits.
    fn entry(
        &mut self,
        sign: &str,
        steps: &[Step<'_>],
        content: &Content<'_>,
        is_followed: bool,
    ) -> bool {
        self.entry.clear();
        // The arrow between two values is the sign of a change.
        self.entry
            .extend_from_slice(sign.trim_start_matches('~').as_bytes());
        push_path(steps, &mut self.entry);
        let name = self.entry.len();
        self.entry.extend_from_slice(b": ");
        push_content(content, self.columns(MAX_VALUE_COLUMNS), &mut self.entry);
        let Some(all) = self.columns_left else {
            return self.append();
        };
        let separator = if self.is_first { 0 } else { 2 };
        let more = if is_followed { MORE_COLUMNS } else { 0 };
        let room = all.saturating_sub(separator + more);
        if self.fits(room) {
            return self.append();
        }
        let name_columns = columns(self.entry.get(..name).unwrap_or_default()) + 2;
        if self.is_first && room >= name_columns + MIN_VALUES_COLUMNS {
            self.entry.truncate(name + 2);
            push_content(
                content,
                Columns::with_json(room - name_columns),
                &mut self.entry,
            );
            if self.fits(room) {
                return self.append();
            }
        }
        self.entry.clear();
        self.entry.extend_from_slice(sign.as_bytes());
        push_path(steps, &mut self.entry);
        if self.fits(room) {
            return self.append();
        }
        if !self.is_first {
            return false;
        }
        let name = String::from_utf8_lossy(&self.entry).into_owned();
        self.entry = truncate(&name, room.max(1), false).into_bytes();
        self.append()
    }

    fn fits(&self, room: usize) -> bool {
        columns(&self.entry) <= room
    }

    /// Appends the entry.
    fn append(&mut self) -> bool {
        let separator: &[u8] = if self.is_first { b"" } else { b", " };
        self.out.extend_from_slice(separator);
        self.out.extend_from_slice(&self.entry);
        if let Some(left) = &mut self.columns_left {
            *left = left.saturating_sub(columns(&self.entry) + separator.len());
        }
        self.is_first = false;
        true
    }

    fn more(&mut self, count: usize) {
        let separator = if self.is_first { "" } else { ", " };
        let more = format!("{separator}… {count} more");
        let fits = self.columns_left.is_none_or(|left| columns(&more) <= left);
        let more = if fits {
            more
        } else {
            format!("{separator}…{count}")
        };
        self.out.extend_from_slice(more.as_bytes());
    }
}

fn push_content(content: &Content<'_>, columns_left: Columns, out: &mut Vec<u8>) {
    match *content {
        Content::Both(old, new) => push_words(old, new, columns_left, out),
        Content::One(value) => push_word(value, columns_left, out),
        Content::Moved(from, value) => {
            out.extend_from_slice(format!("moved from [{from}] ").as_bytes());
            push_word(value, columns_left.less(MOVED_COLUMNS), out);
        }
        Content::Redacted(text) => out.extend_from_slice(text.as_bytes()),
    }
}

fn push_words(old: &[u8], new: &[u8], columns_left: Columns, out: &mut Vec<u8>) {
    let (word, other) = (plain_word(old), plain_word(new));
    if word.is_none() && other.is_none() {
        return push_both(old, new, columns_left, &Styles::default(), out);
    }
    let used = |word: Option<&[u8]>| word.map_or(0, |word| word.len() + 3);
    push_word(old, columns_left.less(used(other)), out);
    out.extend_from_slice(" → ".as_bytes());
    push_word(new, columns_left.less(used(word)), out);
}

/// Appends a value; a string that looks like no other JSON value, without its quotes.
fn push_word(raw: &[u8], columns_left: Columns, out: &mut Vec<u8>) {
    match plain_word(raw) {
        Some(word) => out.extend_from_slice(word),
        None => push_value(raw, columns_left, out),
    }
}

/// The content of a short string that needs no quotes: it begins with a letter, and is none of JSON's own words.
fn plain_word(raw: &[u8]) -> Option<&[u8]> {
    const MAX_WORD_BYTES: usize = 32;
    let word = raw_body(raw).filter(|word| word.len() <= MAX_WORD_BYTES)?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.@".contains(byte);
    let begins = word.first().is_some_and(u8::is_ascii_alphabetic);
    let is_json = [&b"null"[..], b"true", b"false"].contains(&word);
    (begins && !is_json && word.iter().all(is_plain)).then_some(word)
}

fn push_path(steps: &[Step<'_>], out: &mut Vec<u8>) {
    let begin = out.len();
    push_jq(steps, out);
    if !out.get(begin..).is_some_and(escape::is_safe) {
        let path = out.split_off(begin);
        escape::push(&path, EscapeStyle::Json, out);
    }
}
