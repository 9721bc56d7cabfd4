//! What is certain of a condition while only a part of an event is known, told by what it looks at.
//! The whole event is left to `eval`.

use super::Facts;
use super::ast::{Envelope, Expr, List, Side};
use super::eval::{Truth, truth};

/// Whether a condition cannot be true whatever else the event says.
/// Of `seen` only collection, method and txnId are looked at, and an absent one is one that was not seen yet.
pub(super) fn is_refuted(expr: &Expr, seen: &Facts<'_>) -> bool {
    match expr {
        Expr::And(terms) => terms.iter().any(|term| is_refuted(term, seen)),
        Expr::Or(terms) => terms.iter().all(|term| is_refuted(term, seen)),
        _ => is_seen(expr, seen) && truth(expr, seen) != Truth::True,
    }
}

/// Whether everything that an expression looks at was seen.
fn is_seen(expr: &Expr, seen: &Facts<'_>) -> bool {
    every_leaf(expr, &|leaf| match leaf {
        Expr::Envelope(Envelope::Collection) => seen.collection.is_some(),
        Expr::Envelope(Envelope::Method) => seen.method.is_some(),
        Expr::Envelope(Envelope::TxnId) => seen.txn_id.is_some(),
        leaf => matches!(leaf, Expr::Constant(_)),
    })
}

/// Whether an expression looks at nothing but the fields of one document, as DQL does.
pub(super) fn is_of_one_document(expr: &Expr) -> bool {
    every_leaf(expr, &|leaf| match leaf {
        Expr::Field(path) => path.side == Side::Document,
        leaf => matches!(leaf, Expr::Constant(_)),
    })
}

/// Whether all that stands at the ends of an expression's branches is so.
fn every_leaf(expr: &Expr, is_so: &dyn Fn(&Expr) -> bool) -> bool {
    let all = |exprs: &[Expr]| exprs.iter().all(|expr| every_leaf(expr, is_so));
    match expr {
        Expr::Constant(_) | Expr::Field(_) | Expr::Delta(..) | Expr::Envelope(_) => is_so(expr),
        Expr::Type(inner) | Expr::Not(inner) | Expr::IsNull(inner) | Expr::IsMissing(inner) => {
            every_leaf(inner, is_so)
        }
        Expr::Compare(one, _, two) => every_leaf(one, is_so) && every_leaf(two, is_so),
        Expr::And(terms) | Expr::Or(terms) => all(terms),
        Expr::In(value, List::Typed(items)) => every_leaf(value, is_so) && all(items),
        Expr::In(value, List::Array(array)) => every_leaf(value, is_so) && every_leaf(array, is_so),
        Expr::Between(operands) => all(&**operands),
        Expr::Like(value, like) => every_leaf(value, is_so) && every_leaf(&like.pattern, is_so),
        Expr::Part(_, operands) | Expr::ArrayContains(operands) => all(&**operands),
    }
}
