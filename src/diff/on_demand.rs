//! Streaming comparison of two raw documents in one pass (on demand, like simdjson): common runs are skipped at memory
//! speed. Objects whose keys have another order are compared by tapes, with the same result.

use super::arrays;
use super::arrays::bit_lcs::BitLcs;
use super::arrays::comparator::{Comparator, Context};
use super::arrays::elements::{Elements, UnequalMiddle, agreeing_fields, span};
use super::arrays::interning;
use super::arrays::interning::{InternByBytes, Interned};
use super::arrays::model::{Element, ElementLists};
use super::arrays::single_edit::{Edit, SingleEdit};
use super::builder::DiffLength;
use super::by_tape::TapeCompare;
use super::cursor_pair::{CursorPair, Next, NextValue, Offsets};
use super::equality::{half_agree, same_values};
use super::hash::Key;
use super::members::KeyFilter;
use super::model::{Diff, Options};
use super::path::{PlaceId, Step};
use super::tape::{MAX_DEPTH, Tape, ValueType};
use crate::json::{ElementSpans, common_prefix_len, is_canonical, separators};

/// The changes between two documents; `None` if streaming would cost too much, or if the bytes are not JSON.
pub(super) fn documents<'a>(
    old: &'a [u8],
    new: &'a [u8],
    key: Key,
    options: &Options,
) -> Option<Diff<'a>> {
    let (old, new) = (old.trim_ascii(), new.trim_ascii());
    let mut compare = StreamingCompare {
        walk: CursorPair::new(old, new),
        context: Context {
            diff: Diff::with_capacity(),
            options,
            key,
        },
    };
    compare.value(0, 0)?;
    let Offsets { old: one, new: two } = compare.walk.at;
    (one == old.len() && two == new.len()).then_some(compare.context.diff)
}

struct StreamingCompare<'a, 'o> {
    walk: CursorPair<'a>,
    context: Context<'a, 'o>,
}

impl<'a> StreamingCompare<'a, '_> {
    fn skip_equal(&mut self, end: usize) {
        self.walk.at = self.walk.at.forward(end - self.walk.at.old);
        self.context.diff.unchanged += 1;
    }

    /// Compares the values at the cursors. A value in which nothing changed counts as one.
    fn value(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        match self.walk.next_value()? {
            NextValue::Equal(end) => self.skip_equal(end),
            NextValue::Differs => self.compare_unequal(place, depth)?,
        }
        Some(())
    }

    fn compare_unequal(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (changes, unchanged) = (self.context.diff.changes.len(), self.context.diff.unchanged);
        match self.walk.bytes() {
            (Some(b'{'), Some(b'{')) if depth < MAX_DEPTH => self.object(place, depth)?,
            (Some(b'['), Some(b'[')) if depth < MAX_DEPTH => self.array(place, depth)?,
            _ => return self.leaf(place, depth),
        }
        if self.context.diff.changes.len() == changes {
            self.context.diff.unchanged = unchanged + 1;
        }
        Some(())
    }

    /// Values that are not both arrays or objects, or too deep to be taken apart.
    fn leaf(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let end = self.walk.ends()?;
        let (old, new) = self.walk.spans(self.walk.at, end)?;
        self.walk.seek_and_match(end);
        if old == new {
            self.context.diff.unchanged += 1;
            return Some(());
        }
        let kind = |raw| ValueType::classify_at(depth, raw);
        self.context
            .diff
            .push_leaf((old, kind(old)), (new, kind(new)), place);
        Some(())
    }

    fn object(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (start, before) = (self.walk.at, self.context.diff.length());
        let mut keys = KeyFilter::default();
        self.walk.at = self.walk.at.forward(1);
        loop {
            let key = match self.walk.next_field(&mut keys)? {
                Next::Value(key) => key,
                Next::KeysDiffer => return self.compare_by_tapes(start, before, place, depth),
                Next::End => break,
            };
            match self.walk.next_value()? {
                NextValue::Equal(end) => self.skip_equal(end),
                NextValue::Differs => {
                    let place = self.context.diff.place(place, Step::Key(key));
                    self.compare_unequal(place, depth + 1)?;
                }
            }
        }
        self.walk.seek_and_match(self.walk.at.forward(1));
        Some(())
    }

    /// Compares two objects with another order of keys, or keys that may occur twice, by tapes.
    fn compare_by_tapes(
        &mut self,
        start: Offsets,
        before: DiffLength,
        place: PlaceId,
        depth: usize,
    ) -> Option<()> {
        self.context.diff.truncate_to(before);
        self.walk.at = start;
        let end = self.walk.ends()?;
        let (old, new) = self.walk.spans(start, end)?;
        self.walk.spend_budget(old.len() + new.len())?;
        self.compare_tapes((old, new), place, depth);
        self.walk.seek_and_match(end);
        Some(())
    }

    fn compare_tapes(&mut self, (old, new): (&'a [u8], &'a [u8]), place: PlaceId, depth: usize) {
        let (old, new) = (Tape::at_depth(depth, old), Tape::at_depth(depth, new));
        let mut compare = TapeCompare {
            old: &old,
            new: &new,
            context: Context {
                diff: std::mem::take(&mut self.context.diff),
                ..self.context
            },
            depth,
        };
        compare.values(Tape::ROOT, Tape::ROOT, place);
        self.context.diff = compare.context.diff;
    }

    fn array(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let start = self.walk.at;
        let mut split = ElementSpans::new(self.walk.old, start.old + 1);
        let head = split.skip_until(self.walk.common.end);
        let rest = separators(self.walk.new, self.walk.common.in_new(split.at()));
        if let Some(found) = self.walk.single_edit(&split, rest)
            && self.single_edit(&found, head, place, depth + 1)?
        {
            return Some(());
        }
        let middle = UnequalMiddle::new(
            Elements::new(self.walk.old, split)?,
            Elements::new(self.walk.new, ElementSpans::new(self.walk.new, rest))?,
        );
        let whole = self.walk.spans(start, middle.end)?;
        if self.are_equal(middle.first, depth + 1)? {
            // Equal except for the spelling: the common prefix must be found by value, which needs tapes.
            self.walk.spend_budget(whole.0.len() + whole.1.len())?;
            self.compare_tapes(whole, place, depth);
        } else {
            self.context.diff.unchanged += head + middle.equal;
            let lists = ElementLists {
                before: (head + middle.before, head + middle.before),
                olds: &middle.olds,
                news: &middle.news,
                depth: depth + 1,
            };
            let tail = self.equal_suffix_len(&lists);
            arrays::compare(self, &lists, (0, tail), whole, place)?;
        }
        self.walk.seek_and_match(middle.end);
        Some(())
    }

    /// Adds the changes of arrays with a single edit; `false`, and no change, if a list of elements is needed.
    fn single_edit(
        &mut self,
        found: &SingleEdit<'a>,
        head: usize,
        place: PlaceId,
        depth: usize,
    ) -> Option<bool> {
        let (first, pair) = (found.first, found.pair);
        let is_shifted = found.edit != Edit::None;
        if is_shifted && self.are_equal(Some(first), depth)? {
            return Some(false);
        }
        let (olds, news) = (pair.map(|pair| [pair.0]), pair.map(|pair| [pair.1]));
        let (deleted, inserted) = (found.edit == Edit::Delete, found.edit == Edit::Insert);
        let lists = ElementLists {
            olds: olds.as_ref().map_or(&[], |one| one),
            news: news.as_ref().map_or(&[], |one| one),
            before: (
                head + usize::from(deleted) + found.run,
                head + usize::from(inserted) + found.run,
            ),
            depth,
        };
        let is_moved = pair.is_some_and(|(old, new)| match found.edit {
            Edit::None => false,
            Edit::Insert => old.raw == first.1.raw,
            Edit::Delete => new.raw == first.0.raw,
        });
        if is_moved {
            return Some(false);
        }
        let are_versions = pair.is_none() || arrays::same_identity(self, &lists, place);
        if !are_versions && is_shifted {
            return Some(false);
        }
        self.context.diff.unchanged += head + found.run + found.tail;
        arrays::push_edit(self, found.edit, first, head, place);
        arrays::push_pair(self, are_versions, &lists, place)?;
        self.walk.at = found.end;
        self.walk.common = found.common;
        Some(true)
    }

    /// Whether two elements are equal with another spelling.
    fn are_equal(
        &mut self,
        pair: Option<(Element<'a>, Element<'a>)>,
        depth: usize,
    ) -> Option<bool> {
        let Some((old, new)) = pair else {
            return Some(false);
        };
        self.walk.spend_budget(old.raw.len() + new.raw.len())?;
        Some(same_values(old.raw, new.raw, depth, self.context.key))
    }

    /// Length of the equal suffix; the first elements of both lists are unequal.
    fn equal_suffix_len(&self, lists: &ElementLists<'_, 'a>) -> usize {
        let (olds, news) = (lists.olds.len(), lists.news.len());
        let max = olds.min(news) - usize::from(olds == news && olds > 0);
        let pairs = lists.olds.iter().rev().zip(lists.news.iter().rev());
        let same = |(old, new): &(&Element<'_>, &Element<'_>)| {
            same_values(old.raw, new.raw, lists.depth, self.context.key)
        };
        pairs.take(max).take_while(same).count()
    }
}

impl<'a, 'o> Comparator<'a, 'o> for StreamingCompare<'a, 'o> {
    fn context(&mut self) -> &mut Context<'a, 'o> {
        &mut self.context
    }

    fn bit_lcs(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<BitLcs> {
        let plain =
            || is_canonical(span(self.walk.old, olds)) && is_canonical(span(self.walk.new, news));
        BitLcs::by_bytes(olds, news).filter(|_| plain())
    }

    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Interned {
        let (old, new) = (span(self.walk.old, olds), span(self.walk.new, news));
        let mut by_bytes = InternByBytes::new(olds, news, self.context.key);
        if is_canonical(old) && is_canonical(new) && by_bytes.are_distinct(depth, self.context.key)
        {
            return by_bytes.ids;
        }
        let tape = |json| Tape::of_elements(depth - 1, json);
        // Too many values for tapes: another spelling then counts as different.
        let (Some(old), Some(new)) = (tape(old), tape(new)) else {
            return by_bytes.ids;
        };
        let (old, new) = (old.root(), new.root());
        interning::intern_by_value(old.elements(), new.elements(), self.context.key)
    }

    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, depth: usize) -> bool {
        let same = |old: &[u8], new: &[u8]| same_values(old, new, depth + 1, self.context.key);
        if ValueType::classify(old.raw) == ValueType::Object
            && let Some((agreeing, all)) = agreeing_fields(old.raw, new.raw, same)
        {
            return agreeing * 2 >= all;
        }
        let (old, new) = (
            Tape::at_depth(depth, old.raw),
            Tape::at_depth(depth, new.raw),
        );
        let (old, new) = (old.root(), new.root());
        half_agree(old, new, self.context.key)
    }

    fn compare_versions(
        &mut self,
        old: &Element<'a>,
        new: &Element<'a>,
        depth: usize,
        place: PlaceId,
    ) -> Option<()> {
        self.walk.spend_budget(old.raw.len() + new.raw.len())?;
        let at = Offsets {
            old: old.at,
            new: new.at,
        };
        self.walk.seek(at, common_prefix_len(old.raw, new.raw));
        // Known to be unequal.
        self.compare_unequal(place, depth)
    }
}
