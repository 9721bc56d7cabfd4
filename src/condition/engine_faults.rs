//! Conditions that Ditto's query engine (5.2.0) does not evaluate as it documents: `findings/` has a script for each.

use super::ast::{Expr, List};
use super::value::Constant;

/// What the engine does with a condition, and what to write instead; `None` if it evaluates the condition.
pub(super) fn fault_of(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Or(all) if all.iter().any(tests_constant_in_fields) => Some(
            "Ditto's engine returns every document for a constant IN a list of fields beside OR: write a = 1 OR b = 1 instead of 1 IN (a, b)",
        ),
        Expr::Not(inner) if is_and_with_constant(inner) => {
            Some("Ditto's engine returns no document for NOT (… AND TRUE): leave out the constant")
        }
        Expr::And(all) | Expr::Or(all) => all.iter().find_map(fault_of),
        Expr::Not(inner) => fault_of(inner),
        _ => None,
    }
}

fn tests_constant_in_fields(expr: &Expr) -> bool {
    match expr {
        Expr::In(left, List::Literal(list)) => {
            matches!(**left, Expr::Constant(_))
                && list.iter().any(|item| matches!(item, Expr::Field(_)))
        }
        Expr::And(all) => all.iter().any(tests_constant_in_fields),
        Expr::Not(inner) => tests_constant_in_fields(inner),
        _ => false,
    }
}

fn is_and_with_constant(expr: &Expr) -> bool {
    let Expr::And(all) = expr else {
        return false;
    };
    all.iter()
        .any(|part| matches!(part, Expr::Constant(Constant::Bool(_))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::condition::Condition;

    #[test]
    fn only_what_the_engine_gets_wrong_is_a_fault() {
        for (text, is_fault) in [
            ("9 IN (a, b) OR c = 5", true),
            ("c = 5 OR (d = 1 AND 9 IN (a))", true),
            ("NOT (s = 'x' AND TRUE)", true),
            ("a = 1 AND NOT (TRUE AND b = 2)", true),
            ("9 IN (a, b)", false),
            ("9 IN (a, b) AND c = 5", false),
            ("a IN (9, 8) OR c = 5", false),
            ("a = 9 OR b = 9 OR c = 5", false),
            ("NOT (s = 'x' AND t = 'y')", false),
            ("NOT (s = 'x' OR FALSE)", false),
            ("s = 'x' AND TRUE", false),
        ] {
            let fault = Condition::parse(text).unwrap().engine_fault();
            assert_eq!(fault.is_some(), is_fault, "{text}: {fault:?}");
        }
    }
}
