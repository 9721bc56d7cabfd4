//! One pass over JSON that checks all of it and reports the fields of the objects that a caller watches.
//! Works on blocks of 64 bytes and keeps no tree and no recursion, so depth and length have no limit but memory.

use std::ops::ControlFlow;

use super::block::{BLOCK, Masks, masks};
use super::grammar::{Window, act, container};
use super::{Flaw, scalar, strings};

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
    let result = walker.run();
    let beyond_ascii = walker.beyond_ascii;
    match result {
        Ok(ControlFlow::Continue(())) if beyond_ascii => {
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
    window: Window,
    container: u16,
    nest: Nest,
    /// Whether the object at depth 2 is watched.
    entered: bool,
    /// Where the current key and its colon stand, in the outermost and in the entered object.
    fields: [(usize, usize); 2],
    /// All ones while a string goes on into the next block.
    in_string: u64,
    /// 1 where the last byte of the block before was a backslash that escapes.
    escaping: u64,
    /// 1 where the last byte of the block before belonged to a number or literal.
    in_scalar: u64,
    beyond_ascii: bool,
}

impl<'a, 'w, W: Watch<'a>> Walker<'a, 'w, W> {
    fn new(json: &'a [u8], watch: &'w mut W) -> Self {
        Walker {
            json,
            watch,
            window: Window::START,
            container: container::TOP,
            nest: Nest::default(),
            entered: false,
            fields: [(0, 0); 2],
            in_string: 0,
            escaping: 0,
            in_scalar: 0,
            beyond_ascii: false,
        }
    }

    fn run(&mut self) -> Result<ControlFlow<()>, At> {
        let (blocks, rest) = self.json.as_chunks::<BLOCK>();
        let mut base = 0;
        for block in blocks {
            if self.block(base, block)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            base += BLOCK;
        }
        let mut last = [b' '; BLOCK];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        if self.block(base, &last)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let complete =
            self.in_string == 0 && self.container == container::TOP && !self.window.is_start();
        if complete {
            Ok(ControlFlow::Continue(()))
        } else {
            Err(self.json.len())
        }
    }

    #[inline]
    fn block(&mut self, base: usize, block: &[u8; BLOCK]) -> Result<ControlFlow<()>, At> {
        let masks = masks(block);
        self.beyond_ascii |= masks.beyond_ascii;
        let escaped = escaped(masks.backslash, &mut self.escaping);
        let quote = masks.quote & !escaped;
        let inside = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(inside >> 63);
        let openers = masks.backslash & !escaped;
        if openers | masks.control != 0 {
            self.rare(base, openers & inside, masks.control, inside)?;
        }
        let starts = self.starts(&masks, quote, inside);
        self.tokens(base, starts)
    }

    /// Where tokens start: operators and numbers or literals outside strings, and opening quotes.
    #[inline]
    fn starts(&mut self, masks: &Masks, quote: u64, inside: u64) -> u64 {
        let blank = masks.space | masks.control;
        let scalar = !(masks.operator | blank | quote | inside);
        let follows = scalar << 1 | self.in_scalar;
        self.in_scalar = scalar >> 63;
        (masks.operator & !inside) | (quote & inside) | (scalar & !follows)
    }

    /// Escapes must be ones that JSON knows; control characters stand outside strings only, as blanks.
    #[cold]
    fn rare(&self, base: usize, escapes: u64, control: u64, inside: u64) -> Result<(), At> {
        for at in ones(escapes) {
            strings::escape(self.json, base + at).ok_or(base + at)?;
        }
        for at in ones(control) {
            let blank = matches!(self.json.get(base + at), Some(b'\t' | b'\n' | b'\r'));
            if !blank || inside >> at & 1 == 1 {
                return Err(base + at);
            }
        }
        Ok(())
    }

    /// Moves over the tokens of a block.
    #[inline]
    fn tokens(&mut self, base: usize, mut starts: u64) -> Result<ControlFlow<()>, At> {
        let mut window = self.window;
        while starts != 0 {
            let at = base + starts.trailing_zeros() as usize;
            starts &= starts - 1;
            window = window.then(self.json.get(at).copied().unwrap_or(0));
            match window.act(self.container) {
                act::GO => {}
                act::SCALAR => scalar::check(self.json, at).ok_or(at)?,
                act::OPEN_OBJECT => self.open_object(),
                act::OPEN_ARRAY => self.open_array(),
                act::CLOSE => self.close(),
                act::KEY => self.place().0 = at,
                act::COLON => self.place().1 = at,
                act @ (act::COMMA | act::LAST) => {
                    if self.field(at, act == act::LAST).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                _ => return Err(at),
            }
        }
        self.window = window;
        Ok(ControlFlow::Continue(()))
    }

    #[inline]
    fn open_object(&mut self) {
        let depth = self.nest.push(true);
        self.entered |= depth == 2 && self.container == container::WATCHED && self.enters();
        let watched = depth == 1 || (depth == 2 && self.entered);
        self.container = if watched {
            container::WATCHED
        } else {
            container::OBJECT
        };
    }

    fn enters(&mut self) -> bool {
        let [(key, colon), _] = self.fields;
        self.watch.enter(span(self.json, key, colon))
    }

    #[inline]
    fn open_array(&mut self) {
        self.nest.push(false);
        self.container = container::ARRAY;
    }

    #[inline]
    fn close(&mut self) {
        let (depth, object) = self.nest.pop();
        self.entered &= depth >= 2;
        self.container = match (depth, object) {
            (0, _) => container::TOP,
            (_, false) => container::ARRAY,
            (1, true) => container::WATCHED,
            (2, true) if self.entered => container::WATCHED,
            (_, true) => container::OBJECT,
        };
    }

    fn place(&mut self) -> &mut (usize, usize) {
        let [outer, inner] = &mut self.fields;
        if self.entered { inner } else { outer }
    }

    fn field(&mut self, end: usize, last: bool) -> ControlFlow<()> {
        let (key, colon) = *self.place();
        let (key, value) = (span(self.json, key, colon), span(self.json, colon + 1, end));
        let flow = if self.entered {
            self.watch.inner(key, value)
        } else {
            self.watch.field(key, value)
        };
        if last {
            self.close();
        }
        flow
    }
}

/// The containers around the current place, one bit each, so that depth costs next to nothing.
#[derive(Default)]
struct Nest {
    depth: usize,
    /// The innermost containers since the last multiple of 64; 1 is an object.
    bits: u64,
    outer: Vec<u64>,
}

impl Nest {
    #[inline]
    fn push(&mut self, object: bool) -> usize {
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
        self.depth
    }

    /// The depth that is left, and whether it is an object.
    #[inline]
    fn pop(&mut self) -> (usize, bool) {
        self.depth = self.depth.saturating_sub(1);
        self.bits >>= 1;
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            self.bits = self.outer.pop().unwrap_or(0);
        }
        (self.depth, self.bits & 1 == 1)
    }
}

/// Which bytes are escaped by a backslash before them. `escaping` is 1 where the block before ended with a backslash
/// that escapes, and is left so for the next block. An escaped backslash escapes nothing.
#[inline]
pub(super) fn escaped(backslash: u64, escaping: &mut u64) -> u64 {
    let mut escaped = std::mem::take(escaping);
    let mut left = backslash & !escaped;
    while left != 0 {
        let first = left & left.wrapping_neg();
        escaped |= first << 1;
        left &= !(first | first << 1);
        *escaping = first >> 63;
    }
    escaped
}

/// Bit `i` of the result is the parity of the bits `0..=i`.
#[inline]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        at
    })
}

fn span(json: &[u8], from: usize, to: usize) -> &[u8] {
    json.get(from..to).unwrap_or_default().trim_ascii()
}
