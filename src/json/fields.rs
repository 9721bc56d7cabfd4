//! Visitor of fields, and the state that reports them from the operators of a block. Trusts the grammar, except at
//! the top level.

use std::ops::ControlFlow;

use super::block::set_bits;

/// A visitor of fields. Spans are raw JSON without the blanks around it; keys have their quotes.
pub trait Visitor<'a> {
    /// A field of the outermost object is complete. `Break` ends the visit.
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()>;

    /// An object starts as the value of this key of the outermost object. Returns whether to report its fields too.
    fn enter(&mut self, _key: &'a [u8]) -> bool {
        false
    }

    /// A field of an entered object is complete. `Break` ends the visit.
    fn inner(&mut self, _key: &'a [u8], _value: &'a [u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The operators of a block, outside strings.
pub(super) struct Operators {
    /// `{` and `[`
    pub open: u64,
    /// `}` and `]`
    pub close: u64,
    /// Curly brackets among the brackets.
    pub curly: u64,
    /// `,`
    pub comma: u64,
    /// `:`
    pub colon: u64,
}

/// State of the current fields.
#[derive(Default)]
pub(super) struct Fields {
    /// The outermost container is an object.
    object: bool,
    /// The object at depth 2 was entered.
    entered: bool,
    outer: Field,
    inner: Field,
}

/// A field that has started.
#[derive(Default, Clone, Copy)]
struct Field {
    /// Offset of the key, or of the blanks before it.
    key: usize,
    /// Offset of the colon; `None` before it was read.
    colon: Option<usize>,
}

impl Fields {
    /// A block must be reported if fewer containers than this are open at some byte.
    pub fn depth(&self) -> u32 {
        1 + u32::from(self.object) + u32::from(self.entered)
    }

    /// Reports the fields that end in the block at `base`, which starts inside `depth` containers. `Err` if a comma
    /// or bracket follows the outermost value.
    pub fn report<'a>(
        &mut self,
        json: &'a [u8],
        visitor: &mut impl Visitor<'a>,
        (base, depth): (usize, usize),
        operators: &Operators,
    ) -> Result<ControlFlow<()>, usize> {
        let mut depth = depth;
        for bit in set_bits(operators.open | operators.close | operators.comma | operators.colon) {
            let at = base + bit;
            let is = |mask: u64| mask >> bit & 1 == 1;
            if is(operators.open) {
                self.open(json, visitor, (at, depth), is(operators.curly));
                depth += 1;
            } else if is(operators.colon) {
                if let Some(field) = self.field(depth) {
                    field.colon = Some(at);
                }
            } else {
                if depth == 0 {
                    return Err(at);
                }
                if self.end(json, visitor, (at, depth)).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                if is(operators.close) {
                    depth -= 1;
                    self.entered &= depth >= 2;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The current field of the container at this depth, if its fields are reported.
    fn field(&mut self, depth: usize) -> Option<&mut Field> {
        match depth {
            1 if self.object => Some(&mut self.outer),
            2 if self.entered => Some(&mut self.inner),
            _ => None,
        }
    }

    fn open<'a>(
        &mut self,
        json: &'a [u8],
        visitor: &mut impl Visitor<'a>,
        (at, depth): (usize, usize),
        object: bool,
    ) {
        let field = Field {
            key: at + 1,
            colon: None,
        };
        if depth == 0 {
            (self.object, self.outer) = (object, field);
        } else if let (1, true, Some(colon)) = (depth, object && self.object, self.outer.colon) {
            self.entered = visitor.enter(span(json, self.outer.key, colon));
            self.inner = field;
        }
    }

    /// A comma or closing bracket ends a field, if there is one.
    fn end<'a>(
        &mut self,
        json: &'a [u8],
        visitor: &mut impl Visitor<'a>,
        (at, depth): (usize, usize),
    ) -> ControlFlow<()> {
        let Some(field) = self.field(depth) else {
            return ControlFlow::Continue(());
        };
        let ended = std::mem::take(field);
        field.key = at + 1;
        let Some(colon) = ended.colon else {
            return ControlFlow::Continue(());
        };
        let (key, value) = (span(json, ended.key, colon), span(json, colon + 1, at));
        if depth == 1 {
            visitor.field(key, value)
        } else {
            visitor.inner(key, value)
        }
    }
}

fn span(json: &[u8], from: usize, to: usize) -> &[u8] {
    json.get(from..to).unwrap_or_default().trim_ascii()
}
