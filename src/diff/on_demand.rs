//! Streaming comparison of two raw documents in one pass (on demand, after simdjson): common runs are skipped at
//! memory speed.
//!
//! Only if keys have another order are values listed on a tape. Both ways find the same changes.

use super::arrays;
use super::arrays::bit_lcs::BitLcs;
use super::arrays::comparator::Comparator;
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
use super::tape::{Kind as Type, MAX_DEPTH, NodeRef, Tape};
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
        key,
        options,
        diff: Diff::with_capacity(),
    };
    compare.value(0, 0)?;
    let Offsets { old: one, new: two } = compare.walk.at;
    (one == old.len() && two == new.len()).then_some(compare.diff)
}

struct StreamingCompare<'a, 'o> {
    walk: CursorPair<'a>,
    key: Key,
    options: &'o Options,
    diff: Diff<'a>,
}

impl<'a> StreamingCompare<'a, '_> {
    fn skip_equal(&mut self, end: usize) {
        self.walk.at = self.walk.at.forward(end - self.walk.at.old);
        self.diff.unchanged += 1;
    }

    /// Compares the values that begin here. A value in which nothing changed counts as one.
    fn value(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        match self.walk.next_value()? {
            NextValue::Equal(end) => self.skip_equal(end),
            NextValue::Differs => self.compare_unequal(place, depth)?,
        }
        Some(())
    }

    fn compare_unequal(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (changes, unchanged) = (self.diff.changes.len(), self.diff.unchanged);
        match self.walk.bytes() {
            (Some(b'{'), Some(b'{')) if depth < MAX_DEPTH => self.object(place, depth)?,
            (Some(b'['), Some(b'[')) if depth < MAX_DEPTH => self.array(place, depth)?,
            _ => return self.leaf(place, depth),
        }
        if self.diff.changes.len() == changes {
            self.diff.unchanged = unchanged + 1;
        }
        Some(())
    }

    /// Values that are not both arrays or objects, or too deep to be taken apart.
    fn leaf(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let end = self.walk.ends()?;
        let (old, new) = self.walk.spans(self.walk.at, end)?;
        self.walk.seek_and_match(end);
        if old == new {
            self.diff.unchanged += 1;
            return Some(());
        }
        let kind = |raw| match Type::of(raw) {
            Type::Array | Type::Object if depth >= MAX_DEPTH => Type::Opaque,
            kind => kind,
        };
        self.diff
            .push_leaf((old, kind(old)), (new, kind(new)), place);
        Some(())
    }

    fn object(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (start, before) = (self.walk.at, self.diff.length());
        let mut seen = KeyFilter::default();
        self.walk.at = self.walk.at.forward(1);
        loop {
            let key = match self.walk.next_field(&mut seen)? {
                Next::Value(key) => key,
                Next::KeysDiffer => return self.compare_by_tapes(start, before, place, depth),
                Next::End => break,
            };
            match self.walk.next_value()? {
                NextValue::Equal(end) => self.skip_equal(end),
                NextValue::Differs => {
                    let place = self.diff.place(place, Step::Key(key));
                    self.compare_unequal(place, depth + 1)?;
                }
            }
        }
        self.walk.seek_and_match(self.walk.at.forward(1));
        Some(())
    }

    /// Compares two objects whose keys do not come in one order, or occur twice, by tapes.
    fn compare_by_tapes(
        &mut self,
        start: Offsets,
        before: DiffLength,
        place: PlaceId,
        depth: usize,
    ) -> Option<()> {
        self.diff.truncate_to(before);
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
            key: self.key,
            options: self.options,
            diff: std::mem::take(&mut self.diff),
            depth,
        };
        compare.values(Tape::ROOT, Tape::ROOT, place);
        self.diff = compare.diff;
    }

    fn array(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let start = self.walk.at;
        let mut split = ElementSpans::new(self.walk.old, start.old + 1);
        let head = split.skip_until(self.walk.aligned.end);
        let rest = separators(self.walk.new, self.walk.aligned.in_new(split.at()));
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
            // Equal except for the spelling: only tapes of the whole arrays show how far.
            self.walk.spend_budget(whole.0.len() + whole.1.len())?;
            self.compare_tapes(whole, place, depth);
        } else {
            self.diff.unchanged += head + middle.equal;
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

    /// Adds the changes of arrays with a single edit; `false`, and no change, if the elements have to be listed.
    fn single_edit(
        &mut self,
        found: &SingleEdit<'a>,
        head: usize,
        place: PlaceId,
        depth: usize,
    ) -> Option<bool> {
        let (first, pair) = (found.first, found.pair);
        let skip_single_edit = found.shift != Edit::None;
        if skip_single_edit && self.are_equal(Some(first), depth)? {
            return Some(false);
        }
        let (olds, news) = (pair.map(|pair| [pair.0]), pair.map(|pair| [pair.1]));
        let (was_moved, came) = (found.shift == Edit::Delete, found.shift == Edit::Insert);
        let lists = ElementLists {
            olds: olds.as_ref().map_or(&[], |one| one),
            news: news.as_ref().map_or(&[], |one| one),
            before: (
                head + usize::from(was_moved) + found.run,
                head + usize::from(came) + found.run,
            ),
            depth,
        };
        let one = pair.is_none() || arrays::same_identity(self, &lists, place);
        if !one && skip_single_edit {
            return Some(false);
        }
        self.diff.unchanged += head + found.run + found.tail;
        arrays::push_edit(self, found.shift, first, head, place);
        arrays::push_pair(self, one, &lists, place)?;
        self.walk.at = found.end;
        self.walk.aligned = found.aligned;
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
        Some(same_values(old.raw, new.raw, depth, self.key))
    }

    /// Number of elements that are equal at the end; the first one of both is not.
    fn equal_suffix_len(&self, lists: &ElementLists<'_, 'a>) -> usize {
        let (olds, news) = (lists.olds.len(), lists.news.len());
        let most = olds.min(news) - usize::from(olds == news && olds > 0);
        let pairs = lists.olds.iter().rev().zip(lists.news.iter().rev());
        let same = |(old, new): &(&Element<'_>, &Element<'_>)| {
            same_values(old.raw, new.raw, lists.depth, self.key)
        };
        pairs.take(most).take_while(same).count()
    }
}

impl<'a> Comparator<'a> for StreamingCompare<'a, '_> {
    fn diff(&mut self) -> &mut Diff<'a> {
        &mut self.diff
    }

    fn options(&self) -> &Options {
        self.options
    }

    fn key(&self) -> Key {
        self.key
    }

    fn bit_lcs(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<BitLcs> {
        let plain =
            || is_canonical(span(self.walk.old, olds)) && is_canonical(span(self.walk.new, news));
        BitLcs::by_bytes(olds, news).filter(|_| plain())
    }

    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Interned {
        let (old, new) = (span(self.walk.old, olds), span(self.walk.new, news));
        let mut by_bytes = InternByBytes::new(olds, news, self.key);
        if is_canonical(old) && is_canonical(new) && by_bytes.are_distinct(depth, self.key) {
            return by_bytes.ids;
        }
        let tape = |json| Tape::of_elements(depth - 1, json);
        // Too many values for tapes: values with another spelling then count as different.
        let (Some(old), Some(new)) = (tape(old), tape(new)) else {
            return by_bytes.ids;
        };
        let (old, new) = (
            NodeRef::new(&old, Tape::ROOT),
            NodeRef::new(&new, Tape::ROOT),
        );
        interning::intern_by_value(old.elements(), new.elements(), self.key)
    }

    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, depth: usize) -> bool {
        let same = |old: &[u8], new: &[u8]| same_values(old, new, depth + 1, self.key);
        if Type::of(old.raw) == Type::Object
            && let Some((agreeing, all)) = agreeing_fields(old.raw, new.raw, same)
        {
            return agreeing * 2 >= all;
        }
        let (old, new) = (
            Tape::at_depth(depth, old.raw),
            Tape::at_depth(depth, new.raw),
        );
        let (old, new) = (
            NodeRef::new(&old, Tape::ROOT),
            NodeRef::new(&new, Tape::ROOT),
        );
        half_agree(old, new, self.key)
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
        // These are known not to be equal.
        self.compare_unequal(place, depth)
    }
}
