//! The fields of documents as a tree of paths, each with its types, the number of documents that have it, and an example.

use std::collections::HashMap;

use crate::diff::redact;
use crate::json::{items, unescaped, unquote};
use crate::path::{Printed, Segment, push_key};

/// Fields that are nested deeper are not listed.
pub const MAX_DEPTH: usize = 16;
/// Maximum number of fields of one collection: objects can have ids as keys.
pub const MAX_FIELDS: usize = 1000;
/// Examples are cut to this many characters.
pub const MAX_EXAMPLE_CHARACTERS: usize = 60;

/// The type of a value; its name is that of `type()` in DQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `null`
    Null,
    /// `boolean`
    Boolean,
    /// `integer`: a number without a fraction and an exponent.
    Integer,
    /// `float`
    Float,
    /// `string`
    String,
    /// `array`
    Array,
    /// `object`
    Object,
    /// Hidden by `--redact`.
    Redacted,
}

impl Type {
    /// Every type.
    pub const ALL: [Type; 8] = [
        Type::Null,
        Type::Boolean,
        Type::Integer,
        Type::Float,
        Type::String,
        Type::Array,
        Type::Object,
        Type::Redacted,
    ];

    /// The type of a raw value.
    #[must_use]
    pub fn of(value: &[u8]) -> Type {
        match value.first() {
            Some(b'"') => Type::String,
            Some(b'{') => Type::Object,
            Some(b'[') => Type::Array,
            Some(b't' | b'f') => Type::Boolean,
            Some(b'n') | None => Type::Null,
            Some(_) if value.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => Type::Float,
            Some(_) => Type::Integer,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::Float => "float",
            Type::String => "string",
            Type::Array => "array",
            Type::Object => "object",
            Type::Redacted => "(redacted)",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A value that occurred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Example {
    /// Raw JSON: a literal, a number, a short string, or an empty container.
    Whole(Vec<u8>),
    /// The first characters of a string.
    Start(String),
}

impl Example {
    /// `None` for a container with content: its fields are listed.
    fn new(value: &[u8]) -> Option<Example> {
        let kind = Type::of(value);
        if matches!(kind, Type::Array | Type::Object) {
            return items(value).next().is_none().then(|| {
                Example::Whole(if kind == Type::Array {
                    b"[]".to_vec()
                } else {
                    b"{}".to_vec()
                })
            });
        }
        if kind != Type::String {
            return Some(Example::Whole(value.to_vec()));
        }
        let text = unquote(value)?;
        Some(match text.char_indices().nth(MAX_EXAMPLE_CHARACTERS) {
            None => Example::Whole(value.to_vec()),
            Some((end, _)) => Example::Start(text.get(..end)?.to_owned()),
        })
    }
}

/// A step in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum NodeName {
    /// A field: the content of its key.
    Key(Vec<u8>),
    /// The elements of an array.
    Element,
}

#[derive(Debug)]
struct Node {
    name: NodeName,
    /// The key as it was written first, with its quotes.
    raw_key: Vec<u8>,
    children: Vec<usize>,
    by_name: HashMap<NodeName, usize>,
    types: u8,
    documents: u64,
    /// The number of the last document that had it.
    last_document: u64,
    example: Option<Example>,
}

/// The fields of a collection.
#[derive(Debug, Default)]
pub struct FieldTree {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    roots_by_name: HashMap<NodeName, usize>,
    documents: u64,
    has_more: bool,
    is_redacted: bool,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path, as other options read it; `[*]` is any element.
    pub path: String,
    /// Its types, in the order of [`Type::ALL`].
    pub types: Vec<Type>,
    /// Number of documents that have it.
    pub documents: u64,
    /// A value other than null, if there was one.
    pub example: Option<Example>,
}

impl FieldTree {
    /// No documents yet; `is_redacted` if [`redact::payload`] was applied to them.
    #[must_use]
    pub fn new(is_redacted: bool) -> FieldTree {
        FieldTree {
            is_redacted,
            ..FieldTree::default()
        }
    }

    /// Adds the fields of a document: raw JSON of an object.
    pub fn add(&mut self, document: &[u8]) {
        self.documents += 1;
        self.add_content(None, document, 0);
    }

    fn add_content(&mut self, parent: Option<usize>, container: &[u8], depth: usize) {
        if depth == MAX_DEPTH {
            self.has_more |= items(container).next().is_some();
            return;
        }
        for (at, item) in items(container).enumerate() {
            let Some(node) = self.node(parent, item.key, at) else {
                self.has_more = true;
                continue;
            };
            self.note(node, item.value);
            if matches!(item.value.first(), Some(b'{' | b'[')) {
                self.add_content(Some(node), item.value, depth + 1);
            }
        }
    }

    /// The node of a key or element, which is added if it is new; `None` if there are too many.
    fn node(&mut self, parent: Option<usize>, key: Option<&[u8]>, at: usize) -> Option<usize> {
        let content = key.map(unescaped);
        let (children, by_name) = match parent.and_then(|parent| self.nodes.get(parent)) {
            Some(node) => (&node.children, &node.by_name),
            None => (&self.roots, &self.roots_by_name),
        };
        // Most documents of a collection have the same fields in the same order.
        let guess = children.get(if key.is_some() { at } else { 0 }).copied();
        let is_named = |node: usize| match (&self.nodes.get(node)?.name, &content) {
            (NodeName::Key(name), Some(content)) => Some(name.as_slice() == content.as_ref()),
            (name, None) => Some(*name == NodeName::Element),
            _ => Some(false),
        };
        if let Some(guess) = guess.filter(|guess| is_named(*guess) == Some(true)) {
            return Some(guess);
        }
        let name = content.map_or(NodeName::Element, |content| {
            NodeName::Key(content.into_owned())
        });
        if let Some(known) = by_name.get(&name) {
            return Some(*known);
        }
        self.insert(parent, name, key.unwrap_or_default())
    }

    fn insert(&mut self, parent: Option<usize>, name: NodeName, raw_key: &[u8]) -> Option<usize> {
        let new = self.nodes.len();
        if new == MAX_FIELDS {
            return None;
        }
        self.nodes.push(Node {
            name: name.clone(),
            raw_key: raw_key.to_vec(),
            children: Vec::new(),
            by_name: HashMap::new(),
            types: 0,
            documents: 0,
            last_document: 0,
            example: None,
        });
        let (children, by_name) = match parent.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(node) => (&mut node.children, &mut node.by_name),
            None => (&mut self.roots, &mut self.roots_by_name),
        };
        children.push(new);
        by_name.insert(name, new);
        Some(new)
    }

    fn note(&mut self, node: usize, value: &[u8]) {
        let document = self.documents;
        let is_hidden = self.is_redacted && redact::is_placeholder(value);
        let Some(node) = self.nodes.get_mut(node) else {
            return;
        };
        let kind = if is_hidden {
            Type::Redacted
        } else {
            Type::of(value)
        };
        node.types |= kind.bit();
        if node.last_document != document {
            node.last_document = document;
            node.documents += 1;
        }
        if node.example.is_none() && !matches!(kind, Type::Null | Type::Redacted) {
            node.example = Example::new(value);
        }
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Whether documents have fields that are not in the tree: too many, or too deep.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The fields, each before those inside it, in the order in which they occurred first.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut all = Vec::with_capacity(self.nodes.len());
        for root in &self.roots {
            self.collect(*root, b"", &mut all);
        }
        all
    }

    fn collect(&self, node: usize, parent: &[u8], all: &mut Vec<Field>) {
        let Some(node) = self.nodes.get(node) else {
            return;
        };
        let mut path = parent.to_vec();
        match &node.name {
            NodeName::Key(_) => push_key(&node.raw_key, parent.is_empty(), &mut path),
            NodeName::Element => {
                path.extend_from_slice(Printed(&[Segment::AnyIndex]).to_string().as_bytes());
            }
        }
        let types = Type::ALL.into_iter();
        all.push(Field {
            path: String::from_utf8_lossy(&path).into_owned(),
            types: types.filter(|kind| node.types & kind.bit() != 0).collect(),
            documents: node.documents,
            example: node.example.clone(),
        });
        for child in &node.children {
            self.collect(*child, &path, all);
        }
    }
}
