//! Walks two documents side by side on their bytes, as long as the keys of their objects come in one order: most
//! versions of a document do, and what is equal is passed over at the speed of memory. The elements of arrays are
//! aligned in `arrays`; what is out of step is listed in a tape and compared in `compare`. Both ways find the same.

use super::arrays::{self, Comparing, Element, Lists};
use super::compare::{Compare, Mark, half_agree};
use super::elements::{Both, Elements, Middle, agreeing_fields, span};
use super::hash::Key;
use super::ids::{self, ByBytes, Ids};
use super::members::Seen;
use super::path::{PlaceId, Step};
use super::same::{Spot, same_values};
use super::tape::{DEEPEST, Kind as Type, Tape};
use super::{Diff, Options};
use crate::json::{
    Split, common, container_end_before, is_plain, scalar_end, separators, string_end, value_end,
};

/// So many times the length of both documents may be looked at in vain, before all of it is listed in tapes:
/// hostile documents must not cost more than a few passes.
const MOST_IN_VAIN: usize = 8;

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
        old,
        new,
        at: Both { old: 0, new: 0 },
        aligned: Aligned {
            end: common(old, new),
            ahead: 0,
        },
        in_vain: 0,
        looked: 0,
        key,
        options,
        diff: Diff::with_room(),
    };
    lockstep.value(0, 0)?;
    let Both { old: one, new: two } = lockstep.at;
    (one == old.len() && two == new.len()).then_some(lockstep.diff)
}

/// Up to where the old document is equal to the new one, byte by byte, with the new offsets so far ahead.
#[derive(Debug, Clone, Copy)]
struct Aligned {
    end: usize,
    ahead: usize,
}

struct Lockstep<'a, 'o> {
    old: &'a [u8],
    new: &'a [u8],
    at: Both,
    aligned: Aligned,
    in_vain: usize,
    /// Bytes that were compared to find out how far both are equal.
    looked: usize,
    key: Key,
    options: &'o Options,
    diff: Diff<'a>,
}

/// What begins in the old document.
enum Look {
    /// A value that is equal in both, and where it ends in the old one.
    Equal(usize),
    /// One that is not, or that is not known to be.
    Differs,
}

impl<'a> Lockstep<'a, '_> {
    /// Finds out how far both are equal from here on.
    fn align(&mut self) {
        let ahead = self.at.ahead();
        if self.aligned.ahead == ahead && self.at.old <= self.aligned.end {
            return;
        }
        let rest = |json: &'a [u8], at| json.get(at..).unwrap_or_default();
        let equal = common(rest(self.old, self.at.old), rest(self.new, self.at.new));
        let end = self.at.old + equal;
        self.looked += equal;
        self.aligned = Aligned { end, ahead };
    }

    /// Goes behind blanks, commas and colons.
    #[inline]
    fn separators(&mut self) {
        self.at = Both {
            old: separators(self.old, self.at.old),
            new: separators(self.new, self.at.new),
        };
        self.align();
    }

    fn bytes(&self) -> (Option<u8>, Option<u8>) {
        (
            self.old.get(self.at.old).copied(),
            self.new.get(self.at.new).copied(),
        )
    }

    /// Whether the value that begins here is equal in both documents.
    #[inline]
    fn look(&mut self) -> Option<Look> {
        let (at, equal) = (self.at.old, self.aligned.end);
        if at >= equal {
            return Some(Look::Differs);
        }
        let end = match self.old.get(at)? {
            b'"' => string_end(self.old, at)?,
            b'{' | b'[' => {
                let Some(end) = container_end_before(self.old, at, equal) else {
                    self.in_vain(equal - at)?;
                    return Some(Look::Differs);
                };
                end
            }
            b'}' | b']' => return None,
            // What ends where the equal part does may go on in the new document.
            _ => {
                let end = scalar_end(self.old, at);
                let length = end - at;
                if end == equal && scalar_end(self.new, self.at.new) - self.at.new != length {
                    return Some(Look::Differs);
                }
                end
            }
        };
        Some(if end <= equal {
            Look::Equal(end)
        } else {
            Look::Differs
        })
    }

    /// Counts bytes that were looked at for nothing; `None` where they become too many.
    fn in_vain(&mut self, bytes: usize) -> Option<()> {
        self.in_vain += bytes;
        (self.in_vain + self.looked <= MOST_IN_VAIN * (self.old.len() + self.new.len()))
            .then_some(())
    }

    fn pass(&mut self, end: usize) {
        self.at = self.at.forward(end - self.at.old);
        self.diff.unchanged += 1;
    }

    /// Compares the values that begin here. A value in which nothing changed counts as one.
    fn value(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        match self.look()? {
            Look::Equal(end) => self.pass(end),
            Look::Differs => self.differing(place, depth)?,
        }
        Some(())
    }

    fn differing(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (changes, unchanged) = (self.diff.changes.len(), self.diff.unchanged);
        match self.bytes() {
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
        let end = self.ends()?;
        let (old, new) = self.spans(self.at, end)?;
        self.at = end;
        self.align();
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

    /// Where the values end that begin here.
    fn ends(&self) -> Option<Both> {
        Some(Both {
            old: value_end(self.old, self.at.old)?,
            new: value_end(self.new, self.at.new)?,
        })
    }

    fn spans(&self, start: Both, end: Both) -> Option<(&'a [u8], &'a [u8])> {
        let old = self.old.get(start.old..end.old)?;
        Some((old, self.new.get(start.new..end.new)?))
    }

    fn object(&mut self, place: PlaceId, depth: usize) -> Option<()> {
        let (start, before) = (self.at, self.diff.mark());
        let mut seen = Seen::default();
        self.at = self.at.forward(1);
        loop {
            self.separators();
            match self.bytes() {
                (Some(b'}'), Some(b'}')) => break,
                (Some(b'"'), Some(b'"')) => {}
                (Some(b'}' | b'"'), Some(b'}' | b'"')) => {
                    return self.out_of_step(start, before, place, depth);
                }
                _ => return None,
            }
            let Some(key) = self.key(&mut seen) else {
                return self.out_of_step(start, before, place, depth);
            };
            self.at = self.at.forward(key.len());
            self.separators();
            match self.look()? {
                Look::Equal(end) => self.pass(end),
                Look::Differs => {
                    let place = self.diff.place(place, Step::Key(key));
                    self.differing(place, depth + 1)?;
                }
            }
        }
        self.at = self.at.forward(1);
        self.align();
        Some(())
    }

    /// The key that begins here, where both have the same one and it was not there before, nor spelled with escapes.
    fn key(&self, seen: &mut Seen) -> Option<&'a [u8]> {
        let rest = self.old.get(self.at.old..)?;
        let length = seen.first_time(rest)?;
        let key = rest.get(..length)?;
        let end = self.at.old + length;
        let same =
            end <= self.aligned.end || self.new.get(self.at.new..self.at.new + length) == Some(key);
        same.then_some(key)
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
        self.at = start;
        let end = self.ends()?;
        let (old, new) = self.spans(start, end)?;
        self.in_vain(old.len() + new.len())?;
        self.by_tapes((old, new), place, depth);
        self.at = end;
        self.align();
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
        let start = self.at;
        let mut split = Split::new(self.old, start.old + 1);
        let (mut head, mut behind, mut first) = (0, start.old + 1, None);
        // As far as both are equal, the elements of the one are those of the other; what ends where the equal part does
        // may go on in the new document.
        for element in split.by_ref() {
            if element.end >= self.aligned.end {
                first = Some(element);
                break;
            }
            (behind, head) = (element.end, head + 1);
        }
        let rest = separators(self.new, behind.wrapping_add(self.aligned.ahead));
        let olds = Elements::of(self.old, first, split)?;
        let middle = match self.one_element(&olds, rest) {
            Some(new) => Middle::one(&olds, new)?,
            None => Middle::of(
                olds,
                Elements::of(self.new, None, Split::new(self.new, rest))?,
            ),
        };
        let whole = self.spans(start, middle.end)?;
        if self.say_the_same(middle.first, depth + 1)? {
            // Equal but for the spelling: the head goes on, and only tapes of all tell how far.
            self.in_vain(whole.0.len() + whole.1.len())?;
            self.by_tapes(whole, place, depth);
        } else {
            self.diff.unchanged += head + middle.equal;
            let lists = Lists {
                before: head + middle.before,
                olds: middle.olds,
                news: middle.news,
                depth: depth + 1,
            };
            let tail = self.same_at_end(&lists);
            arrays::compare(self, &lists, (0, tail), whole, place)?;
        }
        self.at = middle.end;
        self.align();
        Some(())
    }

    /// The new element, where only the first of these old ones differs and all that follows is equal.
    fn one_element(&self, olds: &Elements<'a>, at: usize) -> Option<Elements<'a>> {
        let old = olds.all.first()?;
        let raw = self.new.get(at..value_end(self.new, at)?)?;
        let behind = self.old.get(old.at + old.raw.len()..olds.end)?;
        let end = at + raw.len() + behind.len();
        let all = vec![Element { raw, at }];
        (self.new.get(at + raw.len()..end)? == behind).then_some(Elements { all, end })
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
        self.in_vain(old.raw.len() + new.raw.len())?;
        Some(same_values(old.raw, new.raw, depth, self.key))
    }

    /// How many elements say the same at the end; the first ones do not.
    fn same_at_end(&self, lists: &Lists<'a>) -> usize {
        let most = lists.olds.len().min(lists.news.len()).saturating_sub(1);
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

    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Ids {
        let (old, new) = (span(self.old, olds), span(self.new, news));
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
        ids::by_meaning(old.elements(), new.elements(), self.key)
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
        self.in_vain(old.raw.len() + new.raw.len())?;
        self.at = Both {
            old: old.at,
            new: new.at,
        };
        self.aligned = Aligned {
            end: old.at + common(old.raw, new.raw),
            ahead: self.at.ahead(),
        };
        self.value(place, depth)
    }
}
