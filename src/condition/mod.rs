//! Conditions on events (`--where`, `--changed`): a subset of DQL's WHERE, evaluated on raw JSON. Logic, order and
//! types are those of Ditto's query engine.
//!
//! ```
//! use ditto_cdc::condition::{Condition, Facts};
//!
//! let condition = Condition::parse("qty > 5 AND changed(status)").unwrap();
//! let facts = Facts {
//!     old: Some(br#"{"qty": 9, "status": "open"}"#),
//!     new: Some(br#"{"qty": 9, "status": "paid"}"#),
//!     ..Facts::default()
//! };
//! assert!(condition.holds(&facts));
//! ```

mod ast;
mod comparisons;
mod engine_faults;
mod eval;
mod facts;
mod fields;
mod lex;
mod like;
mod number;
mod operand;
mod parse;
mod partial_eval;
mod value;

pub use comparisons::{ComparedConstant, json_type};
pub use facts::Facts;
pub use fields::{Field, MissingField, Property};
pub(crate) use lex::{SpannedToken, Token, tokens};

use ast::{Delta, Expr};

use crate::path::{Path, PathError};
pub use crate::util::parse_error::ParseError;

/// A parsed condition.
#[derive(Debug, Clone)]
pub struct Condition {
    expr: Expr,
    /// Whether a path has a spelling that DQL does not have.
    is_extended: bool,
}

impl Condition {
    /// Parses a condition such as `qty > 5 AND status IN ('open', 'paid')`. `docs/conditions.md` has the grammar.
    ///
    /// # Errors
    /// [`ParseError`] with the position and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (expr, is_extended) = parse::condition(text)?;
        Ok(Condition { expr, is_extended })
    }

    /// Parses a path such as `address.city` or `lines[0].qty` as the condition `changed(path)`.
    ///
    /// # Errors
    /// [`PathError`] with the reason.
    pub fn changed(path: &str) -> Result<Self, PathError> {
        let steps = Path::parse(path)?.one_in_both()?;
        Ok(Condition {
            expr: Expr::Delta(Delta::Changed, steps),
            is_extended: true,
        })
    }

    /// Whether a path has a spelling that this program prints and DQL does not have, such as `["odd.key"]`.
    #[must_use]
    pub fn is_extended(&self) -> bool {
        self.is_extended
    }

    /// What Ditto's engine does with the condition instead of evaluating it, and what to write instead.
    #[must_use]
    pub fn engine_fault(&self) -> Option<&'static str> {
        engine_faults::fault_of(&self.expr)
    }

    /// Whether an event matches. A result of null, missing or error does not match.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        eval::holds(&self.expr, facts)
    }

    /// Whether an event cannot match, whatever its unread fields contain. Uses only collection, method and txnId; `None`
    /// means not read yet.
    #[must_use]
    pub fn fails_early(&self, known: &Facts<'_>) -> bool {
        partial_eval::is_definitely_false(&self.expr, known)
    }

    /// The fields of documents that the condition reads, each once.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        fields::fields_of(&self.expr)
    }

    /// The constants with which the condition compares a field, each once.
    #[must_use]
    pub fn constants_of(&self, field: &Field) -> Vec<ComparedConstant> {
        comparisons::constants_of(&self.expr, field)
    }

    /// The strings to which a property of the event has to be equal.
    #[must_use]
    pub fn strings_of(&self, property: Property) -> Vec<String> {
        comparisons::strings_of(&self.expr, property)
    }

    /// The names on the right side of a test: each is a field of the document, although a text may be meant.
    #[must_use]
    pub fn bare_words(&self) -> Vec<String> {
        comparisons::bare_words_of(&self.expr)
    }

    /// What is probably a mistake, whatever the events are: sentences without a full stop.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        comparisons::remarks_of(&self.expr)
    }

    /// The properties of the event that the condition uses, each once.
    #[must_use]
    pub fn properties(&self) -> Vec<Property> {
        fields::properties_of(&self.expr)
    }

    /// Whether a document matches; `None` if the condition uses the event or both documents of a change. DQL reads such
    /// words as field names.
    #[must_use]
    pub fn holds_for(&self, document: Option<&[u8]>) -> Option<bool> {
        partial_eval::is_of_one_document(&self.expr).then(|| {
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
