//! Which paths of `--redact`, `--only`, `--ignore`, `--array-key` and of a template no document has: a mistyped path hides
//! or shows nothing without an error.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::diff::pattern::Pattern;
use crate::diff::presence::{Miss, occurs_in};
use crate::event::{Event, Op, document_in_event};
use crate::json::{items, unquote};
use crate::output::Output;
use crate::path::{Printed, Segment, Step};
use crate::util::mutex::lock;
use crate::util::suggest::nearest;

/// Number of documents from which names are collected, for suggestions.
const SAMPLED_DOCUMENTS: u64 = 200;
/// Maximum number of names that are collected for one path.
const MAX_NAMES: usize = 500;
/// Number of documents after which a read without an end reports, even if it is never idle.
const REPORT_AFTER_DOCUMENTS: u64 = 1000;

/// The paths of a run, each with whether a document has it. Shared by the worker threads.
#[derive(Debug, Default)]
pub(crate) struct PathUsage {
    paths: Vec<UsedPath>,
    documents: AtomicU64,
    /// Events of which `--only` and `--ignore` hide all changes.
    hidden_events: AtomicU64,
    /// Events of which they hide not all changes.
    shown_events: AtomicU64,
}

#[derive(Debug)]
struct UsedPath {
    option: &'static str,
    typed: String,
    /// All readings of the path; the first one is the usual one.
    patterns: Vec<Pattern>,
    met: AtomicBool,
    reported: AtomicBool,
    instead: Mutex<Instead>,
}

/// What documents have at the deepest place that they share with a path.
#[derive(Debug, Default)]
struct Instead {
    /// Number of segments that were found.
    found: usize,
    is_array: bool,
    names: BTreeSet<String>,
}

impl PathUsage {
    /// Adds the path of an option.
    pub(super) fn add(&mut self, option: &'static str, typed: &str, patterns: &[Pattern]) {
        self.paths.push(UsedPath {
            option,
            typed: typed.to_owned(),
            patterns: patterns.to_vec(),
            met: AtomicBool::new(false),
            reported: AtomicBool::new(false),
            instead: Mutex::default(),
        });
    }

    /// Notes which paths the documents of an event have. Costs nothing for a path that was met.
    pub(crate) fn note(&self, event: &Event<'_>) {
        if self.paths.is_empty() {
            return;
        }
        let documents = [event.old, event.new, event.value];
        let documents = documents.into_iter().flatten();
        let documents: Vec<_> = documents.filter(|json| json.starts_with(b"{")).collect();
        let is_document = event.op() != Op::Other && !documents.is_empty();
        let count = if is_document {
            self.documents.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        };
        for path in &self.paths {
            if path.met.load(Ordering::Relaxed) {
                continue;
            }
            let met = if is_document {
                let sample = count < SAMPLED_DOCUMENTS;
                documents.iter().any(|json| path.is_in(json, sample))
            } else {
                path.is_anywhere_in(event.raw)
            };
            if met {
                path.met.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Notes whether `--only` and `--ignore` show an event.
    pub(super) fn note_shown(&self, is_shown: bool) {
        if self.paths.is_empty() {
            return;
        }
        let count = if is_shown {
            &self.shown_events
        } else {
            &self.hidden_events
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Reports that `--only` and `--ignore` hide everything, although documents have all paths.
    fn report_hidden(&self, out: &mut Output) {
        let hidden = self.hidden_events.swap(0, Ordering::Relaxed);
        if hidden == 0 || self.shown_events.load(Ordering::Relaxed) > 0 {
            return;
        }
        let is_given = |option| self.paths.iter().any(|path| path.option == option);
        let options = ["--only", "--ignore"].map(|option| is_given(option).then_some(option));
        let options: Vec<&str> = options.into_iter().flatten().collect();
        let s = if hidden == 1 { "" } else { "s" };
        out.note(&format!(
            "{} hides all changes of {hidden} event{s}, and nothing else passes the filters",
            options.join(" with ")
        ));
    }

    /// Reports the paths that no document has, each once. `true` if one of them was to be hidden in a certain place.
    pub(crate) fn report(&self, out: &mut Output) -> bool {
        if self.documents.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let unmet = self.paths.iter();
        let unmet = unmet.filter(|path| !path.met.load(Ordering::Relaxed));
        let mut hides_nothing = false;
        for path in unmet {
            hides_nothing |= path.is_redaction() && !path.is_search();
            if !path.reported.swap(true, Ordering::Relaxed) {
                path.report(out);
            }
        }
        if self.has_met_only() {
            self.report_hidden(out);
        }
        hides_nothing
    }

    fn has_met_only(&self) -> bool {
        let mut only = self.paths.iter().filter(|path| path.option == "--only");
        only.all(|path| path.met.load(Ordering::Relaxed))
    }

    /// Whether a read without an end has seen enough documents for a report.
    pub(super) fn has_seen_enough(&self) -> bool {
        self.documents.load(Ordering::Relaxed) >= REPORT_AFTER_DOCUMENTS
    }
}

impl UsedPath {
    fn is_redaction(&self) -> bool {
        self.option == "--redact"
    }

    /// Whether the path looks for values wherever they are, so that none is no mistake.
    fn is_search(&self) -> bool {
        let segments = self.patterns.iter().flat_map(Pattern::segments);
        let mut searches = segments
            .map(|segment| matches!(segment, Segment::Deep | Segment::Any | Segment::Glob(_)));
        searches.any(|search| search)
    }

    fn is_in(&self, document: &[u8], sample: bool) -> bool {
        let mut patterns = self.patterns.iter();
        let usual = patterns.next();
        let mut miss = |miss: Miss<'_>| {
            if sample {
                lock(&self.instead).add(miss);
            }
        };
        usual.is_some_and(|pattern| occurs_in(pattern, document, &mut miss))
            || patterns.any(|pattern| occurs_in(pattern, document, &mut |_| {}))
    }

    fn is_anywhere_in(&self, json: &[u8]) -> bool {
        let mut patterns = self.patterns.iter().map(Pattern::anywhere);
        patterns.any(|pattern| occurs_in(&pattern, json, &mut |_| {}))
    }

    fn report(&self, out: &mut Output) {
        let hint = self
            .hint()
            .map_or(String::new(), |hint| format!("; {hint}"));
        let (option, typed) = (self.option, &self.typed);
        if self.is_redaction() {
            out.warn(&format!(
                "{option} {typed}: nothing was hidden, because no document that was read has this path{hint}"
            ));
        } else {
            out.note(&format!(
                "{option} {typed}: no document that was read has this path{hint}"
            ));
        }
    }

    /// What was probably meant.
    fn hint(&self) -> Option<String> {
        let segments = self.patterns.first()?.segments();
        if let Some((_, depth)) = document_in_event(|at| key_of(segments.get(at)?)) {
            let rest = segments.get(depth..).filter(|rest| !rest.is_empty());
            return rest.map(|rest| format!("write {}", Printed(rest)));
        }
        let instead = lock(&self.instead);
        let (before, after) = segments.split_at_checked(instead.found)?;
        let (Segment::One(Step::Key(name) | Step::Token(name, _)), rest) = after.split_first()?
        else {
            return None;
        };
        if instead.is_array {
            let meant = [before, &[Segment::AnyIndex], after].concat();
            return Some(format!(
                "{} is an array: write {}",
                Printed(before),
                Printed(&meant)
            ));
        }
        if instead.names.contains(&self.typed) {
            let field = Segment::One(Step::Key(self.typed.as_bytes().to_vec()));
            return Some(format!("did you mean the field {}?", Printed(&[field])));
        }
        let name = String::from_utf8_lossy(name);
        let near = nearest(&name, instead.names.iter().map(String::as_str));
        let near = near.first()?.as_bytes().to_vec();
        let meant = [before, &[Segment::One(Step::Key(near))], rest].concat();
        Some(format!("did you mean {}?", Printed(&meant)))
    }
}

/// The name that a segment looks up.
fn key_of(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::One(Step::Key(key) | Step::Token(key, _)) => std::str::from_utf8(key).ok(),
        _ => None,
    }
}

impl Instead {
    fn add(&mut self, miss: Miss<'_>) {
        if miss.found > self.found {
            *self = Instead {
                found: miss.found,
                ..Instead::default()
            };
        }
        if miss.found < self.found {
            return;
        }
        self.is_array |= miss.value.starts_with(b"[");
        for item in items(miss.value) {
            if self.names.len() >= MAX_NAMES {
                return;
            }
            let name = item.key.and_then(unquote);
            self.names.extend(name.map(std::borrow::Cow::into_owned));
        }
    }
}
