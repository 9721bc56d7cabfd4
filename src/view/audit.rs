//! What an audit has found: a table of the collections, and the documents that differ.

use super::diff;
use super::escape;
use super::line::Line;
use super::model::{EventDiff, View};
use super::table::{Cell, Column, Table};
use crate::event::Event;

/// Width without a terminal.
const DEFAULT_COLUMNS: usize = 80;

/// The result of one collection, in documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditedCollection {
    /// The collection.
    pub name: String,
    /// Equal in the copy and on the server.
    pub equal: u64,
    /// On the server only.
    pub missing: u64,
    /// In the copy only.
    pub extra: u64,
    /// In both, with another content.
    pub different: u64,
    /// Differences that were not checked again.
    pub unchecked: u64,
}

impl AuditedCollection {
    /// Number of documents that are not equal.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.missing + self.extra + self.different + self.unchecked
    }
}

impl View {
    /// Appends a table with a row for each collection.
    pub fn audited(&self, collections: &[AuditedCollection], out: &mut Vec<u8>) {
        let has_unchecked = collections.iter().any(|one| one.unchecked > 0);
        let mut columns = vec![
            Column::text("collection"),
            Column::number("equal", 0),
            Column::number("missing", 0),
            Column::number("extra", 0),
            Column::number("different", 0),
        ];
        columns.extend(has_unchecked.then_some(Column::number("unchecked", 0)));
        let mut table = Table::new(&columns, self.styles.dim);
        for one in collections {
            let alarm = |count: u64| Cell {
                text: count.to_string(),
                ink: if count > 0 {
                    self.styles.alarm
                } else {
                    super::styles::Ink::default()
                },
            };
            let mut row = vec![
                Cell {
                    text: escape::text(&one.name),
                    ink: self.styles.collection,
                },
                Cell::from(one.equal.to_string()),
                alarm(one.missing),
                alarm(one.extra),
                alarm(one.different),
            ];
            row.extend(has_unchecked.then(|| alarm(one.unchecked)));
            table.row(row);
        }
        let mut text = String::new();
        let width = self.width.unwrap_or(DEFAULT_COLUMNS);
        table.push(width, |_, _| String::new(), &mut text);
        out.extend_from_slice(text.as_bytes());
    }

    /// Appends a line about a document that differs, and the changes of the event from the copy to the server, if it is
    /// an update.
    pub fn difference(&self, word: &str, event: &Event<'_>, changes: bool, out: &mut Vec<u8>) {
        let mut line = Line::new(self, out);
        line.word(word, self.styles.alarm);
        line.identity(event, " ", None);
        line.end();
        if changes {
            diff::changes(self, &EventDiff::new(event), out);
        }
    }
}
