//! Arrays with a single insertion, deletion or replacement, compared on raw bytes without a list of elements.

use super::model::Element;
use crate::diff::cursor_pair::{Aligned, CursorPair, Offsets};
use crate::json::{ElementSpans, separators, value_end};

/// The rest of two arrays, from the first elements on that are not equal.
pub(in crate::diff) struct SingleEdit<'a> {
    /// These two.
    pub first: (Element<'a>, Element<'a>),
    /// Whether one of them has no other one.
    pub shift: Edit,
    /// So many equal ones follow,
    pub run: usize,
    /// then two that are not equal,
    pub pair: Option<(Element<'a>, Element<'a>)>,
    /// then equal ones: their number.
    pub tail: usize,
    /// Behind the arrays.
    pub end: Offsets,
    /// The common run after the arrays.
    pub aligned: Aligned,
}

/// The edit before the equal elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diff) enum Edit {
    None,
    /// A new element was inserted.
    Insert,
    /// An old one went.
    Delete,
}

impl<'a> CursorPair<'a> {
    /// Compares the rest of two arrays from the first unequal elements on; `None` if there is more than a single
    /// edit, with the cursors anywhere.
    pub fn single_edit(&mut self, split: &ElementSpans<'a>, at: usize) -> Option<SingleEdit<'a>> {
        let mut behind = split.clone();
        let old = behind.next()?;
        let old = element(self.old, old.start, old.end);
        let new = element(self.new, at, value_end(self.new, at)?);
        let found = self.rest((old, new), Edit::None, split.clone(), at);
        if found.is_some() {
            return found;
        }
        let after = separators(self.new, at + new.raw.len());
        let next = value_end(self.new, after).and_then(|end| self.new.get(after..end));
        if next == Some(old.raw) {
            return self.rest((old, new), Edit::Insert, split.clone(), after);
        }
        let next = behind.clone().next()?;
        if self.old.get(next) == Some(new.raw) {
            return self.rest((old, new), Edit::Delete, behind, at);
        }
        None
    }

    /// The same from the next elements on.
    fn rest(
        &mut self,
        first: (Element<'a>, Element<'a>),
        shift: Edit,
        mut split: ElementSpans<'a>,
        at: usize,
    ) -> Option<SingleEdit<'a>> {
        self.seek_and_match(Offsets {
            old: split.at(),
            new: at,
        });
        let run = split.skip_until(self.aligned.end);
        let (mut pair, mut tail) = (None, 0);
        if split.end().is_none() {
            let at = separators(self.new, self.aligned.in_new(split.at()));
            let end = value_end(self.new, at)?;
            let old = split.next()?;
            pair = Some((
                element(self.old, old.start, old.end),
                element(self.new, at, end),
            ));
            self.seek_and_match(Offsets {
                old: old.end,
                new: end,
            });
            tail = split.skip_until(self.aligned.end);
        }
        let end = split.end().filter(|end| *end <= self.aligned.end)?;
        Some(SingleEdit {
            first,
            shift,
            run,
            pair,
            tail,
            end: Offsets {
                old: end,
                new: self.aligned.in_new(end),
            },
            aligned: self.aligned,
        })
    }
}

fn element(json: &[u8], at: usize, end: usize) -> Element<'_> {
    let raw = json.get(at..end).unwrap_or_default();
    Element { raw, at }
}
