//! One pass over JSON that checks all of it and reports the fields of the objects that a caller watches.
//! Works on blocks of 64 bytes and keeps no tree and no recursion, so depth and length have no limit but memory.

use std::ops::ControlFlow;

use fearless_simd::Simd;

use super::block::{BLOCK, Block, padded, widest};
use super::depth_stack::{Nest, depth};
use super::fields::{Fields, Operators};
use super::grammar::{Grammar, Tokens};
use super::quotes::Quotes;
use super::scalar::Scalars;
use super::{Flaw, strings};

/// Who wants to hear of fields. Spans are raw JSON without the blanks around it; keys keep their quotes.
pub trait Watch<'a> {
    /// A field of the outermost object is complete. `Break` ends the walk.
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()>;

    /// An object begins as the value of this key of the outermost object: are its fields wanted too?
    fn enter(&mut self, _key: &'a [u8]) -> bool {
        false
    }

    /// A field of an object that was entered is complete. `Break` ends the walk.
    fn inner(&mut self, _key: &'a [u8], _value: &'a [u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Checks `json` and reports what `watch` asks for.
/// `Break` where `watch` ended the walk: then only what comes before was checked, and not its UTF-8.
///
/// # Errors
/// [`Flaw`] where the bytes are not UTF-8 or not exactly one JSON value.
pub fn walk<'a>(json: &'a [u8], watch: &mut impl Watch<'a>) -> Result<ControlFlow<()>, Flaw> {
    let mut walker = Walker::new(json, watch);
    let result = widest!(simd => walker.run(simd));
    match result {
        Ok(ControlFlow::Continue(())) if !walker.foreign.is_utf8(json) => {
            strings::utf8(json).map(ControlFlow::Continue)
        }
        Ok(flow) => Ok(flow),
        // Bytes that are no text at all are the better explanation.
        Err(at) => Err(strings::utf8(json).err().unwrap_or(Flaw::NotJson { at })),
    }
}

/// An offset where the grammar breaks.
type At = usize;

struct Walker<'a, 'w, W> {
    json: &'a [u8],
    watch: &'w mut W,
    quotes: Quotes,
    scalars: Scalars,
    nest: Nest,
    grammar: Grammar,
    fields: Fields,
    foreign: Foreign,
}

impl<'a, 'w, W: Watch<'a>> Walker<'a, 'w, W> {
    fn new(json: &'a [u8], watch: &'w mut W) -> Self {
        Walker {
            json,
            watch,
            quotes: Quotes::default(),
            scalars: Scalars::default(),
            nest: Nest::default(),
            grammar: Grammar::default(),
            fields: Fields::default(),
            foreign: Foreign::default(),
        }
    }

    #[inline(always)]
    fn run(&mut self, simd: impl Simd) -> Result<ControlFlow<()>, At> {
        let (blocks, rest) = self.json.as_chunks::<BLOCK>();
        // At least one blank, so that what ends with the document ends in this block.
        let last = padded(rest, b' ');
        for (at, block) in blocks.iter().chain([&last]).enumerate() {
            if self.block(at * BLOCK, Block::load(simd, block))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let complete = !self.quotes.is_open() && self.nest.is_empty() && self.grammar.is_complete();
        if complete {
            Ok(ControlFlow::Continue(()))
        } else {
            Err(self.json.len())
        }
    }

    #[inline(always)]
    fn block(&mut self, base: usize, block: Block<impl Simd>) -> Result<ControlFlow<()>, At> {
        if block.beyond_ascii() != 0 {
            self.foreign.block(self.json, base);
        }
        let text = self.quotes.block(self.json, base, block);
        let outside = !text.inside;
        // Long strings: nothing that has to be remembered changes inside one.
        if outside | text.quote | text.flaws == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let (open, close) = (block.open() & outside, block.close() & outside);
        let (comma, colon) = (block.comma() & outside, block.colon() & outside);
        let (blank, curly) = (block.blank() & outside, block.curly());
        let scalar = outside & !(open | close | comma | colon | blank | text.quote);
        let spans = self.scalars.block(self.json, base, block, scalar);
        let level = self.nest.level();
        let nest = self.nest.block(open, close, curly, self.fields.depth());
        let ungrammatical = self.grammar.block(&Tokens {
            open,
            close,
            comma,
            colon,
            inside: text.inside,
            string: text.quote & text.inside,
            string_end: text.quote & outside,
            scalar: spans.starts,
            scalar_end: spans.ends,
            blank,
            objects: nest.objects,
        });
        let flaws = text.flaws | spans.flaws | nest.flaws | ungrammatical;
        if !nest.shallow && flaws == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        // What strings must not hold is told before any field of the block.
        if text.flaws != 0 {
            return Err(base + text.flaws.trailing_zeros() as usize);
        }
        let sound = flaws.wrapping_sub(1) & !flaws;
        let operators = Operators {
            open: open & sound,
            close: close & sound,
            curly,
            comma: comma & sound,
            colon: colon & sound,
        };
        self.shallow((base, depth(level)), &operators, flaws)
    }

    /// Reports the fields of a block up to its first flaw.
    fn shallow(
        &mut self,
        place: (usize, usize),
        operators: &Operators,
        flaws: u64,
    ) -> Result<ControlFlow<()>, At> {
        let flow = self
            .fields
            .report(self.json, self.watch, place, operators)?;
        if flaws == 0 || flow.is_break() {
            return Ok(flow);
        }
        Err(place.0 + flaws.trailing_zeros() as usize)
    }
}

/// Blocks with bytes outside ASCII. Neighbours are checked together: no character reaches into a block of ASCII.
#[derive(Default)]
struct Foreign {
    start: usize,
    end: usize,
    not_utf8: bool,
}

impl Foreign {
    #[inline(never)]
    fn block(&mut self, json: &[u8], base: usize) {
        if self.end != base {
            self.not_utf8 |= !self.is_utf8(json);
            self.start = base;
        }
        self.end = base + BLOCK;
    }

    /// Whether all blocks so far are text.
    fn is_utf8(&self, json: &[u8]) -> bool {
        let last = json.get(self.start..self.end.min(json.len()));
        !self.not_utf8 && last.is_none_or(|last| std::str::from_utf8(last).is_ok())
    }
}
