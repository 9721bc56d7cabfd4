//! Arrays of which little differs, as most that change: told from their bytes, without a list of their elements.
//! What becomes of the elements is left to `lockstep`; `arrays` finds the same where more differs.

use super::Element;
use crate::diff::cursor_pair::{Abreast, Aligned, Both};
use crate::json::{Split, separators, value_end};

/// The rest of two arrays, from the first elements on that are not equal.
pub(in crate::diff) struct Nearly<'a> {
    /// These two.
    pub first: (Element<'a>, Element<'a>),
    /// Whether one of them has no other one.
    pub shift: Shift,
    /// So many equal ones follow,
    pub run: usize,
    /// then two that are not equal,
    pub pair: Option<(Element<'a>, Element<'a>)>,
    /// then so many equal ones.
    pub tail: usize,
    /// Behind the arrays.
    pub end: Both,
    /// How far both documents are equal there.
    pub aligned: Aligned,
}

/// What happened before the elements that are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diff) enum Shift {
    Nothing,
    /// A new element came.
    Came,
    /// An old one went.
    Went,
}

impl<'a> Abreast<'a> {
    /// Compares what follows in two arrays from here on, where the elements begin that are not equal; `None` where more
    /// than that differs. Stands anywhere then.
    pub fn nearly(&mut self, split: &Split<'a>, at: usize) -> Option<Nearly<'a>> {
        let mut behind = split.clone();
        let old = behind.next()?;
        let old = element(self.old, old.start, old.end);
        let new = element(self.new, at, value_end(self.new, at)?);
        let found = self.rest((old, new), Shift::Nothing, split.clone(), at);
        if found.is_some() {
            return found;
        }
        let after = separators(self.new, at + new.raw.len());
        let next = value_end(self.new, after).and_then(|end| self.new.get(after..end));
        if next == Some(old.raw) {
            return self.rest((old, new), Shift::Came, split.clone(), after);
        }
        let next = behind.clone().next()?;
        if self.old.get(next) == Some(new.raw) {
            return self.rest((old, new), Shift::Went, behind, at);
        }
        None
    }

    /// The same from the next elements on.
    fn rest(
        &mut self,
        first: (Element<'a>, Element<'a>),
        shift: Shift,
        mut split: Split<'a>,
        at: usize,
    ) -> Option<Nearly<'a>> {
        self.align_at(Both {
            old: split.at(),
            new: at,
        });
        let run = split.pass_before(self.aligned.end);
        let (mut pair, mut tail) = (None, 0);
        if split.end().is_none() {
            let at = separators(self.new, self.aligned.in_new(split.at()));
            let end = value_end(self.new, at)?;
            let old = split.next()?;
            pair = Some((
                element(self.old, old.start, old.end),
                element(self.new, at, end),
            ));
            self.align_at(Both {
                old: old.end,
                new: end,
            });
            tail = split.pass_before(self.aligned.end);
        }
        let end = split.end().filter(|end| *end <= self.aligned.end)?;
        Some(Nearly {
            first,
            shift,
            run,
            pair,
            tail,
            end: Both {
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
