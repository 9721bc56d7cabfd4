//! A pair of cursors into two JSON values, and the common run at the cursors.

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

    /// Distance from the old offset to the new one.
    fn ahead(self) -> usize {
        self.new.wrapping_sub(self.old)
    }
}

/// A range in which the old value equals the new one, `ahead` bytes further on.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommonRun {
    begin: usize,
    pub end: usize,
    ahead: usize,
}

impl CommonRun {
    /// The new offset of an old one in the run.
    pub fn in_new(self, old: usize) -> usize {
        old.wrapping_add(self.ahead)
    }
}

/// Two values, and an offset in each.
pub(super) struct CursorPair<'a> {
    pub old: &'a [u8],
    pub new: &'a [u8],
    pub at: Offsets,
    pub common: CommonRun,
    /// Number of bytes that were read without progress.
    wasted: usize,
    /// Number of bytes that were compared to measure common runs.
    matched: usize,
}

/// The next field of two objects.
pub(super) enum Next<'a> {
    /// Both have this key; raw JSON with its quotes. The cursors are at the values.
    Value(&'a [u8]),
    /// The keys differ, have escapes, or may have occurred before.
    KeysDiffer,
    /// The closing brackets of both.
    End,
}

/// The value at the cursors.
pub(super) enum NextValue {
    /// Equal in both; its end in the old value.
    Equal(usize),
    /// Not equal, or not known to be.
    Differs,
}

impl<'a> CursorPair<'a> {
    pub fn new(old: &'a [u8], new: &'a [u8]) -> Self {
        CursorPair {
            old,
            new,
            at: Offsets { old: 0, new: 0 },
            common: CommonRun {
                begin: 0,
                end: common_prefix_len(old, new),
                ahead: 0,
            },
            wasted: 0,
            matched: 0,
        }
    }

    /// Moves both cursors to offsets with a known common run.
    pub fn seek(&mut self, at: Offsets, equal: usize) {
        self.at = at;
        self.common = CommonRun {
            begin: at.old,
            end: at.old + equal,
            ahead: at.ahead(),
        };
    }

    /// Moves both cursors, and measures the common run.
    pub fn seek_and_match(&mut self, at: Offsets) {
        self.at = at;
        let known = self.common.begin..=self.common.end;
        if self.common.ahead == at.ahead() && known.contains(&at.old) {
            return;
        }
        let rest = |json: &'a [u8], at| json.get(at..).unwrap_or_default();
        let equal = common_prefix_len(rest(self.old, at.old), rest(self.new, at.new));
        self.matched += equal;
        self.seek(at, equal);
    }

    /// Charges bytes that were read without progress; `None` if the budget is used up.
    pub fn spend_budget(&mut self, bytes: usize) -> Option<()> {
        self.wasted += bytes;
        (self.wasted + self.matched <= WASTED_READ_BUDGET * (self.old.len() + self.new.len()))
            .then_some(())
    }

    /// Skips blanks, commas and colons.
    #[inline]
    fn separators(&mut self) {
        let Offsets { old, new } = self.at;
        // Fast path: one comma or colon in both.
        if let Some([b',' | b':', b'!'..=u8::MAX, ..]) = self.old.get(old..)
            && old + 1 < self.common.end
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
    pub fn next_field(&mut self, keys: &mut KeyFilter) -> Option<Next<'a>> {
        self.separators();
        match self.bytes() {
            (Some(b'}'), Some(b'}')) => return Some(Next::End),
            (Some(b'"'), Some(b'"')) => {}
            (Some(b'}' | b'"'), Some(b'}' | b'"')) => return Some(Next::KeysDiffer),
            _ => return None,
        }
        let Some(key) = self.key(keys) else {
            return Some(Next::KeysDiffer);
        };
        self.at = self.at.forward(key.len());
        self.separators();
        Some(Next::Value(key))
    }

    /// The key at the cursors, if both have the same one, without escapes, and it did not occur before.
    #[inline]
    fn key(&self, keys: &mut KeyFilter) -> Option<&'a [u8]> {
        let rest = self.old.get(self.at.old..)?;
        let length = keys.first_occurrence(rest)?;
        let key = rest.get(..length)?;
        let end = self.at.old + length;
        let same =
            end <= self.common.end || self.new.get(self.at.new..self.at.new + length) == Some(key);
        same.then_some(key)
    }

    /// Whether the value at the cursors is equal in both; `None` if there is none.
    #[inline]
    pub fn next_value(&mut self) -> Option<NextValue> {
        let (at, equal) = (self.at.old, self.common.end);
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
