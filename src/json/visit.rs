//! One pass over JSON that checks all of it and reports the fields of the objects that a caller watches.
//! Works on blocks of 64 bytes and keeps no tree and no recursion, so depth and length have no limit but memory.

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
    let mut walker = Validator::new(json, visitor);
    let result = with_widest_simd!(simd => walker.run(simd));
    match result {
        Ok(ControlFlow::Continue(())) if !walker.foreign.is_utf8(json) => {
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

struct Validator<'a, 'w, W> {
    json: &'a [u8],
    visitor: &'w mut W,
    quotes: Quotes,
    scalars: Scalars,
    brackets: BracketStack,
    grammar: Grammar,
    fields: Fields,
    foreign: Utf8Check,
}

impl<'a, 'w, W: Visitor<'a>> Validator<'a, 'w, W> {
    fn new(json: &'a [u8], visitor: &'w mut W) -> Self {
        Validator {
            json,
            visitor,
            quotes: Quotes::default(),
            scalars: Scalars::default(),
            brackets: BracketStack::default(),
            grammar: Grammar::default(),
            fields: Fields::default(),
            foreign: Utf8Check::default(),
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
            self.foreign.block(self.json, base);
        }
        let text = self.quotes.block(self.json, base, block);
        let outside = !text.raw_body;
        // Long strings: nothing that has to be remembered changes inside one.
        if outside | text.quote | text.errors == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let (open, close) = (block.open() & outside, block.close() & outside);
        let (comma, colon) = (block.comma() & outside, block.colon() & outside);
        let (blank, curly) = (block.blank() & outside, block.curly());
        let scalar = outside & !(open | close | comma | colon | blank | text.quote);
        let spans = self.scalars.block(self.json, base, block, scalar);
        let level = self.brackets.level();
        let brackets = self.brackets.block(open, close, curly, self.fields.depth());
        let ungrammatical = self.grammar.block(&Tokens {
            open,
            close,
            comma,
            colon,
            raw_body: text.raw_body,
            string: text.quote & text.raw_body,
            string_end: text.quote & outside,
            scalar: spans.starts,
            scalar_end: spans.ends,
            blank,
            objects: brackets.objects,
        });
        let errors = text.errors | spans.errors | brackets.errors | ungrammatical;
        if !brackets.shallow && errors == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        // Errors in strings precede the fields of the block.
        if text.errors != 0 {
            return Err(base + text.errors.trailing_zeros() as usize);
        }
        let sound = errors.wrapping_sub(1) & !errors;
        let operators = Operators {
            open: open & sound,
            close: close & sound,
            curly,
            comma: comma & sound,
            colon: colon & sound,
        };
        self.shallow((base, depth(level)), &operators, errors)
    }

    /// Reports the fields of a block up to its first flaw.
    fn shallow(
        &mut self,
        place: (usize, usize),
        operators: &Operators,
        errors: u64,
    ) -> Result<ControlFlow<()>, ErrorOffset> {
        let flow = self
            .fields
            .report(self.json, self.visitor, place, operators)?;
        if errors == 0 || flow.is_break() {
            return Ok(flow);
        }
        Err(place.0 + errors.trailing_zeros() as usize)
    }
}

/// Blocks with bytes outside ASCII. Neighbours are checked together: no character reaches into a block of ASCII.
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
