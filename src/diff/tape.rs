//! A tape: a flat index of all values of a document, in document order.

use std::cell::{Cell, OnceCell};

use super::hash::Key;
use crate::json::{container_end, is_canonical_scalar, scalar_end, string};

/// Deeper than this a value is one value, compared byte by byte: recursion must have an end.
pub const MAX_DEPTH: usize = 128;
/// A document of more values than this is one value: its list would take more memory than the document.
pub const MAX_VALUES: usize = 4_000_000;

/// A value's place in a [`Tape`].
pub(super) type At = u32;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
    /// An array or object that is not taken apart.
    Opaque,
}

impl Kind {
    /// The type of a raw value.
    pub fn of(raw: &[u8]) -> Kind {
        match raw.first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The same for a value at a depth.
    pub fn at(depth: usize, raw: &[u8]) -> Kind {
        match Kind::of(raw) {
            Kind::Array | Kind::Object if depth >= MAX_DEPTH => Kind::Opaque,
            kind => kind,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    /// The node after this value and its content; the highest bit marks an opaque container.
    next: u32,
}

const OPAQUE_BIT: u32 = 1 << 31;

/// The values of a document. In an object, keys and values alternate.
#[derive(Debug)]
pub(super) struct Tape<'a> {
    json: &'a [u8],
    nodes: Vec<Node>,
    /// Values are spelled in the usual way: no blanks between them, no escapes, no number that has other spellings.
    plain: bool,
    /// Hashes that were computed so far, else 0.
    hashes: OnceCell<Vec<Cell<u64>>>,
}

impl<'a> Tape<'a> {
    /// The values of JSON that was checked before. Other bytes make one value that is not taken apart, or nonsense;
    /// never a panic.
    pub fn new(json: &'a [u8]) -> Self {
        Self::at_depth(0, json)
    }

    /// Like [`Tape::new`], for a value at a depth.
    pub fn at_depth(depth: usize, json: &'a [u8]) -> Self {
        let mut builder = Builder::new(json.trim_ascii(), depth);
        let nodes = match builder.run() {
            Some(()) if builder.open.is_empty() && !builder.nodes.is_empty() => builder.nodes,
            _ => vec![Node {
                start: 0,
                end: short(builder.json.len()),
                next: 1 | OPAQUE_BIT,
            }],
        };
        Tape {
            json: builder.json,
            nodes,
            plain: !builder.odd,
            hashes: OnceCell::new(),
        }
    }

    /// Consecutive elements of an array at a depth, with what is between them; the root is the array. `None` if these
    /// are not elements, or too many values.
    pub fn of_elements(depth: usize, json: &'a [u8]) -> Option<Self> {
        let mut builder = Builder::new(json, depth);
        builder.begin(0);
        builder.run()?;
        if builder.open.len() != 1 || builder.json.len() < json.len() {
            return None;
        }
        builder.close(json.len().saturating_sub(1));
        Some(Tape {
            json,
            nodes: builder.nodes,
            plain: !builder.odd,
            hashes: OnceCell::new(),
        })
    }

    /// The document itself.
    pub const ROOT: At = 0;

    /// The value's bytes.
    #[inline]
    pub fn raw(&self, at: At) -> &'a [u8] {
        self.nodes.get(at as usize).map_or(b"", |node| {
            self.json
                .get(node.start as usize..node.end as usize)
                .unwrap_or_default()
        })
    }

    pub fn kind(&self, at: At) -> Kind {
        let node = self.nodes.get(at as usize);
        if node.is_some_and(|node| node.next & OPAQUE_BIT != 0) {
            return Kind::Opaque;
        }
        Kind::of(self.raw(at))
    }

    /// The node after a value.
    #[inline]
    fn next(&self, at: At) -> At {
        self.nodes
            .get(at as usize)
            .map_or(At::MAX, |node| node.next & !OPAQUE_BIT)
    }

    /// The elements of an array; keys and values of an object.
    pub fn elements(&self, at: At) -> impl Iterator<Item = At> + '_ {
        let (mut child, end) = (at + 1, self.next(at));
        std::iter::from_fn(move || {
            let this = child;
            (this < end).then(|| {
                child = self.next(this);
                this
            })
        })
    }

    /// The members of an object: keys and values.
    pub fn members(&self, at: At) -> impl Iterator<Item = (At, At)> + '_ {
        let mut children = self.elements(at);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// Whether two values can be the same here only byte by byte, apart from the order of keys.
    pub fn is_canonical(&self) -> bool {
        self.plain
    }

    /// A checksum that is equal for values with the same keys, strings, numbers and literals in any order, byte by
    /// byte.
    pub fn unordered_checksum(&self, at: At, key: Key) -> u64 {
        let parts = self.nodes.get(at as usize..self.next(at) as usize);
        let parts = parts.unwrap_or_default().iter();
        let raw = parts.filter_map(|node| self.json.get(node.start as usize..node.end as usize));
        let leaves = raw.filter(|raw| !matches!(raw.first(), Some(b'{' | b'[')));
        leaves.fold(0, |sum, raw| sum.wrapping_add(key.bytes(raw)))
    }

    /// Makes room for hashes.
    pub fn cache_hashes(&self) {
        let room = || vec![Cell::new(0); self.nodes.len()];
        self.hashes.get_or_init(room);
    }

    /// The cache of a value's hash, if hashes are kept.
    pub fn hash(&self, at: At) -> Option<&Cell<u64>> {
        self.hashes.get()?.get(at as usize)
    }
}

/// A value on its tape.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeRef<'t, 'a> {
    pub tape: &'t Tape<'a>,
    pub at: At,
}

impl<'t, 'a> NodeRef<'t, 'a> {
    pub fn new(tape: &'t Tape<'a>, at: At) -> Self {
        NodeRef { tape, at }
    }

    pub fn raw(self) -> &'a [u8] {
        self.tape.raw(self.at)
    }

    pub fn kind(self) -> Kind {
        self.tape.kind(self.at)
    }

    pub fn elements(self) -> impl Iterator<Item = NodeRef<'t, 'a>> {
        self.tape
            .elements(self.at)
            .map(move |at| NodeRef::new(self.tape, at))
    }
}

struct Builder<'a> {
    json: &'a [u8],
    nodes: Vec<Node>,
    open: Vec<u32>,
    /// So many containers may be open in one another.
    deepest: usize,
    /// Something is spelled as few spell it.
    odd: bool,
}

impl<'a> Builder<'a> {
    fn new(json: &'a [u8], depth: usize) -> Self {
        let json = json.get(..u32::MAX as usize >> 1).unwrap_or(json);
        Builder {
            json,
            nodes: Vec::with_capacity(json.len() / 6 + 2),
            open: Vec::with_capacity(8),
            deepest: MAX_DEPTH.saturating_sub(depth),
            odd: false,
        }
    }

    /// `None` if the bytes are not one JSON value, or too many values.
    fn run(&mut self) -> Option<()> {
        let mut at = 0;
        while let Some(&byte) = self.json.get(at) {
            at = match byte {
                b',' | b':' => at + 1,
                b'"' => self.string(at)?,
                b'{' | b'[' if self.open.len() == self.deepest => {
                    self.odd = true;
                    self.leaf(at, container_end(self.json, at)?, OPAQUE_BIT)
                }
                b'{' | b'[' => self.begin(at),
                b'}' | b']' => self.close(at)?,
                b' ' | b'\n' | b'\r' | b'\t' => {
                    self.odd = true;
                    at + 1
                }
                _ => self.scalar(at),
            };
            let complete = self.open.is_empty();
            if (complete && at < self.json.len()) || self.nodes.len() > MAX_VALUES {
                return None;
            }
        }
        Some(())
    }

    #[inline]
    fn string(&mut self, at: usize) -> Option<usize> {
        let (end, escaped) = string(self.json, at)?;
        self.odd |= escaped;
        Some(self.leaf(at, end, 0))
    }

    #[inline]
    fn scalar(&mut self, at: usize) -> usize {
        let end = scalar_end(self.json, at);
        self.odd |= !is_canonical_scalar(self.json.get(at..end).unwrap_or_default());
        self.leaf(at, end, 0)
    }

    #[inline]
    fn leaf(&mut self, start: usize, end: usize, whole: u32) -> usize {
        let next = short(self.nodes.len() + 1) | whole;
        self.nodes.push(Node {
            start: short(start),
            end: short(end),
            next,
        });
        end
    }

    #[inline]
    fn begin(&mut self, at: usize) -> usize {
        self.open.push(short(self.nodes.len()));
        self.leaf(at, at + 1, 0)
    }

    #[inline]
    fn close(&mut self, at: usize) -> Option<usize> {
        let opened = self.open.pop()?;
        let next = short(self.nodes.len());
        let node = self.nodes.get_mut(opened as usize)?;
        (node.end, node.next) = (short(at + 1), next);
        Some(at + 1)
    }
}

/// Documents were cut to less than 2 GiB, so offsets fit.
#[inline]
fn short(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX >> 1)
}
