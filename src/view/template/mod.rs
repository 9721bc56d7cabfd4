//! Templates of `--format`, such as `%T %c %i %s`, as data and their parser.

mod parse;

use crate::path::{Side, Step};

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text that is printed as it is.
    Text(String),
    Column(Column),
}

/// A value of the event, and its width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub value: ColumnValue,
    /// Shorter values are padded to this number of columns of the terminal.
    pub min_width: usize,
    /// Longer values are cut to this number of columns.
    pub max_width: Option<usize>,
    pub alignment: Alignment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alignment {
    Left,
    Right,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ColumnValue {
    Property(Property),
    Field(TemplateField),
}

/// What a letter after `%` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Time,
    Topic,
    Partition,
    Offset,
    Key,
    Collection,
    Id,
    Method,
    Operation,
    Transaction,
    Summary,
}

/// Each letter, its property, and its meaning for messages.
const PROPERTIES: &[(char, Property, &str)] = &[
    ('T', Property::Time, "time"),
    ('c', Property::Collection, "collection"),
    ('i', Property::Id, "id"),
    ('O', Property::Operation, "operation"),
    ('m', Property::Method, "method"),
    ('x', Property::Transaction, "txnId"),
    ('s', Property::Summary, "summary"),
    ('t', Property::Topic, "topic"),
    ('p', Property::Partition, "partition"),
    ('o', Property::Offset, "offset"),
    ('k', Property::Key, "record key"),
];

/// A field of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateField {
    /// The path as typed.
    pub typed: String,
    /// The document; without one, the new document, else the removed one.
    pub side: Option<Side>,
    /// The path in the document.
    pub steps: Vec<Step>,
}

impl Template {
    /// Whether the template prints what changed.
    #[must_use]
    pub fn prints_changes(&self) -> bool {
        let is_summary =
            |column: &Column| matches!(column.value, ColumnValue::Property(Property::Summary));
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part, Part::Column(column) if is_summary(column)))
    }

    /// The fields of documents that the template prints.
    pub fn fields(&self) -> impl Iterator<Item = &TemplateField> {
        self.parts.iter().filter_map(|part| match part {
            Part::Column(Column {
                value: ColumnValue::Field(field),
                ..
            }) => Some(field),
            _ => None,
        })
    }
}
