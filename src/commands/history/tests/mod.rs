//! Random histories of one document, of which events are lost and delivered twice, against a model without diffs.
#![allow(clippy::unwrap_used)]

mod skipped_lines;

use std::borrow::Cow;
use std::collections::BTreeMap;

use clap::Parser;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::as_of::{AsOf, What};
use super::blame::Blame;
use super::document_reader::{DocumentReader, Vanished, Version, VersionSink};
use super::moment::Moment;
use super::timeline::Link;
use super::wanted::Wanted;
use crate::cli::{Cli, Command};
use crate::commands::read_source::Visitor;
use crate::commands::tail::plan::Plan;
use crate::event::{Event, Unreadable};
use crate::record::{Clock, OffsetGap, Place, Record, Timestamp};
use crate::util::env::Env;
use crate::view::{BlameOrigin, Format, Styles, View, WallClock};

/// One change of the document, and what happens to its event.
#[derive(Debug, Clone)]
struct Step {
    edit: Edit,
    /// Milliseconds since the step before.
    millis: i64,
    is_lost: bool,
    is_repeated: bool,
}

#[derive(Debug, Clone)]
enum Edit {
    Set(usize, i64),
    Unset(usize),
    Nested(usize, i64),
    Insert(usize),
    Delete(usize),
    Change(usize, i64),
    Remove,
}

const NAMES: [&str; 4] = ["a", "b", "odd name", "é"];

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..4_usize, 0..3_i64).prop_map(|(at, value)| Edit::Set(at, value)),
        1 => (0..4_usize).prop_map(Edit::Unset),
        2 => (0..4_usize, 0..3_i64).prop_map(|(at, value)| Edit::Nested(at, value)),
        2 => (0..4_usize).prop_map(Edit::Insert),
        1 => (0..4_usize).prop_map(Edit::Delete),
        2 => (0..4_usize, 0..3_i64).prop_map(|(at, value)| Edit::Change(at, value)),
        1 => Just(Edit::Remove),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (edit(), 0..3_i64, 0..10_u8, 0..10_u8).prop_map(|(edit, millis, lost, repeated)| Step {
            edit,
            millis,
            is_lost: lost < 3,
            is_repeated: repeated < 2,
        });
    prop::collection::vec(step, 1..25)
}

/// An event with the document before and after it.
#[derive(Debug, Clone)]
struct Happened {
    txn: u64,
    millis: i64,
    before: Option<Value>,
    after: Option<Value>,
    is_lost: bool,
    is_repeated: bool,
}

fn history(steps: &[Step]) -> Vec<Happened> {
    let (mut document, mut millis): (Option<Value>, i64) = (None, 1_000);
    let mut all = Vec::new();
    for (txn, step) in (1..).zip(steps) {
        let before = document.clone();
        document = edited(document, &step.edit, txn);
        millis += step.millis;
        all.push(Happened {
            txn,
            millis,
            before,
            after: document.clone(),
            is_lost: step.is_lost,
            is_repeated: step.is_repeated,
        });
    }
    all
}

/// The document after an edit; an edit of none inserts one.
fn edited(document: Option<Value>, edit: &Edit, txn: u64) -> Option<Value> {
    let Some(mut document) = document else {
        return Some(json!({"_id": "x", "a": 0, "lines": [{"_id": format!("{txn}"), "n": 0}]}));
    };
    let count = document["lines"].as_array().unwrap().len();
    match *edit {
        Edit::Set(at, value) => document[NAMES[at]] = json!(value),
        Edit::Unset(at) => {
            document.as_object_mut().unwrap().remove(NAMES[at]);
        }
        Edit::Nested(at, value) => document["deep"][NAMES[at]]["z"] = json!(value),
        Edit::Insert(at) => {
            let lines = document["lines"].as_array_mut().unwrap();
            lines.insert(
                at.min(count),
                json!({"_id": format!("{txn}"), "n": 0, "m": [1]}),
            );
        }
        Edit::Delete(at) if count > 0 => {
            document["lines"].as_array_mut().unwrap().remove(at % count);
        }
        Edit::Change(at, value) if count > 0 => document["lines"][at % count]["n"] = json!(value),
        Edit::Delete(_) | Edit::Change(..) => {}
        Edit::Remove => return None,
    }
    Some(document)
}

/// The fields by a path in which elements of arrays have their ids.
fn fields(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields_of) if !fields_of.is_empty() => {
            for (name, value) in fields_of {
                fields(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for (at, element) in elements.iter().enumerate() {
                let id = element["_id"]
                    .as_str()
                    .map_or(at.to_string(), str::to_owned);
                fields(element, &format!("{path}/{id}"), found);
            }
        }
        _ => {
            found.insert(path.to_owned(), value.clone());
        }
    }
}

fn fields_of(document: Option<&Value>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    if let Some(document) = document {
        fields(document, "", &mut found);
    }
    found
}

/// What the model says about each field: `None` before the first event, else a transaction, and whether the change is missing
/// before it.
type Origins = BTreeMap<String, Option<(u64, bool)>>;

fn changed(
    origins: &Origins,
    before: Option<&Value>,
    after: Option<&Value>,
    by: (u64, bool),
) -> Origins {
    let before = fields_of(before);
    let origin = |(path, value): (String, Value)| {
        let same = before.get(&path) == Some(&value);
        let known = origins.get(&path).copied().filter(|_| same);
        (path, known.unwrap_or(Some(by)))
    };
    fields_of(after).into_iter().map(origin).collect()
}

struct Marks(Vec<(u64, &'static str)>);

impl VersionSink for Marks {
    fn version(&mut self, version: &Version<'_, '_>) {
        let word = match version.link {
            Link::First => "first",
            Link::Continues => "continues",
            Link::Missing(_) => "missing",
            Link::Repeated => "repeated",
            Link::SameRecord | Link::NoChange => "other",
        };
        self.0.push((version.event.txn_id.unwrap().0, word));
    }
    fn vanished(&mut self, _: usize, _: &Vanished<'_>) {}
    fn gap(&mut self, _: &Record<'_>, _: &Event<'_>) {}
    fn offset_gap(&mut self, _: &OffsetGap) {}
    fn unreadable(&mut self, _: &Record<'_>, _: Unreadable) {}
}

fn plan() -> Plan {
    let typed = Cli::try_parse_from(["ditto-cdc", "history", "c", "x", "capture"]).unwrap();
    let Command::History(typed) = typed.command else {
        panic!("not history");
    };
    super::plan(&typed, &Env::detect()).unwrap()
}

fn payload(event: &Happened) -> String {
    let change = match (&event.before, &event.after) {
        (Some(before), None) => json!({"method": "remove", "value": before}),
        (before, after) => json!({"method": "upsert", "oldValue": before, "newValue": after}),
    };
    let event =
        json!({"txnId": event.txn, "type": "documentChanged", "collection": "c", "change": change});
    event.to_string()
}

/// Reads the events that were not lost, after a record of another document if it is wanted.
fn read<S: VersionSink>(
    events: &[Happened],
    has_filler: bool,
    sink: S,
) -> (S, super::coverage::Coverage) {
    let (wanted, plan) = (Wanted::new("c", "x"), plan());
    let mut reader = DocumentReader::new(&wanted, &plan, None, sink);
    let filler = r#"{"txnId":0,"type":"documentChanged","collection":"c","change":{"method":"upsert","oldValue":null,"newValue":{"_id":"y"}}}"#;
    let mut lines = Vec::new();
    if has_filler {
        lines.push((0, filler.to_owned()));
    }
    for event in events.iter().filter(|event| !event.is_lost) {
        let copies = if event.is_repeated { 2 } else { 1 };
        lines.extend(std::iter::repeat_n((event.millis, payload(event)), copies));
    }
    for (offset, (millis, payload)) in (0..).zip(&lines) {
        let record = Record {
            place: Place::Offset {
                topic: "t",
                partition: 0,
                offset,
            },
            time: Some(Timestamp {
                millis: *millis,
                clock: Clock::Create,
            }),
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(payload.as_bytes())),
        };
        reader.record(&record).unwrap();
    }
    (reader.sink, reader.coverage)
}

fn view() -> View {
    View {
        format: Format::Json.into(),
        styles: Styles::new(false),
        coloured: false,
        terminal: false,
        width: None,
        clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
        diff: crate::diff::Options::default(),
    }
}

/// An edit that changes nothing has no event.
fn with_change(all: Vec<Happened>) -> Vec<Happened> {
    all.into_iter()
        .filter(|event| event.before != event.after)
        .collect()
}

#[derive(Debug, PartialEq)]
enum Expected {
    Nothing,
    Unknown,
    Absent,
    Document(Value),
}

/// What is known at a moment from the events that arrived.
fn at(
    arrived: &[&Happened],
    includes: impl Fn(&Happened) -> bool,
    is_exactly: impl Fn(&Happened) -> bool,
    has_filler: bool,
) -> Expected {
    let state = |document: &Option<Value>| {
        document
            .clone()
            .map_or(Expected::Absent, Expected::Document)
    };
    let latest = arrived.iter().rposition(|event| includes(event));
    match latest {
        None if arrived.is_empty() => Expected::Nothing,
        None if !has_filler => Expected::Unknown,
        None => state(&arrived[0].before),
        Some(last) => match arrived.get(last + 1) {
            Some(next) if next.before != arrived[last].after && !is_exactly(arrived[last]) => {
                Expected::Unknown
            }
            _ => state(&arrived[last].after),
        },
    }
}

proptest! {
    #[test]
    fn exactly_the_versions_after_a_lost_change_are_marked(steps in steps()) {
        let all = with_change(history(&steps));
        let mut state: Option<Option<Value>> = None;
        let mut expected = Vec::new();
        for event in all.iter().filter(|event| !event.is_lost) {
            let word = match &state {
                None => "first",
                Some(known) if *known == event.before => "continues",
                Some(_) => "missing",
            };
            expected.push((event.txn, word));
            if event.is_repeated {
                expected.push((event.txn, "repeated"));
            }
            state = Some(event.after.clone());
        }
        let (marks, _) = read(&all, true, Marks(Vec::new()));
        prop_assert_eq!(marks.0, expected);
    }

    #[test]
    fn the_document_at_each_moment_is_the_model_s(steps in steps(), has_filler: bool) {
        let all = with_change(history(&steps));
        let arrived: Vec<&Happened> = all.iter().filter(|event| !event.is_lost).collect();
        let is_complete = arrived.len() == all.len();
        let last = all.last().map_or(0, |event| event.millis + 1);
        let txns = (0..=all.last().map_or(0, |event| event.txn + 1)).map(Moment::Txn);
        for moment in txns.chain((990..=last).map(Moment::Time)) {
            let includes = |event: &Happened| moment.includes(Some(event.millis), Some(event.txn));
            let is_exactly = |event: &Happened| moment.is_exactly(Some(event.millis), Some(event.txn));
            let (sink, coverage) = read(&all, has_filler, AsOf::new(moment, &[]));
            let answer = sink.answers(&coverage, &view()).pop();
            let found = match answer.map(|answer| answer.what) {
                None => Expected::Nothing,
                Some(What::Unknown(_)) => Expected::Unknown,
                Some(What::Absent(_)) => Expected::Absent,
                Some(What::Document(json)) => Expected::Document(serde_json::from_slice(&json).unwrap()),
            };
            prop_assert_eq!(&found, &at(&arrived, includes, is_exactly, has_filler), "{:?}", moment);
            if is_complete && has_filler && !all.is_empty() {
                let truth = all.iter().rfind(|event| includes(event));
                let truth = truth.and_then(|event| event.after.clone());
                prop_assert_eq!(found, truth.map_or(Expected::Absent, Expected::Document));
            }
        }
    }

    #[test]
    fn the_origin_of_each_field_is_the_model_s(steps in steps()) {
        let all = with_change(history(&steps));
        let mut origins = Origins::new();
        let mut document: Option<Value> = None;
        let mut is_first = true;
        for event in all.iter().filter(|event| !event.is_lost) {
            if is_first {
                origins = fields_of(event.before.as_ref()).into_keys().map(|path| (path, None)).collect();
            } else {
                origins = changed(&origins, document.as_ref(), event.before.as_ref(), (event.txn, true));
            }
            is_first = false;
            origins = changed(&origins, event.before.as_ref(), event.after.as_ref(), (event.txn, false));
            document.clone_from(&event.after);
        }
        let (blame, _) = read(&all, true, Blame::new(view()));
        let rows = blame.rows_of(0);
        prop_assert_eq!(rows.len(), origins.len());
        let by_path: BTreeMap<String, Option<(u64, bool)>> = rows
            .iter()
            .map(|row| {
                let origin = match row.origin {
                    BlameOrigin::BeforeFirst => None,
                    BlameOrigin::Missing(place) => Some((place.txn.unwrap(), true)),
                    BlameOrigin::Version(place) => Some((place.txn.unwrap(), false)),
                };
                (with_ids(&row.path, document.as_ref().unwrap()), origin)
            })
            .collect();
        prop_assert_eq!(by_path, origins);
    }
}

/// A transaction may change a document twice, and be delivered again as a whole.
#[test]
fn a_transaction_with_two_changes_is_repeated_as_a_whole() {
    let happened = |before: i64, after: i64| Happened {
        txn: 5,
        millis: 1_000,
        before: Some(json!({"_id": "x", "n": before})),
        after: Some(json!({"_id": "x", "n": after})),
        is_lost: false,
        is_repeated: false,
    };
    let events = [(1, 2), (2, 3), (1, 2), (2, 3), (3, 4)];
    let events = events.map(|(before, after)| happened(before, after));
    let (marks, _) = read(&events, false, Marks(Vec::new()));
    let words: Vec<&str> = marks.0.iter().map(|(_, word)| *word).collect();
    assert_eq!(
        words,
        ["first", "continues", "repeated", "repeated", "continues"]
    );
}

/// A printed path in the form of the model.
fn with_ids(path: &[u8], document: &Value) -> String {
    let path = std::str::from_utf8(path).unwrap();
    let mut value = document;
    let mut named = String::new();
    let path = path
        .replace("[\"", ".")
        .replace("\"]", "")
        .replace('[', ".[")
        .replace(']', "");
    for part in path.split('.').filter(|part| !part.is_empty()) {
        if let Some(index) = part.strip_prefix('[') {
            value = &value[index.parse::<usize>().unwrap()];
            let id = value["_id"].as_str().unwrap_or(index);
            named = format!("{named}/{id}");
        } else {
            let name = part.replace("\\u00e9", "é");
            value = &value[&name];
            named = format!("{named}/{name}");
        }
    }
    named
}
