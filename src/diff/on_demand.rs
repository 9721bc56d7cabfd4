//! Walks two documents side by side on their bytes, as long as the keys of their objects come in one order: most
//! versions of a document do, and what is equal is passed over at the speed of memory. The elements of arrays are
//! aligned in `arrays`; what is out of step is listed in a tape and compared in `compare`. Both ways find the same.

use super::arrays::bit_lcs::Few;
use super::arrays::elements::{Elements, Middle, agreeing_fields, span};
use super::arrays::interning;
use super::arrays::interning::{ByBytes, Ids};
use super::arrays::single_edit::{Nearly, Shift};
use super::arrays::{self, Comparing, Element, Lists};
use super::by_tape::{Compare, Mark, half_agree};
use super::cursor_pair::{Abreast, Both, Look, Next};
use super::equality::{Spot, same_values};
use super::hash::Key;
use super::members::Seen;
use super::path::{PlaceId, Step};
use super::tape::{DEEPEST, Kind as Type, Tape};
use super::{Diff, Options};
use crate::json::{Split, common, is_plain, separators};

/// What changed between two documents; `None` where walking side by side would cost too much, or where these bytes are
/// no JSON.
pub(super) fn documents<'a>(
    old: &'a [u8],
    new: &'a [u8],
    key: Key,
    options: &Options,
) -> Option<Diff<'a>> {
    let (old, new) = (old.trim_ascii(), new.trim_ascii());
    let mut lockstep = Lockstep {
        walk: Abreast::new(old, new),
        key,
        options,
        diff: Diff::with_room(),
    };
    lockstep.value(0, 0)?;
    let Both { old: one, new: two } = lockstep.walk.at;
    (one == old.len() && two == new.len()).then_some(lockstep.diff)
}

struct Lockstep<'a, 'o> {
    walk: Abreast<'a>,
    key: Key,
    options: &'o Options,
    diff: Diff<'a>,
}

impl<'a> Lockstep<'a, '_> {
    fn pass(&mut self, end: usize) {
        self.walk.at = self.walk.at.forward(end - self.walk.at.old);
        self.diff.unchanged += 1;
    }

    /// Compares the values that begin here. A value in which nothing changed counts as one.
    fn value(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        match self.walk.look()? {
            Look::Equal(end) => self.pass(end),
            Look::Differs => self.differing(place, depth)?,
        }
        Some(())
    }

    fn differing(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (changes, unchanged) = (self.diff.changes.len(), self.diff.unchanged);
        match self.walk.bytes() {
            (Some(b'{'), Some(b'{')) if depth < DEEPEST => self.object(place, depth)?,
            (Some(b'['), Some(b'[')) if depth < DEEPEST => self.array(place, depth)?,
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
        self.walk.align_at(end);
        if old == new {
            self.diff.unchanged += 1;
            return Some(());
        }
        let kind = |raw| match Type::of(raw) {
            Type::Array | Type::Object if depth >= DEEPEST => Type::Whole,
            kind => kind,
        };
        self.diff
            .push_leaf((old, kind(old)), (new, kind(new)), place);
        Some(())
    }

    fn object(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (start, before) = (self.walk.at, self.diff.mark());
        let mut seen = Seen::default();
        self.walk.at = self.walk.at.forward(1);
        loop {
            let key = match self.walk.next_field(&mut seen)? {
                Next::Value(key) => key,
                Next::OutOfStep => return self.out_of_step(start, before, place, depth),
                Next::End => break,
            };
            match self.walk.look()? {
                Look::Equal(end) => self.pass(end),
                Look::Differs => {
                    let place = self.diff.place(place, Step::Key(key));
                    self.differing(place, depth + 1)?;
                }
            }
        }
        self.walk.align_at(self.walk.at.forward(1));
        Some(())
    }

    /// Compares two objects whose keys do not come in one order, or occur twice, by tapes.
    fn out_of_step(
        &mut self,
        start: Both,
        before: Mark,
        place: PlaceId,
        depth: usize,
    ) -> Option<()> {
        self.diff.return_to(before);
        self.walk.at = start;
        let end = self.walk.ends()?;
        let (old, new) = self.walk.spans(start, end)?;
        self.walk.in_vain(old.len() + new.len())?;
        self.by_tapes((old, new), place, depth);
        self.walk.align_at(end);
        Some(())
    }

    fn by_tapes(&mut self, (old, new): (&'a [u8], &'a [u8]), place: PlaceId, depth: usize) {
        let (old, new) = (Tape::below(depth, old), Tape::below(depth, new));
        let mut compare = Compare {
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
        let mut split = Split::new(self.walk.old, start.old + 1);
        let head = split.pass_before(self.walk.aligned.end);
        let rest = separators(self.walk.new, self.walk.aligned.in_new(split.at()));
        if let Some(found) = self.walk.nearly(&split, rest)
            && self.nearly(&found, head, place, depth + 1)?
        {
            return Some(());
        }
        let middle = Middle::of(
            Elements::of(self.walk.old, split)?,
            Elements::of(self.walk.new, Split::new(self.walk.new, rest))?,
        );
        let whole = self.walk.spans(start, middle.end)?;
        if self.say_the_same(middle.first, depth + 1)? {
            // Equal but for the spelling: the head goes on, and only tapes of all tell how far.
            self.walk.in_vain(whole.0.len() + whole.1.len())?;
            self.by_tapes(whole, place, depth);
        } else {
            self.diff.unchanged += head + middle.equal;
            let lists = Lists {
                before: (head + middle.before, head + middle.before),
                olds: &middle.olds,
                news: &middle.news,
                depth: depth + 1,
            };
            let tail = self.same_at_end(&lists);
            arrays::compare(self, &lists, (0, tail), whole, place)?;
        }
        self.walk.align_at(middle.end);
        Some(())
    }

    /// Notes what differs in arrays of which little does; `false`, and nothing, where elements have to be listed.
    fn nearly(
        &mut self,
        found: &Nearly<'a>,
        head: usize,
        place: PlaceId,
        depth: usize,
    ) -> Option<bool> {
        let (first, pair) = (found.first, found.pair);
        let shifted = found.shift != Shift::Nothing;
        if shifted && self.say_the_same(Some(first), depth)? {
            return Some(false);
        }
        let (olds, news) = (pair.map(|pair| [pair.0]), pair.map(|pair| [pair.1]));
        let (went, came) = (found.shift == Shift::Went, found.shift == Shift::Came);
        let lists = Lists {
            olds: olds.as_ref().map_or(&[], |one| one),
            news: news.as_ref().map_or(&[], |one| one),
            before: (
                head + usize::from(went) + found.run,
                head + usize::from(came) + found.run,
            ),
            depth,
        };
        let one = pair.is_none() || arrays::are_one(self, &lists, place);
        if !one && shifted {
            return Some(false);
        }
        self.diff.unchanged += head + found.run + found.tail;
        arrays::push_shift(self, found.shift, first, head, place);
        arrays::push_pair(self, one, &lists, place)?;
        self.walk.at = found.end;
        self.walk.aligned = found.aligned;
        Some(true)
    }

    /// Whether two elements say the same in other bytes.
    fn say_the_same(
        &mut self,
        pair: Option<(Element<'a>, Element<'a>)>,
        depth: usize,
    ) -> Option<bool> {
        let Some((old, new)) = pair else {
            return Some(false);
        };
        self.walk.in_vain(old.raw.len() + new.raw.len())?;
        Some(same_values(old.raw, new.raw, depth, self.key))
    }

    /// How many elements say the same at the end; the first one of both does not.
    fn same_at_end(&self, lists: &Lists<'_, 'a>) -> usize {
        let (olds, news) = (lists.olds.len(), lists.news.len());
        let most = olds.min(news) - usize::from(olds == news && olds > 0);
        let pairs = lists.olds.iter().rev().zip(lists.news.iter().rev());
        let same = |(old, new): &(&Element<'_>, &Element<'_>)| {
            same_values(old.raw, new.raw, lists.depth, self.key)
        };
        pairs.take(most).take_while(same).count()
    }
}

impl<'a> Comparing<'a> for Lockstep<'a, '_> {
    fn diff(&mut self) -> &mut Diff<'a> {
        &mut self.diff
    }

    fn options(&self) -> &Options {
        self.options
    }

    fn key(&self) -> Key {
        self.key
    }

    fn few(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<Few> {
        let plain = || is_plain(span(self.walk.old, olds)) && is_plain(span(self.walk.new, news));
        Few::by_bytes(olds, news).filter(|_| plain())
    }

    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Ids {
        let (old, new) = (span(self.walk.old, olds), span(self.walk.new, news));
        let mut by_bytes = ByBytes::of(olds, news, self.key);
        if is_plain(old) && is_plain(new) && by_bytes.all_differ(depth, self.key) {
            return by_bytes.ids;
        }
        let tape = |json| Tape::of_elements(depth - 1, json);
        // Too many values for tapes: what is spelled in two ways counts as two values, then.
        let (Some(old), Some(new)) = (tape(old), tape(new)) else {
            return by_bytes.ids;
        };
        let (old, new) = (Spot::new(&old, Tape::ROOT), Spot::new(&new, Tape::ROOT));
        interning::by_meaning(old.elements(), new.elements(), self.key)
    }

    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, depth: usize) -> bool {
        let same = |old: &[u8], new: &[u8]| same_values(old, new, depth + 1, self.key);
        if Type::of(old.raw) == Type::Object
            && let Some((agreeing, all)) = agreeing_fields(old.raw, new.raw, same)
        {
            return agreeing * 2 >= all;
        }
        let (old, new) = (Tape::below(depth, old.raw), Tape::below(depth, new.raw));
        let (old, new) = (Spot::new(&old, Tape::ROOT), Spot::new(&new, Tape::ROOT));
        half_agree(old, new, self.key)
    }

    fn versions(
        &mut self,
        old: &Element<'a>,
        new: &Element<'a>,
        depth: usize,
        place: PlaceId,
    ) -> Option<()> {
        self.walk.in_vain(old.raw.len() + new.raw.len())?;
        let at = Both {
            old: old.at,
            new: new.at,
        };
        self.walk.go_to(at, common(old.raw, new.raw));
        // These are known not to be equal.
        self.differing(place, depth)
    }
}
