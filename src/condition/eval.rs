//! Evaluator of conditions in the four-valued logic of Ditto's engine: true, false, null, missing. Fields are located on
//! demand.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::ast::{Comparison, Delta, Envelope, Expr, Like, List, Path, Side, SubstringTest};
use super::facts::Facts;
use super::like::{Rules, like};
use super::number::Number;
use super::value::{ComparisonResult, MAX_DEPTH, Value};
use crate::json::{elements, eq_numbers, eq_values};
use crate::path::Step;

/// The result of a test, or of a value used as a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Null,
    Missing,
    /// A value that is not a boolean: a number, string, array or object.
    Other,
    /// A test of a value of the wrong type.
    Error,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Null => Truth::Null,
            Truth::Missing => Truth::Missing,
            Truth::Other | Truth::Error => Truth::Error,
        }
    }

    fn value<'a>(self) -> Value<'a> {
        match self {
            Truth::True => Value::Bool(true),
            Truth::False => Value::Bool(false),
            Truth::Null => Value::Null,
            Truth::Missing => Value::Missing,
            Truth::Other | Truth::Error => Value::Error,
        }
    }
}

impl From<bool> for Truth {
    fn from(yes: bool) -> Self {
        if yes { Truth::True } else { Truth::False }
    }
}

/// Whether a condition is true. The first term of an `AND` that is not true decides.
pub(super) fn holds(expr: &Expr, facts: &Facts<'_>) -> bool {
    match expr {
        Expr::And(terms) => terms.iter().all(|term| holds(term, facts)),
        _ => truth(expr, facts) == Truth::True,
    }
}

pub(super) fn truth(expr: &Expr, facts: &Facts<'_>) -> Truth {
    match expr {
        Expr::And(terms) => and(terms, facts),
        Expr::Or(terms) => or(terms, facts),
        Expr::Not(inner) => truth(inner, facts).not(),
        Expr::Compare(one, comparison, two) => {
            compared(&value_of(one, facts), *comparison, &value_of(two, facts))
        }
        Expr::In(value, list) => is_in(&value_of(value, facts), list, facts),
        Expr::Between(operands) => between(operands, facts),
        Expr::Like(value, pattern) => is_like(value, pattern, facts),
        Expr::IsNull(value) => is(&value_of(value, facts), &Value::Null),
        Expr::IsMissing(value) => is(&value_of(value, facts), &Value::Missing),
        Expr::Substring(part, texts) => has_part(*part, texts, facts),
        Expr::ArrayContains(operands) => array_contains(operands, facts),
        Expr::Delta(delta, steps) => differs(*delta, steps, facts).into(),
        Expr::Constant(_) | Expr::Field(_) | Expr::Envelope(_) | Expr::Type(_) => {
            match value_of(expr, facts) {
                Value::Bool(yes) => yes.into(),
                Value::Null => Truth::Null,
                Value::Missing => Truth::Missing,
                Value::Error => Truth::Error,
                _ => Truth::Other,
            }
        }
    }
}

/// From left to right: the first false or error decides, else missing wins over null and null over true.
fn and(terms: &[Expr], facts: &Facts<'_>) -> Truth {
    let (mut other, mut missing, mut null) = (false, false, false);
    for term in terms {
        match truth(term, facts) {
            decided @ (Truth::False | Truth::Error) => return decided,
            Truth::Other => other = true,
            Truth::Missing => missing = true,
            Truth::Null => null = true,
            Truth::True => {}
        }
    }
    match (other, missing, null) {
        (true, _, _) => Truth::Error,
        (_, true, _) => Truth::Missing,
        (_, _, true) => Truth::Null,
        _ => Truth::True,
    }
}

/// From left to right: the first true or error decides, else null wins over missing and missing over false.
fn or(terms: &[Expr], facts: &Facts<'_>) -> Truth {
    let (mut other, mut missing, mut null) = (false, false, false);
    for term in terms {
        match truth(term, facts) {
            decided @ (Truth::True | Truth::Error) => return decided,
            Truth::Other => other = true,
            Truth::Missing => missing = true,
            Truth::Null => null = true,
            Truth::False => {}
        }
    }
    match (other, null, missing) {
        (true, _, _) => Truth::Error,
        (_, true, _) => Truth::Null,
        (_, _, true) => Truth::Missing,
        _ => Truth::False,
    }
}

/// Whether a value is null, or missing.
fn is(value: &Value<'_>, wanted: &Value<'_>) -> Truth {
    match (value, wanted) {
        (Value::Error, _) => Truth::Error,
        (Value::Null, Value::Null) | (Value::Missing, Value::Missing) => Truth::True,
        _ => Truth::False,
    }
}

fn value_of<'a>(expr: &'a Expr, facts: &Facts<'a>) -> Value<'a> {
    match expr {
        Expr::Constant(constant) => Value::constant(constant),
        Expr::Field(path) => field(path, facts).map_or(Value::Missing, Value::read),
        Expr::Envelope(envelope) => envelope_value(*envelope, facts),
        Expr::Type(value) => {
            let kind = value_of(value, facts).kind();
            kind.map_or(Value::Error, |kind| Value::Text(Cow::Borrowed(kind)))
        }
        _ => truth(expr, facts).value(),
    }
}

fn field<'a>(path: &Path, facts: &Facts<'a>) -> Option<&'a [u8]> {
    let document = match path.side {
        Side::Document => facts.document(),
        Side::Old => facts.old,
        Side::New => facts.new,
    };
    find(document?, &path.steps)
}

fn envelope_value<'a>(envelope: Envelope, facts: &Facts<'a>) -> Value<'a> {
    let text = match envelope {
        Envelope::Collection => facts.collection,
        Envelope::Method => facts.method,
        Envelope::Op => facts.op,
        Envelope::TxnId => {
            let number = facts.txn_id.map(|id| Number::Whole(id.into()));
            return number.map_or(Value::Missing, Value::Number);
        }
    };
    text.map_or(Value::Missing, |text| Value::Text(Cow::Borrowed(text)))
}

fn compared(one: &Value<'_>, comparison: Comparison, two: &Value<'_>) -> Truth {
    let order = match one.compare(two) {
        ComparisonResult::Known(order) => order,
        ComparisonResult::Null => return Truth::Null,
        ComparisonResult::Missing => return Truth::Missing,
        ComparisonResult::Error => return Truth::Error,
    };
    Truth::from(match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::Unequal => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::AtMost => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::AtLeast => order != Ordering::Less,
    })
}

fn is_in(value: &Value<'_>, list: &List, facts: &Facts<'_>) -> Truth {
    match value {
        Value::Error => return Truth::Error,
        Value::Missing => return Truth::Missing,
        Value::Null => return Truth::Null,
        _ => {}
    }
    match list {
        List::Literal(items) => equals_any(value, items.iter().map(|item| value_of(item, facts))),
        List::Array(array) => match value_of(array, facts) {
            Value::Array(raw) => equals_any(value, elements(raw).map(Value::read)),
            Value::Missing => Truth::Missing,
            _ => Truth::Error,
        },
    }
}

/// An element of another type is an error even if another element is equal; a missing value in a list is null.
fn equals_any<'a>(value: &Value<'_>, items: impl Iterator<Item = Value<'a>>) -> Truth {
    let (mut equal, mut null) = (false, false);
    for item in items {
        match (&item, value.compare(&item)) {
            (_, ComparisonResult::Known(order)) => equal |= order == Ordering::Equal,
            (Value::Missing, _) | (_, ComparisonResult::Null) => null = true,
            (_, ComparisonResult::Missing | ComparisonResult::Error) => return Truth::Error,
        }
    }
    match (equal, null) {
        (true, _) => Truth::True,
        (false, true) => Truth::Null,
        (false, false) => Truth::False,
    }
}

/// The upper bound is compared only if the lower one is satisfied.
fn between(operands: &[Expr; 3], facts: &Facts<'_>) -> Truth {
    let values = operands.each_ref().map(|operand| value_of(operand, facts));
    if values.iter().any(|value| matches!(value, Value::Error)) {
        return Truth::Error;
    }
    if values.iter().any(|value| matches!(value, Value::Missing)) {
        return Truth::Missing;
    }
    let [value, low, high] = &values;
    match compared(value, Comparison::AtLeast, low) {
        Truth::True => compared(value, Comparison::AtMost, high),
        other => other,
    }
}

fn is_like(value: &Expr, test: &Like, facts: &Facts<'_>) -> Truth {
    let rules = Rules {
        any_case: test.any_case,
        escape: test.escape,
    };
    let values = [value, &*test.pattern].map(|expr| value_of(expr, facts));
    with_strings(&values, Truth::Missing, |text, pattern| {
        like(text, pattern, rules)
    })
}

fn has_part(part: SubstringTest, operands: &[Expr; 2], facts: &Facts<'_>) -> Truth {
    let values = operands.each_ref().map(|operand| value_of(operand, facts));
    with_strings(&values, Truth::Error, |text, wanted| match part {
        SubstringTest::Anywhere => {
            memchr::memmem::find(text.as_bytes(), wanted.as_bytes()).is_some()
        }
        SubstringTest::Start => text.starts_with(wanted),
        SubstringTest::End => text.ends_with(wanted),
    })
}

/// A test of two strings, or the result if one of them has another type.
fn with_strings(
    values: &[Value<'_>; 2],
    other_kind: Truth,
    test: impl FnOnce(&str, &str) -> bool,
) -> Truth {
    match values {
        [Value::Error, _] | [_, Value::Error] => Truth::Error,
        [Value::Missing, _] | [_, Value::Missing] => Truth::Missing,
        [Value::Null, _] | [_, Value::Null] => Truth::Null,
        [Value::Text(one), Value::Text(two)] => test(one, two).into(),
        _ => other_kind,
    }
}

/// Nulls inside the array are ordinary values here.
fn array_contains(operands: &[Expr; 2], facts: &Facts<'_>) -> Truth {
    let [array, value] = operands.each_ref().map(|operand| value_of(operand, facts));
    match (&array, &value) {
        (Value::Error, _) | (_, Value::Error) => Truth::Error,
        (Value::Missing, _) | (_, Value::Missing) => Truth::Missing,
        (Value::Null, _) | (_, Value::Null) => Truth::Null,
        (Value::Array(raw), value) => elements(raw)
            .any(|item| eq_in_engine(&Value::read(item), value))
            .into(),
        _ => Truth::Error,
    }
}

fn differs(delta: Delta, steps: &[Step], facts: &Facts<'_>) -> bool {
    let [old, new] = [facts.old, facts.new].map(|side| side.and_then(|side| find(side, steps)));
    match (delta, old, new) {
        (Delta::Changed, Some(old), Some(new)) => !eq_values(old, new, eq_numbers, MAX_DEPTH),
        (Delta::Changed, None, None) => false,
        (Delta::Changed, _, _) => true,
        (Delta::Added, old, new) => old.is_none() && new.is_some(),
        (Delta::Removed, old, new) => old.is_some() && new.is_none(),
    }
}

/// Whether two values are equal to Ditto's engine, whose numbers have 64 bits. Unlike in comparisons, null equals null.
fn eq_in_engine(one: &Value<'_>, two: &Value<'_>) -> bool {
    match (one, two) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(two)) => one == two,
        (Value::Text(one), Value::Text(two)) => one == two,
        (Value::Number(one), Value::Number(two)) => one.compare(*two).is_eq(),
        (Value::Array(one), Value::Array(two)) | (Value::Object(one), Value::Object(two)) => {
            eq_values(one, two, eq_engine_numbers, MAX_DEPTH)
        }
        _ => false,
    }
}

fn eq_engine_numbers(one: &[u8], two: &[u8]) -> bool {
    match (Value::read(one), Value::read(two)) {
        (Value::Number(one), Value::Number(two)) => one.compare(two).is_eq(),
        _ => false,
    }
}

/// The value at a path; `None` if there is none.
fn find<'a>(document: &'a [u8], steps: &[Step]) -> Option<&'a [u8]> {
    let mut steps = steps.iter();
    steps.try_fold(document, |value, step| step.child(value))
}
