//! How a condition comes out for an event, in the logic of Ditto's engine: true, false, null or missing.
//! Fields are looked up when a test needs them and not before.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Facts;
use super::like::{Rules, like};
use super::members::{elements, find};
use super::number::Number;
use super::same::{same, same_to_engine};
use super::tree::{Comparison, Delta, Envelope, Expr, Like, List, Part, Path, Side, Step};
use super::value::{Compared, Constant, Value};

/// What a test says. Anything that is neither true nor false nor null is as good as missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Null,
    Missing,
}

impl Truth {
    pub fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            other => other,
        }
    }

    /// False wins, then missing, then null.
    pub fn all(terms: impl Iterator<Item = Truth>) -> Self {
        let mut all = Truth::True;
        for term in terms {
            all = match (all, term) {
                (_, Truth::False) => return Truth::False,
                (Truth::Missing, _) | (_, Truth::Missing) => Truth::Missing,
                (Truth::Null, _) | (_, Truth::Null) => Truth::Null,
                _ => Truth::True,
            };
        }
        all
    }

    /// True wins, then missing, then null.
    pub fn any(terms: impl Iterator<Item = Truth>) -> Self {
        Truth::all(terms.map(Truth::not)).not()
    }

    fn value<'a>(self) -> Value<'a> {
        match self {
            Truth::True => Value::Bool(true),
            Truth::False => Value::Bool(false),
            Truth::Null => Value::Null,
            Truth::Missing => Value::Missing,
        }
    }
}

impl From<bool> for Truth {
    fn from(yes: bool) -> Self {
        if yes { Truth::True } else { Truth::False }
    }
}

/// Whether a tree that is a condition holds: nothing but true will do, so the first other term decides.
pub(super) fn holds(expr: &Expr, facts: &Facts<'_>) -> bool {
    match expr {
        Expr::And(terms) => terms.iter().all(|term| holds(term, facts)),
        Expr::Or(terms) => terms.iter().any(|term| holds(term, facts)),
        _ => truth(expr, facts) == Truth::True,
    }
}

pub(super) fn truth(expr: &Expr, facts: &Facts<'_>) -> Truth {
    match expr {
        Expr::And(terms) => Truth::all(terms.iter().map(|term| truth(term, facts))),
        Expr::Or(terms) => Truth::any(terms.iter().map(|term| truth(term, facts))),
        Expr::Not(inner) => truth(inner, facts).not(),
        Expr::Compare(one, comparison, two) => compare(one, *comparison, two, facts),
        Expr::In(value, list) => is_in(&value_of(value, facts), list, facts),
        Expr::Between(operands) => between(operands, facts),
        Expr::Like(value, pattern) => is_like(value, pattern, facts),
        Expr::IsNull(value) => matches!(value_of(value, facts), Value::Null).into(),
        Expr::IsMissing(value) => matches!(value_of(value, facts), Value::Missing).into(),
        Expr::Part(part, texts) => has_part(*part, texts, facts),
        Expr::ArrayContains(operands) => array_contains(operands, facts),
        Expr::Delta(delta, steps) => differs(*delta, steps, facts).into(),
        Expr::Constant(_) | Expr::Field(_) | Expr::Envelope(_) | Expr::Type(_) => {
            match value_of(expr, facts) {
                Value::Bool(yes) => yes.into(),
                Value::Null => Truth::Null,
                _ => Truth::Missing,
            }
        }
    }
}

fn value_of<'a>(expr: &'a Expr, facts: &Facts<'a>) -> Value<'a> {
    match expr {
        Expr::Constant(constant) => Value::constant(constant),
        Expr::Field(path) => field(path, facts).map_or(Value::Missing, Value::read),
        Expr::Envelope(envelope) => envelope_value(*envelope, facts),
        Expr::Type(value) => Value::Text(Cow::Borrowed(value_of(value, facts).kind())),
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

/// Nothing stands in any relation to a `null` that was typed, null neither: such a test is missing.
fn compare(one: &Expr, comparison: Comparison, two: &Expr, facts: &Facts<'_>) -> Truth {
    if is_typed_null(one) || is_typed_null(two) {
        return Truth::Missing;
    }
    compared(&value_of(one, facts), comparison, &value_of(two, facts))
}

fn is_typed_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Constant(Constant::Null))
}

fn compared(one: &Value<'_>, comparison: Comparison, two: &Value<'_>) -> Truth {
    let order = match one.compare(two) {
        Compared::Known(order) => order,
        Compared::Null => return Truth::Null,
        Compared::Missing => return Truth::Missing,
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
    if let Value::Missing | Value::Null = value {
        return any_equal(value, std::iter::empty());
    }
    match list {
        List::Typed(items) => any_equal(value, items.iter().map(|item| value_of(item, facts))),
        List::Array(array) => match value_of(array, facts) {
            Value::Array(raw) => any_equal(value, elements(raw).map(Value::read)),
            _ => Truth::Missing,
        },
    }
}

/// An element of another kind makes the answer missing even where another element is equal; what is missing in a
/// list stands there as null.
fn any_equal<'a>(value: &Value<'_>, items: impl Iterator<Item = Value<'a>>) -> Truth {
    match value {
        Value::Missing => return Truth::Missing,
        Value::Null => return Truth::Null,
        _ => {}
    }
    let (mut equal, mut null) = (false, false);
    for item in items {
        match (&item, value.compare(&item)) {
            (_, Compared::Known(order)) => equal |= order == Ordering::Equal,
            (Value::Missing, _) | (_, Compared::Null) => null = true,
            (_, Compared::Missing) => return Truth::Missing,
        }
    }
    match (equal, null) {
        (true, _) => Truth::True,
        (false, true) => Truth::Null,
        (false, false) => Truth::False,
    }
}

/// The upper end is asked only where the lower one is passed.
fn between(operands: &[Expr; 3], facts: &Facts<'_>) -> Truth {
    let [value, low, high] = operands.each_ref().map(|operand| value_of(operand, facts));
    if [&value, &low, &high]
        .iter()
        .any(|value| matches!(value, Value::Missing))
    {
        return Truth::Missing;
    }
    match compared(&value, Comparison::AtLeast, &low) {
        Truth::True => compared(&value, Comparison::AtMost, &high),
        other => other,
    }
}

fn is_like(value: &Expr, test: &Like, facts: &Facts<'_>) -> Truth {
    let rules = Rules {
        any_case: test.any_case,
        escape: test.escape,
    };
    let values = [value, &*test.pattern].map(|expr| value_of(expr, facts));
    on_texts(&values, |text, pattern| like(text, pattern, rules))
}

fn has_part(part: Part, operands: &[Expr; 2], facts: &Facts<'_>) -> Truth {
    let values = operands.each_ref().map(|operand| value_of(operand, facts));
    on_texts(&values, |text, wanted| match part {
        Part::Anywhere => memchr::memmem::find(text.as_bytes(), wanted.as_bytes()).is_some(),
        Part::Start => text.starts_with(wanted),
        Part::End => text.ends_with(wanted),
    })
}

fn on_texts(values: &[Value<'_>; 2], test: impl FnOnce(&str, &str) -> bool) -> Truth {
    match values {
        [Value::Missing, _] | [_, Value::Missing] => Truth::Missing,
        [Value::Null, _] | [_, Value::Null] => Truth::Null,
        [Value::Text(one), Value::Text(two)] => test(one, two).into(),
        _ => Truth::Missing,
    }
}

/// Nulls inside the array are plain values here.
fn array_contains(operands: &[Expr; 2], facts: &Facts<'_>) -> Truth {
    let [array, value] = operands.each_ref().map(|operand| value_of(operand, facts));
    match (&array, &value) {
        (Value::Missing, _) | (_, Value::Missing) => Truth::Missing,
        (Value::Null, _) | (_, Value::Null) => Truth::Null,
        (Value::Array(raw), value) => elements(raw)
            .any(|item| same_to_engine(&Value::read(item), value))
            .into(),
        _ => Truth::Missing,
    }
}

fn differs(delta: Delta, steps: &[Step], facts: &Facts<'_>) -> bool {
    let [old, new] = [facts.old, facts.new].map(|side| side.and_then(|side| find(side, steps)));
    match (delta, old, new) {
        (Delta::Changed, Some(old), Some(new)) => !same(old, new),
        (Delta::Changed, None, None) => false,
        (Delta::Changed, _, _) => true,
        (Delta::Added, old, new) => old.is_none() && new.is_some(),
        (Delta::Removed, old, new) => old.is_some() && new.is_none(),
    }
}
