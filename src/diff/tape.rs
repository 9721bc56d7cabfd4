//! A tape: a flat index of all values of a document, in document order.

use std::cell::{Cell, OnceCell};

use super::hash::Key;
use crate::json::{container_end, is_canonical_scalar, scalar_end, string};

/// Deeper containers are compared as a whole, byte by byte, so that recursion is bounded.
pub const MAX_DEPTH: usize = 128;
/// A document of more values is compared as a whole: its tape would take more memory than the document.
pub const MAX_VALUES: usize = 4_000_000;

/// A value's index in a [`Tape`].
pub(super) type At = u32;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
    /// An array or object that is compared as a whole.
    Opaque,
}

impl ValueType {
    /// The type of a raw value.
    pub fn classify(raw: &[u8]) -> ValueType {
        match raw.first() {
            Some(b'{') => ValueType::Object,
            Some(b'[') => ValueType::Array,
            Some(b'"') => ValueType::String,
            Some(b't' | b'f') => ValueType::Bool,
            Some(b'n') => ValueType::Null,
            _ => ValueType::Number,
        }
    }

    /// The type of a raw value at a depth; a container that is too deep is opaque.
    pub fn classify_at(depth: usize, raw: &[u8]) -> ValueType {
        match ValueType::classify(raw) {
            ValueType::Array | ValueType::Object if depth >= MAX_DEPTH => ValueType::Opaque,
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
    /// No blanks between values, no escapes, and only canonical numbers.
    canonical: bool,
    /// Cache of hashes; 0 if not computed yet.
    hashes: OnceCell<Vec<Cell<u64>>>,
}

impl<'a> Tape<'a> {
    /// Indexes JSON that was checked before. Other bytes give one opaque value or undefined values, never a panic.
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
            canonical: builder.canonical,
            hashes: OnceCell::new(),
        }
    }

    /// Indexes consecutive elements of an array at a depth, with their separators; the root is the array. `None` if the
    /// bytes are not elements, or too many values.
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
            canonical: builder.canonical,
            hashes: OnceCell::new(),
        })
    }

    /// The document itself.
    pub const ROOT: At = 0;

    pub fn root(&self) -> NodeRef<'_, 'a> {
        NodeRef::new(self, Self::ROOT)
    }

    /// The value's bytes.
    #[inline]
    pub fn raw(&self, at: At) -> &'a [u8] {
        self.nodes.get(at as usize).map_or(b"", |node| {
            self.json
                .get(node.start as usize..node.end as usize)
                .unwrap_or_default()
        })
    }

    pub fn kind(&self, at: At) -> ValueType {
        let node = self.nodes.get(at as usize);
        if node.is_some_and(|node| node.next & OPAQUE_BIT != 0) {
            return ValueType::Opaque;
        }
        ValueType::classify(self.raw(at))
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

    /// Whether values are equal only byte by byte, apart from the order of keys.
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }

    /// A checksum that is equal for values with the same keys, strings, numbers and literals in any order, byte by
    /// byte.
    pub fn unordered_checksum(&self, at: At, key: Key) -> u64 {
        let nodes = self.nodes.get(at as usize..self.next(at) as usize);
        let nodes = nodes.unwrap_or_default().iter();
        let raw = nodes.filter_map(|node| self.json.get(node.start as usize..node.end as usize));
        let leaves = raw.filter(|raw| !matches!(raw.first(), Some(b'{' | b'[')));
        leaves.fold(0, |sum, raw| sum.wrapping_add(key.bytes(raw)))
    }

    /// Turns the cache of hashes on.
    pub fn cache_hashes(&self) {
        let empty = || vec![Cell::new(0); self.nodes.len()];
        self.hashes.get_or_init(empty);
    }

    /// The cached hash of a value, if the cache is on.
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

    pub fn kind(self) -> ValueType {
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
    /// Maximum nesting of containers.
    max_open: usize,
    canonical: bool,
}

impl<'a> Builder<'a> {
    fn new(json: &'a [u8], depth: usize) -> Self {
        let json = json.get(..u32::MAX as usize >> 1).unwrap_or(json);
        Builder {
            json,
            nodes: Vec::with_capacity(json.len() / 6 + 2),
            open: Vec::with_capacity(8),
            max_open: MAX_DEPTH.saturating_sub(depth),
            canonical: true,
        }
    }

    /// `None` if the bytes are not one JSON value, or too many values.
    fn run(&mut self) -> Option<()> {
        let mut at = 0;
        while let Some(&byte) = self.json.get(at) {
            at = match byte {
                b',' | b':' => at + 1,
                b'"' => self.string(at)?,
                b'{' | b'[' if self.open.len() == self.max_open => {
                    self.canonical = false;
                    self.leaf(at, container_end(self.json, at)?, OPAQUE_BIT)
                }
                b'{' | b'[' => self.begin(at),
                b'}' | b']' => self.close(at)?,
                b' ' | b'\n' | b'\r' | b'\t' => {
                    self.canonical = false;
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
        self.canonical &= !escaped;
        Some(self.leaf(at, end, 0))
    }

    #[inline]
    fn scalar(&mut self, at: usize) -> usize {
        let end = scalar_end(self.json, at);
        self.canonical &= is_canonical_scalar(self.json.get(at..end).unwrap_or_default());
        self.leaf(at, end, 0)
    }

    #[inline]
    fn leaf(&mut self, start: usize, end: usize, opaque_bit: u32) -> usize {
        let next = short(self.nodes.len() + 1) | opaque_bit;
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

/// Offsets fit, because documents are cut to less than 2 GiB.
#[inline]
fn short(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX >> 1)
}
