//! Constants with which a condition compares fields, and comparisons that are never true.

use super::ast::{Comparison, Envelope, Expr, Like, List, Path, Side, SubstringTest};
use super::fields::{Field, Property};
use super::value::{Constant, Value};
use crate::path::Step;
use crate::util::suggest::{OPERATIONS, operation};
use crate::util::text::truncate;

/// Limit of the characters of a constant in a message.
const MAX_LITERAL_CHARS: usize = 40;

/// A constant with which a field is compared. Values of different types are never equal, less or greater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedConstant {
    /// The JSON type, such as `string`.
    pub json_type: &'static str,
    /// What asks for this type, as the start of a sentence: `'100' is` or `LIKE needs`.
    pub demand: String,
    /// The string, if the test is an equality.
    pub equal_to: Option<String>,
}

/// The right side of a test.
enum Operand<'e> {
    Value {
        expr: &'e Expr,
        is_equality: bool,
    },
    /// An operator, and the type that it needs on its left side.
    Type(&'static str, &'static str),
}

/// The JSON type of a raw value.
#[must_use]
pub fn json_type(raw: &[u8]) -> &'static str {
    type_of(&Value::read(raw)).unwrap_or("number")
}

/// The constants with which a condition compares a field.
pub(super) fn constants_of(expr: &Expr, field: &Field) -> Vec<ComparedConstant> {
    let mut found: Vec<ComparedConstant> = Vec::new();
    every_comparison(expr, &mut |left, operand| {
        let Expr::Field(path) = left else {
            return;
        };
        if Field::from(path) != *field {
            return;
        }
        let constant = match operand {
            Operand::Value {
                expr: Expr::Constant(constant),
                is_equality,
            } => ComparedConstant::new(constant, is_equality),
            Operand::Value { .. } => None,
            Operand::Type(operator, json_type) => Some(ComparedConstant {
                json_type,
                demand: format!("{operator} needs"),
                equal_to: None,
            }),
        };
        if let Some(constant) = constant.filter(|constant| !found.contains(constant)) {
            found.push(constant);
        }
    });
    found
}

/// The strings to which a property of the event has to be equal.
pub(super) fn strings_of(expr: &Expr, property: Property) -> Vec<String> {
    let mut found = Vec::new();
    every_comparison(expr, &mut |left, operand| {
        if let (
            Expr::Envelope(envelope),
            Operand::Value {
                expr: Expr::Constant(Constant::String(text)),
                is_equality: true,
            },
        ) = (left, operand)
            && Property::from(*envelope) == property
        {
            found.push(text.clone());
        }
    });
    found
}

/// The names on the right side of a test that stand for a field of the document, although a text was probably meant.
pub(super) fn bare_words_of(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    every_test(expr, &mut |test| {
        let words = right_sides(test).into_iter().filter_map(bare_word);
        found.extend(words.map(str::to_owned));
    });
    found
}

/// What is probably a mistake in a condition, whatever the events are: sentences, each once.
pub(super) fn remarks_of(expr: &Expr) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |remark: Option<String>| {
        found.extend(remark.filter(|remark| !found.contains(remark)));
    };
    every_comparison(expr, &mut |left, operand| match (left, operand) {
        (Expr::Envelope(envelope), Operand::Value { expr, .. }) => {
            add(remark_on_property(*envelope, expr));
        }
        (Expr::Type(_), Operand::Value { expr, .. }) => add(remark_on_type(expr)),
        _ => {}
    });
    every_test(expr, &mut |test| match test {
        Expr::Like(_, like) => add(remark_on_pattern(like)),
        Expr::In(_, List::Literal(items)) => add(remark_on_list(items)),
        _ => {}
    });
    found
}

impl ComparedConstant {
    fn new(constant: &Constant, is_equality: bool) -> Option<ComparedConstant> {
        Some(ComparedConstant {
            json_type: type_of(&Value::constant(constant))?,
            demand: format!("{} is", truncate(&literal(constant), MAX_LITERAL_CHARS)),
            equal_to: match constant {
                Constant::String(text) if is_equality => Some(text.clone()),
                _ => None,
            },
        })
    }
}

fn type_of(value: &Value<'_>) -> Option<&'static str> {
    match value {
        Value::Missing | Value::Error => None,
        Value::Number(_) => Some("number"),
        other => other.kind(),
    }
}

/// A constant as it can be typed.
fn literal(constant: &Constant) -> String {
    match constant {
        Constant::Missing => "MISSING".to_owned(),
        Constant::Null => "NULL".to_owned(),
        Constant::Bool(yes) => yes.to_string(),
        Constant::Number(number) => number.json(),
        Constant::String(text) => format!("'{text}'"),
        Constant::Json(json) => String::from_utf8_lossy(json).into_owned(),
    }
}

/// Visits the tests of a condition, without `AND`, `OR` and `NOT`.
fn every_test<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    match expr {
        Expr::And(terms) | Expr::Or(terms) => {
            for term in terms {
                every_test(term, visit);
            }
        }
        Expr::Not(inner) => every_test(inner, visit),
        test => visit(test),
    }
}

/// Visits the left side of each test, with each operand that it is compared with.
fn every_comparison<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr, Operand<'e>)) {
    every_test(expr, &mut |test| match test {
        Expr::Compare(one, comparison, two) => {
            let is_equality = *comparison == Comparison::Equal;
            for (left, expr) in [(one, two), (two, one)] {
                visit(left, Operand::Value { expr, is_equality });
            }
        }
        Expr::In(left, List::Literal(items)) => {
            for expr in items {
                let is_equality = true;
                visit(left, Operand::Value { expr, is_equality });
            }
        }
        Expr::Between(operands) => {
            let [left, low, high] = &**operands;
            for expr in [low, high] {
                let is_equality = false;
                visit(left, Operand::Value { expr, is_equality });
            }
        }
        Expr::Like(left, like) => {
            let operator = if like.any_case { "ILIKE" } else { "LIKE" };
            visit(left, Operand::Type(operator, "string"));
        }
        Expr::Substring(test, operands) => {
            let operator = match test {
                SubstringTest::Anywhere => "contains",
                SubstringTest::Start => "starts_with",
                SubstringTest::End => "ends_with",
            };
            visit(&operands[0], Operand::Type(operator, "string"));
        }
        Expr::ArrayContains(operands) => {
            visit(&operands[0], Operand::Type("array_contains", "array"));
        }
        _ => {}
    });
}

fn right_sides(test: &Expr) -> Vec<&Expr> {
    match test {
        Expr::Compare(_, _, right) => vec![right],
        Expr::In(_, List::Literal(items)) => items.iter().collect(),
        Expr::Between(operands) => operands.iter().skip(1).collect(),
        Expr::Like(_, like) => vec![&like.pattern],
        Expr::Substring(_, operands) | Expr::ArrayContains(operands) => vec![&operands[1]],
        _ => Vec::new(),
    }
}

/// A field of the document that is one name.
fn bare_word(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Field(Path {
            side: Side::Document,
            steps,
        }) => match steps.as_slice() {
            [Step::Key(key)] => std::str::from_utf8(key).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// A property of the event that is compared with something that it never is.
fn remark_on_property(property: Envelope, operand: &Expr) -> Option<String> {
    let (name, json_type) = match property {
        Envelope::Collection => ("collection", "string"),
        Envelope::Method => ("method", "string"),
        Envelope::Op => ("op", "string"),
        Envelope::TxnId => ("txnId", "number"),
    };
    if let Some(word) = bare_word(operand) {
        return Some(format!(
            "{word} is a field of the document here; for the text write '{word}' in quotes"
        ));
    }
    let Expr::Constant(constant) = operand else {
        return None;
    };
    let text = literal(constant);
    let value = Value::constant(constant);
    if type_of(&value).is_some_and(|found| found != json_type) {
        return Some(format!("{name} is always a {json_type}, and never {text}"));
    }
    match value {
        Value::Text(op) if property == Envelope::Op && !OPERATIONS.contains(&&*op) => {
            let meant = operation(&op);
            let meant = meant.map_or(String::new(), |op| format!("; did you mean '{op}'?"));
            Some(format!(
                "op is always insert, update or remove, and never {text}{meant}"
            ))
        }
        _ => None,
    }
}

/// The results of `type()`.
const TYPES: [&str; 8] = [
    "missing", "null", "boolean", "integer", "float", "string", "array", "object",
];

/// `type(…)` that is compared with something that it never is.
fn remark_on_type(operand: &Expr) -> Option<String> {
    if let Some(word) = bare_word(operand) {
        return Some(format!(
            "{word} is a field of the document here; for the type write '{word}' in quotes"
        ));
    }
    match operand {
        Expr::Constant(Constant::String(text)) if !TYPES.contains(&text.as_str()) => Some(format!(
            "type() is never '{text}'; the types are {}",
            TYPES.join(", ")
        )),
        _ => None,
    }
}

/// A pattern with the wildcards of a shell, and without those of `LIKE`.
fn remark_on_pattern(like: &Like) -> Option<String> {
    let Expr::Constant(Constant::String(pattern)) = &*like.pattern else {
        return None;
    };
    let is_shell_pattern = pattern.contains('*') && !pattern.contains(['%', '_']);
    is_shell_pattern.then(|| {
        format!(
            "in '{pattern}' of LIKE, * is an asterisk; % stands for any characters, and _ for one: '{}'",
            pattern.replace('*', "%")
        )
    })
}

/// A list of values of different types, with which no value can be compared.
fn remark_on_list(items: &[Expr]) -> Option<String> {
    let constants = items.iter().filter_map(|item| match item {
        Expr::Constant(constant) => Some((constant, type_of(&Value::constant(constant))?)),
        _ => None,
    });
    let mut constants = constants.filter(|(_, found)| *found != "null");
    let (first, first_type) = constants.next()?;
    let (other, _) = constants.find(|(_, found)| *found != first_type)?;
    Some(format!(
        "IN with values of different types, as {} and {}, never matches; write x = {0} OR x = {1}",
        literal(first),
        literal(other)
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::condition::Condition;

    #[test]
    fn what_is_never_true_is_known_from_the_text() {
        for (condition, expected) in [
            ("op = 'delete'", "never 'delete'; did you mean 'remove'?"),
            ("'Created' = op", "never 'Created'; did you mean 'insert'?"),
            (
                "op != 'xyz'",
                "op is always insert, update or remove, and never 'xyz'",
            ),
            (
                "a = 1 OR NOT op IN ('insert', 'modify')",
                "never 'modify'; did you mean 'update'?",
            ),
            (
                "op = insert",
                "insert is a field of the document here; for the text write 'insert'",
            ),
            (
                "collection = orders",
                "for the text write 'orders' in quotes",
            ),
            (
                "collection IN ('a', orders)",
                "for the text write 'orders' in quotes",
            ),
            ("method = 5", "method is always a string, and never 5"),
            (
                "txnId > '552789'",
                "txnId is always a number, and never '552789'",
            ),
            ("txnId BETWEEN 1 AND 'x'", "never 'x'"),
            ("type(a) = 'number'", "type() is never 'number'"),
            ("type(a) = string", "for the type write 'string' in quotes"),
            ("a LIKE '*aid'", "'%aid'"),
            ("a LIKE 'p*d*'", "'p%d%'"),
            ("a IN (1, 'x')", "never matches; write x = 1 OR x = 'x'"),
        ] {
            let remarks = Condition::parse(condition).unwrap().remarks();
            assert_eq!(remarks.len(), 1, "{condition}: {remarks:?}");
            assert!(remarks[0].contains(expected), "{condition}: {remarks:?}");
        }
    }

    #[test]
    fn a_condition_that_can_be_meant_has_no_remark() {
        for condition in [
            "op = 'insert' OR op IN ('update', 'remove')",
            "collection = 'orders' AND method != 'upsert'",
            "txnId >= 552789",
            "type(a) IN ('string', 'integer', 'missing')",
            "a = b",
            "a IN ('x', 'y', b) OR a IN (1, 1.5)",
            "collection = lines[0].collection",
            "a LIKE '%*%' OR b LIKE 'x_*' OR c LIKE 'plain'",
            "changed(op) AND `op` = 'delete'",
        ] {
            let remarks = Condition::parse(condition).unwrap().remarks();
            assert_eq!(remarks, [""; 0], "{condition}");
        }
    }

    #[test]
    fn constants_and_bare_words_are_found() {
        let constants = |text: &str| {
            let condition = Condition::parse(text).unwrap();
            let fields = condition.fields();
            let constants = fields
                .iter()
                .flat_map(|field| condition.constants_of(field));
            let shown = constants.map(|one| format!("{} a {}", one.demand, one.json_type));
            shown.collect::<Vec<_>>().join(", ")
        };
        for (condition, expected) in [
            ("a > '100'", "'100' is a string"),
            (
                "100 <= a AND a < 1e3",
                "100 is a number, 1000.0 is a number",
            ),
            (
                "a IN ('x', true, [1])",
                "'x' is a string, true is a boolean, [1] is a array",
            ),
            (
                "a BETWEEN 1 AND 'x' OR b = 2",
                "1 is a number, 'x' is a string, 2 is a number",
            ),
            (
                "a LIKE 'x%' OR contains(a, 'y')",
                "LIKE needs a string, contains needs a string",
            ),
            ("array_contains(a, 1)", "array_contains needs a array"),
            ("a = b OR a IS NULL OR changed(a)", ""),
        ] {
            assert_eq!(constants(condition), expected, "{condition}");
        }
        let words = |text: &str| Condition::parse(text).unwrap().bare_words().join(" ");
        for (condition, expected) in [
            ("status = paid", "paid"),
            ("NOT status IN (paid, 'x', open)", "paid open"),
            ("a = old.b OR a = b.c OR a = b[0]", ""),
            ("a LIKE b", "b"),
        ] {
            assert_eq!(words(condition), expected, "{condition}");
        }
    }
}
