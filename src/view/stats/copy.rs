//! The content of a mirror, before the statistics of its changes.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::StatsView;
use super::tables::bytes;
use crate::summary::CopySummary;
use crate::util::text::plural;
use crate::view::escape;
use crate::view::styles::Ink;
use crate::view::table::{Cell, Column, Table};

const COLUMNS: [Column; 5] = [
    column("collection", false, 0),
    column("documents", true, 0),
    column("bytes", true, 0),
    column("largest", true, 1),
    column("last change", true, 2),
];

const fn column(header: &'static str, right: bool, rank: u8) -> Column {
    Column {
        header,
        right,
        rank,
    }
}

impl StatsView {
    /// Appends the state of the copy, and a table of its collections.
    pub(super) fn copy(&self, copy: &CopySummary, out: &mut String) {
        let (words, since) = match &copy.state {
            Some((words, since)) => (words.as_str(), self.clock.format_seconds(*since)),
            None => ("unknown", "unknown".to_owned()),
        };
        let _ = writeln!(out, "mirror: {} since {since}", escape::text(words));
        let documents = copy.documents();
        let size: u64 = copy.collections.iter().map(|one| one.bytes).sum();
        let _ = write!(out, "{}, {}", plural(documents, "document"), bytes(size));
        if let Some(snapshot) = copy.snapshot {
            let _ = write!(out, "; snapshot of {}", self.clock.format_seconds(snapshot));
        }
        let alarm = |count: u64| {
            if count > 0 {
                self.styles.alarm
            } else {
                Ink::default()
            }
        };
        let (open, skipped) = (alarm(copy.gaps.0), alarm(copy.skipped));
        let _ = writeln!(
            out,
            "\n{open}{}{open:#}, {} resolved, {skipped}{}{skipped:#}",
            plural(copy.gaps.0, "open gap"),
            copy.gaps.1,
            plural(copy.skipped, "skipped record")
        );
        if copy.collections.is_empty() {
            return;
        }
        let mut table = Table::new(&COLUMNS, self.styles.dim);
        for one in &copy.collections {
            let changed = one.changed_at.map(|at| self.clock.format_seconds(at));
            table.row(vec![
                Cell {
                    text: escape::text(&one.name),
                    ink: self.styles.collection,
                },
                one.documents.to_string().into(),
                bytes(one.bytes).into(),
                bytes(one.largest).into(),
                changed.unwrap_or_else(|| "-".to_owned()).into(),
            ]);
        }
        out.push('\n');
        table.push(self.columns(), |_, _| String::new(), out);
    }

    pub(super) fn json_copy(&self, copy: &CopySummary) -> Value {
        let collections = copy.collections.iter();
        let collections = collections.map(|one| {
            json!({
                "collection": one.name,
                "documents": one.documents,
                "bytes": one.bytes,
                "largest": one.largest,
                "changed": self.json_time(one.changed_at),
            })
        });
        let offsets = copy.offsets.iter();
        let offsets =
            offsets.map(|(partition, next)| json!({"partition": partition, "next": next}));
        json!({
            "server": copy.server,
            "topic": copy.topic,
            "state": copy.state.as_ref().map(|(words, _)| words),
            "since": self.json_time(copy.state.as_ref().map(|(_, since)| *since)),
            "snapshot": self.json_time(copy.snapshot),
            "openGaps": copy.gaps.0,
            "resolvedGaps": copy.gaps.1,
            "skipped": copy.skipped,
            "history": copy.has_history,
            "documents": copy.documents(),
            "offsets": offsets.collect::<Vec<Value>>(),
            "collections": collections.collect::<Vec<Value>>(),
        })
    }
}
