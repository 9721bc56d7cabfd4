//! The syntax tree of a condition.

use super::value::Constant;
use crate::path::Step;

/// A test, or an operand of a test.
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
    Substring(SubstringTest, Box<[Expr; 2]>),
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

/// A path in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub side: Side,
    pub steps: Vec<Step>,
}

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The document of the event: the new one, or the removed one.
    Document,
    Old,
    New,
}

/// Fields of the event's envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Collection,
    Method,
    Op,
    TxnId,
}

/// The right side of `IN`.
#[derive(Debug, Clone)]
pub(super) enum List {
    Literal(Vec<Expr>),
    /// A value that must be an array.
    Array(Box<Expr>),
}

#[derive(Debug, Clone)]
pub(super) struct Like {
    pub pattern: Box<Expr>,
    /// `ILIKE`
    pub any_case: bool,
    pub escape: Option<char>,
}

/// Substring tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubstringTest {
    Anywhere,
    Start,
    End,
}

/// How a path differs between the old and the new document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delta {
    Changed,
    Added,
    Removed,
}
