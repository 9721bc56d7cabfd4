//! Partial evaluation: rejects an event from its envelope alone if no document could satisfy the condition.

use super::ast::{Envelope, Expr, List, Side};
use super::eval::{Truth, truth};
use super::facts::Facts;

/// Whether a condition is false, whatever the unread fields contain. Uses only collection, method and txnId of
/// `known`; `None` means not read yet.
pub(super) fn is_definitely_false(expr: &Expr, known: &Facts<'_>) -> bool {
    match expr {
        Expr::And(terms) => terms.iter().any(|term| is_definitely_false(term, known)),
        Expr::Or(terms) => terms.iter().all(|term| is_definitely_false(term, known)),
        _ => is_known(expr, known) && truth(expr, known) != Truth::True,
    }
}

/// Whether all inputs of an expression are known.
fn is_known(expr: &Expr, known: &Facts<'_>) -> bool {
    every_leaf(expr, &mut |leaf| match leaf {
        Expr::Envelope(Envelope::Collection) => known.collection.is_some(),
        Expr::Envelope(Envelope::Method) => known.method.is_some(),
        Expr::Envelope(Envelope::TxnId) => known.txn_id.is_some(),
        leaf => matches!(leaf, Expr::Constant(_)),
    })
}

/// Whether an expression uses only the fields of one document, as DQL does.
pub(super) fn is_of_one_document(expr: &Expr) -> bool {
    every_leaf(expr, &mut |leaf| match leaf {
        Expr::Field(path) => path.side == Side::Document,
        leaf => matches!(leaf, Expr::Constant(_)),
    })
}

/// Whether a predicate holds for all leaves of an expression; stops at the first for which it does not.
pub(super) fn every_leaf(expr: &Expr, predicate: &mut dyn FnMut(&Expr) -> bool) -> bool {
    match expr {
        Expr::Constant(_) | Expr::Field(_) | Expr::Delta(..) | Expr::Envelope(_) => predicate(expr),
        Expr::Type(inner) | Expr::Not(inner) | Expr::IsNull(inner) | Expr::IsMissing(inner) => {
            every_leaf(inner, predicate)
        }
        Expr::Compare(one, _, two) => every_leaf(one, predicate) && every_leaf(two, predicate),
        Expr::And(terms) | Expr::Or(terms) => every_leaf_of_all(terms, predicate),
        Expr::In(value, List::Literal(items)) => {
            every_leaf(value, predicate) && every_leaf_of_all(items, predicate)
        }
        Expr::In(value, List::Array(array)) => {
            every_leaf(value, predicate) && every_leaf(array, predicate)
        }
        Expr::Between(operands) => every_leaf_of_all(&**operands, predicate),
        Expr::Like(value, like) => {
            every_leaf(value, predicate) && every_leaf(&like.pattern, predicate)
        }
        Expr::Substring(_, operands) | Expr::ArrayContains(operands) => {
            every_leaf_of_all(&**operands, predicate)
        }
    }
}

fn every_leaf_of_all(exprs: &[Expr], predicate: &mut dyn FnMut(&Expr) -> bool) -> bool {
    exprs.iter().all(|expr| every_leaf(expr, predicate))
}
