//! JSON's grammar as bit masks: which token may follow which, for all tokens of a block at once. Numbers, literals
//! and strings are single tokens.

/// The last token of the previous block; each is 1 or 0.
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
    /// Bytes of strings with the opening quotes and without the closing ones.
    pub string_bytes: u64,
    /// Opening quotes.
    pub string: u64,
    /// Closing quotes.
    pub string_end: u64,
    /// First bytes of numbers and literals.
    pub scalar: u64,
    /// The bytes just after numbers and literals.
    pub scalar_end: u64,
    /// Blanks outside strings.
    pub blank: u64,
    /// Bytes whose container is an object.
    pub objects: u64,
}

impl Grammar {
    /// The tokens at invalid positions.
    #[inline(always)]
    pub fn block(&mut self, tokens: &Tokens) -> u64 {
        let after_open = after(&mut self.open, tokens.open, 0, tokens.blank);
        let after_comma = after(&mut self.comma, tokens.comma, 0, tokens.blank);
        let name = tokens.objects & (after_open | after_comma);
        let keys = self.ends(tokens, tokens.string & name) & tokens.string_end;
        let after_key = after(&mut self.key, keys, 0, tokens.blank);
        let values = tokens.close | (tokens.string_end & !keys);
        let after_value = after(&mut self.value, values, tokens.scalar_end, tokens.blank);
        let begins = tokens.open | tokens.scalar;
        (tokens.colon ^ after_key)
            | (tokens.comma & !after_value)
            | (tokens.close & !(after_value | after_open))
            | ((begins | tokens.string) & after_value)
            | (begins & name)
    }

    /// Whether the last token ended a value.
    pub fn is_complete(&self) -> bool {
        self.value == 1
    }

    /// Ends of the keys that start here or started before: adding to a string's first bit carries to the bit after
    /// its last.
    #[inline(always)]
    fn ends(&mut self, tokens: &Tokens, keys: u64) -> u64 {
        let (sum, carry) = tokens.string_bytes.overflowing_add(keys | self.in_key);
        self.in_key = u64::from(carry);
        sum & !tokens.string_bytes
    }
}

/// The first bytes after the blanks that follow `tokens`, or that continue from the previous block: adding to the first
/// of a run of blanks carries to the bit after the last. Bytes of `more` already follow a token.
#[inline]
fn after(carry: &mut u64, tokens: u64, more: u64, blank: u64) -> u64 {
    let next = tokens << 1 | more | *carry;
    *carry = tokens >> 63;
    if blank == 0 {
        return next;
    }
    let (sum, over) = blank.overflowing_add(next);
    *carry |= u64::from(over);
    sum & !blank
}
