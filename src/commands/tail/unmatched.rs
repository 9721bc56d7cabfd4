//! Report of a filter that lets nothing through: which part rejects every event, and what the events have instead.

use std::time::{Duration, Instant};

use super::name_lists::{
    MAX_NAME_CHARS, MAX_SHOWN_NAMES, counts, did_you_mean, join, list, quoted, seen,
};
use super::plan::TypedFilter;
use crate::condition::{Condition, Property};
use crate::diff::Options;
use crate::diff::redact::redacts_id;
use crate::event::document_in_event;
use crate::event::filter::{EarlyRejection, Filter, Stage};
use crate::event::filter_stats::{FieldStats, FilterStats, Names};
use crate::record::Record;
use crate::util::suggest::operation;
use crate::util::text::truncate;
use crate::view::WallClock;

/// After this time without a match the user is told why.
const QUIET_TIME: Duration = Duration::from_secs(3);
/// Records between two checks of the time, while records keep arriving.
const CHECK_INTERVAL_RECORDS: u64 = 32;
/// Limit of the characters of a typed condition in a message.
const MAX_CONDITION_CHARS: usize = 80;

/// Watches what a filter rejects.
pub(super) struct UnmatchedFilter {
    /// `None` if the filter cannot reject events.
    stats: Option<FilterStats>,
    /// When the first event was rejected; only for a run without an end.
    since: Option<Instant>,
    /// Whether a run without an end is told about before it ends.
    is_live: bool,
    /// Number of events at the last report.
    reported_events: Option<u64>,
    /// The earliest and the latest time of the records, in milliseconds since 1970-01-01 UTC.
    times: Option<(i64, i64)>,
}

impl UnmatchedFilter {
    /// For a run with this filter. `is_live`: it has no end of its own.
    pub(super) fn new(filter: &Filter, is_live: bool) -> UnmatchedFilter {
        UnmatchedFilter {
            stats: filter.is_selective().then(|| FilterStats::new(filter)),
            since: None,
            is_live,
            reported_events: None,
            times: None,
        }
    }

    /// Adds the time of a record that is about to be filtered.
    pub(super) fn note_time(&mut self, record: &Record<'_>) {
        if let (Some(time), true) = (record.time, self.is_pending()) {
            let (first, last) = self.times.unwrap_or((time.millis, time.millis));
            self.times = Some((first.min(time.millis), last.max(time.millis)));
        }
    }

    /// The statistics to which the next record is to be added, if there is something to report.
    pub(super) fn stats(&mut self) -> Option<&mut FilterStats> {
        self.stats.as_mut().filter(|stats| stats.is_pending())
    }

    /// Statistics for records that another thread filters; `None` if there is nothing to report.
    pub(super) fn continued(&self, filter: &Filter) -> Option<FilterStats> {
        let pending = self.stats.as_ref().filter(|stats| stats.is_pending());
        pending.map(|stats| stats.continued(filter))
    }

    /// Whether further records can change what is to be reported.
    pub(super) fn is_pending(&self) -> bool {
        self.stats.as_ref().is_some_and(FilterStats::is_pending)
    }

    /// Adds a record that was rejected by its first fields.
    pub(super) fn add_rejected(
        &mut self,
        filter: &Filter,
        payload: Option<&[u8]>,
        why: &EarlyRejection<'_>,
    ) {
        if let Some(stats) = self.stats() {
            stats.add_rejected(filter, payload, why);
        }
    }

    /// Adds the statistics of other records.
    pub(super) fn merge(&mut self, other: &FilterStats) {
        if let Some(stats) = &mut self.stats {
            stats.merge(other);
        }
    }

    /// Whether a run without an end has matched nothing for a while. `records` is the number of records read so far.
    pub(super) fn is_due(&mut self, records: u64) -> bool {
        self.is_live
            && self.reported_events.is_none()
            && records.is_multiple_of(CHECK_INTERVAL_RECORDS)
            && self.is_quiet()
    }

    /// Whether a run without an end has matched nothing for a while, and it was not reported yet.
    pub(super) fn is_quiet(&mut self) -> bool {
        let has_matched = self
            .stats
            .as_ref()
            .is_none_or(|stats| stats.events == 0 || stats.passed > 0);
        if !self.is_live || has_matched || self.reported_events.is_some() {
            return false;
        }
        self.since.get_or_insert_with(Instant::now).elapsed() >= QUIET_TIME
    }

    /// The messages; none if they were reported for the same events before.
    pub(super) fn report(
        &mut self,
        typed: &TypedFilter,
        options: &Options,
        clock: &WallClock,
    ) -> Vec<String> {
        let Some(stats) = &self.stats else {
            return Vec::new();
        };
        if self.reported_events.replace(stats.events) == Some(stats.events) {
            return Vec::new();
        }
        let report = Report {
            stats,
            typed,
            options,
            times: self.describe_times(clock),
        };
        report.messages()
    }

    /// ` (2026-11-24T10:31:02.221Z to 2026-11-24T10:32:00.000Z)`; empty without times.
    fn describe_times(&self, clock: &WallClock) -> String {
        let times = self
            .times
            .map(|(first, last)| (clock.format_rfc3339(first), clock.format_rfc3339(last)));
        match times {
            None => String::new(),
            Some((first, last)) if first == last => format!(" ({first})"),
            Some((first, last)) => format!(" ({first} to {last})"),
        }
    }
}

/// What is reported about.
struct Report<'r> {
    stats: &'r FilterStats,
    typed: &'r TypedFilter,
    options: &'r Options,
    /// The range of the events' times in parentheses, after a blank.
    times: String,
}

impl Report<'_> {
    /// One message for the part that rejects everything, or one for each value that is probably misspelled.
    fn messages(&self) -> Vec<String> {
        let (stats, typed) = (self.stats, self.typed);
        let Some((stage, reached)) = stats.blocking_stage() else {
            return misspelled(stats, typed);
        };
        let events = self.describe_events(stage, reached);
        let message = match stage {
            Stage::Transactions => transactions(stats, typed, &events),
            Stage::Control => return Vec::new(),
            Stage::Collections => collections(&stats.collections.seen, typed, &events),
            Stage::Methods => methods(&stats.methods.seen, typed, &events),
            Stage::Operations => {
                let ops = typed.options.ops.iter();
                let wanted: Vec<&str> = ops.filter_map(|op| op.word()).collect();
                let seen = seen(&stats.operations.seen);
                format!("no {} in {events}{seen}", wanted.join(" or "))
            }
            Stage::Ids => ids(&stats.ids.seen, typed, self.options, &events),
            Stage::Condition(at) => self.condition(at, &events),
            Stage::Text(at) => self.text(at, &events),
        };
        vec![message]
    }

    /// `133 events`, or `the 40 of 133 events that pass --collection`, with the range of times.
    fn describe_events(&self, stage: Stage, reached: u64) -> String {
        let (stats, typed) = (self.stats, self.typed);
        let s = if stats.events == 1 { "" } else { "s" };
        let (all, times) = (format!("{} event{s}", stats.events), &self.times);
        if reached == stats.events {
            return format!("{all}{times}");
        }
        let earlier = [
            (
                Stage::Transactions,
                stats.transactions.rejected,
                "the range of transactions",
            ),
            (
                Stage::Collections,
                stats.collections.rejected,
                "--collection",
            ),
            (Stage::Methods, stats.methods.rejected, "--method"),
            (Stage::Operations, stats.operations.rejected, "--op"),
            (Stage::Ids, stats.ids.rejected, "--id"),
        ];
        let mut flags: Vec<&str> = earlier
            .into_iter()
            .filter(|(other, rejected, _)| *other < stage && *rejected > 0)
            .map(|(_, _, flag)| flag)
            .collect();
        let conditions = stats.conditions.iter().zip(&typed.conditions).enumerate();
        for (at, (condition, (flag, _))) in conditions {
            if Stage::Condition(at) < stage && condition.rejected > 0 && !flags.contains(flag) {
                flags.push(flag);
            }
        }
        let mut texts = stats.texts.iter().enumerate();
        if texts.any(|(at, text)| Stage::Text(at) < stage && text.rejected > 0) {
            flags.push("--grep");
        }
        format!(
            "the {reached} of {all} that pass {}{times}",
            join(&flags, "and")
        )
    }

    fn text(&self, at: usize, events: &str) -> String {
        let Some(wanted) = self.typed.options.texts.get(at) else {
            return String::new();
        };
        let stats = self.stats.texts.get(at).copied().unwrap_or_default();
        let redacted = if self.options.redact.is_empty() {
            ""
        } else {
            "; redacted values are not searched"
        };
        let case = match stats.in_other_case {
            0 if wanted.is_case_sensitive() => "; because of its capital letter, its case counts",
            0 => "",
            _ => "; it is there in another case: without a capital letter, the case does not count",
        };
        let elsewhere = if stats.in_collection > 0 {
            "; to select a collection by its name, use -c"
        } else if stats.in_syntax > 0 {
            "; it is there only across several keys or values: use --where"
        } else {
            ""
        };
        format!(
            "no key or value of a document contains {} in {events}{redacted}{case}{elsewhere}",
            quoted(&[wanted.typed()], "")
        )
    }

    fn condition(&self, at: usize, events: &str) -> String {
        let typed = self.typed.conditions.get(at);
        let (flag, text) = typed.map_or(("--where", ""), |(flag, text)| (*flag, text));
        let text = truncate(text, MAX_CONDITION_CHARS);
        let message = if flag == "--changed" {
            format!("no event changes '{text}' in {events}")
        } else {
            format!("no event meets {flag} \"{text}\" in {events}")
        };
        let stats = self.stats.conditions.get(at);
        let (fields, properties) = stats.map_or((&[][..], &[][..]), |stats| {
            (stats.fields.as_slice(), stats.properties.as_slice())
        });
        let condition = self.typed.options.conditions.get(at);
        let bare_words = condition.map(Condition::bare_words).unwrap_or_default();
        let fields = fields.iter().flat_map(|field| {
            if field.found {
                self.values(field)
            } else {
                vec![missing_field(field, &bare_words, self.options)]
            }
        });
        let seen = properties.iter().filter_map(|(property, names)| {
            let what = match property {
                Property::Collection => "collections",
                Property::Method => "methods",
                Property::Op => "operations",
                Property::TxnId => return None,
            };
            let wanted = condition.map(|condition| condition.strings_of(*property));
            let wanted = wanted.unwrap_or_default();
            let near = did_you_mean(wanted.iter().map(String::as_str), names);
            (!names.is_empty()).then(|| format!("; {what} seen: {}{near}", counts(names)))
        });
        std::iter::once(message).chain(fields).chain(seen).collect()
    }

    /// The comparisons of a field that no value can meet, and the value that is close to a wanted one. Redacted
    /// values are not shown.
    fn values(&self, field: &FieldStats) -> Vec<String> {
        let path = field.field.path(field.field.depth());
        let path = truncate(&path, MAX_NAME_CHARS);
        let types: Vec<String> = field.types.iter().map(|name| with_article(name)).collect();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let types = join(&types, "or");
        let unlike = field.unlike_constants().map(|constant| {
            let (demand, wanted) = (&constant.demand, with_article(constant.json_type));
            format!("; {demand} {wanted}, but {path} is always {types}")
        });
        let mut all: Vec<String> = unlike.collect();
        let wanted: Vec<&str> = field
            .constants
            .iter()
            .filter_map(|constant| constant.equal_to.as_deref())
            .collect();
        if wanted.is_empty() || field.values.is_empty() || !self.options.redact.is_empty() {
            return all;
        }
        let near = did_you_mean(wanted.into_iter(), &field.values);
        if !near.is_empty() {
            all.push(near);
        } else if field.values.counts.len() <= MAX_SHOWN_NAMES && !field.values.more {
            all.push(format!(
                "; values of {path} seen: {}",
                counts(&field.values)
            ));
        }
        all
    }
}

fn with_article(json_type: &str) -> String {
    match json_type {
        "null" => "null".to_owned(),
        "array" | "object" => format!("an {json_type}"),
        other => format!("a {other}"),
    }
}

/// A field that no document has, and the names that are close to it. Names below a redacted path are not shown.
fn missing_field(field: &FieldStats, bare_words: &[String], options: &Options) -> String {
    let path = field.field.path(field.depth + 1);
    let path = truncate(&path, MAX_NAME_CHARS);
    let text = format!("; no document has the field {path}");
    if let Some((side, depth)) = document_in_event(|at| field.field.name_at(at)) {
        let side = if field.field.is_of_both_documents() {
            ""
        } else {
            side
        };
        let mut meant = vec![field.field.rest("", depth), field.field.rest(side, depth)];
        meant.dedup();
        meant.retain(|path| !path.is_empty());
        let meant: Vec<&str> = meant.iter().map(String::as_str).collect();
        return format!("{text}; write {}", join(&meant, "or"));
    }
    let is_bare_word = bare_words.iter().any(|word| *word == path);
    let may_show_names = options.redact.is_empty() || field.depth == 0;
    let name = field.field.name_at(field.depth);
    let name = name.filter(|_| may_show_names && !field.seen.is_empty());
    let near = name.map(|name| did_you_mean(std::iter::once(name), &field.seen));
    match near {
        Some(near) if !near.is_empty() => format!("{text}{near}"),
        _ if is_bare_word => format!("{text}; for the text write '{path}' in quotes"),
        Some(_) => format!("{text}; fields seen: {}", list(&field.seen)),
        None => text,
    }
}

fn transactions(stats: &FilterStats, typed: &TypedFilter, events: &str) -> String {
    let range = match (typed.options.after_txn, typed.options.until_txn) {
        (Some(after), Some(until)) => format!("after transaction {after} and up to {until}"),
        (Some(after), None) => format!("after transaction {after}"),
        (None, until) => format!("up to transaction {}", until.unwrap_or_default()),
    };
    let seen = match stats.txn_range {
        Some((low, high)) if low == high => format!("; the only transaction is {low}"),
        Some((low, high)) => format!("; their transactions are {low} to {high}"),
        None => String::new(),
    };
    format!("no event {range} in {events}{seen}")
}

fn collections(names: &Names, typed: &TypedFilter, events: &str) -> String {
    let (excluded, included): (Vec<&str>, Vec<&str>) = typed
        .options
        .collections
        .iter()
        .map(String::as_str)
        .partition(|glob| glob.starts_with('!'));
    if names.is_empty() {
        return format!("no event of a collection in {events}: no event names its collection");
    }
    if !excluded.is_empty() {
        let patterns = quoted(&[included, excluded].concat(), "and");
        let seen = seen(names);
        return format!("no event passes --collection {patterns} in {events}{seen}");
    }
    let wanted = quoted(&included, "or");
    let what = match included.as_slice() {
        [one] if !is_glob(one) => format!("of the collection {wanted}"),
        _ => format!("of a collection {wanted}"),
    };
    let near = did_you_mean(included.iter().copied().filter(|one| !is_glob(one)), names);
    format!("no event {what} in {events}{}{near}", seen(names))
}

fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '{'])
}

fn methods(names: &Names, typed: &TypedFilter, events: &str) -> String {
    let wanted: Vec<&str> = typed.options.methods.iter().map(String::as_str).collect();
    let near = did_you_mean(wanted.iter().copied(), names);
    let op = wanted.iter().find_map(|method| operation(method));
    let op = op.map(|op| format!("; --op {op} selects what happened, whatever the method is"));
    format!(
        "no event with the method {} in {events}{}{near}{}",
        quoted(&wanted, "or"),
        seen(names),
        op.unwrap_or_default()
    )
}

fn ids(names: &Names, typed: &TypedFilter, options: &Options, events: &str) -> String {
    let wanted: Vec<&str> = typed.options.ids.iter().map(String::as_str).collect();
    let what = format!(
        "no event of the document {} in {events}",
        quoted(&wanted, "or")
    );
    if redacts_id(&options.redact) {
        return what;
    }
    let near = did_you_mean(wanted.iter().copied(), names);
    let is_pattern = near.is_empty() && wanted.iter().any(|id| id.contains('*'));
    let pattern = if is_pattern {
        "; --id takes no pattern, but --where \"_id LIKE 'o-%'\" does"
    } else {
        ""
    };
    let seen = if names.is_empty() {
        String::new()
    } else {
        format!("; seen: {}", list(names))
    };
    format!("{what}{seen}{near}{pattern}")
}
/// A message for each value that matched nothing, although others did, if a rejected name is close to it.
fn misspelled(stats: &FilterStats, typed: &TypedFilter) -> Vec<String> {
    let included = typed.options.collections.iter();
    let included = included.filter(|glob| !glob.starts_with('!'));
    let collections = included.zip(&stats.matched_patterns);
    let methods = typed.options.methods.iter().zip(&stats.matched_methods);
    let unmatched = |(value, matched): (&'_ String, &bool)| (!matched).then(|| value.clone());
    let in_events = |what: &str, value: &str, seen: &Names| {
        let near = did_you_mean(std::iter::once(value), seen);
        let is_close = !near.is_empty() && !is_glob(value);
        is_close.then(|| {
            let events = stats.events;
            format!(
                "no event {what} {} in {events} events{near}",
                quoted(&[value], "")
            )
        })
    };
    let collections = collections
        .filter_map(unmatched)
        .filter_map(|value| in_events("of the collection", &value, &stats.collections.seen));
    let methods = methods
        .filter_map(unmatched)
        .filter_map(|value| in_events("with the method", &value, &stats.methods.seen));
    collections.chain(methods).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::event::filter::FilterOptions;

    fn reported(options: &FilterOptions, payloads: &[String]) -> Vec<String> {
        let filter = Filter::new(options).unwrap();
        let mut unmatched = UnmatchedFilter::new(&filter, false);
        for payload in payloads {
            let stats = unmatched.stats().unwrap();
            stats.add_payload(&filter, Some(payload.as_bytes()));
        }
        let typed = TypedFilter {
            options: options.clone(),
            conditions: Vec::new(),
        };
        unmatched.report(&typed, &Options::default(), &clock())
    }

    fn clock() -> WallClock {
        WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap())
    }

    fn event(collection: &str) -> String {
        format!(
            r#"{{"type":"documentChanged","collection":"{collection}","change":{{"method":"upsert"}}}}"#
        )
    }

    fn collections(patterns: &[&str]) -> FilterOptions {
        FilterOptions {
            collections: patterns.iter().map(ToString::to_string).collect(),
            ..FilterOptions::default()
        }
    }

    #[test]
    fn a_message_stays_short_whatever_the_names_are() {
        let many: Vec<String> = (0..3_000)
            .map(|number| event(&format!("c{number:04}")))
            .collect();
        assert_eq!(
            reported(&collections(&["x"]), &many),
            [
                "no event of the collection 'x' in 3000 events; seen: c0000 (1), c0001 (1), c0002 (1), c0003 (1), c0004 (1), c0005 (1), c0006 (1), c0007 (1) and more than 992 others"
            ]
        );
        let long = [
            event(&"n".repeat(150)),
            event(&"m".repeat(5_000)),
            event(""),
        ];
        assert_eq!(
            reported(&collections(&[&"w".repeat(300)]), &long),
            [format!(
                "no event of the collection '{}…' in 3 events; seen: '' (1), {}… (1) and others",
                "w".repeat(MAX_NAME_CHARS),
                "n".repeat(MAX_NAME_CHARS)
            )]
        );
    }

    #[test]
    fn events_without_a_name_and_other_records_are_no_names() {
        let events = [
            r#"{"type":"heartbeat"}"#.to_owned(),
            r#"{"type":"requeryRequired"}"#.to_owned(),
            "not json".to_owned(),
        ];
        assert_eq!(
            reported(&collections(&["x"]), &events),
            ["no event of a collection in 1 event: no event names its collection"]
        );
        assert_eq!(reported(&collections(&["x"]), &[]), [""; 0]);
        assert_eq!(reported(&collections(&["x"]), &events[1..]), [""; 0]);
    }

    #[test]
    fn a_value_that_matched_nothing_is_reported_only_if_a_rejected_name_is_close() {
        let events = [event("orders"), event("people"), event("devices")];
        for (patterns, expected) in [
            (&["orders", "cars"][..], &[][..]),
            (
                &["orders", "peple"],
                &["no event of the collection 'peple' in 3 events; did you mean people?"],
            ),
            (
                &["ord*", "Devices", "!people"],
                &["no event of the collection 'Devices' in 3 events; did you mean devices?"],
            ),
            (&["orders", "order"], &[]),
            (&["orders", "peopl*x"], &[]),
        ] {
            assert_eq!(
                reported(&collections(patterns), &events),
                expected,
                "{patterns:?}"
            );
        }
    }

    #[test]
    fn the_same_events_are_reported_once() {
        let options = collections(&["x"]);
        let filter = Filter::new(&options).unwrap();
        let typed = TypedFilter {
            options,
            conditions: Vec::new(),
        };
        let mut unmatched = UnmatchedFilter::new(&filter, true);
        for expected in [1, 1, 0] {
            let payload = event("orders");
            let stats = unmatched.stats().unwrap();
            if expected == 1 {
                stats.add_payload(&filter, Some(payload.as_bytes()));
            }
            let messages = unmatched.report(&typed, &Options::default(), &clock());
            assert_eq!(messages.len(), expected);
        }
    }
}
