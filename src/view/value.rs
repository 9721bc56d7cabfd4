//! Values in a limited number of columns. A value that is cut is followed by its size.

use std::io::Write as _;

use super::escape;
use super::escape::EscapeStyle;
use super::line::{columns, truncate};
use super::styles::Ink;
use crate::json::{Item, compact, items};

/// Arrays and objects up to this size are shown as JSON, larger ones as a summary.
const MAX_INLINE_BYTES: usize = 60;
/// Maximum width of one value inside a summary.
const MAX_SUMMARY_ITEM_COLUMNS: usize = 30;
/// Minimum width of each of two values.
const MIN_COLUMNS: usize = 12;

/// Number of columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// `None` for no limit.
    pub limit: Option<usize>,
    /// Longer arrays and objects are shown as a summary.
    max_inline_bytes: usize,
}

impl Columns {
    /// No limit.
    pub fn unlimited() -> Columns {
        Columns {
            limit: None,
            max_inline_bytes: usize::MAX,
        }
    }

    pub fn new(columns: usize) -> Columns {
        Columns {
            limit: Some(columns),
            max_inline_bytes: MAX_INLINE_BYTES,
        }
    }

    /// With arrays and objects as JSON, if they fit.
    pub fn with_json(columns: usize) -> Columns {
        Columns {
            limit: Some(columns),
            max_inline_bytes: usize::MAX,
        }
    }

    pub fn less(self, columns: usize) -> Columns {
        Columns {
            limit: self
                .limit
                .map(|columns_left| columns_left.saturating_sub(columns).max(MIN_COLUMNS)),
            ..self
        }
    }

    /// The columns of two values with an arrow; if both do not fit, the shorter one is complete if possible.
    pub fn split(self, old: &[u8], new: &[u8]) -> (Columns, Columns) {
        let Some(all) = self.limit else {
            return (self, self);
        };
        let all = all.saturating_sub(3);
        let (old, new, half) = (columns_needed(old, all), columns_needed(new, all), all / 2);
        let (one, other) = match (old + new <= all, old <= half, new <= half) {
            (true, _, _) => (old, new),
            (_, true, _) => (old, all - old),
            (_, _, true) => (all - new, new),
            _ => (half, half),
        };
        let columns = |columns: usize| Columns {
            limit: Some(columns.max(MIN_COLUMNS)),
            ..self
        };
        (columns(one), columns(other))
    }
}

/// Appends a value.
pub(super) fn push_value(raw: &[u8], columns_left: Columns, out: &mut Vec<u8>) {
    let Some(limit) = columns_left.limit else {
        return push_compact(raw, out);
    };
    if push_complete(raw, columns_left, out) {
        return;
    }
    if is_container(raw) {
        push_summary(raw, limit, out);
    } else {
        push_cut(raw, limit, out);
    }
}

/// Whether a value fits without any change to its bytes.
pub(super) fn is_short(raw: &[u8], columns_left: Columns) -> bool {
    let limit = columns_left.limit.unwrap_or(usize::MAX);
    !is_container(raw) && raw.len() <= limit && escape::is_safe(raw)
}

/// Appends a value if it fits completely.
pub(super) fn push_complete(raw: &[u8], columns_left: Columns, out: &mut Vec<u8>) -> bool {
    if is_short(raw, columns_left) {
        out.extend_from_slice(raw);
        return true;
    }
    let Some(limit) = columns_left.limit else {
        push_compact(raw, out);
        return true;
    };
    let max_bytes = if is_container(raw) {
        columns_left.max_inline_bytes.min(limit * 8)
    } else {
        limit * 4
    };
    if raw.len() > max_bytes {
        return false;
    }
    let begin = out.len();
    push_compact(raw, out);
    let fits = columns(out.get(begin..).unwrap_or_default()) <= limit;
    if !fits {
        out.truncate(begin);
    }
    fits
}

/// Number of columns of a value in full, or more than `limit`.
fn columns_needed(raw: &[u8], limit: usize) -> usize {
    if raw.len() > limit * 4 || escape::is_safe(raw) {
        return raw.len();
    }
    // Escaped control characters take more columns than bytes.
    let mut shown = Vec::new();
    push_compact(raw, &mut shown);
    columns(&shown)
}

pub(super) fn push_coloured(text: &[u8], ink: Ink, out: &mut Vec<u8>) {
    out.extend_from_slice(ink.on());
    out.extend_from_slice(text);
    out.extend_from_slice(ink.off());
}

/// Appends the first bytes, and the size if that is not all.
pub(super) fn push_clipped(
    bytes: &[u8],
    style: EscapeStyle,
    columns_left: Option<usize>,
    out: &mut Vec<u8>,
) {
    let Some(columns_left) = columns_left else {
        return escape::push(bytes, style, out);
    };
    let (max_bytes, begin) = (bytes.len().min(columns_left * 4), out.len());
    escape::push(bytes.get(..max_bytes).unwrap_or(bytes), style, out);
    if max_bytes == bytes.len() && columns(out.get(begin..).unwrap_or_default()) <= columns_left {
        return;
    }
    let shown = out.split_off(begin);
    let shown = String::from_utf8_lossy(&shown);
    let size = size(bytes.len());
    let columns_left = columns_left.saturating_sub(size.len() + 3).max(1);
    out.extend_from_slice(truncate(&shown, columns_left, true).as_bytes());
    out.extend_from_slice(format!(" ({size})").as_bytes());
}

/// Appends the beginning of a string or number, and its size.
fn push_cut(raw: &[u8], columns_left: usize, out: &mut Vec<u8>) {
    let max_bytes = raw.len().min(columns_left * 4);
    let mut shown = Vec::new();
    escape::push(
        raw.get(..max_bytes).unwrap_or(raw),
        EscapeStyle::Json,
        &mut shown,
    );
    let shown = String::from_utf8_lossy(&shown);
    let (quote, size) = (
        if raw.first() == Some(&b'"') { "\"" } else { "" },
        size(raw.len()),
    );
    let columns_left = columns_left
        .saturating_sub(size.len() + 3 + quote.len())
        .max(2);
    out.extend_from_slice(truncate(&shown, columns_left, true).as_bytes());
    out.extend_from_slice(format!("{quote} ({size})").as_bytes());
}

fn is_container(raw: &[u8]) -> bool {
    matches!(raw.first(), Some(b'{' | b'['))
}

/// Appends JSON without the blanks between its tokens, safe for terminals.
fn push_compact(raw: &[u8], out: &mut Vec<u8>) {
    escape::push(&compact(raw, usize::MAX), EscapeStyle::Json, out);
}

/// Appends as many items as fit: `{ street: "12 Main St", … 2 more keys } (75 B)`.
fn push_summary(raw: &[u8], columns_left: usize, out: &mut Vec<u8>) {
    let (open, close, word) = match raw.first() {
        Some(b'{') => ("{ ", " }", " key"),
        _ => ("[ ", " ]", " element"),
    };
    let begin = out.len();
    out.extend_from_slice(open.as_bytes());
    // For each written item its end, and its column there.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let (mut used, mut count) = (open.len(), 0);
    for item in items(raw) {
        count += 1;
        if used <= columns_left {
            if count > 1 {
                out.extend_from_slice(b", ");
                used += 2;
            }
            used += push_item(&item, out);
            ends.push((out.len(), used));
        }
    }
    let size = size(raw.len());
    let last = close.len() + size.len() + 3;
    loop {
        let (end, used) = ends
            .last()
            .copied()
            .unwrap_or((begin + open.len(), open.len()));
        let rest = count - ends.len();
        let more = match (rest, ends.is_empty()) {
            (0, _) => String::new(),
            (_, true) => format!("… {rest}{word}{}", if rest == 1 { "" } else { "s" }),
            _ => format!(", … {rest} more{word}{}", if rest == 1 { "" } else { "s" }),
        };
        if ends.is_empty() || used + columns(more.as_bytes()) + last <= columns_left {
            out.truncate(end);
            // Writing to a buffer cannot fail.
            let _ = write!(out, "{more}{close} ({size})");
            return;
        }
        ends.pop();
    }
}

/// Appends an item; returns its number of columns.
fn push_item(item: &Item<'_>, out: &mut Vec<u8>) -> usize {
    let begin = out.len();
    if let Some(key) = item.key {
        let name = key.get(1..key.len().max(2) - 1).unwrap_or_default();
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let without_quotes = !name.is_empty() && name.iter().all(plain);
        push_clipped(
            if without_quotes { name } else { key },
            EscapeStyle::Json,
            Some(MAX_SUMMARY_ITEM_COLUMNS),
            out,
        );
        out.extend_from_slice(b": ");
    }
    let short = match item.value.first() {
        Some(b'{') if item.value.len() > MAX_SUMMARY_ITEM_COLUMNS => "{…}",
        Some(b'[') if item.value.len() > MAX_SUMMARY_ITEM_COLUMNS => "[…]",
        _ => {
            push_value(item.value, Columns::new(MAX_SUMMARY_ITEM_COLUMNS), out);
            return columns(out.get(begin..).unwrap_or_default());
        }
    };
    let key = columns(out.get(begin..).unwrap_or_default());
    out.extend_from_slice(short.as_bytes());
    key + "[-]".len()
}

/// A number of bytes for people: `75 B`, `1.2 kB`, `34 MB`.
pub(super) fn size(bytes: usize) -> String {
    let mut unit = 1_usize;
    for name in ["B", "kB", "MB"] {
        let (whole, tenths) = (bytes / unit, bytes % unit * 10 / unit);
        match (name, whole) {
            ("B", 0..1000) => return format!("{bytes} B"),
            ("B", _) => {}
            (_, 0..10) => return format!("{whole}.{tenths} {name}"),
            (_, 10..1000) => return format!("{whole} {name}"),
            _ => {}
        }
        unit *= 1000;
    }
    format!("{} GB", bytes / unit)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_in_columns() {
        let check = |raw: &str, columns_left: usize, expected: &str| {
            let mut out = Vec::new();
            push_value(raw.as_bytes(), Columns::new(columns_left), &mut out);
            let shown = String::from_utf8_lossy(&out).into_owned();
            assert_eq!(shown, expected, "{raw} {columns_left}");
            assert!(columns(shown.as_bytes()) <= columns_left, "{shown}");
        };
        let address = r#"{"street":"12 Main St","city":"Zürich","geo":{"lon":8.5417,"lat":47.37}}"#;
        check("7", 20, "7");
        check("{ \"a\" :\n [ 1, \"b c\" ] }", 40, r#"{"a":[1,"b c"]}"#);
        check(
            address,
            70,
            r#"{ street: "12 Main St", city: "Zürich", … 1 more key } (73 B)"#,
        );
        check(
            address,
            100,
            r#"{ street: "12 Main St", city: "Zürich", geo: {"lon":8.5417,"lat":47.37} } (73 B)"#,
        );
        check(address, 20, "{ … 3 keys } (73 B)");
        let numbers = format!("[{}1]", "100000,".repeat(200));
        check(&numbers, 40, "[ 100000, … 200 more elements ] (1.4 kB)");
        let text = format!("\"{}\"", "ü".repeat(1000));
        check(&text, 20, "\"üüüüüüüü…\" (2.0 kB)");
        check("123456789012345678901234567890", 20, "123456789012… (30 B)");
        check("\"\u{9b}\u{202e}\"", 30, r#""\u009b\u202e""#);
    }

    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_999, "999 kB"),
            (1_500_000, "1.5 MB"),
            (3_000_000_000, "3 GB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
