//! Captures of several partitions in order of time, against a stable sort.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::record::Clock;
use crate::record::{Notice, Timestamp};

fn txn_of(record: &Record<'_>) -> Option<u64> {
    let text = std::str::from_utf8(record.payload.as_deref()?).ok()?;
    let (_, after) = text.split_once("\"txnId\":")?;
    after.split([',', '}']).next()?.parse().ok()
}

/// What the payload of a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Event(u64),
    Gap(u64),
    NotJson,
    Tombstone,
}

/// A record: `None` is a line without partition and time.
#[derive(Debug, Clone)]
struct Sample {
    place: Option<(bool, i32, Option<i64>)>,
    content: Content,
    padding: usize,
}

/// How a capture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Indented,
    KcatJson,
}

fn payload(number: usize, sample: &Sample) -> Option<Vec<u8>> {
    let pad = "x".repeat(sample.padding);
    let text = match sample.content {
        Content::Event(txn) => format!(r#"{{"txnId":{txn},"n":{number},"pad":"{pad}"}}"#),
        Content::Gap(txn) => {
            format!(r#"{{"txnId":{txn},"type":"requeryRequired","documents":[],"n":{number}}}"#)
        }
        Content::NotJson => format!("\u{e9}\n not json {number}"),
        Content::Tombstone => return None,
    };
    Some(text.into_bytes())
}

/// The record with its number as the offset, so that it is found again.
fn line(number: usize, sample: &Sample, encoding: Encoding) -> Vec<u8> {
    let payload = payload(number, sample);
    let Some((other_topic, partition, millis)) = sample.place else {
        return payload
            .filter(|text| text.starts_with(b"{"))
            .unwrap_or_else(|| br#"{"txnId":1,"n":0}"#.to_vec());
    };
    let topic = if other_topic { "u" } else { "t" };
    if encoding == Encoding::KcatJson {
        let time = millis.map_or(String::new(), |millis| {
            format!(r#","tstype":"create","ts":{millis}"#)
        });
        let value = payload.map(|bytes| String::from_utf8(bytes).unwrap());
        let value = serde_json::to_string(&value).unwrap();
        return format!(
            r#"{{"topic":"{topic}","partition":{partition},"offset":{number}{time},"broker":0,"key":null,"payload":{value}}}"#
        )
        .into_bytes();
    }
    let record = Record {
        place: Place::Offset {
            topic,
            partition,
            offset: i64::try_from(number).unwrap(),
        },
        time: millis.map(|millis| Timestamp {
            millis,
            clock: Clock::Create,
        }),
        leader_epoch: None,
        key: Some(b"k\xff".as_slice().into()),
        headers: Vec::new(),
        payload: payload.map(Into::into),
    };
    let mut line = Vec::new();
    format::write(&record, &mut line).unwrap();
    line.truncate(line.trim_ascii_end().len());
    if encoding == Encoding::Indented {
        let mut text = String::from_utf8(line).unwrap();
        text = text.replacen("{\"topic\"", "{\n \"topic\"", 1);
        return text.into_bytes();
    }
    line
}

/// A key that stands for the record, whatever its place.
fn identity(record: &Record<'_>) -> String {
    let mut line = Vec::new();
    let place = match record.place {
        Place::Line { line, .. } => format!("line {line} "),
        _ => String::new(),
    };
    format::write(record, &mut line).unwrap();
    place + &String::from_utf8(line).unwrap()
}

fn all(source: &mut impl Source) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        match source.next(WAIT) {
            SourceItem::Record(record) => found.push(identity(&record)),
            SourceItem::Notice(Notice::CaptureReading(_)) | SourceItem::Idle => {}
            SourceItem::End => return found,
            other => panic!("{other:?}"),
        }
    }
}

/// The records of a file in its order, and those by time: a stable sort by the highest time and transaction so far.
fn sorted(path: &Path) -> (Vec<String>, Vec<String>) {
    let mut capture = Capture::open(path, Arc::default()).unwrap();
    let mut keyed: Vec<((i64, u64, i32), String)> = Vec::new();
    let mut highest = std::collections::BTreeMap::new();
    let mut current = (String::new(), i32::MIN);
    let mut has_places = false;
    loop {
        match capture.next(WAIT) {
            SourceItem::Record(record) => {
                match record.place {
                    Place::Offset {
                        topic, partition, ..
                    } => current = (topic.to_owned(), partition),
                    Place::Line {
                        partition: Some(partition),
                        ..
                    } => current = (String::new(), partition),
                    _ => {}
                }
                has_places |= keyed.len() < PROBED_RECORDS && is_placed(&record);
                let last = highest.entry(current.clone()).or_insert((i64::MIN, 0));
                let own = (
                    record.time.map_or(last.0, |time| time.millis),
                    txn_of(&record).unwrap_or(0),
                );
                *last = own.max(*last);
                keyed.push(((last.0, last.1, current.1), identity(&record)));
            }
            SourceItem::End => break,
            SourceItem::Notice(_) | SourceItem::Idle => {}
            other => panic!("{other:?}"),
        }
    }
    let of = |keyed: &[((i64, u64, i32), String)]| -> Vec<String> {
        keyed.iter().map(|(_, record)| record.clone()).collect()
    };
    let in_file = of(&keyed);
    if !has_places {
        return (in_file.clone(), in_file);
    }
    keyed.sort_by_key(|(key, _)| *key);
    (in_file, of(&keyed))
}

fn write(lines: &[Vec<u8>], encoding: Encoding) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = lines.join(&b"\n"[..]);
    if encoding == Encoding::Gzip {
        let mut out = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
        out.write_all(&text).unwrap();
        out.finish().unwrap();
    } else {
        file.write_all(&text).unwrap();
    }
    file
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let content = prop_oneof![
        12 => (0..8_u64).prop_map(Content::Event),
        1 => (0..8_u64).prop_map(Content::Gap),
        1 => Just(Content::NotJson),
        1 => Just(Content::Tombstone),
    ];
    let place = (
        prop::bool::weighted(0.1),
        0..4_i32,
        prop::option::weighted(0.95, -2..25_i64),
    );
    let sample = (prop::option::weighted(0.97, place), content, 0..300_usize);
    let sample = sample.prop_map(|(place, content, padding)| Sample {
        place,
        content,
        padding,
    });
    // Runs of a partition, in order of time or not.
    let run = (
        prop::collection::vec(sample, 1..12),
        0..5_i32,
        any::<bool>(),
    );
    prop::collection::vec(run, 1..8).prop_map(|runs| {
        let mut all = Vec::new();
        for (mut run, partition, in_time) in runs {
            if in_time {
                run.sort_by_key(|sample| sample.place.and_then(|(_, _, millis)| millis));
            }
            for sample in &mut run {
                if let Some(place) = &mut sample.place
                    && partition < 4
                {
                    place.1 = partition;
                }
            }
            all.extend(run);
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_capture_is_shown_as_a_stable_sort_shows_it(
        samples in samples(),
        encoding in prop::sample::select(vec![
            Encoding::Plain, Encoding::Gzip, Encoding::Indented, Encoding::KcatJson,
        ]),
        sharing in prop::sample::select(vec![1, 20_000, usize::MAX]),
    ) {
        let lines: Vec<Vec<u8>> = samples
            .iter()
            .enumerate()
            .map(|(number, sample)| line(number, sample, encoding))
            .collect();
        let file = write(&lines, encoding);
        let (in_file, expected) = sorted(file.path());
        if encoding != Encoding::Indented {
            prop_assert_eq!(in_file.len(), lines.len());
        }
        let mut capture =
            OrderedCapture::open(file.path(), txn_of, sharing, &Arc::default()).unwrap();
        prop_assert_eq!(&all(&mut capture), &expected);
        prop_assert!(in_file == expected || capture.sorted.is_some());
        // What is in order already is read as it is.
        let in_order: Vec<Vec<u8>> = expected.iter().map(|line| line.trim_end().into()).collect();
        if samples.iter().all(|sample| sample.place.is_some()) {
            let file = write(&in_order, Encoding::Plain);
            let mut capture = OrderedCapture::open(file.path(), txn_of, 1, &Arc::default()).unwrap();
            prop_assert_eq!(&all(&mut capture), &expected);
            prop_assert!(capture.sorted.is_none() || in_order.len() < 2);
        }
    }
}

/// Long enough for several threads.
#[test]
fn a_long_capture_is_checked_in_slices() {
    let record = |number: usize, partition: i32, millis: usize| {
        let sample = Sample {
            place: Some((false, partition, Some(i64::try_from(millis).unwrap()))),
            content: Content::Event(1),
            padding: 900,
        };
        line(number, &sample, Encoding::Plain)
    };
    let mut lines: Vec<Vec<u8>> = (0..20_000)
        .map(|at| record(at, i32::try_from(at % 3).unwrap(), at / 3))
        .collect();
    // A partition whose last time is high, long before a slice begins, and then runs backwards.
    for (late, is_in_time) in [
        (None, true),
        (Some((12_000, 10)), false),
        (Some((19_999, 3)), false),
        (Some((10_000, 100)), false),
    ] {
        let mut changed = lines.clone();
        if let Some((at, millis)) = late {
            changed[at] = record(at, 9, millis);
        }
        let file = write(&changed, Encoding::Plain);
        let (in_file, expected) = sorted(file.path());
        assert_eq!(in_file == expected, is_in_time);
        let mut capture = OrderedCapture::open(file.path(), txn_of, 1, &Arc::default()).unwrap();
        let found = all(&mut capture);
        assert!(found == expected, "{late:?}");
        assert_eq!(capture.sorted.is_none(), is_in_time);
    }
    // Backwards inside a partition is in order, if nothing else comes between.
    lines.truncate(3);
    lines.push(record(3, 2, 0));
    let file = write(&lines, Encoding::Plain);
    let (in_file, expected) = sorted(file.path());
    assert_eq!(in_file, expected);
}

#[test]
fn captures_without_places_keep_their_order() {
    let mut text = String::new();
    for number in 0..200 {
        writeln!(
            text,
            r#"{{"txnId":{},"type":"documentChanged"}}"#,
            300 - number
        )
        .unwrap();
    }
    // No time; no partition.
    let mut kcat = String::new();
    for number in 0..20 {
        writeln!(kcat, r#"{{"topic":"t","partition":{},"offset":{number},"key":null,"payload":"{{\"txnId\":{}}}"}}"#, number % 2, 50 - number).unwrap();
    }
    let mut console = String::new();
    for number in 0..20 {
        writeln!(
            console,
            "CreateTime:{}\t{{\"txnId\":{}}}",
            100 - number,
            50 - number
        )
        .unwrap();
    }
    for text in [text, kcat, console] {
        let file = write(&[text.into_bytes()], Encoding::Plain);
        let mut in_file = Capture::open(file.path(), Arc::default()).unwrap();
        let mut capture = OrderedCapture::open(file.path(), txn_of, 1, &Arc::default()).unwrap();
        assert_eq!(all(&mut capture), all(&mut in_file));
        assert!(capture.sorted.is_none());
    }
}

#[test]
fn columns_of_the_console_consumer_are_sorted() {
    let mut text = String::new();
    for (partition, times) in [(0, [1, 5, 9]), (1, [2, 3, 10])] {
        for (offset, millis) in times.iter().enumerate() {
            writeln!(text, "CreateTime:{millis}\tPartition:{partition}\tOffset:{offset}\tkey\t{{\"txnId\":{millis}}}").unwrap();
        }
    }
    let file = write(&[text.into_bytes()], Encoding::Plain);
    let (in_file, expected) = sorted(file.path());
    assert_ne!(in_file, expected);
    let mut capture = OrderedCapture::open(file.path(), txn_of, 1, &Arc::default()).unwrap();
    assert_eq!(all(&mut capture), expected);
}

#[test]
fn the_records_before_a_fault_are_sorted_and_the_fault_is_reported() {
    let lines: Vec<Vec<u8>> = (0..2000)
        .map(|number| {
            let sample = Sample {
                place: Some((false, i32::from(number >= 300), Some(number % 300))),
                content: Content::Event(1),
                padding: 0,
            };
            line(usize::try_from(number).unwrap(), &sample, Encoding::Plain)
        })
        .collect();
    let whole = write(&lines, Encoding::Gzip);
    let bytes = std::fs::read(whole.path()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes[..bytes.len() - 20]).unwrap();
    let mut capture = OrderedCapture::open(file.path(), txn_of, 1, &Arc::default()).unwrap();
    let mut times = Vec::new();
    let failure = loop {
        match capture.next(WAIT) {
            SourceItem::Record(record) => times.push(record.time.unwrap().millis),
            SourceItem::Idle => {}
            SourceItem::Failed(failure) => break failure,
            other => panic!("{other:?}"),
        }
    };
    assert!(
        times.len() > 1000 && times[0] == 0 && times[1] == 0,
        "{times:?}"
    );
    assert!(
        failure.what.contains("the file is incomplete"),
        "{failure:?}"
    );
}
