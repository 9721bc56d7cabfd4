//! Option values that the command line shares with the modules that implement them.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

use clap::ValueEnum;

/// The change of a document, decided from the values of the event and never from `change.method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Op {
    /// A new document: a new value and no old one
    Insert,
    /// A changed document: an old and a new value
    Update,
    /// A removed document: only an old value
    Remove,
    /// Not a change of a document, or an event whose values do not show which.
    #[value(skip)]
    Other,
}

impl Op {
    /// The name in `--op` and in conditions.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Remove => "remove",
            Op::Other => return None,
        })
    }
}

/// An output format for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// What changed in each document, for people
    Diff,
    /// One line per event, for people: operation and document
    Oneline,
    /// The event as received, one per line
    Json,
    /// The event, indented and coloured
    Pretty,
    /// The whole record with topic, partition, offset, time, key and headers; lossless, --input reads it back
    Record,
    /// The payload's bytes and a line end
    Raw,
    /// The changes as a JSON Patch (RFC 6902) with the event's identity; turns the old document into exactly the new one
    Patch,
    /// The changes as a JSON Merge Patch (RFC 7396), and whether it covers all of them
    Merge,
    /// The paths that were changed, added and removed
    Changes,
    /// Debezium's change events with their schema, for Kafka Connect: each document is one JSON text (docs/cookbook.md)
    Debezium,
    /// The same without the schema, for Flink and RisingWave
    DebeziumPlain,
}

impl Format {
    /// The format as it is typed.
    #[must_use]
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or(String::new(), |value| value.get_name().to_owned())
    }

    /// Whether the format is for people: it shows gaps as lines of its own.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        matches!(self, Format::Diff | Format::Oneline)
    }

    /// Whether the format can express changes of documents only: a gap in the stream cannot be in the output.
    #[must_use]
    pub fn has_changes_only(self) -> bool {
        matches!(self, Format::Debezium | Format::DebeziumPlain)
    }
}

/// The order of records from several partitions or captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Order {
    /// By time over all partitions; inside a partition always by offset
    Time,
    /// As the records arrive: faster, but what happened together stands apart
    #[default]
    Arrival,
}
