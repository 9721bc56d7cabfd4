//! Long texts of which some words changed: `demo [-next-]{+on+} Friday`, with what is the same cut short.
//! Which words changed is told in `diff::words`.

use super::value::size;
use crate::diff::word_diff::{Segment, compare};
use crate::json::{
    char_count, common_prefix_len, common_suffix_len, escaped_body, prefix, raw_body, suffix,
};
use crate::view::View;
use crate::view::escape;
use crate::view::escape::Spelling;
use crate::view::styles::Ink;

/// Texts longer than this, in bytes, are compared word by word.
const LONG: usize = 60;
/// What is the same is cut to so many characters at each change.
const KEPT: usize = 18;
/// More characters than this are cut.
const LEAST: usize = 2 * KEPT;
/// So many bytes tell whether there are more.
const WINDOW: usize = 48;
/// So many of these bytes hold what is shown of them, and as many that may be no characters of their own.
const NEAR: usize = KEPT + WINDOW - LEAST;
/// The most characters of one text.
const MOST: usize = 400;

/// Appends two long texts as one; `false`, and nothing, where they are not texts, not long, or have little in common.
pub(super) fn push(old: &[u8], new: &[u8], view: &View, out: &mut Vec<u8>) -> bool {
    if old.len().max(new.len()) <= LONG + 2 {
        return false;
    }
    let (Some(old_inside), Some(new_inside)) = (raw_body(old), raw_body(new)) else {
        return false;
    };
    let far = if view.diff.full {
        Far::default()
    } else {
        Far::of(old_inside, new_inside)
    };
    push_near((old_inside, new_inside), far, view, out)
}

/// Appends two texts, inside their quotes, of which so much is not looked at.
fn push_near((old, new): (&[u8], &[u8]), far: Far, view: &View, out: &mut Vec<u8>) -> bool {
    let near = |inside| escaped_body(far.cut(inside));
    let (Some(old_text), Some(new_text)) = (near(old), near(new)) else {
        return false;
    };
    let Some(parts) = compare(&old_text, &new_text, far.head + far.tail) else {
        return false;
    };
    let mut writer = Writer {
        view,
        far,
        left: if view.diff.full { usize::MAX } else { MOST },
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

/// How many bytes at either end of two texts, inside their quotes, are the same and too far from what is not to be shown.
#[derive(Debug, Default, Clone, Copy)]
struct Far {
    head: usize,
    tail: usize,
}

impl Far {
    /// Cuts before blanks, which are in no escape and begin a word of their own.
    fn of(old: &[u8], new: &[u8]) -> Far {
        let equal = common_prefix_len(old, new);
        let (head, rest) = old.split_at(equal);
        let tail = common_suffix_len(rest, new.get(equal..).unwrap_or_default());
        let tail = rest.get(rest.len() - tail..).unwrap_or_default();
        Far {
            head: far_head(head).unwrap_or(0),
            tail: far_tail(tail).unwrap_or(0),
        }
    }

    fn cut(self, inside: &[u8]) -> &[u8] {
        let near = inside.get(self.head..inside.len() - self.tail);
        near.unwrap_or(inside)
    }
}

/// How much of an equal beginning need not be looked at, if that is long.
fn far_head(head: &[u8]) -> Option<usize> {
    let word = memchr::memrchr(b' ', head)?;
    let window = head.get(..word)?.last_chunk::<WINDOW>()?;
    let blank = memchr::memrchr(b' ', window.get(..WINDOW - NEAR)?)?;
    has_enough(window).then_some(word - WINDOW + blank)
}

/// The same for an equal end.
fn far_tail(tail: &[u8]) -> Option<usize> {
    let word = memchr::memchr(b' ', tail)?;
    let window = tail.get(word..)?.first_chunk::<WINDOW>()?;
    let blank = NEAR + memchr::memchr(b' ', window.get(NEAR..)?)?;
    has_enough(window).then_some(tail.len() - word - blank)
}

/// Whether more than [`LEAST`] bytes are characters of their own, since few are in escapes or outside ASCII.
fn has_enough(window: &[u8; WINDOW]) -> bool {
    let lost = |byte: &u8| u8::from(*byte == b'\\') + u8::from(!byte.is_ascii());
    let lost = window.iter().map(lost).fold(0, u8::wrapping_add);
    let pairs = window.iter().zip(window.get(1..).unwrap_or_default());
    let number = |byte: u8, next: u8| u8::from(byte == b'\\') & u8::from(next == b'u');
    let numbers = pairs.fold(0, |any, (byte, next)| any | number(*byte, *next));
    usize::from(lost) < WINDOW - LEAST && numbers == 0
}

struct Writer<'w> {
    view: &'w View,
    far: Far,
    /// How many characters may still be written.
    left: usize,
    out: &'w mut Vec<u8>,
}

impl Writer<'_> {
    /// `false` where the room is used up.
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
        let cut = (begins && self.far.head > 0) || (ends && self.far.tail > 0);
        if self.view.diff.full || !(cut || prefix(text, LEAST).len() < text.len()) {
            return self.write(text);
        }
        if !begins {
            self.write(prefix(text, KEPT));
        }
        self.out.extend_from_slice("…".as_bytes());
        if !ends {
            self.write(suffix(text, KEPT));
        }
    }

    fn marked(&mut self, open: &str, text: &str, close: &str, ink: Ink) {
        self.out.extend_from_slice(ink.on());
        self.out.extend_from_slice(open.as_bytes());
        self.write(text);
        self.out.extend_from_slice(close.as_bytes());
        self.out.extend_from_slice(ink.off());
    }

    /// Writes a text as far as there is room.
    fn write(&mut self, text: &str) {
        let shown = prefix(text, self.left);
        escape::push_str(shown, Spelling::Json, self.out);
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
            format: Format::Diff,
            styles: Styles::new(true),
            coloured: true,
            terminal: false,
            width: None,
            clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
            diff: Options::default(),
        }
    }

    fn show(old: &str, new: &str, far: Far) -> Option<String> {
        let mut out = Vec::new();
        let shown = push_near((old.as_bytes(), new.as_bytes()), far, &view(), &mut out);
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
        /// What is not looked at changes nothing.
        #[test]
        fn what_is_far_is_not_missed(head in text(), old in "[a-c ]{0,9}", new in "[a-c ]{0,9}", tail in text()) {
            let (old, new) = (format!("{head}{old}{tail}"), format!("{head}{new}{tail}"));
            let far = Far::of(old.as_bytes(), new.as_bytes());
            prop_assert_eq!(show(&old, &new, far), show(&old, &new, Far::default()));
        }
    }

    #[test]
    fn long_texts_are_far() {
        let check = |old: &str, new: &str, any: bool| {
            let far = Far::of(old.as_bytes(), new.as_bytes());
            assert_eq!(far.head > 0 && far.tail > 0, any, "{old}");
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
