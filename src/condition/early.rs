//! What is certain of a condition while only a part of the envelope is known.
//! The whole event is left to `eval`.

use super::Facts;
use super::eval::{Truth, truth};
use super::tree::{Envelope, Expr, List};

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
    let all = |exprs: &[Expr]| exprs.iter().all(|expr| is_seen(expr, seen));
    match expr {
        Expr::Constant(_) => true,
        Expr::Field(_) | Expr::Delta(..) | Expr::Envelope(Envelope::Op) => false,
        Expr::Envelope(Envelope::Collection) => seen.collection.is_some(),
        Expr::Envelope(Envelope::Method) => seen.method.is_some(),
        Expr::Envelope(Envelope::TxnId) => seen.txn_id.is_some(),
        Expr::Type(inner) | Expr::Not(inner) | Expr::IsNull(inner) | Expr::IsMissing(inner) => {
            is_seen(inner, seen)
        }
        Expr::Compare(one, _, two) => is_seen(one, seen) && is_seen(two, seen),
        Expr::And(terms) | Expr::Or(terms) => all(terms),
        Expr::In(value, List::Typed(items)) => is_seen(value, seen) && all(items),
        Expr::In(value, List::Array(array)) => is_seen(value, seen) && is_seen(array, seen),
        Expr::Between(operands) => all(&**operands),
        Expr::Like(value, like) => is_seen(value, seen) && is_seen(&like.pattern, seen),
        Expr::Part(_, operands) | Expr::ArrayContains(operands) => all(&**operands),
    }
}
