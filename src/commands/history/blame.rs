//! The version that last changed each field of a document.

use super::document_reader::{MAX_DOCUMENTS, Vanished, Version, VersionSink};
use super::field_origins::{FieldOrigins, Leaf, Origin, leaves};

use super::timeline::{Link, State};
use crate::commands::read_source::output_end;
use crate::diff::ChangeKind;
use crate::diff::path::{Step, push_jq};
use crate::diff::pattern::{Relation, closest};
use crate::event::{Change, Event, Unreadable};
use crate::output::Output;
use crate::record::{OffsetGap, Record};
use crate::util::exit::Exit;
use crate::util::text::plural;
use crate::view::{BlameOrigin, BlameRow, EventPlace, View};

/// The fields of one document.
#[derive(Default)]
struct Fields {
    origins: FieldOrigins,
    places: Vec<EventPlace>,
    state: Option<State>,
    /// The line about the last version, and how messages name it.
    header: Vec<u8>,
    last: String,
    /// The collection and the raw id, for JSON.
    identity: (String, Vec<u8>),
}

/// Finds the origin of each field.
pub(super) struct Blame {
    view: View,
    documents: [Fields; MAX_DOCUMENTS],
    gaps: u64,
    unreadable: u64,
}

impl Blame {
    pub fn new(view: View) -> Blame {
        Blame {
            view,
            documents: Default::default(),
            gaps: 0,
            unreadable: 0,
        }
    }

    /// Prints the fields.
    pub fn print(&mut self, out: &mut Output) -> Exit {
        if let Some(zone) = self.view.unnamed_zone() {
            out.note_zone(&zone);
        }
        let mut exit = Exit::Success;
        for fields in &self.documents {
            match &fields.state {
                None => {}
                Some(State::Absent) => {
                    out.warn(&format!(
                        "there is no such document: it was removed by {}",
                        fields.last
                    ));
                    exit = Exit::NoDocument;
                }
                Some(State::Present(json)) => {
                    let rows = self.rows(fields, json);
                    out.buffer().extend_from_slice(&fields.header);
                    self.view
                        .blame(&fields.identity.0, &fields.identity.1, &rows, out.buffer());
                }
            }
        }
        if let Err(end) = out.flush() {
            return output_end(end, out);
        }
        self.report_doubts(out);
        if self.unreadable > 0 && exit == Exit::Success {
            return Exit::Failed;
        }
        exit
    }

    /// The rows of a document; none if it does not exist.
    #[cfg(test)]
    pub fn rows_of(&self, document: usize) -> Vec<BlameRow<'_>> {
        let fields = &self.documents[document];
        let json = fields.state.as_ref().and_then(State::document);
        json.map_or(Vec::new(), |json| self.rows(fields, json))
    }

    fn report_doubts(&self, out: &mut Output) {
        if self.gaps > 0 {
            let gaps = plural(self.gaps, "gap");
            out.warn(&format!("the stream has {gaps}: changes may be missing"));
        }
        if self.unreadable > 0 {
            let records = plural(self.unreadable, "unreadable record");
            out.warn(&format!("{records} may belong to the document"));
        }
    }

    /// One row for each field; fields under a redacted path are one row.
    fn rows<'d>(&self, fields: &Fields, document: &'d [u8]) -> Vec<BlameRow<'d>> {
        let mut rows: Vec<(BlameRow<'d>, Origin)> = Vec::new();
        let options = &self.view.diff;
        let shown = leaves(document).filter(|leaf| options.shows(&leaf.steps, ChangeKind::Changed));
        for leaf in shown {
            let (steps, is_redacted) = self.shown_steps(&leaf);
            let mut path = Vec::new();
            push_jq(steps, &mut path);
            let origin = fields.origins.of(&leaf);
            if let Some((row, newest)) = rows.last_mut()
                && is_redacted
                && row.path == path
            {
                *newest = (*newest).max(origin);
                row.origin = blame_origin(*newest, &fields.places);
                continue;
            }
            let row = BlameRow {
                origin: blame_origin(origin, &fields.places),
                path,
                value: (!is_redacted).then_some(leaf.value),
            };
            rows.push((row, origin));
        }
        rows.into_iter().map(|(row, _)| row).collect()
    }

    /// The path of a field, up to the first redacted step.
    fn shown_steps<'l, 'd>(&self, leaf: &'l Leaf<'d>) -> (&'l [Step<'d>], bool) {
        let redact = &self.view.diff.redact;
        let is_redacted = |length: &usize| {
            let steps = leaf.steps.get(..*length).unwrap_or_default();
            closest(redact, steps) >= Relation::Below
        };
        let hidden = (1..=leaf.steps.len()).find(is_redacted);
        match hidden.filter(|_| !redact.is_empty()) {
            Some(length) => (leaf.steps.get(..length).unwrap_or_default(), true),
            None => (&leaf.steps, false),
        }
    }
}

fn blame_origin(origin: Origin, places: &[EventPlace]) -> BlameOrigin {
    match origin {
        Origin::BeforeFirst => BlameOrigin::BeforeFirst,
        Origin::Missing(at) => BlameOrigin::Missing(places.get(at).copied().unwrap_or_default()),
        Origin::Version(at) => BlameOrigin::Version(places.get(at).copied().unwrap_or_default()),
    }
}

impl VersionSink for Blame {
    fn version(&mut self, version: &Version<'_, '_>) {
        let Some(Change { before, after }) = version.event.change() else {
            return;
        };
        if version.link.is_repeated() || version.link == Link::NoChange {
            return;
        }
        let options = &self.view.diff;
        let fields = &mut self.documents[version.document];
        let at = fields.places.len();
        fields
            .places
            .push(EventPlace::new(version.record, version.event));
        match &version.link {
            Link::First => fields.origins.set_all(before, Origin::BeforeFirst),
            Link::Missing(state) => {
                fields
                    .origins
                    .apply(state.document(), before, Origin::Missing(at), options);
            }
            _ => {}
        }
        fields
            .origins
            .apply(before, after, Origin::Version(at), options);
        fields.state = Some(State::new(after));
        fields.last = version.describe();
        let collection = version.event.collection.as_deref().unwrap_or_default();
        let id = version.event.id().unwrap_or(b"null");
        fields.identity = (collection.to_owned(), id.to_vec());
        fields.header.clear();
        let _for_people = self.view.remark(
            "blame",
            "",
            version.record,
            version.event,
            &mut fields.header,
        );
    }

    fn vanished(&mut self, document: usize, _: &Vanished<'_>) {
        let fields = &mut self.documents[document];
        fields.state = Some(State::Absent);
        "a change that the mirror does not keep".clone_into(&mut fields.last);
    }

    fn gap(&mut self, _: &Record<'_>, _: &Event<'_>) {
        self.gaps += 1;
    }

    fn offset_gap(&mut self, _: &OffsetGap) {
        self.gaps += 1;
    }

    fn unreadable(&mut self, _: &Record<'_>, _: Unreadable) {
        self.unreadable += 1;
    }
}
