//! Merge join of two sorted indexes: each document of both sides once, in the order of collections and ids.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool};

use super::coverage::Absence;
use super::differences::{DifferencePlace, DifferenceWriter, PairKind, Stop};
use super::side::Side;
use super::state_index::{DocumentState, KnownDocument, Version};
use super::tally::Tally;
use crate::commands::Context;
use crate::commands::tail::plan::Plan;
use crate::view::View;

/// How often Ctrl-C is checked, in documents.
const DOCUMENTS_PER_CHECK: u64 = 1 << 12;

/// A comparison of two sides.
pub(super) struct Comparison<'c> {
    before: Side,
    after: Side,
    /// The names of the topics of the later side.
    topics: Vec<String>,
    writer: DifferenceWriter<'c>,
    interrupt: &'c Arc<AtomicBool>,
}

/// The documents of one id, as far as each side knows it.
struct Pair<'p> {
    before: Option<KnownDocument<'p>>,
    after: Option<KnownDocument<'p>>,
}

impl Pair<'_> {
    fn kind(&self, absence: (Absence, Absence)) -> PairKind {
        let span = |known: Option<&KnownDocument<'_>>| match known?.state {
            DocumentState::Present(span) => Some(span),
            DocumentState::Removed => None,
        };
        // A removal that a side knows is a proof.
        let absence_of = |known: &Option<KnownDocument<'_>>, absence| match known {
            Some(_) => Absence::Proven,
            None => absence,
        };
        match (span(self.before.as_ref()), span(self.after.as_ref())) {
            (Some(old), Some(new)) => PairKind::Both(old, new),
            (Some(old), None) => PairKind::OnlyBefore(old, absence_of(&self.after, absence.1)),
            (None, Some(new)) => PairKind::OnlyAfter(new, absence_of(&self.before, absence.0)),
            (None, None) => PairKind::Neither,
        }
    }

    /// The version of the event that led to the later state.
    fn version(&self) -> Version {
        self.after.map(|known| known.version).unwrap_or_default()
    }
}

impl<'c> Comparison<'c> {
    pub fn new(
        before: Side,
        mut after: Side,
        plan: &'c Plan,
        view: &'c View,
        context: &'c mut Context<'_>,
    ) -> Self {
        Comparison {
            topics: std::mem::take(&mut after.topics),
            before,
            after,
            interrupt: context.interrupt,
            writer: DifferenceWriter::new(plan, view, context.out),
        }
    }

    /// Compares all collections.
    pub fn run(&mut self) -> Result<(), Stop> {
        for name in self.collections() {
            if self.before.coverage.includes(&name) && self.after.coverage.includes(&name) {
                self.note_binary_ids(&name);
                self.collection(&name)?;
            } else {
                self.writer.tally.skipped_collections.push(name);
            }
        }
        self.writer.out.flush().map_err(Stop::from)
    }

    pub fn finish(self) -> (Side, Side, Tally) {
        (self.before, self.after, self.writer.tally)
    }

    /// The selected collections of both sides, also those without a document.
    fn collections(&self) -> BTreeSet<String> {
        let sides = [&self.before, &self.after];
        let known = sides
            .into_iter()
            .flat_map(|side| side.collections.keys().map(String::as_str));
        let covered = sides.into_iter().flat_map(|side| side.coverage.names());
        let filter = &self.writer.plan.filter;
        let selected = known
            .chain(covered)
            .filter(|name| filter.matches_collection(Some(name)));
        selected.map(str::to_owned).collect()
    }

    fn note_binary_ids(&mut self, name: &str) {
        let has = |side: &Side| side.exceptions.binary_ids.contains_key(name);
        let is_events = |side: &Side| side.is_capture && side.collections.contains_key(name);
        if (has(&self.before) && is_events(&self.after))
            || (has(&self.after) && is_events(&self.before))
        {
            self.writer.tally.binary_ids.push(name.to_owned());
        }
    }

    fn collection(&mut self, name: &str) -> Result<(), Stop> {
        let absence = (
            self.before.coverage.absence(name, &self.after.coverage),
            self.after.coverage.absence(name, &self.before.coverage),
        );
        let (olds, mut old_reader) = self.before.open(name)?;
        let (news, mut new_reader) = self.after.open(name)?;
        let (mut old_at, mut new_at, mut count) = (0, 0, 0_u64);
        loop {
            let (before, after) = (olds.get(old_at), news.get(new_at));
            let order = match (&before, &after) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.key.cmp(new.key),
            };
            old_at += usize::from(order != Ordering::Greater);
            new_at += usize::from(order != Ordering::Less);
            let pair = Pair {
                before: before.filter(|_| order != Ordering::Greater),
                after: after.filter(|_| order != Ordering::Less),
            };
            count += 1;
            if count.is_multiple_of(DOCUMENTS_PER_CHECK)
                && self.interrupt.load(atomic::Ordering::Relaxed)
            {
                return Err(Stop::Interrupted);
            }
            let place = DifferencePlace {
                collection: name,
                version: pair.version(),
                topics: &self.topics,
            };
            self.writer.pair(
                &pair.kind(absence),
                &place,
                (&mut old_reader, &mut new_reader),
            )?;
        }
        Ok(())
    }
}
