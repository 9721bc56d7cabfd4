//! Two JSON values read side by side: where both stand, and how far they are equal from there on, byte by byte.
//! What differs is only pointed at; `lockstep` and `elements` make something of it.

use super::members::Seen;
use crate::json::{common, container_end_before, scalar_end, separators, string_end, value_end};

/// So many times the length of both may be looked at in vain: hostile documents must not cost more than a few passes.
const MOST_IN_VAIN: usize = 8;

/// An offset in each value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Both {
    pub old: usize,
    pub new: usize,
}

impl Both {
    pub fn forward(self, bytes: usize) -> Both {
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

/// From where up to where the old value is equal to the new one, with the new offsets so far ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aligned {
    begin: usize,
    pub end: usize,
    ahead: usize,
}

impl Aligned {
    /// Where the new value has what stands here in the old one.
    pub fn in_new(self, old: usize) -> usize {
        old.wrapping_add(self.ahead)
    }
}

/// Two values, and a place in each.
pub(super) struct Abreast<'a> {
    pub old: &'a [u8],
    pub new: &'a [u8],
    pub at: Both,
    pub aligned: Aligned,
    /// Bytes that were looked at for nothing.
    in_vain: usize,
    /// Bytes that were compared to find out how far both are equal.
    looked: usize,
}

/// What comes next in two objects.
pub(super) enum Next<'a> {
    /// The values of this key, which both have; it stands there with its quotes.
    Value(&'a [u8]),
    /// Other keys in each, or one that may have been there before, or is spelled with escapes.
    OutOfStep,
    /// The brackets of both.
    End,
}

/// What begins in the old value.
pub(super) enum Look {
    /// A value that is equal in both, and where it ends in the old one.
    Equal(usize),
    /// One that is not, or that is not known to be.
    Differs,
}

impl<'a> Abreast<'a> {
    pub fn new(old: &'a [u8], new: &'a [u8]) -> Self {
        Abreast {
            old,
            new,
            at: Both { old: 0, new: 0 },
            aligned: Aligned {
                begin: 0,
                end: common(old, new),
                ahead: 0,
            },
            in_vain: 0,
            looked: 0,
        }
    }

    /// Goes elsewhere, where so many bytes are equal.
    pub fn go_to(&mut self, at: Both, equal: usize) {
        self.at = at;
        self.aligned = Aligned {
            begin: at.old,
            end: at.old + equal,
            ahead: at.ahead(),
        };
    }

    /// Goes elsewhere, and finds out how far both are equal from there on.
    pub fn align_at(&mut self, at: Both) {
        self.at = at;
        let known = self.aligned.begin..=self.aligned.end;
        if self.aligned.ahead == at.ahead() && known.contains(&at.old) {
            return;
        }
        let rest = |json: &'a [u8], at| json.get(at..).unwrap_or_default();
        let equal = common(rest(self.old, at.old), rest(self.new, at.new));
        self.looked += equal;
        self.go_to(at, equal);
    }

    /// Counts bytes that were looked at for nothing; `None` where they become too many.
    pub fn in_vain(&mut self, bytes: usize) -> Option<()> {
        self.in_vain += bytes;
        (self.in_vain + self.looked <= MOST_IN_VAIN * (self.old.len() + self.new.len()))
            .then_some(())
    }

    /// Goes behind blanks, commas and colons.
    #[inline]
    fn separators(&mut self) {
        let Both { old, new } = self.at;
        // Most often that is one comma or colon in both.
        if let Some([b',' | b':', b'!'..=u8::MAX, ..]) = self.old.get(old..)
            && old + 1 < self.aligned.end
        {
            self.at = self.at.forward(1);
            return;
        }
        self.align_at(Both {
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

    /// Goes to the value of the next field of two objects; `None` where these bytes are no objects.
    #[inline]
    pub fn next_field(&mut self, seen: &mut Seen) -> Option<Next<'a>> {
        self.separators();
        match self.bytes() {
            (Some(b'}'), Some(b'}')) => return Some(Next::End),
            (Some(b'"'), Some(b'"')) => {}
            (Some(b'}' | b'"'), Some(b'}' | b'"')) => return Some(Next::OutOfStep),
            _ => return None,
        }
        let Some(key) = self.key(seen) else {
            return Some(Next::OutOfStep);
        };
        self.at = self.at.forward(key.len());
        self.separators();
        Some(Next::Value(key))
    }

    /// The key that begins here, where both have the same one and it was not there before, nor spelled with escapes.
    #[inline]
    fn key(&self, seen: &mut Seen) -> Option<&'a [u8]> {
        let rest = self.old.get(self.at.old..)?;
        let length = seen.first_time(rest)?;
        let key = rest.get(..length)?;
        let end = self.at.old + length;
        let same =
            end <= self.aligned.end || self.new.get(self.at.new..self.at.new + length) == Some(key);
        same.then_some(key)
    }

    /// Whether the value that begins here is equal in both; `None` where none begins.
    #[inline]
    pub fn look(&mut self) -> Option<Look> {
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
            // What ends where the equal part does may go on in the new value.
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

    /// Where the values end that begin here.
    pub fn ends(&self) -> Option<Both> {
        Some(Both {
            old: value_end(self.old, self.at.old)?,
            new: value_end(self.new, self.at.new)?,
        })
    }

    pub fn spans(&self, start: Both, end: Both) -> Option<(&'a [u8], &'a [u8])> {
        let old = self.old.get(start.old..end.old)?;
        Some((old, self.new.get(start.new..end.new)?))
    }
}
