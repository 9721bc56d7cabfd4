//! The fields that a condition reads, and which of them a document lacks.

use super::ast::{Envelope, Expr, Path, Side};
use super::facts::Facts;
use super::partial_eval::every_leaf;
use crate::path::{Step, push_step};

/// A field of a document that a condition reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    sides: Sides,
    steps: Vec<Step>,
}

/// The documents in which a field is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sides {
    One(Side),
    /// Both documents of a change: `changed(…)` and the like.
    Both,
}

/// A field that an event's documents do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingField<'a> {
    /// Raw JSON of the value in which the field was looked up; `None` if its parent is missing, too.
    pub parent: Option<&'a [u8]>,
    /// How many steps of the path were found.
    pub depth: usize,
}

/// A property of the event that a condition can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// `collection`
    Collection,
    /// `method`
    Method,
    /// `op`
    Op,
    /// `txnId`
    TxnId,
}

impl Field {
    /// The raw value of the field in the first document that has it.
    ///
    /// # Errors
    /// The missing part of the path, if no document has the field.
    pub fn find_in<'a>(&self, facts: &Facts<'a>) -> Result<&'a [u8], MissingField<'a>> {
        let documents = match self.sides {
            Sides::One(Side::Document) => [facts.document(), None],
            Sides::One(Side::Old) => [facts.old, None],
            Sides::One(Side::New) => [facts.new, None],
            Sides::Both => [facts.new, facts.old],
        };
        let mut deepest = MissingField {
            parent: None,
            depth: 0,
        };
        for document in documents.into_iter().flatten() {
            match self.find_in_document(document) {
                Ok(value) => return Ok(value),
                Err(missing) if deepest.parent.is_none() || missing.depth > deepest.depth => {
                    deepest = missing;
                }
                Err(_) => {}
            }
        }
        Err(deepest)
    }

    fn find_in_document<'a>(&self, document: &'a [u8]) -> Result<&'a [u8], MissingField<'a>> {
        let mut value = document;
        for (depth, step) in self.steps.iter().enumerate() {
            value = step.child(value).ok_or(MissingField {
                parent: Some(value),
                depth,
            })?;
        }
        Ok(value)
    }

    /// The name that the path looks up at this depth; `None` for an index.
    #[must_use]
    pub fn name_at(&self, depth: usize) -> Option<&str> {
        match self.steps.get(depth)? {
            Step::Key(key) | Step::Token(key, _) => std::str::from_utf8(key).ok(),
            Step::Index(_) => None,
        }
    }

    /// The path up to this depth, as it can be typed again, such as `old.address.city` or `lines[0]`.
    #[must_use]
    pub fn path(&self, depth: usize) -> String {
        let side = match self.sides {
            Sides::One(Side::Old) => "old",
            Sides::One(Side::New) => "new",
            Sides::One(Side::Document) | Sides::Both => "",
        };
        printed(side, self.steps.iter().take(depth))
    }

    /// Whether the field is looked up in both documents of a change, as `changed(…)` does.
    #[must_use]
    pub fn is_of_both_documents(&self) -> bool {
        self.sides == Sides::Both
    }

    /// The path after this depth, with another word such as `old` before it.
    #[must_use]
    pub fn rest(&self, side: &str, depth: usize) -> String {
        printed(side, self.steps.iter().skip(depth))
    }

    /// Number of steps of the path.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.steps.len()
    }
}

impl From<Envelope> for Property {
    fn from(envelope: Envelope) -> Property {
        match envelope {
            Envelope::Collection => Property::Collection,
            Envelope::Method => Property::Method,
            Envelope::Op => Property::Op,
            Envelope::TxnId => Property::TxnId,
        }
    }
}

fn printed<'s>(side: &str, steps: impl Iterator<Item = &'s Step>) -> String {
    let mut path = side.as_bytes().to_vec();
    for step in steps {
        push_step(step, path.is_empty(), &mut path);
    }
    String::from_utf8_lossy(&path).into_owned()
}

impl From<&Path> for Field {
    fn from(path: &Path) -> Field {
        Field {
            sides: Sides::One(path.side),
            steps: path.steps.clone(),
        }
    }
}

/// The fields of a condition, each once.
pub(super) fn fields_of(expr: &Expr) -> Vec<Field> {
    let mut found: Vec<Field> = Vec::new();
    every_leaf(expr, &mut |leaf| {
        let field = match leaf {
            Expr::Field(path) => Field::from(path),
            Expr::Delta(_, steps) => Field {
                sides: Sides::Both,
                steps: steps.clone(),
            },
            _ => return true,
        };
        if !field.steps.is_empty() && !found.contains(&field) {
            found.push(field);
        }
        true
    });
    found
}

/// The properties of the event that a condition uses, each once.
pub(super) fn properties_of(expr: &Expr) -> Vec<Property> {
    let mut found = Vec::new();
    every_leaf(expr, &mut |leaf| {
        if let Expr::Envelope(envelope) = leaf {
            let property = Property::from(*envelope);
            if !found.contains(&property) {
                found.push(property);
            }
        }
        true
    });
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::condition::Condition;

    fn missing(condition: &str, old: Option<&str>, new: Option<&str>) -> Vec<String> {
        let condition = Condition::parse(condition).unwrap();
        let facts = Facts {
            old: old.map(str::as_bytes),
            new: new.map(str::as_bytes),
            ..Facts::default()
        };
        let fields = condition.fields();
        let missing = fields.iter().filter_map(|field| {
            let missing = field.find_in(&facts).err()?;
            let parent = missing.parent.map(String::from_utf8_lossy);
            Some(format!(
                "{} in {}",
                field.path(missing.depth + 1),
                parent.as_deref().unwrap_or("nothing")
            ))
        });
        missing.collect()
    }

    #[test]
    fn a_missing_field_is_found_with_its_parent() {
        let document = r#"{"name":"a","address":{"city":"b"},"lines":[{"qty":null}]}"#;
        for (condition, expected) in [
            ("name = 'a' AND address.city = 'b'", &[][..]),
            ("lines[0].qty IS NULL", &[]),
            ("nme = 'a' OR name = 'a'", &["nme in DOC"]),
            ("address.cty = 1", &["address.cty in {\"city\":\"b\"}"]),
            ("adress.city = 1", &["adress in DOC"]),
            ("lines[1].qty = 1", &["lines[1] in [{\"qty\":null}]"]),
            ("name.first = 1", &["name.first in \"a\""]),
            (
                "`odd name` = 1 OR type(`1`) = 'x'",
                &["[\"odd name\"] in DOC", "[\"1\"] in DOC"],
            ),
            ("changed(nme)", &["nme in DOC"]),
            ("changed(name)", &[]),
            ("old.name = new.name", &["old.name in nothing"]),
            ("collection = 'x' AND op IN ('insert')", &[]),
            ("NOT contains(nme, 'x') AND nme LIKE 'x'", &["nme in DOC"]),
        ] {
            let expected: Vec<String> = expected
                .iter()
                .map(|one| one.replace("DOC", document))
                .collect();
            assert_eq!(
                missing(condition, None, Some(document)),
                expected,
                "{condition}"
            );
        }
        let (old, new) = (r#"{"a":{"b":1}}"#, r#"{"c":1}"#);
        assert_eq!(missing("changed(a.b)", Some(old), Some(new)), [""; 0]);
        assert_eq!(
            missing("changed(a.x)", Some(old), Some(new)),
            ["a.x in {\"b\":1}"]
        );
        assert_eq!(missing("a.b = 1", Some(old), None), [""; 0]);
    }

    #[test]
    fn properties_of_the_event_are_found() {
        let properties = |text: &str| Condition::parse(text).unwrap().properties();
        assert_eq!(properties("a = 1"), []);
        assert_eq!(
            properties("collection = 'a' OR collection IN ('b') AND op = 'insert'"),
            [Property::Collection, Property::Op]
        );
    }
}
