//! The versions of a document as text, oldest or newest first.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;

use super::document_reader::{Vanished, Version, VersionSink};
use super::timeline::{Link, State};
use crate::commands::read_source::output_end;
use crate::commands::synthetic_event::{self, Documents};
use crate::commands::tail::range::format_place;
use crate::event::filter::Filter;
use crate::event::{self, Event, Unreadable};
use crate::output::Output;
use crate::record::{OffsetGap, Record};
use crate::util::exit::Exit;
use crate::view::{EventOutput, View};

/// Limit of the messages about single missing changes, repeated events and gaps; the summary counts all.
const MAX_MESSAGES: usize = 20;

/// Before the first version, if that is no insert.
const STARTS_HERE: &str = "the history starts here: earlier changes are not known";
/// Instead of an event that was shown before.
const DELIVERED_AGAIN: &str = "delivered again, not a new version";

/// The text of an entry.
struct Entry {
    text: Vec<u8>,
    is_version: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub versions: u64,
    pub shown: u64,
    pub missing: u64,
    pub repeated: u64,
    /// Events that are in several captures.
    pub overlapping: u64,
    pub gaps: u64,
    pub unreadable: u64,
}

impl Counts {
    /// Whether there is more to tell than versions.
    pub fn has_exceptions(&self) -> bool {
        self.missing + self.repeated + self.overlapping + self.gaps + self.unreadable > 0
    }

    pub fn summary(&self) -> String {
        let mut text = String::new();
        let parts = [
            (self.versions, "version", "versions"),
            (self.missing, "change is missing", "changes are missing"),
            (self.gaps, "gap", "gaps"),
            (
                self.repeated,
                "event was delivered again",
                "events were delivered again",
            ),
            (
                self.unreadable,
                "unreadable record that may belong to it",
                "unreadable records that may belong to it",
            ),
        ];
        for (at, (count, one, more)) in parts.into_iter().enumerate() {
            if count > 0 || at == 0 {
                let noun = if count == 1 { one } else { more };
                let comma = if text.is_empty() { "" } else { ", " };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}{count} {noun}");
            }
        }
        if self.shown < self.versions {
            let _ = write!(text, "; {} shown", self.shown);
        }
        text
    }
}

/// Renders the versions.
pub(super) struct Log<'a> {
    pub counts: Counts,
    view: View,
    filter: &'a Filter,
    /// Whether the newest version comes first.
    reverse: bool,
    /// Limit of the versions that are shown.
    limit: Option<u64>,
    /// Rendered entries, oldest first.
    ready: VecDeque<Entry>,
    /// Versions in `ready`.
    buffered: u64,
    /// Whether older versions were dropped because of the limit.
    has_dropped: bool,
    /// The positions of gaps, which may be in several captures.
    gaps: HashSet<(i32, i64)>,
    messages: Vec<String>,
    written_messages: usize,
    /// The time zone of the output, until it is named.
    unnamed_zone: Option<String>,
    has_times: bool,
    synthetic: Vec<u8>,
}

impl<'a> Log<'a> {
    pub fn new(view: View, filter: &'a Filter, reverse: bool, limit: Option<u64>) -> Log<'a> {
        Log {
            counts: Counts::default(),
            unnamed_zone: view.unnamed_zone(),
            view,
            filter,
            reverse,
            limit,
            ready: VecDeque::new(),
            buffered: 0,
            has_dropped: false,
            gaps: HashSet::new(),
            messages: Vec::new(),
            written_messages: 0,
            has_times: false,
            synthetic: Vec::new(),
        }
    }

    fn push(&mut self, text: Vec<u8>, is_version: bool) {
        if text.is_empty() {
            return;
        }
        self.buffered += u64::from(is_version);
        self.ready.push_back(Entry { text, is_version });
        if !self.reverse {
            return;
        }
        while self.limit.is_some_and(|limit| self.buffered > limit) {
            let dropped = self.ready.pop_front();
            self.has_dropped = true;
            self.buffered -= u64::from(dropped.is_some_and(|entry| entry.is_version));
        }
    }

    fn message(&mut self, message: String) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push(message);
        }
    }

    /// A line about an event, or a message in formats for programs.
    fn remark(&mut self, word: &str, remark: &str, version: &Version<'_, '_>) {
        let mut text = Vec::new();
        if self
            .view
            .remark(word, remark, version.record, version.event, &mut text)
        {
            self.push(text, false);
        } else {
            self.message(format!("{}: {remark}", version.describe()));
        }
    }

    fn missing(&mut self, state: &State, version: &Version<'_, '_>) {
        let before = version.event.change().and_then(|change| change.before);
        let collection = version.event.collection.as_deref().unwrap_or_default();
        let message = || format!("a change is missing before {}", version.describe());
        self.missing_between((state.document(), before), collection, &message);
    }

    /// Marks a change that is missing between two states of the document.
    fn missing_between(
        &mut self,
        states: (Option<&[u8]>, Option<&[u8]>),
        collection: &str,
        message: &dyn Fn() -> String,
    ) {
        self.counts.missing += 1;
        let unseen = match states {
            (Some(old), Some(new)) => Documents::Update(old, new),
            (Some(old), None) => Documents::Remove(old),
            (None, Some(new)) => Documents::Insert(new),
            (None, None) => return,
        };
        let mut payload = std::mem::take(&mut self.synthetic);
        synthetic_event::write(collection, unseen, None, &mut payload);
        let mut text = Vec::new();
        let is_shown = event::decode(Some(&payload))
            .is_ok_and(|event| self.view.missing_change(&event, &mut text));
        self.synthetic = payload;
        if is_shown {
            self.push(text, false);
        } else {
            self.message(message());
        }
    }

    /// Writes everything, also what had to wait for the last version.
    pub fn finish(&mut self, out: &mut Output) -> Result<(), Exit> {
        if self.reverse {
            let entries = std::mem::take(&mut self.ready);
            self.counts.shown = self.buffered;
            // What stands before the oldest version that is shown belongs to an older one.
            let oldest = entries.iter().position(|entry| entry.is_version);
            let from = oldest.filter(|_| self.has_dropped).unwrap_or(0);
            for entry in entries.iter().skip(from).rev() {
                out.buffer().extend_from_slice(&entry.text);
                out.flush_if_full().map_err(|end| output_end(end, out))?;
            }
            self.ready.clear();
        }
        if self.counts.versions == 0 {
            self.write_ready(out)?;
        }
        self.write_messages(out);
        out.flush().map_err(|end| output_end(end, out))
    }

    fn write_messages(&mut self, out: &mut Output) {
        if self.has_times
            && let Some(zone) = self.unnamed_zone.take()
        {
            out.note_zone(&zone);
        }
        for message in self.messages.drain(..) {
            self.written_messages += 1;
            match self.written_messages.cmp(&MAX_MESSAGES) {
                Ordering::Less => out.warn(&message),
                Ordering::Equal => out.warn(&format!("{message}; more of this is only counted")),
                Ordering::Greater => {}
            }
        }
    }
}

impl VersionSink for Log<'_> {
    fn version(&mut self, version: &Version<'_, '_>) {
        match &version.link {
            Link::Repeated => {
                self.counts.repeated += 1;
                return self.remark("again", DELIVERED_AGAIN, version);
            }
            Link::SameRecord => {
                self.counts.overlapping += 1;
                return;
            }
            Link::First => {
                let before = version.event.change().and_then(|change| change.before);
                if before.is_some() {
                    self.remark("start", STARTS_HERE, version);
                }
            }
            Link::Missing(state) => self.missing(state, version),
            Link::Continues | Link::NoChange => {}
        }
        self.counts.versions += 1;
        if !self.filter.matches(version.event) {
            return;
        }
        let mut text = Vec::new();
        let output = self.view.event(version.record, version.event, &mut text);
        if output == EventOutput::Shown {
            self.has_times |= version.record.time.is_some();
            self.push(text, true);
        }
    }

    fn gap(&mut self, record: &Record<'_>, event: &Event<'_>) {
        if let Some(position) = record.place.position()
            && !self.gaps.insert(position)
        {
            return;
        }
        self.counts.gaps += 1;
        let mut text = Vec::new();
        let _ = self.view.event(record, event, &mut text);
        self.push(text, false);
        if !self.view.format.is_for_people() {
            let place = format_place(record);
            self.message(format!(
                "gap at {place} (requeryRequired): changes may be missing"
            ));
        }
    }

    fn offset_gap(&mut self, gap: &OffsetGap) {
        self.counts.gaps += 1;
        let mut text = Vec::new();
        self.view.offset_gap(gap, &mut text);
        let is_shown = !text.is_empty();
        self.push(text, false);
        if !is_shown {
            self.message(format!("gap: {}", gap.message()));
        }
    }

    fn unreadable(&mut self, record: &Record<'_>, why: Unreadable) {
        self.counts.unreadable += 1;
        let mut text = Vec::new();
        self.view.unreadable(record, why, &mut text);
        self.push(text, false);
        if self.view.terminal && self.view.format.is_for_people() {
            return;
        }
        self.message(format!(
            "unreadable record: {why}, at {}",
            format_place(record)
        ));
    }

    fn vanished(&mut self, _: usize, copy: &Vanished<'_>) {
        let message = || {
            "a change is missing after the last version: the mirror no longer has the document"
                .to_owned()
        };
        self.missing_between((Some(copy.was), None), copy.collection, &message);
    }

    fn write(&mut self, out: &mut Output) -> Result<(), Exit> {
        // If no version is found, everything may be read again.
        if self.reverse || self.counts.versions == 0 {
            return Ok(());
        }
        self.write_ready(out)
    }
}

impl Log<'_> {
    fn write_ready(&mut self, out: &mut Output) -> Result<(), Exit> {
        if self.ready.is_empty() && self.messages.is_empty() {
            return Ok(());
        }
        self.write_messages(out);
        while let Some(entry) = self.ready.pop_front() {
            out.buffer().extend_from_slice(&entry.text);
            self.counts.shown += u64::from(entry.is_version);
            if self.limit.is_some_and(|limit| self.counts.shown >= limit) {
                return Err(Exit::Success);
            }
        }
        out.flush_if_full().map_err(|end| output_end(end, out))
    }
}
