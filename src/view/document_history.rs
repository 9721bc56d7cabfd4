//! What a history shows between the versions of a document, in the formats for people.

use super::line::Line;
use super::model::EventDiff;
use super::model::OutputFormat::Named;
use super::model::View;
use super::styles::Ink;
use super::{diff, oneline};
use crate::diff::redact;
use crate::event::Event;
use crate::record::Record;
use crate::record::options::Format;

/// The text of a missing change.
const MISSING: &str = "a change is missing here";

impl View {
    /// Marks a missing change; `event` has what changed unseen. `false`, and nothing, in formats for programs.
    #[must_use]
    pub fn missing_change(&self, event: &Event<'_>, out: &mut Vec<u8>) -> bool {
        if !self.format.is_for_people() {
            return false;
        }
        if self.diff.redact.is_empty() {
            self.push_missing(event, out);
            return true;
        }
        let payload = redact::payload(event, &self.diff.redact);
        if let Ok(event) = crate::event::decode(Some(&payload)) {
            self.push_missing(&event, out);
        }
        true
    }

    fn push_missing(&self, event: &Event<'_>, out: &mut Vec<u8>) {
        let mut line = Line::new(self, out);
        line.word("missing", self.styles.alarm);
        line.identity(event, " ", None);
        line.word(MISSING, self.styles.alarm);
        let event_diff = EventDiff::new(event);
        if let Named(Format::Oneline) = self.format {
            oneline::summary_to_end(line, &event_diff);
        } else {
            line.end();
            diff::changes(self, &event_diff, out);
        }
    }

    /// A line about an event, instead of the event or before it. `false`, and nothing, in formats for programs.
    #[must_use]
    pub fn remark(
        &self,
        word: &str,
        remark: &str,
        record: &Record<'_>,
        event: &Event<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        if !self.format.is_for_people() {
            return false;
        }
        if self.diff.redact.is_empty() {
            self.push_remark((word, remark), record, event, out);
        } else {
            let payload = redact::payload(event, &self.diff.redact);
            if let Ok(event) = crate::event::decode(Some(&payload)) {
                self.push_remark((word, remark), record, &event, out);
            }
        }
        true
    }

    fn push_remark(
        &self,
        (word, remark): (&str, &str),
        record: &Record<'_>,
        event: &Event<'_>,
        out: &mut Vec<u8>,
    ) {
        let mut line = Line::new(self, out);
        line.word(word, self.styles.dim);
        line.identity(event, " ", None);
        line.txn(event);
        line.place(record);
        line.time_after_blank(record);
        line.word(remark, Ink::default());
        line.end();
    }
}
