//! A pair of cursors into two JSON values, with the length of their common run.

use super::members::KeyFilter;
use crate::json::{
    common_prefix_len, container_end_before, scalar_end, separators, string_end, value_end,
};

/// Budget of wasted reads, in lengths of both values: hostile documents must not cost more than a few passes.
const WASTED_READ_BUDGET: usize = 8;

/// An offset in each value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offsets {
    pub old: usize,
    pub new: usize,
}

impl Offsets {
    pub fn forward(self, bytes: usize) -> Offsets {
        Offsets {
            old: self.old + bytes,
            new: self.new + bytes,
        }
    }

    /// How far the new offset is ahead of the old one.
    fn ahead(self) -> usize {
        self.new.wrapping_sub(self.old)
    }
}

/// The run in which the old value equals the new one, with the distance of the new offsets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aligned {
    begin: usize,
    pub end: usize,
    ahead: usize,
}

impl Aligned {
    /// The new offset of an old one in the run.
    pub fn in_new(self, old: usize) -> usize {
        old.wrapping_add(self.ahead)
    }
}

/// Two values, and a place in each.
pub(super) struct CursorPair<'a> {
    pub old: &'a [u8],
    pub new: &'a [u8],
    pub at: Offsets,
    pub aligned: Aligned,
    /// Bytes that were read without progress.
    spent: usize,
    /// Bytes that were compared to measure common runs.
    looked: usize,
}

/// The next part of two objects.
pub(super) enum Next<'a> {
    /// The values of this key, which both have; it stands there with its quotes.
    Value(&'a [u8]),
    /// The keys differ, or the key may have occurred before, or has escapes.
    KeysDiffer,
    /// The brackets of both.
    End,
}

/// The value at the cursors.
pub(super) enum NextValue {
    /// Equal in both; its end in the old value.
    Equal(usize),
    /// One that is not, or that is not known to be.
    Differs,
}

impl<'a> CursorPair<'a> {
    pub fn new(old: &'a [u8], new: &'a [u8]) -> Self {
        CursorPair {
            old,
            new,
            at: Offsets { old: 0, new: 0 },
            aligned: Aligned {
                begin: 0,
                end: common_prefix_len(old, new),
                ahead: 0,
            },
            spent: 0,
            looked: 0,
        }
    }

    /// Moves both cursors to offsets with a known common run.
    pub fn seek(&mut self, at: Offsets, equal: usize) {
        self.at = at;
        self.aligned = Aligned {
            begin: at.old,
            end: at.old + equal,
            ahead: at.ahead(),
        };
    }

    /// Moves both cursors, and measures the common run.
    pub fn seek_and_match(&mut self, at: Offsets) {
        self.at = at;
        let known = self.aligned.begin..=self.aligned.end;
        if self.aligned.ahead == at.ahead() && known.contains(&at.old) {
            return;
        }
        let rest = |json: &'a [u8], at| json.get(at..).unwrap_or_default();
        let equal = common_prefix_len(rest(self.old, at.old), rest(self.new, at.new));
        self.looked += equal;
        self.seek(at, equal);
    }

    /// Charges bytes that were read without progress; `None` if the budget is spent.
    pub fn spend_budget(&mut self, bytes: usize) -> Option<()> {
        self.spent += bytes;
        (self.spent + self.looked <= WASTED_READ_BUDGET * (self.old.len() + self.new.len()))
            .then_some(())
    }

    /// Skips blanks, commas and colons.
    #[inline]
    fn separators(&mut self) {
        let Offsets { old, new } = self.at;
        // Most often that is one comma or colon in both.
        if let Some([b',' | b':', b'!'..=u8::MAX, ..]) = self.old.get(old..)
            && old + 1 < self.aligned.end
        {
            self.at = self.at.forward(1);
            return;
        }
        self.seek_and_match(Offsets {
            old: separators(self.old, old),
            new: separators(self.new, new),
        });
    }

    #[inline]
    pub fn bytes(&self) -> (Option<u8>, Option<u8>) {
        (
            self.old.get(self.at.old).copied(),
            self.new.get(self.at.new).copied(),
        )
    }

    /// Moves to the value of the next field of two objects; `None` if the bytes are not objects.
    #[inline]
    pub fn next_field(&mut self, seen: &mut KeyFilter) -> Option<Next<'a>> {
        self.separators();
        match self.bytes() {
            (Some(b'}'), Some(b'}')) => return Some(Next::End),
            (Some(b'"'), Some(b'"')) => {}
            (Some(b'}' | b'"'), Some(b'}' | b'"')) => return Some(Next::KeysDiffer),
            _ => return None,
        }
        let Some(key) = self.key(seen) else {
            return Some(Next::KeysDiffer);
        };
        self.at = self.at.forward(key.len());
        self.separators();
        Some(Next::Value(key))
    }

    /// The key at the cursors, if both have the same one, without escapes, and it did not occur before.
    #[inline]
    fn key(&self, seen: &mut KeyFilter) -> Option<&'a [u8]> {
        let rest = self.old.get(self.at.old..)?;
        let length = seen.first_occurrence(rest)?;
        let key = rest.get(..length)?;
        let end = self.at.old + length;
        let same =
            end <= self.aligned.end || self.new.get(self.at.new..self.at.new + length) == Some(key);
        same.then_some(key)
    }

    /// Whether the value at the cursors is equal in both; `None` if there is none.
    #[inline]
    pub fn next_value(&mut self) -> Option<NextValue> {
        let (at, equal) = (self.at.old, self.aligned.end);
        if at >= equal {
            return Some(NextValue::Differs);
        }
        let end = match self.old.get(at)? {
            b'"' => string_end(self.old, at)?,
            b'{' | b'[' => {
                let Some(end) = container_end_before(self.old, at, equal) else {
                    self.spend_budget(equal - at)?;
                    return Some(NextValue::Differs);
                };
                end
            }
            b'}' | b']' => return None,
            // A scalar that ends with the common run may continue in the new value.
            _ => {
                let end = scalar_end(self.old, at);
                let length = end - at;
                if end == equal && scalar_end(self.new, self.at.new) - self.at.new != length {
                    return Some(NextValue::Differs);
                }
                end
            }
        };
        Some(if end <= equal {
            NextValue::Equal(end)
        } else {
            NextValue::Differs
        })
    }

    /// The ends of the values at the cursors.
    pub fn ends(&self) -> Option<Offsets> {
        Some(Offsets {
            old: value_end(self.old, self.at.old)?,
            new: value_end(self.new, self.at.new)?,
        })
    }

    pub fn spans(&self, start: Offsets, end: Offsets) -> Option<(&'a [u8], &'a [u8])> {
        let old = self.old.get(start.old..end.old)?;
        Some((old, self.new.get(start.new..end.new)?))
    }
}
