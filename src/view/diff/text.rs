//! Word diff of long strings, with unchanged context elided: `demo [-next-]{+on+} Friday`.

use crate::diff::word_diff::{Segment, compare};
use crate::json::{
    char_count, common_prefix_len, common_suffix_len, escaped_body, prefix, raw_body, suffix,
};
use crate::view::escape;
use crate::view::escape::EscapeStyle;
use crate::view::model::View;
use crate::view::styles::Ink;
use crate::view::value::size;

/// Strings longer than this are compared word by word.
const MIN_LONG_BYTES: usize = 60;
/// Unchanged characters that are shown next to a change.
const CONTEXT_CHARS: usize = 18;
/// Unchanged parts longer than this are elided.
const MIN_CUT_CHARS: usize = 2 * CONTEXT_CHARS;
/// Bytes that are examined to decide whether a common part is longer than that.
const WINDOW_BYTES: usize = 48;
/// Bytes next to a change that contain its context, even if the window has the maximum of escapes and multi-byte
/// characters.
const NEAR_BYTES: usize = CONTEXT_CHARS + WINDOW_BYTES - MIN_CUT_CHARS;
/// Maximum number of characters of one string.
const MAX_CHARS: usize = 400;

/// Appends two long strings as one; `false`, and nothing, if they are not strings, not long, or have little in
/// common.
pub(super) fn push(old: &[u8], new: &[u8], view: &View, out: &mut Vec<u8>) -> bool {
    if old.len().max(new.len()) <= MIN_LONG_BYTES + 2 {
        return false;
    }
    let (Some(old_inside), Some(new_inside)) = (raw_body(old), raw_body(new)) else {
        return false;
    };
    let elided = if view.diff.full {
        ElidedContext::default()
    } else {
        ElidedContext::new(old_inside, new_inside)
    };
    push_elided((old_inside, new_inside), elided, view, out)
}

/// Appends two string bodies, of which the elided context is not read.
fn push_elided(
    (old, new): (&[u8], &[u8]),
    elided: ElidedContext,
    view: &View,
    out: &mut Vec<u8>,
) -> bool {
    let shown_part = |inside| escaped_body(elided.cut(inside));
    let (Some(old_text), Some(new_text)) = (shown_part(old), shown_part(new)) else {
        return false;
    };
    let Some(parts) = compare(&old_text, &new_text, elided.head + elided.tail) else {
        return false;
    };
    let mut writer = Writer {
        view,
        elided,
        left: if view.diff.full {
            usize::MAX
        } else {
            MAX_CHARS
        },
        out,
    };
    writer.out.push(b'"');
    let last = parts.len().saturating_sub(1);
    let complete = parts
        .iter()
        .enumerate()
        .all(|(at, part)| writer.part(part, at == 0, at == last));
    out.push(b'"');
    if !complete {
        let sizes = format!(" ({} → {})", size(old.len() + 2), size(new.len() + 2));
        out.extend_from_slice(sizes.as_bytes());
    }
    true
}

/// Equal bytes at either end of two string bodies that are too far from a difference to be shown.
#[derive(Debug, Default, Clone, Copy)]
struct ElidedContext {
    head: usize,
    tail: usize,
}

impl ElidedContext {
    /// Cuts before blanks: they are never inside an escape, and each begins a new word.
    fn new(old: &[u8], new: &[u8]) -> ElidedContext {
        let equal = common_prefix_len(old, new);
        let (head, rest) = old.split_at(equal);
        let tail = common_suffix_len(rest, new.get(equal..).unwrap_or_default());
        let tail = rest.get(rest.len() - tail..).unwrap_or_default();
        ElidedContext {
            head: elided_prefix(head).unwrap_or(0),
            tail: elided_suffix(tail).unwrap_or(0),
        }
    }

    fn cut(self, inside: &[u8]) -> &[u8] {
        let shown_part = inside.get(self.head..inside.len() - self.tail);
        shown_part.unwrap_or(inside)
    }
}

/// Number of bytes of a long common prefix that need not be read.
fn elided_prefix(head: &[u8]) -> Option<usize> {
    let word = memchr::memrchr(b' ', head)?;
    let window = head.get(..word)?.last_chunk::<WINDOW_BYTES>()?;
    let blank = memchr::memrchr(b' ', window.get(..WINDOW_BYTES - NEAR_BYTES)?)?;
    has_enough(window).then_some(word - WINDOW_BYTES + blank)
}

/// Number of bytes of a long common suffix that need not be read.
fn elided_suffix(tail: &[u8]) -> Option<usize> {
    let word = memchr::memchr(b' ', tail)?;
    let window = tail.get(word..)?.first_chunk::<WINDOW_BYTES>()?;
    let blank = NEAR_BYTES + memchr::memchr(b' ', window.get(NEAR_BYTES..)?)?;
    has_enough(window).then_some(tail.len() - word - blank)
}

/// Whether the window surely has more than [`MIN_CUT_CHARS`] characters: few escapes, few bytes outside ASCII, and no
/// `\u` escape.
fn has_enough(window: &[u8; WINDOW_BYTES]) -> bool {
    let excess = |byte: &u8| u8::from(*byte == b'\\') + u8::from(!byte.is_ascii());
    let excess = window.iter().map(excess).fold(0, u8::wrapping_add);
    let pairs = window.iter().zip(window.get(1..).unwrap_or_default());
    let unicode = |byte: u8, next: u8| u8::from(byte == b'\\') & u8::from(next == b'u');
    let unicode = pairs.fold(0, |any, (byte, next)| any | unicode(*byte, *next));
    usize::from(excess) < WINDOW_BYTES - MIN_CUT_CHARS && unicode == 0
}

struct Writer<'w> {
    view: &'w View,
    elided: ElidedContext,
    /// Number of characters that may still be written.
    left: usize,
    out: &'w mut Vec<u8>,
}

impl Writer<'_> {
    /// `false` if the space is used up.
    fn part(&mut self, part: &Segment<'_>, begins: bool, ends: bool) -> bool {
        let styles = self.view.styles;
        match *part {
            Segment::Both(text) => self.both(text, begins, ends),
            Segment::Old(text) => self.marked("[-", text, "-]", styles.remove),
            Segment::New(text) => self.marked("{+", text, "+}", styles.insert),
        }
        self.left > 0
    }

    fn both(&mut self, text: &str, begins: bool, ends: bool) {
        let cut = (begins && self.elided.head > 0) || (ends && self.elided.tail > 0);
        if self.view.diff.full || !(cut || prefix(text, MIN_CUT_CHARS).len() < text.len()) {
            return self.write(text);
        }
        if !begins {
            self.write(prefix(text, CONTEXT_CHARS));
        }
        self.out.extend_from_slice("…".as_bytes());
        if !ends {
            self.write(suffix(text, CONTEXT_CHARS));
        }
    }

    fn marked(&mut self, open: &str, text: &str, close: &str, ink: Ink) {
        self.out.extend_from_slice(ink.on());
        self.out.extend_from_slice(open.as_bytes());
        self.write(text);
        self.out.extend_from_slice(close.as_bytes());
        self.out.extend_from_slice(ink.off());
    }

    /// Writes as much of a string as fits.
    fn write(&mut self, text: &str) {
        let shown = prefix(text, self.left);
        escape::push_str(shown, EscapeStyle::Json, self.out);
        if shown.len() < text.len() {
            self.out.extend_from_slice("…".as_bytes());
        }
        self.left = self.left.saturating_sub(char_count(text));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diff::Options;
    use crate::view::{Format, Styles, WallClock};

    fn view() -> View {
        View {
            format: Format::Diff.into(),
            styles: Styles::new(true),
            coloured: true,
            terminal: false,
            width: None,
            clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
            diff: Options::default(),
        }
    }

    fn format(old: &str, new: &str, elided: ElidedContext) -> Option<String> {
        let mut out = Vec::new();
        let shown = push_elided((old.as_bytes(), new.as_bytes()), elided, &view(), &mut out);
        shown.then(|| String::from_utf8_lossy(&out).into_owned())
    }

    fn text() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            8 => "[a-z]{1,9}",
            1 => Just("\\n".to_owned()),
            1 => Just("\\\"so\\\"".to_owned()),
            1 => Just("\\\\".to_owned()),
            1 => Just("Zürich".to_owned()),
            1 => Just("\\u00e9".to_owned()),
            1 => Just("a,b;c".to_owned()),
        ];
        let gap = prop_oneof![8 => Just(" "), 1 => Just(""), 1 => Just("  ")];
        proptest::collection::vec((word, gap), 0..40)
            .prop_map(|all| all.into_iter().map(|(word, gap)| word + gap).collect())
    }

    proptest! {
        #[test]
        fn eliding_changes_no_output(head in text(), old in "[a-c ]{0,9}", new in "[a-c ]{0,9}", tail in text()) {
            let (old, new) = (format!("{head}{old}{tail}"), format!("{head}{new}{tail}"));
            let elided = ElidedContext::new(old.as_bytes(), new.as_bytes());
            prop_assert_eq!(format(&old, &new, elided), format(&old, &new, ElidedContext::default()));
        }
    }

    #[test]
    fn long_common_context_is_elided() {
        let check = |old: &str, new: &str, any: bool| {
            let elided = ElidedContext::new(old.as_bytes(), new.as_bytes());
            assert_eq!(elided.head > 0 && elided.tail > 0, any, "{old}");
        };
        let words = "some words ".repeat(20);
        check(
            &format!("{words}old {words}"),
            &format!("{words}new {words}"),
            true,
        );
        let numbers = "\\u0020x ".repeat(20);
        check(
            &format!("{numbers}old {numbers}"),
            &format!("{numbers}new {numbers}"),
            false,
        );
        let one = "a".repeat(200);
        check(&format!("{one}b{one}"), &format!("{one}c{one}"), false);
    }
}
