//! What a condition is once it was read: a tree of tests over fields, the envelope and constants.
//! How the tests come out for an event, `eval` knows.

use super::value::Constant;

/// A test, or a value that a test looks at.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    Constant(Constant),
    Field(Path),
    Envelope(Envelope),
    /// `type(…)`
    Type(Box<Expr>),
    Compare(Box<Expr>, Comparison, Box<Expr>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    In(Box<Expr>, List),
    Between(Box<[Expr; 3]>),
    Like(Box<Expr>, Like),
    IsNull(Box<Expr>),
    IsMissing(Box<Expr>),
    Part(Part, Box<[Expr; 2]>),
    ArrayContains(Box<[Expr; 2]>),
    Delta(Delta, Vec<Step>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub side: Side,
    pub steps: Vec<Step>,
}

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that the event is about: the new one, or the one that was removed.
    Document,
    Old,
    New,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// What stands around the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Collection,
    Method,
    Op,
    TxnId,
}

/// What `IN` looks through.
#[derive(Debug, Clone)]
pub(super) enum List {
    Typed(Vec<Expr>),
    /// A value that has to be an array.
    Array(Box<Expr>),
}

#[derive(Debug, Clone)]
pub(super) struct Like {
    pub pattern: Box<Expr>,
    /// `ILIKE`
    pub any_case: bool,
    pub escape: Option<char>,
}

/// Tests of a text for a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Anywhere,
    Start,
    End,
}

/// What became of a place between the old and the new document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delta {
    Changed,
    Added,
    Removed,
}
