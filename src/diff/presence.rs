//! Whether a document has a value at a pattern, and where it ends if not.

use super::path::Step;
use super::pattern::Pattern;
use super::tape::MAX_DEPTH;
use crate::json::items;
use crate::path::Segment;

/// The place at which a document has no value for the next segment of a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Miss<'a> {
    /// Number of segments that were found.
    pub found: usize,
    /// The raw value in which the next one is not.
    pub value: &'a [u8],
}

/// Whether a document has a value at this pattern; calls `miss` for each place at which it does not go on, except below
/// `**`.
pub fn occurs_in<'a>(
    pattern: &Pattern,
    document: &'a [u8],
    miss: &mut dyn FnMut(Miss<'a>),
) -> bool {
    let mut search = Search { pattern, miss };
    search.find(document, 0, 0)
}

struct Search<'p, 'm, 'a> {
    pattern: &'p Pattern,
    miss: &'m mut dyn FnMut(Miss<'a>),
}

impl<'a> Search<'_, '_, 'a> {
    fn find(&mut self, value: &'a [u8], at: usize, depth: usize) -> bool {
        let segments = self.pattern.segments();
        let Some(segment) = segments.get(at) else {
            return true;
        };
        if depth > MAX_DEPTH {
            return false;
        }
        if *segment == Segment::Deep {
            return self.find(value, at + 1, depth)
                || items(value).any(|item| self.find(item.value, at, depth + 1));
        }
        let mut goes_on = false;
        for (index, item) in (0..).zip(items(value)) {
            let element = Step::Both {
                old: index,
                new: index,
            };
            let step = item.key.map_or(element, Step::Key);
            let (matches, through) = self.pattern.step(segment, &step);
            goes_on |= matches || through;
            if (matches && self.find(item.value, at + 1, depth + 1))
                || (through && self.find(item.value, at, depth + 1))
            {
                return true;
            }
        }
        if !goes_on && !segments[..at].contains(&Segment::Deep) {
            (self.miss)(Miss { found: at, value });
        }
        false
    }
}
