//! A capture whose lines are skipped gives what a capture gives that is read line by line, whatever the spelling of an id.

#![allow(clippy::cast_possible_truncation)]

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use proptest::prelude::*;

use super::super::document_reader::{DocumentReader, Vanished, Version, VersionSink};
use super::super::wanted::Wanted;
use super::plan;
use crate::capture::Capture;
use crate::commands::read_source::Visitor;
use crate::event::{Event, Unreadable};
use crate::record::{OffsetGap, Record, Source, SourceItem};

/// What arrives, with the place of each.
#[derive(Debug, Default, PartialEq)]
struct Arrived(Vec<String>);

impl VersionSink for Arrived {
    fn version(&mut self, version: &Version<'_, '_>) {
        let id = String::from_utf8_lossy(version.event.id().unwrap_or_default());
        let described = version.describe();
        self.0.push(format!("{described} {id} {:?}", version.link));
    }
    fn vanished(&mut self, _: usize, _: &Vanished<'_>) {}
    fn gap(&mut self, record: &Record<'_>, _: &Event<'_>) {
        self.0.push(format!("gap {:?}", record.place));
    }
    fn offset_gap(&mut self, _: &OffsetGap) {}
    fn unreadable(&mut self, record: &Record<'_>, why: Unreadable) {
        self.0.push(format!("unreadable {:?} {why}", record.place));
    }
}

fn arrived(capture: &str, id: &str, skips: bool) -> Arrived {
    let (wanted, plan) = (Wanted::new("c", id), plan());
    let mut reader = DocumentReader::new(&wanted, &plan, None, Arrived::default());
    let interrupt = Arc::new(AtomicBool::new(false));
    let bytes = Box::new(Cursor::new(capture.to_owned().into_bytes()));
    let mut capture = Capture::from_reader("capture", bytes, interrupt).unwrap();
    if let Some(search) = wanted.search().filter(|_| skips) {
        capture.skip_lines(Box::new(move |block, found| {
            search.find_lines(block, found);
        }));
    }
    loop {
        match capture.next(Duration::from_secs(5)) {
            SourceItem::Record(record) => reader.record(&record).unwrap(),
            SourceItem::End => return reader.sink,
            SourceItem::Failed(failure) => panic!("{failure:?}"),
            _ => {}
        }
    }
}

/// A character of an id, and how it is spelled.
type Spelled = (char, u8);

fn text() -> impl Strategy<Value = Vec<Spelled>> {
    let one = prop_oneof![
        Just('a'),
        Just('b'),
        Just('1'),
        Just('-'),
        Just('"'),
        Just('\\'),
        Just('/'),
        Just('é'),
        Just('😀'),
        Just('\u{1b}'),
        Just('\n'),
        Just('{'),
        Just('u'),
    ];
    // Most characters have no escape.
    prop::collection::vec((one, 0..12_u8), 0..6)
}

/// A string in JSON, in which each character has its own spelling.
fn quoted(text: &[Spelled]) -> String {
    let mut out = "\"".to_owned();
    for (c, spelling) in text {
        let mut units = [0; 2];
        match (*c, spelling) {
            ('/', 1 | 2) => out.push_str("\\/"),
            ('"' | '\\', 1..) => out.extend(['\\', *c]),
            ('\n', 1..) => out.push_str("\\n"),
            (_, 0 | 3) | ('\u{1b}', _) => {
                for unit in c.encode_utf16(&mut units) {
                    if *spelling == 0 {
                        write!(out, "\\u{unit:04x}").unwrap();
                    } else {
                        write!(out, "\\u{unit:04X}").unwrap();
                    }
                }
            }
            _ => out.push(*c),
        }
    }
    out.push('"');
    out
}

#[derive(Debug, Clone)]
enum Id {
    Text(Vec<Spelled>),
    Number(i64),
    Object(Vec<Spelled>, i64),
    Array(Vec<Spelled>),
}

impl Id {
    fn spelled(&self) -> String {
        match self {
            Id::Text(text) => quoted(text),
            Id::Number(number) => number.to_string(),
            Id::Object(text, number) => format!("{{\"n\":{number},{}:{{}}}}", quoted(text)),
            Id::Array(text) => format!("[true,{}]", quoted(text)),
        }
    }

    /// As a user types it.
    fn typed(&self) -> String {
        match self {
            Id::Text(text) => text.iter().map(|(c, _)| c).collect(),
            _ => serde_json::from_str::<serde_json::Value>(&self.spelled())
                .unwrap()
                .to_string(),
        }
    }
}

fn id() -> impl Strategy<Value = Id> {
    prop_oneof![
        4 => text().prop_map(Id::Text),
        1 => prop_oneof![Just(1_i64), Just(12), Just(-112)].prop_map(Id::Number),
        1 => (text(), 0..200_i64).prop_map(|(text, number)| Id::Object(text, number)),
        1 => text().prop_map(Id::Array),
    ]
}

/// A line of a capture: an event of the wanted document or another one, and its form.
#[derive(Debug, Clone)]
struct LineOf {
    /// `None` for the wanted id, spelled in another way.
    id: Option<Id>,
    spelling: u8,
    form: u8,
}

fn respelled(id: &Id, spelling: u8) -> Id {
    let text = |text: &[Spelled]| {
        let each = text.iter().enumerate();
        each.map(|(at, (c, own))| {
            (
                *c,
                own.wrapping_add(spelling).wrapping_mul(at as u8 + 1) % 12,
            )
        })
        .collect()
    };
    match id {
        Id::Text(one) => Id::Text(text(one)),
        Id::Object(one, number) => Id::Object(text(one), *number),
        Id::Array(one) => Id::Array(text(one)),
        Id::Number(number) => Id::Number(*number),
    }
}

fn line(line: &LineOf, wanted: &Id, txn: usize) -> String {
    let id = match &line.id {
        Some(id) => id.spelled(),
        None => respelled(wanted, line.spelling).spelled(),
    };
    let event = format!(
        r#"{{"txnId":{txn},"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":{id},"t":"x\ty"}}}}}}"#
    );
    let as_string = |escapes: bool| {
        let spelling = |at: usize| if escapes { (at % 7) as u8 } else { 5 };
        let text: Vec<Spelled> = event
            .chars()
            .enumerate()
            .map(|(at, c)| (c, spelling(at)))
            .collect();
        quoted(&text)
    };
    let at = format!(r#""partition":0,"offset":{txn}"#);
    match line.form {
        0..=6 => event,
        7 => format!(
            r#"{{"topic":"t",{at},"timestamp":5,"timestampType":"CreateTime","key":null,"headers":[],"value":{event}}}"#
        ),
        8 => format!(
            r#"{{"topic":"t",{at},"tstype":"create","ts":5,"broker":0,"key":null,"payload":{}}}"#,
            as_string(false)
        ),
        9 => format!(
            r#"{{"topic":"t",{at},"tstype":"create","ts":5,"broker":0,"key":null,"payload":{}}}"#,
            as_string(true)
        ),
        10 => format!(
            r#"{{"topic":"t",{at},"timestamp":5,"timestampType":"CreateTime","key":null,"headers":[],"valueBase64":"{}"}}"#,
            base64(event.as_bytes())
        ),
        11 => format!(" {event}"),
        12 => event[..event.len() - 1].to_owned(),
        13 => r#"{"txnId":1,"type":"\u0072equeryRequired"}"#.to_owned(),
        14 => r#"{"txnId":1,"type":"RequeryRequired"}"#.to_owned(),
        15 => "% Reached end of topic t [0] at offset 3".to_owned(),
        16 => String::new(),
        17 => format!("CreateTime:5\tkey\t{event}"),
        _ => format!("{}\r", event.replace("\"type\"", " \"typ\\u0065\" ")),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let part = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let number = part(0) << 16 | part(1) << 8 | part(2);
        for digit in 0..4 {
            let bits = number >> (18 - 6 * digit) & 63;
            out.push(if digit <= chunk.len() {
                char::from(DIGITS[bits as usize])
            } else {
                '='
            });
        }
    }
    out
}

fn lines() -> impl Strategy<Value = Vec<LineOf>> {
    let one = (prop::option::weighted(0.7, id()), 0..255_u8, 0..19_u8);
    let one = one.prop_map(|(id, spelling, form)| LineOf { id, spelling, form });
    prop::collection::vec(one, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_event_is_lost(wanted in id(), lines in lines(), has_end: bool) {
        let text: Vec<String> = lines.iter().enumerate().map(|(txn, one)| line(one, &wanted, txn)).collect();
        let mut capture = text.join("\n");
        if has_end {
            capture.push('\n');
        }
        let typed = wanted.typed();
        prop_assert_eq!(arrived(&capture, &typed, true), arrived(&capture, &typed, false));
    }
}

/// Many blocks, of which one has an event.
#[test]
fn an_event_is_found_at_each_place_of_a_large_capture() {
    let other = line(
        &LineOf {
            id: Some(Id::Number(5)),
            spelling: 0,
            form: 0,
        },
        &Id::Number(5),
        1,
    );
    let wanted = Id::Text("o-1001".chars().map(|c| (c, 5)).collect());
    let event = line(
        &LineOf {
            id: None,
            spelling: 0,
            form: 0,
        },
        &wanted,
        2,
    );
    let count = 900_000 / other.len();
    for at in (0..count).step_by(count / 60).chain([0, count - 1]) {
        let mut lines = vec![other.as_str(); count];
        lines[at] = &event;
        let capture = lines.join("\n");
        let found = arrived(&capture, "o-1001", true);
        let expected = format!("transaction 2 (insert) at capture line {} ", at + 1);
        assert_eq!(found.0.len(), 1, "{at}");
        assert!(found.0[0].starts_with(&expected), "{found:?}");
    }
}
