//! Counters of a comparison, and the lines that report them.

use std::fmt::Write as _;

use super::side::Side;
use crate::commands::unknown_collections::names;
use crate::event::Op;
use crate::output::Output;

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub added: u64,
    pub removed: u64,
    pub changed: u64,
    pub equal: u64,
    /// Events that were written.
    pub shown: u64,
    /// Changed documents of which `--only` or `--ignore` hide every change.
    pub hidden: u64,
    /// Differences that the format cannot express.
    pub inexpressible: u64,
    /// Documents that the filters reject.
    pub filtered: u64,
    /// Added documents that the first side may have had, too.
    pub unproven_added: u64,
    /// Documents that only the first side has, although the second one may have them.
    pub unproven_removed: u64,
    /// Documents that only the first side has, because the condition of the second one may exclude them.
    pub excluded_before: u64,
    /// Documents that only the second side has, because the condition of the first one may exclude them.
    pub excluded_after: u64,
    /// Collections that only one side can have.
    pub skipped_collections: Vec<String>,
    /// Collections in which documents of both sides may have ids that cannot be compared.
    pub binary_ids: Vec<String>,
}

impl Tally {
    pub fn count(&mut self, op: Op) {
        match op {
            Op::Insert => self.added += 1,
            Op::Remove => self.removed += 1,
            Op::Update => self.changed += 1,
            Op::Other => {}
        }
    }

    /// One line.
    pub fn summary(&self) -> String {
        let documents = if self.added == 1 {
            "document"
        } else {
            "documents"
        };
        let mut text = format!(
            "{} {documents} added, {} removed, {} changed, {} equal",
            self.added, self.removed, self.changed, self.equal
        );
        let more = [
            (self.filtered, "not matched by the filters"),
            (self.hidden, "changed only where --only or --ignore hide it"),
            (
                self.inexpressible,
                "not written, because the format cannot express it: use --format json",
            ),
            (self.beyond_limit(), "not shown because of --limit"),
        ];
        for (count, what) in more.into_iter().filter(|(count, _)| *count > 0) {
            let _ = write!(text, ", {count} {what}");
        }
        text
    }

    /// Differences that were counted after the limit was reached.
    fn beyond_limit(&self) -> u64 {
        self.added + self.removed + self.changed - self.shown
    }

    /// Reports what the comparison does not prove, and what was left out.
    pub fn report_doubts(&self, before: &Side, after: &Side, out: &mut Output) {
        if !self.skipped_collections.is_empty() {
            out.note(&format!(
                "not compared, because only one side was asked for them: {}",
                names(&self.skipped_collections)
            ));
        }
        for (side, other, count) in [
            (after, before, self.excluded_before),
            (before, after, self.excluded_after),
        ] {
            if let Some(condition) = side.coverage.condition.as_ref().filter(|_| count > 0) {
                out.note(&format!(
                    "{} has only documents with {condition}: {} only in {} {} not counted, because that condition may exclude them",
                    side.title,
                    documents(count),
                    other.title,
                    be(count)
                ));
            }
        }
        self.report_same_condition(before, after, out);
        self.report_unproven(before, after, out);
        if !self.binary_ids.is_empty() {
            out.warn(&format!(
                "ids of bytes are an array in a snapshot and Base64 in an event, so they were not compared with each other: {}",
                names(&self.binary_ids)
            ));
        }
    }

    fn report_same_condition(&self, before: &Side, after: &Side, out: &mut Output) {
        let (one, other) = (&before.coverage.condition, &after.coverage.condition);
        if let Some(condition) = one
            .as_ref()
            .filter(|_| one == other && self.added + self.removed > 0)
        {
            out.note(&format!(
                "both have only documents with {condition}: an added document may have existed without matching it, and a removed one may exist"
            ));
        }
    }

    fn report_unproven(&self, before: &Side, after: &Side, out: &mut Output) {
        let (added, removed) = (self.unproven_added, self.unproven_removed);
        if added > 0 {
            out.note(&format!(
                "{added} of the added {} only in {}: {} {}, so {} may have existed before",
                be(added),
                after.title,
                before.title,
                lacks(before, added),
                they(added)
            ));
        }
        if removed > 0 {
            out.note(&format!(
                "{} only in {} {} not counted as removed: {} {}, so {} may still exist; to see {}, exchange the two paths",
                documents(removed),
                before.title,
                be(removed),
                after.title,
                lacks(after, removed),
                they(removed),
                if removed == 1 { "it" } else { "them" }
            ));
        }
    }
}

fn be(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn they(count: u64) -> &'static str {
    if count == 1 { "it" } else { "they" }
}

fn documents(count: u64) -> String {
    match count {
        1 => "1 document".to_owned(),
        _ => format!("{count} documents"),
    }
}

/// Why a document that a side does not have may exist.
fn lacks(side: &Side, count: u64) -> &'static str {
    match (side.is_capture, count) {
        (false, _) => "is not complete",
        (true, 1) => "has no event of it",
        (true, _) => "has no event of them",
    }
}

/// Reports what a side lacks, before anything is shown.
pub(super) fn report_exceptions(side: &Side, out: &mut Output) {
    let (title, exceptions) = (&side.title, &side.exceptions);
    if !exceptions.incomplete.is_empty() {
        out.warn(&format!(
            "{title} is not complete: {}",
            exceptions.incomplete.join("; ")
        ));
    }
    if exceptions.gaps > 0 {
        let gaps = if exceptions.gaps == 1 {
            "1 gap".to_owned()
        } else {
            format!("{} gaps", exceptions.gaps)
        };
        out.warn(&format!(
            "{title} has {gaps}: changes are missing, so a state may be older than it seems"
        ));
    }
    if let Some(first) = &exceptions.first_unreadable {
        out.warn(&format!(
            "{title} has {} unreadable, the first one at {first}",
            records(exceptions.unreadable)
        ));
    }
    if exceptions.without_id > 0 {
        out.warn(&format!(
            "{title} has {} without a collection or an _id, which cannot be compared",
            if exceptions.without_id == 1 {
                "1 change".to_owned()
            } else {
                format!("{} changes", exceptions.without_id)
            }
        ));
    }
    if exceptions.repeated_ids > 0 {
        out.warn(&format!(
            "{title} has {} whose id is written like that of another one (ids of bytes and arrays are); they are compared in their order",
            documents(exceptions.repeated_ids)
        ));
    }
}

fn records(count: u64) -> String {
    match count {
        1 => "1 record that is".to_owned(),
        _ => format!("{count} records that are"),
    }
}
