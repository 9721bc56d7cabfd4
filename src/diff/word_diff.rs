//! Word-level diff of two strings in canonical escaped form: Myers' algorithm on words, blanks and punctuation.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::arrays::model::common_ends;
use crate::json::{characters, common_prefix_len, common_suffix_len};

/// Largest number of tokens of both strings that are compared, not counting equal ends.
const MAX_WORDS: usize = 20_000;
/// Largest number of bytes of the longer string that are compared, not counting equal ends.
const MAX_BYTES: usize = 200_000;

/// A segment of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// In both strings.
    Both(&'a str),
    /// Only in the old one.
    Old(&'a str),
    /// Only in the new one.
    New(&'a str),
}

/// The segments of two strings in order, between equal ends of `around` bytes; `None` if less than a quarter is in
/// both, or if they are too long to compare by words.
#[must_use]
pub fn compare<'a>(old: &'a str, new: &'a str, around: usize) -> Option<Vec<Segment<'a>>> {
    let (head, tail) = ends(old, new);
    if old.len().max(new.len()) - head - tail > MAX_BYTES {
        return None;
    }
    let old_middle = words(old.get(head..old.len() - tail)?);
    let new_middle = words(new.get(head..new.len() - tail)?);
    if old_middle.len() + new_middle.len() > MAX_WORDS {
        return None;
    }
    let mut segments = SegmentBuilder {
        old,
        new,
        old_at: 0,
        new_at: 0,
        all: Vec::with_capacity(8),
        common_bytes: 0,
    };
    segments.push_common(head);
    let (first, last) = common_ends(&old_middle, &new_middle, |old, new| old == new);
    segments.push_common(length(old_middle.get(..first)?));
    let old_middle = old_middle.get(first..old_middle.len() - last)?;
    let new_middle = new_middle.get(first..new_middle.len() - last)?;
    if old_middle.is_empty() || new_middle.is_empty() {
        segments.push_unequal(length(old_middle), length(new_middle));
        return segments.finish(around);
    }
    for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
        let (old_words, new_words) = (
            old_middle.get(op.old_range())?,
            new_middle.get(op.new_range())?,
        );
        match op {
            DiffOp::Equal { .. } => segments.push_common(length(old_words)),
            _ => segments.push_unequal(length(old_words), length(new_words)),
        }
    }
    segments.finish(around)
}

/// Number of equal bytes at both ends, up to the blanks next to a difference.
fn ends<'a>(old: &'a str, new: &'a str) -> (usize, usize) {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let head = common_prefix_len(old, new);
    // Not inside or right after an escape.
    let word = |three: &[u8]| matches!(three, [zero, one, b' '] if *one > b' ' && *zero != b'\\');
    let same = old.get(..head).unwrap_or_default();
    let head = same.windows(3).rposition(word).map_or(0, |at| at + 2);
    let rest = |all: &'a [u8]| all.get(head..).unwrap_or_default();
    let tail = common_suffix_len(rest(old), rest(new));
    let same = old.get(old.len() - tail..).unwrap_or_default();
    let begin = same.windows(3).position(word);
    (head, begin.map_or(0, |at| tail - at - 2))
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.len()).sum()
}

struct SegmentBuilder<'a> {
    old: &'a str,
    new: &'a str,
    old_at: usize,
    new_at: usize,
    all: Vec<Segment<'a>>,
    /// Number of bytes that are in both.
    common_bytes: usize,
}

impl<'a> SegmentBuilder<'a> {
    /// The segments, with the rest of both strings; `None` if too little is in both.
    fn finish(mut self, around: usize) -> Option<Vec<Segment<'a>>> {
        self.push_common(self.old.len() - self.old_at);
        let all = self.old.len().max(self.new.len()) + around;
        ((self.common_bytes + around) * 4 >= all).then_some(self.all)
    }

    fn push_common(&mut self, length: usize) {
        // Adjacent common segments are merged.
        let before = match self.all.last() {
            Some(Segment::Both(text)) => text.len(),
            _ => 0,
        };
        if before > 0 {
            self.all.pop();
        }
        let part = self.old.get(self.old_at - before..self.old_at + length);
        self.all
            .extend(part.filter(|part| !part.is_empty()).map(Segment::Both));
        self.old_at += length;
        self.new_at += length;
        self.common_bytes += length;
    }

    fn push_unequal(&mut self, old: usize, new: usize) {
        let part = self.old.get(self.old_at..self.old_at + old);
        self.all
            .extend(part.filter(|part| !part.is_empty()).map(Segment::Old));
        let part = self.new.get(self.new_at..self.new_at + new);
        self.all
            .extend(part.filter(|part| !part.is_empty()).map(Segment::New));
        self.old_at += old;
        self.new_at += new;
    }
}

/// Splits into words, runs of blanks, and single punctuation characters.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(text.len() / 4 + 8);
    let (mut begin, mut before) = (0, Class::Punctuation);
    for (at, c) in characters(text) {
        let class = class(c);
        if at > begin && (class != before || class == Class::Punctuation) {
            words.extend(text.get(begin..at));
            begin = at;
        }
        before = class;
    }
    words.extend(text.get(begin..).filter(|word| !word.is_empty()));
    words
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Blank,
    Punctuation,
}

fn class(c: char) -> Class {
    match c {
        '0'..='9' | 'A'..='Z' | 'a'..='z' | '_' => Class::Word,
        ' ' | '\t'..='\r' => Class::Blank,
        '\0'..='\x7f' => Class::Punctuation,
        c if c.is_alphanumeric() => Class::Word,
        c if c.is_whitespace() => Class::Blank,
        _ => Class::Punctuation,
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment, compare};

    #[test]
    fn segments() {
        let check = |old: &str, new: &str, expected: Option<&str>| {
            let show = |part: &Segment<'_>| match part {
                Segment::Both(text) => (*text).to_owned(),
                Segment::Old(text) => format!("[-{text}-]"),
                Segment::New(text) => format!("{{+{text}+}}"),
            };
            let found = compare(old, new, 0);
            let found = found.map(|segments| segments.iter().map(show).collect::<String>());
            assert_eq!(found.as_deref(), expected, "{old} {new}");
        };
        check(
            "on next week",
            "on this week",
            Some("on [-next-]{+this+} week"),
        );
        check(
            "demo next week",
            "demo on Friday",
            Some("demo [-next-]{+on+} [-week-]{+Friday+}"),
        );
        check("a-b c", "a-b, c", Some("a-b{+,+} c"));
        check(
            "über alle Berge",
            "über alle Täler",
            Some("über alle [-Berge-]{+Täler+}"),
        );
        check("same same", "same same same", Some("same same{+ same+}"));
        check("all of it", "something else", None);
        check("a bb cc dd", "a bb cd dd", Some("a bb [-cc-]{+cd+} dd"));
        check(
            "one two  three",
            "one two three",
            Some("one two[-  -]{+ +}three"),
        );
        check(
            r"all \n of it",
            r"all \n\n of it",
            Some(r"all[- \n -]{+ \n\n +}of it"),
        );
        check(
            r#"a \"b\" c"#,
            r#"a \"d\" c"#,
            Some(r#"a \"[-b-]{+d+}\" c"#),
        );
        check(r"one\\ two", r"one\\\\ two", Some(r"one\\{+\\+} two"));
        check("", "", Some(""));
        check("x", "", None);
    }
}
