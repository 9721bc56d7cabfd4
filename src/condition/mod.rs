//! Conditions on events (`--where`, `--changed`): a part of DQL's WHERE on raw bytes. Logic, orders and types are
//! those of Ditto's engine.

mod ast;
mod error;
mod eval;
mod facts;
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
pub use facts::Facts;

use ast::Expr;

/// A condition that was understood.
#[derive(Debug, Clone)]
pub struct Condition(Expr);

impl Condition {
    /// Parses a condition such as `qty > 5 AND status IN ('open', 'paid')`. `docs/conditions.md` has the grammar.
    ///
    /// # Errors
    /// [`ParseError`] with the place and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::condition(text).map(Condition)
    }

    /// Parses a path such as `address.city` or `lines[0].qty` as the condition `changed(path)`.
    ///
    /// # Errors
    /// [`ParseError`] with the place and what was expected there.
    pub fn changed(path: &str) -> Result<Self, ParseError> {
        parse::changed(path).map(Condition)
    }

    /// Whether an event matches. Unknown (null, missing, values of two types) does not match.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        eval::holds(&self.0, facts)
    }

    /// Whether an event cannot match, whatever the unread rest of it is. Uses only collection, method and txnId; a
    /// missing one is not read yet.
    #[must_use]
    pub fn fails_early(&self, known: &Facts<'_>) -> bool {
        partial_eval::is_definitely_false(&self.0, known)
    }

    /// Whether a document matches; `None` if the condition needs the event or both sides of a change. DQL reads these
    /// words as names of fields.
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
