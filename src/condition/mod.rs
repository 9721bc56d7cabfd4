//! Conditions on events, `--where` and `--changed`: the part of DQL's WHERE that Ditto's users know, on raw bytes.
//! Pure: knows of an event only what [`Facts`] say, and the logic, orders and kinds are those of Ditto's own engine.

mod ast;
mod error;
mod eval;
mod lex;
mod like;
mod number;
mod operand;
mod parse;
mod partial_eval;
mod path;
mod same;
mod value;

pub use error::ParseError;

use ast::Expr;

/// A condition that was understood.
#[derive(Debug, Clone)]
pub struct Condition(Expr);

/// What a condition can look at. Documents are raw JSON; an absent one is `None`, and so is `null`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The collection's name.
    pub collection: Option<&'a str>,
    /// `change.method`
    pub method: Option<&'a str>,
    /// What really happened: `insert`, `update` or `remove`.
    pub op: Option<&'a str>,
    /// The transaction's number.
    pub txn_id: Option<u64>,
    /// The document before the change.
    pub old: Option<&'a [u8]>,
    /// The document after the change.
    pub new: Option<&'a [u8]>,
}

impl<'a> Facts<'a> {
    /// The document that a bare name looks into: the new one, else the one that is gone.
    fn document(&self) -> Option<&'a [u8]> {
        self.new.or(self.old)
    }
}

impl Condition {
    /// Reads a condition such as `qty > 5 AND status IN ('open', 'paid')`. `docs/conditions.md` has the grammar.
    ///
    /// # Errors
    /// [`ParseError`] says where the text goes wrong and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::condition(text).map(Condition)
    }

    /// Reads a path such as `address.city` or `lines[0].qty` as the condition `changed(path)`.
    ///
    /// # Errors
    /// [`ParseError`] says where the text goes wrong and what was expected there.
    pub fn changed(path: &str) -> Result<Self, ParseError> {
        parse::changed(path).map(Condition)
    }

    /// Whether an event meets the condition. Unknown (null, missing, two kinds of value) is no.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        eval::holds(&self.0, facts)
    }

    /// Whether an event cannot meet the condition, whatever it says beyond what was seen of its envelope.
    /// Only collection, method and txnId count; an absent one is one that was not seen yet.
    #[must_use]
    pub fn fails_early(&self, seen: &Facts<'_>) -> bool {
        partial_eval::is_refuted(&self.0, seen)
    }

    /// Whether a document meets the condition; `None` where it asks for more than one document's fields: for the
    /// event around it, or for both sides of a change. DQL takes these words for names of fields.
    #[must_use]
    pub fn holds_for(&self, document: Option<&[u8]>) -> Option<bool> {
        partial_eval::is_of_one_document(&self.0).then(|| {
            document.is_some_and(|document| {
                self.holds(&Facts {
                    new: Some(document),
                    ..Facts::default()
                })
            })
        })
    }
}

#[cfg(test)]
mod tests;
