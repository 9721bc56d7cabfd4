//! Validating visitor: one SIMD pass over JSON that reports the fields of the objects that a visitor enters.
//! It has no tree and no recursion, so only memory limits depth and length.

use std::ops::ControlFlow;

use fearless_simd::Simd;

use super::block::{BLOCK_BYTES, Block, padded, with_widest_simd};
use super::depth_stack::{BracketStack, depth};
use super::fields::{Fields, Operators, Visitor};
use super::grammar::{Grammar, Tokens};
use super::quotes::Quotes;
use super::scalar::Scalars;
use super::{SyntaxError, strings};

/// Validates `json` and reports fields to the visitor. `Break` if the visitor stopped: then only the bytes before
/// were validated, except for UTF-8.
///
/// # Errors
/// [`SyntaxError`] if the bytes are not UTF-8 or not exactly one JSON value.
pub fn visit<'a>(
    json: &'a [u8],
    visitor: &mut impl Visitor<'a>,
) -> Result<ControlFlow<()>, SyntaxError> {
    let mut validator = Validator::new(json, visitor);
    let result = with_widest_simd!(simd => validator.run(simd));
    match result {
        Ok(ControlFlow::Continue(())) if !validator.utf8_check.is_utf8(json) => {
            strings::utf8(json).map(ControlFlow::Continue)
        }
        Ok(flow) => Ok(flow),
        // Invalid UTF-8 is the better explanation.
        Err(at) => Err(strings::utf8(json)
            .err()
            .unwrap_or(SyntaxError::NotJson { at })),
    }
}

/// Offset of a syntax error.
type ErrorOffset = usize;

struct Validator<'a, 'v, V> {
    json: &'a [u8],
    visitor: &'v mut V,
    quotes: Quotes,
    scalars: Scalars,
    brackets: BracketStack,
    grammar: Grammar,
    fields: Fields,
    utf8_check: Utf8Check,
}

impl<'a, 'v, V: Visitor<'a>> Validator<'a, 'v, V> {
    fn new(json: &'a [u8], visitor: &'v mut V) -> Self {
        Validator {
            json,
            visitor,
            quotes: Quotes::default(),
            scalars: Scalars::default(),
            brackets: BracketStack::default(),
            grammar: Grammar::default(),
            fields: Fields::default(),
            utf8_check: Utf8Check::default(),
        }
    }

    #[inline(always)]
    fn run(&mut self, simd: impl Simd) -> Result<ControlFlow<()>, ErrorOffset> {
        let (blocks, rest) = self.json.as_chunks::<BLOCK_BYTES>();
        // At least one blank, so that a token at the end of the document ends in this block.
        let last = padded(rest, b' ');
        for (at, block) in blocks.iter().chain([&last]).enumerate() {
            if self
                .block(at * BLOCK_BYTES, Block::load(simd, block))?
                .is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        let complete =
            !self.quotes.is_open() && self.brackets.is_empty() && self.grammar.is_complete();
        if complete {
            Ok(ControlFlow::Continue(()))
        } else {
            Err(self.json.len())
        }
    }

    #[inline(always)]
    fn block(
        &mut self,
        base: usize,
        block: Block<impl Simd>,
    ) -> Result<ControlFlow<()>, ErrorOffset> {
        if block.beyond_ascii() != 0 {
            self.utf8_check.block(self.json, base);
        }
        let strings = self.quotes.block(self.json, base, block);
        let outside = !strings.string_bytes;
        // Inside a long string the state does not change.
        if outside | strings.quote | strings.errors == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let (open, close) = (block.open() & outside, block.close() & outside);
        let (comma, colon) = (block.comma() & outside, block.colon() & outside);
        let (blank, curly) = (block.blank() & outside, block.curly());
        let scalar = outside & !(open | close | comma | colon | blank | strings.quote);
        let spans = self.scalars.block(self.json, base, block, scalar);
        let level = self.brackets.level();
        let brackets = self.brackets.block(open, close, curly, self.fields.depth());
        let ungrammatical = self.grammar.block(&Tokens {
            open,
            close,
            comma,
            colon,
            string_bytes: strings.string_bytes,
            string: strings.quote & strings.string_bytes,
            string_end: strings.quote & outside,
            scalar: spans.starts,
            scalar_end: spans.ends,
            blank,
            objects: brackets.objects,
        });
        let errors = strings.errors | spans.errors | brackets.errors | ungrammatical;
        if !brackets.shallow && errors == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        // Errors in strings precede the fields of the block.
        if strings.errors != 0 {
            return Err(base + strings.errors.trailing_zeros() as usize);
        }
        let before_error = errors.wrapping_sub(1) & !errors;
        let operators = Operators {
            open: open & before_error,
            close: close & before_error,
            curly,
            comma: comma & before_error,
            colon: colon & before_error,
        };
        self.report((base, depth(level)), &operators, errors)
    }

    /// Reports the fields of a block up to its first error.
    fn report(
        &mut self,
        base_and_depth: (usize, usize),
        operators: &Operators,
        errors: u64,
    ) -> Result<ControlFlow<()>, ErrorOffset> {
        let flow = self
            .fields
            .report(self.json, self.visitor, base_and_depth, operators)?;
        if errors == 0 || flow.is_break() {
            return Ok(flow);
        }
        Err(base_and_depth.0 + errors.trailing_zeros() as usize)
    }
}

/// Runs of blocks with bytes outside ASCII. A run is checked at once, because no character extends into a block of
/// ASCII.
#[derive(Default)]
struct Utf8Check {
    start: usize,
    end: usize,
    not_utf8: bool,
}

impl Utf8Check {
    #[inline(never)]
    fn block(&mut self, json: &[u8], base: usize) {
        if self.end != base {
            self.not_utf8 |= !self.is_utf8(json);
            self.start = base;
        }
        self.end = base + BLOCK_BYTES;
    }

    /// Whether all blocks so far are UTF-8.
    fn is_utf8(&self, json: &[u8]) -> bool {
        let last = json.get(self.start..self.end.min(json.len()));
        !self.not_utf8 && last.is_none_or(|last| std::str::from_utf8(last).is_ok())
    }
}
