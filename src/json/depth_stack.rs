//! Bit stack of open brackets: one bit per container, so that depth costs almost nothing.

/// The open containers, one bit each.
pub(super) struct BracketStack {
    /// The innermost containers below a sentinel 1, the newest in the lowest bit; 1 is an object, 0 an array.
    bits: u64,
    /// Words of outer containers: 31 bits each, also below a sentinel 1.
    outer: Vec<u32>,
    /// If `bits` is lower than this, a word of `outer` is popped.
    floor: u64,
}

/// The result for the brackets of a block.
pub(super) struct Brackets {
    /// Bytes whose container is an object; for an opening bracket, the container around it. Undefined at the top level.
    pub objects: u64,
    /// Closing brackets of the wrong kind.
    pub errors: u64,
    /// Whether fewer than `depth` containers were open at some byte.
    pub shallow: bool,
}

impl Default for BracketStack {
    fn default() -> Self {
        BracketStack {
            bits: 1,
            outer: Vec::new(),
            floor: 0,
        }
    }
}

impl BracketStack {
    /// Processes the brackets of a block. A closing bracket without an opening one is not an error here: it
    /// makes the block shallow.
    #[inline(always)]
    pub fn block(&mut self, open: u64, close: u64, curly: u64, depth: u32) -> Brackets {
        let (mut bits, mut errors) = (self.bits, 0);
        let mut lowest = bits;
        let mut objects = (bits & 1).wrapping_neg();
        let mut left = open | close;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            let (object, around) = (curly >> at & 1, bits & 1);
            if open >> at & 1 == 1 {
                if bits >> 63 == 1 {
                    bits = self.push_word(bits);
                }
                bits = bits << 1 | object;
            } else {
                errors |= (object ^ around) << at;
                bits >>= 1;
                if bits < self.floor {
                    bits = self.pop_word(bits);
                }
                lowest = lowest.min(bits);
            }
            objects ^= ((around ^ (bits & 1)).wrapping_neg() << at) << 1;
        }
        self.bits = bits;
        Brackets {
            objects,
            errors,
            shallow: lowest < 1 << depth,
        }
    }

    /// The number of open containers, in a form that [`depth`] converts, because few blocks need it.
    #[inline]
    pub fn level(&self) -> (usize, u64) {
        (self.outer.len(), self.bits)
    }

    /// Whether no container is open.
    pub fn is_empty(&self) -> bool {
        self.bits == 1
    }

    #[cold]
    fn push_word(&mut self, bits: u64) -> u64 {
        let [a, b, c, d, low @ ..] = bits.to_be_bytes();
        self.outer.push(u32::from_be_bytes([a, b, c, d]));
        self.floor = 1 << 17;
        1 << 32 | u64::from(u32::from_be_bytes(low))
    }

    #[cold]
    fn pop_word(&mut self, bits: u64) -> u64 {
        let Some(outer) = self.outer.pop() else {
            return bits;
        };
        if self.outer.is_empty() {
            self.floor = 0;
        }
        u64::from(outer) << 16 | bits & 0xffff
    }
}

/// The number of containers that a [`BracketStack::level`] stands for.
pub(super) fn depth((outer, bits): (usize, u64)) -> usize {
    outer * 31 + bits.checked_ilog2().unwrap_or(0) as usize
}
