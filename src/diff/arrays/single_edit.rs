//! Fast path for arrays that differ by a single insertion, deletion or replacement, without a list of elements.

use super::model::Element;
use crate::diff::cursor_pair::{CommonRun, CursorPair, Offsets};
use crate::json::{ElementSpans, separators, value_end};

/// The rest of two arrays, from the first unequal elements on.
pub(in crate::diff) struct SingleEdit<'a> {
    /// The first unequal elements.
    pub first: (Element<'a>, Element<'a>),
    /// Whether one of them was inserted or deleted.
    pub edit: Edit,
    /// Number of equal elements after the edit.
    pub run: usize,
    /// Unequal elements after the run.
    pub pair: Option<(Element<'a>, Element<'a>)>,
    /// Number of equal elements after the pair.
    pub tail: usize,
    /// Offsets after the arrays.
    pub end: Offsets,
    /// The common run after the arrays.
    pub common: CommonRun,
}

/// The edit before the equal elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diff) enum Edit {
    None,
    /// A new element was inserted.
    Insert,
    /// An old element was deleted.
    Delete,
}

impl<'a> CursorPair<'a> {
    /// Compares the rest of two arrays from the first unequal elements on. `None` if there is more than a single edit;
    /// the position of the cursors is then undefined.
    pub fn single_edit(&mut self, split: &ElementSpans<'a>, at: usize) -> Option<SingleEdit<'a>> {
        let mut after_old = split.clone();
        let old = after_old.next()?;
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
        let next = after_old.clone().next()?;
        if self.old.get(next) == Some(new.raw) {
            return self.rest((old, new), Edit::Delete, after_old, at);
        }
        None
    }

    /// Compares the elements after the edit.
    fn rest(
        &mut self,
        first: (Element<'a>, Element<'a>),
        edit: Edit,
        mut split: ElementSpans<'a>,
        at: usize,
    ) -> Option<SingleEdit<'a>> {
        self.seek_and_match(Offsets {
            old: split.at(),
            new: at,
        });
        let run = split.skip_until(self.common.end);
        let (mut pair, mut tail) = (None, 0);
        if split.end().is_none() {
            let at = separators(self.new, self.common.in_new(split.at()));
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
            tail = split.skip_until(self.common.end);
        }
        let end = split.end().filter(|end| *end <= self.common.end)?;
        Some(SingleEdit {
            first,
            edit,
            run,
            pair,
            tail,
            end: Offsets {
                old: end,
                new: self.common.in_new(end),
            },
            common: self.common,
        })
    }
}

fn element(json: &[u8], at: usize, end: usize) -> Element<'_> {
    let raw = json.get(at..end).unwrap_or_default();
    Element { raw, at }
}
