//! JSON's grammar as bit masks: which token may follow which, for all tokens of a block at once.
//! Numbers, literals and strings are single tokens here; their insides are checked elsewhere, and so are the top
//! of the document, where no comma may stand, and whether brackets fit.

/// Which token was the last one, for the next block to go on; each is 1 or 0.
#[derive(Default)]
pub(super) struct Grammar {
    open: u64,
    comma: u64,
    key: u64,
    value: u64,
    /// Whether an open string is a key.
    in_key: u64,
}

/// The tokens of a block.
pub(super) struct Tokens {
    /// `{` and `[`
    pub open: u64,
    /// `}` and `]`
    pub close: u64,
    /// `,`
    pub comma: u64,
    /// `:`
    pub colon: u64,
    /// Strings with their opening quotes and without the closing ones.
    pub inside: u64,
    /// Opening quotes.
    pub string: u64,
    /// Closing quotes.
    pub string_end: u64,
    /// First bytes of numbers and literals.
    pub scalar: u64,
    /// The bytes just behind numbers and literals.
    pub scalar_end: u64,
    /// Blanks outside strings.
    pub blank: u64,
    /// Bytes whose container is an object.
    pub objects: u64,
}

impl Grammar {
    /// The tokens that cannot stand where they stand.
    #[inline(always)]
    pub fn block(&mut self, all: &Tokens) -> u64 {
        let after_open = behind(&mut self.open, all.open, 0, all.blank);
        let after_comma = behind(&mut self.comma, all.comma, 0, all.blank);
        let name = all.objects & (after_open | after_comma);
        let keys = self.ends(all, all.string & name) & all.string_end;
        let after_key = behind(&mut self.key, keys, 0, all.blank);
        let values = all.close | (all.string_end & !keys);
        let after_value = behind(&mut self.value, values, all.scalar_end, all.blank);
        let begins = all.open | all.scalar;
        (all.colon ^ after_key)
            | (all.comma & !after_value)
            | (all.close & !(after_value | after_open))
            | ((begins | all.string) & after_value)
            | (begins & name)
    }

    /// Whether the last token ended a value.
    pub fn is_complete(&self) -> bool {
        self.value == 1
    }

    /// Where keys end that begin here or began before: adding to a string's first bit carries to behind its last.
    #[inline(always)]
    fn ends(&mut self, all: &Tokens, keys: u64) -> u64 {
        let (sum, carry) = all.inside.overflowing_add(keys | self.in_key);
        self.in_key = u64::from(carry);
        sum & !all.inside
    }
}

/// The first bytes behind the blanks that follow `tokens`, or that go on from the block before: adding to the first
/// of some blanks carries to behind the last. What is in `more` is behind a token already.
#[inline]
fn behind(carry: &mut u64, tokens: u64, more: u64, blank: u64) -> u64 {
    let next = tokens << 1 | more | *carry;
    *carry = tokens >> 63;
    if blank == 0 {
        return next;
    }
    let (sum, over) = blank.overflowing_add(next);
    *carry |= u64::from(over);
    sum & !blank
}
