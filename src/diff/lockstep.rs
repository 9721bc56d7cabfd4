//! Walks two documents side by side on their bytes, as long as the keys of their objects come in one order: most
//! versions of a document do, and what is equal is passed over at the speed of memory. What is out of step, and what
//! lies between the equal ends of arrays, is listed in a tape and compared in `compare`; both ways find the same.

use std::ops::Range;

use super::arrays::Lists;
use super::compare::{Compare, Mark};
use super::hash::Key;
use super::members::Seen;
use super::path::{PlaceId, Step};
use super::same::{Spelling, Spot, same};
use super::tape::{DEEPEST, Kind as Type, Tape};
use super::{Diff, Kind, Note, Options};
use crate::json::{
    Split, common, container_end_before, scalar_end, separators, string_end, value_end,
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
        key,
        options,
        diff: Diff::with_room(),
    };
    lockstep.value(0, 0)?;
    let Both { old: one, new: two } = lockstep.at;
    (one == old.len() && two == new.len()).then_some(lockstep.diff)
}

/// An offset in each document.
#[derive(Debug, Clone, Copy)]
struct Both {
    old: usize,
    new: usize,
}

impl Both {
    fn forward(self, bytes: usize) -> Both {
        Both {
            old: self.old + bytes,
            new: self.new + bytes,
        }
    }

    /// How far the new offset is ahead.
    fn ahead(self) -> usize {
        self.new.wrapping_sub(self.old)
    }
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
        (self.in_vain <= MOST_IN_VAIN * (self.old.len() + self.new.len())).then_some(())
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
        let (old, new) = (Tape::below(depth, old), Tape::below(depth, new));
        self.by_tape(&old, &new, |compare| {
            compare.values(Tape::ROOT, Tape::ROOT, place);
        });
        self.at = end;
        self.align();
        Some(())
    }

    fn by_tape(
        &mut self,
        old: &Tape<'a>,
        new: &Tape<'a>,
        act: impl FnOnce(&mut Compare<'_, 'a, '_>),
    ) {
        let mut compare = Compare {
            old,
            new,
            key: self.key,
            options: self.options,
            diff: std::mem::take(&mut self.diff),
        };
        act(&mut compare);
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
        let mut olds = Elements::of(self.old, first, split)?;
        let rest = separators(self.new, behind.wrapping_add(self.aligned.ahead));
        let mut news = Elements::of(self.new, None, Split::new(self.new, rest))?;
        self.at = Both {
            old: olds.end,
            new: news.end,
        };
        self.align();
        let whole = self.spans(start, self.at)?;
        let pairs = olds.raw().zip(news.raw());
        let more = pairs.take_while(|(old, new)| old == new).count();
        olds.all.drain(..more);
        news.all.drain(..more);
        self.rest_of_array(head + more, (&olds, &news), whole, (place, depth))
    }

    /// Compares what comes behind `head` equal elements.
    fn rest_of_array(
        &mut self,
        head: usize,
        (olds, news): (&Elements<'a>, &Elements<'a>),
        whole: (&'a [u8], &'a [u8]),
        (place, depth): (PlaceId, usize),
    ) -> Option<()> {
        let pairs = olds.raw().rev().zip(news.raw().rev());
        let tail = pairs.take_while(|(old, new)| old == new).count();
        let middle = |all: &Elements<'a>| Tape::of_elements(depth, all.without_last(tail));
        let (Some(old), Some(new)) = (middle(olds), middle(news)) else {
            self.diff
                .push_both(Kind::Changed, whole, place, Note::TooLarge);
            return Some(());
        };
        let (old_first, new_first) = (
            old.elements(Tape::ROOT).next(),
            new.elements(Tape::ROOT).next(),
        );
        let first_are_same = match old_first.zip(new_first) {
            Some((one, other)) => {
                let (one, other) = (Spot::new(&old, one), Spot::new(&new, other));
                same(one, other, Spelling::Any, self.key)
            }
            None => self.are_same(olds.raw().next(), news.raw().next(), depth + 1),
        };
        if first_are_same {
            // Equal but for the spelling: the head goes on, and only tapes of all tell how far.
            self.in_vain(whole.0.len() + whole.1.len())?;
            let (old, new) = (Tape::below(depth, whole.0), Tape::below(depth, whole.1));
            self.by_tape(&old, &new, |compare| {
                compare.values(Tape::ROOT, Tape::ROOT, place);
            });
            return Some(());
        }
        self.diff.unchanged += head + tail;
        self.by_tape(&old, &new, |compare| {
            let lists = Lists::of(compare, Tape::ROOT, Tape::ROOT, head);
            compare.middle(&lists, whole, place);
        });
        Some(())
    }

    fn are_same(&self, old: Option<&'a [u8]>, new: Option<&'a [u8]>, depth: usize) -> bool {
        let (Some(old), Some(new)) = (old, new) else {
            return false;
        };
        let (old, new) = (Tape::below(depth, old), Tape::below(depth, new));
        let (old, new) = (Spot::new(&old, Tape::ROOT), Spot::new(&new, Tape::ROOT));
        same(old, new, Spelling::Any, self.key)
    }
}

/// The elements from some place to the end of an array.
struct Elements<'a> {
    json: &'a [u8],
    all: Vec<Range<usize>>,
    /// Behind the bracket.
    end: usize,
}

impl<'a> Elements<'a> {
    fn of(json: &'a [u8], first: Option<Range<usize>>, mut split: Split<'_>) -> Option<Self> {
        let mut all = Vec::with_capacity(32);
        all.extend(first);
        all.extend(split.by_ref());
        Some(Elements {
            json,
            all,
            end: split.end()?,
        })
    }

    fn raw(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator {
        let raw = |range: &Range<usize>| self.json.get(range.clone()).unwrap_or_default();
        self.all.iter().map(raw)
    }

    /// All but so many at the end, with what stands between them.
    fn without_last(&self, count: usize) -> &'a [u8] {
        let kept = self.all.get(..self.all.len() - count).unwrap_or_default();
        let span = kept.first().zip(kept.last());
        let span = span.and_then(|(first, last)| self.json.get(first.start..last.end));
        span.unwrap_or_default()
    }
}
