//! Which words of two texts differ, in the spelling of `json::spelled`. The same algorithm as for arrays, on words, blanks
//! and single signs. How the words are printed and where they are cut is left to `view`.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::arrays::same_ends;
use crate::json::{characters, common, common_end};

/// So many words and signs of both texts together are compared, not counting equal ends.
const MOST_WORDS: usize = 20_000;
/// Longer texts have too many words, not counting equal ends.
const MOST_BYTES: usize = 200_000;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// In both texts.
    Both(&'a str),
    /// Only in the old one.
    Old(&'a str),
    /// Only in the new one.
    New(&'a str),
}

/// The parts of two texts in order, around which so many bytes are the same, too; `None` where less than a quarter of
/// all is in both, or where they are so long that comparing their words would take too much.
#[must_use]
pub fn compare<'a>(old: &'a str, new: &'a str, around: usize) -> Option<Vec<Part<'a>>> {
    let (head, tail) = ends(old, new);
    if old.len().max(new.len()) - head - tail > MOST_BYTES {
        return None;
    }
    let old_middle = words(old.get(head..old.len() - tail)?);
    let new_middle = words(new.get(head..new.len() - tail)?);
    if old_middle.len() + new_middle.len() > MOST_WORDS {
        return None;
    }
    let mut parts = Parts {
        old,
        new,
        old_at: 0,
        new_at: 0,
        all: Vec::with_capacity(8),
        both: 0,
    };
    parts.both(head);
    let (first, last) = same_ends(&old_middle, &new_middle, |old, new| old == new);
    parts.both(length(old_middle.get(..first)?));
    let old_middle = old_middle.get(first..old_middle.len() - last)?;
    let new_middle = new_middle.get(first..new_middle.len() - last)?;
    if old_middle.is_empty() || new_middle.is_empty() {
        parts.only(length(old_middle), length(new_middle));
        return parts.enough(around);
    }
    for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
        let (old_words, new_words) = (
            old_middle.get(op.old_range())?,
            new_middle.get(op.new_range())?,
        );
        match op {
            DiffOp::Equal { .. } => parts.both(length(old_words)),
            _ => parts.only(length(old_words), length(new_words)),
        }
    }
    parts.enough(around)
}

/// How many bytes are the same at both ends, up to the blanks next to what is not.
fn ends<'a>(old: &'a str, new: &'a str) -> (usize, usize) {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let head = common(old, new);
    // Neither in nor behind an escape.
    let word = |three: &[u8]| matches!(three, [zero, one, b' '] if *one > b' ' && *zero != b'\\');
    let same = old.get(..head).unwrap_or_default();
    let head = same.windows(3).rposition(word).map_or(0, |at| at + 2);
    let rest = |all: &'a [u8]| all.get(head..).unwrap_or_default();
    let tail = common_end(rest(old), rest(new));
    let same = old.get(old.len() - tail..).unwrap_or_default();
    let begin = same.windows(3).position(word);
    (head, begin.map_or(0, |at| tail - at - 2))
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.len()).sum()
}

struct Parts<'a> {
    old: &'a str,
    new: &'a str,
    old_at: usize,
    new_at: usize,
    all: Vec<Part<'a>>,
    /// Bytes that are in both.
    both: usize,
}

impl<'a> Parts<'a> {
    /// The parts, with what is left in both texts; `None` where too little is in both.
    fn enough(mut self, around: usize) -> Option<Vec<Part<'a>>> {
        self.both(self.old.len() - self.old_at);
        let all = self.old.len().max(self.new.len()) + around;
        ((self.both + around) * 4 >= all).then_some(self.all)
    }

    fn both(&mut self, length: usize) {
        // What follows something that is in both is one part with it.
        let before = match self.all.last() {
            Some(Part::Both(text)) => text.len(),
            _ => 0,
        };
        if before > 0 {
            self.all.pop();
        }
        let part = self.old.get(self.old_at - before..self.old_at + length);
        self.all
            .extend(part.filter(|part| !part.is_empty()).map(Part::Both));
        self.old_at += length;
        self.new_at += length;
        self.both += length;
    }

    fn only(&mut self, old: usize, new: usize) {
        let part = self.old.get(self.old_at..self.old_at + old);
        self.all
            .extend(part.filter(|part| !part.is_empty()).map(Part::Old));
        let part = self.new.get(self.new_at..self.new_at + new);
        self.all
            .extend(part.filter(|part| !part.is_empty()).map(Part::New));
        self.old_at += old;
        self.new_at += new;
    }
}

/// Words, runs of blanks, and single signs.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::with_capacity(text.len() / 4 + 8);
    let (mut begin, mut before) = (0, Class::Sign);
    for (at, c) in characters(text) {
        let class = class(c);
        if at > begin && (class != before || class == Class::Sign) {
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
    Sign,
}

fn class(c: char) -> Class {
    match c {
        '0'..='9' | 'A'..='Z' | 'a'..='z' | '_' => Class::Word,
        ' ' | '\t'..='\r' => Class::Blank,
        '\0'..='\x7f' => Class::Sign,
        c if c.is_alphanumeric() => Class::Word,
        c if c.is_whitespace() => Class::Blank,
        _ => Class::Sign,
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, compare};

    #[test]
    fn parts() {
        let check = |old: &str, new: &str, expected: Option<&str>| {
            let show = |part: &Part<'_>| match part {
                Part::Both(text) => (*text).to_owned(),
                Part::Old(text) => format!("[-{text}-]"),
                Part::New(text) => format!("{{+{text}+}}"),
            };
            let found = compare(old, new, 0);
            let found = found.map(|parts| parts.iter().map(show).collect::<String>());
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
