//! Captures from files, pipes and slow readers.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::Capture;
use crate::record::{FailureClass, Notice, Place, Source, SourceItem};

const TIMEOUT: Duration = Duration::from_secs(20);

fn file(content: &[u8]) -> (tempfile::NamedTempFile, Capture) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let capture = Capture::open(file.path(), Arc::default()).unwrap();
    (file, capture)
}

fn piped(content: &[u8]) -> Capture {
    Capture::from_reader(
        "-",
        Box::new(io::Cursor::new(content.to_vec())),
        Arc::default(),
    )
    .unwrap()
}

/// Line numbers and payloads.
fn all(capture: &mut Capture) -> Vec<(u64, Option<String>)> {
    let mut found = Vec::new();
    loop {
        match capture.next(TIMEOUT) {
            SourceItem::Record(record) => {
                let Place::Line { line, .. } = record.place else {
                    panic!("{record:?}")
                };
                let text = |bytes| String::from_utf8(Vec::from(bytes)).unwrap();
                found.push((line, record.payload.map(text)));
            }
            SourceItem::Notice(Notice::CaptureReading(_)) => {}
            SourceItem::End => return found,
            item => panic!("{item:?}"),
        }
    }
}

#[test]
fn lines() {
    let check = |content: &str, expected: &[(u64, Option<&str>)]| {
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, text)| (*line, text.map(str::to_owned)))
            .collect();
        let (_file, mut capture) = file(content.as_bytes());
        assert_eq!(all(&mut capture), expected, "{content}");
        assert_eq!(capture.progress().done, content.len() as u64, "{content}");
        assert_eq!(
            capture.progress().total,
            Some(content.len() as u64),
            "{content}"
        );
        assert_eq!(all(&mut piped(content.as_bytes())), expected, "{content}");
    };
    check("", &[]);
    check("\n", &[]);
    check("{}\n", &[(1, Some("{}"))]);
    check("{}", &[(1, Some("{}"))]);
    check("\u{feff}{}\n{}", &[(1, Some("{}")), (2, Some("{}"))]);
    check(
        "{}\r\n\r\n \t\n[1]\r\n",
        &[(1, Some("{}")), (4, Some("[1]"))],
    );
    check(
        " {} \nnonsense\n",
        &[(1, Some(" {} ")), (2, Some("nonsense"))],
    );
    check("null\nnull\n", &[(1, None), (2, None)]);
    check("{\"topic\":\"t\"}\n", &[(1, Some("{\"topic\":\"t\"}"))]);
    check(
        "{\"a\":1}\t{\"b\":2}\n{\"a\":3}\t{\"b\":4}\n",
        &[(1, Some("{\"b\":2}")), (2, Some("{\"b\":4}"))],
    );
    check("{\"a\":\n", &[(1, Some("{\"a\":"))]);
    check("{\"a\":\n{}\n", &[(1, Some("{\"a\":")), (2, Some("{}"))]);
    check(
        "Option --property is deprecated and will be removed in a future version. Use --formatter-property instead.\n\n{}\nProcessed a total of 1 messages\n",
        &[(3, Some("{}"))],
    );
    check("Option A\n", &[(1, Some("Option A"))]);
    // Not one record per line.
    check(
        "\u{feff}[\n{},\n{}\n]\n",
        &[(2, Some("{}")), (3, Some("{}"))],
    );
    check("[{},{}]", &[(1, Some("{}")), (1, Some("{}"))]);
    check("[]\n", &[]);
    check(
        "{\"type\":1}{}\n{}",
        &[(1, Some("{\"type\":1}")), (1, Some("{}")), (2, Some("{}"))],
    );
    check(
        "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n",
        &[(1, Some("{\n  \"a\": 1\n}")), (4, Some("{\n  \"a\": 2\n}"))],
    );
    check("[1]\n[2]\n", &[(1, Some("[1]")), (2, Some("[2]"))]);
}

#[test]
fn positions_come_back() {
    let line = r#"{"topic":"t","partition":3,"offset":9,"timestamp":null,"timestampType":null,"key":null,"headers":[],"value":{"a":1}}"#;
    let (_file, mut capture) = file(line.as_bytes());
    let SourceItem::Record(record) = capture.next(TIMEOUT) else {
        panic!("no record")
    };
    assert_eq!(
        record.place,
        Place::Offset {
            topic: "t",
            partition: 3,
            offset: 9
        }
    );
    assert_eq!(record.payload.as_deref(), Some(&br#"{"a":1}"#[..]));
}

#[test]
fn long_lines_and_memory() {
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(100 << 20));
    let content = "{}\n".to_owned() + &long + "[1]";
    let (_file, mut capture) = file(content.as_bytes());
    let lengths: Vec<_> = all(&mut capture)
        .into_iter()
        .map(|(_, text)| text.map_or(0, |text| text.len()))
        .collect();
    assert_eq!(lengths, [2, long.len() - 1, 3]);
    assert!(capture.lines.capacity() <= 2 * long.len());
    let mut capture = piped(content.as_bytes());
    assert_eq!(all(&mut capture).len(), 3);
}

/// Returns one piece for each signal on the channel.
struct Trickle {
    pieces: Vec<&'static [u8]>,
    gate: std::sync::mpsc::Receiver<()>,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.gate.recv().ok();
        let piece: &[u8] = if self.pieces.is_empty() {
            b""
        } else {
            self.pieces.remove(0)
        };
        into[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

#[test]
fn a_pipe_that_trickles() {
    let (go, gate) = std::sync::mpsc::channel();
    let trickle = Trickle {
        pieces: vec![b"{\"a\":1}\n{\"b\"", b":2}\n"],
        gate,
    };
    let mut capture = Capture::from_reader("-", Box::new(trickle), Arc::default()).unwrap();
    let short = Duration::from_millis(10);
    assert!(matches!(capture.next(short), SourceItem::Idle));
    go.send(()).unwrap();
    assert!(matches!(capture.next(TIMEOUT), SourceItem::Record(_)));
    assert!(matches!(capture.next(short), SourceItem::Idle));
    go.send(()).unwrap();
    assert!(matches!(capture.next(TIMEOUT), SourceItem::Record(_)));
    go.send(()).unwrap();
    assert!(matches!(capture.next(TIMEOUT), SourceItem::End));
    assert!(matches!(capture.next(TIMEOUT), SourceItem::End));
}

#[test]
fn an_interrupt_stops() {
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut capture = Capture::from_reader(
        "-",
        Box::new(io::Cursor::new(b"1\n2\n")),
        Arc::clone(&interrupt),
    )
    .unwrap();
    assert!(matches!(capture.next(TIMEOUT), SourceItem::Record(_)));
    interrupt.store(true, Ordering::Relaxed);
    assert!(matches!(capture.next(TIMEOUT), SourceItem::Interrupted));
}

#[test]
fn failures() {
    let check = |path: &Path, expected: &str| {
        let failure = Capture::open(path, Arc::default()).err().unwrap();
        assert_eq!(failure.class, FailureClass::Read);
        assert_eq!(failure.what, expected);
    };
    check(
        Path::new("/nowhere/x.ndjson"),
        "cannot open the capture /nowhere/x.ndjson: there is no such file",
    );
    check(Path::new("/"), "cannot open the capture /: it is a folder");
    let broken = Broken;
    let mut capture = Capture::from_reader("-", Box::new(broken), Arc::default()).unwrap();
    let SourceItem::Failed(failure) = capture.next(TIMEOUT) else {
        panic!("did not fail")
    };
    assert_eq!(
        failure.what,
        "cannot read the capture standard input: the cable is out"
    );
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable is out"))
    }
}

/// Returns its bytes in pieces of a fixed size.
struct Pieces(Vec<u8>, usize);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}

/// Lines slightly shorter, slightly longer and much longer than a chunk and the space before it.
#[test]
fn lines_across_chunks() {
    let lengths = [
        1, 65_535, 65_536, 65_537, 262_143, 262_144, 327_680, 1_000_000, 3, 40_000, 40_000, 200_000,
    ];
    let line = |(at, length): (usize, &usize)| format!("{at}{}", "x".repeat(*length));
    let lines: Vec<_> = lengths
        .iter()
        .cycle()
        .take(24)
        .enumerate()
        .map(line)
        .collect();
    let content = lines.join("\n").into_bytes();
    let expected: Vec<_> = (1..).zip(lines.into_iter().map(Some)).collect();
    let (_file, mut whole) = file(&content);
    assert!(all(&mut whole) == expected);
    let pieces = Box::new(Pieces(content, 100_003));
    assert!(all(&mut Capture::from_reader("-", pieces, Arc::default()).unwrap()) == expected);
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_how_bytes_arrive(
        lines in proptest::collection::vec("[a-z{\" ]{0,30}", 0..30),
        size in 1..50usize,
    ) {
        let content = lines.join("\n").into_bytes();
        prop_assume!(super::shape::detect(content.trim_ascii_start(), true) != Some(super::Shape::Values));
        let (_file, mut whole) = file(&content);
        let mut pieces = Capture::from_reader("-", Box::new(Pieces(content, size)), Arc::default()).unwrap();
        let expected: Vec<_> = (1..).zip(&lines).filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| (at, Some(line.clone()))).collect();
        prop_assert_eq!(&all(&mut whole), &expected);
        prop_assert_eq!(&all(&mut pieces), &expected);
    }
}

/// What is known of a record: partition, offset, milliseconds, key, headers, payload.
type Known = (
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Vec<(String, Option<String>)>,
    Option<String>,
);

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/captures")
        .join(name)
}

/// The records of a topic as kcat's JSON has them, parsed independently.
fn known_records() -> Vec<Known> {
    let text = std::fs::read_to_string(fixture("kcat-1.7.1.ndjson")).unwrap();
    let record = |line: &str| {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let headers = json["headers"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let pairs = headers
            .chunks(2)
            .map(|pair| (text(&pair[0]).unwrap(), text(&pair[1])));
        (
            json["partition"].as_i64(),
            json["offset"].as_i64(),
            json["ts"].as_i64(),
            text(&json["key"]),
            pairs.collect(),
            text(&json["payload"]),
        )
    };
    text.lines().map(record).collect()
}

fn known(record: &crate::record::Record<'_>) -> Known {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (partition, offset) = match record.place {
        Place::Offset {
            topic,
            partition,
            offset,
        } => {
            assert_eq!(topic, "cdc");
            (Some(partition), Some(offset))
        }
        Place::Line {
            partition, offset, ..
        } => (partition, offset),
        Place::Unknown => (None, None),
    };
    let header = |header: &crate::record::Header<'_>| {
        (
            header.name.clone().into_owned(),
            header.value.as_deref().map(text),
        )
    };
    (
        partition.map(i64::from),
        offset,
        record.time.map(|time| time.millis),
        record.key.as_deref().map(text),
        record.headers.iter().map(header).collect(),
        record.payload.as_deref().map(text),
    )
}

/// Captures that the tools themselves wrote of one topic: each field that a tool printed comes back.
#[test]
fn captures_of_other_tools() {
    let check = |name: &str, change: &dyn Fn(Known) -> Known| {
        let expected: Vec<Known> = known_records().into_iter().map(change).collect();
        let mut capture = Capture::open(&fixture(name), Arc::default()).unwrap();
        let mut found = Vec::new();
        loop {
            match capture.next(TIMEOUT) {
                SourceItem::Record(record) => found.push(known(&record)),
                SourceItem::Notice(_) => {}
                SourceItem::End => break,
                item => panic!("{item:?}"),
            }
        }
        assert_eq!(found, expected, "{name}");
    };
    check("kcat-1.7.1.ndjson", &|all| all);
    check("kcat-1.7.1-no-line-ends.json", &|all| all);
    check("console-4.3.1-all.txt", &|all| all);
    check("kcl.ndjson", &|all| all);
    // rpk prints a null header value as an empty one.
    let without_null = |(p, o, t, k, headers, v): Known| {
        let some =
            |(name, value): (String, Option<String>)| (name, Some(value.unwrap_or_default()));
        (p, o, t, k, headers.into_iter().map(some).collect(), v)
    };
    check("rpk.ndjson", &without_null);
    check("rpk-indented.json", &without_null);
    check("console-4.3.1-deprecated.txt", &|(_, o, _, k, _, v)| {
        (None, o, None, k, Vec::new(), v)
    });
    check("console-4.1.0-key.txt", &|(_, _, _, k, _, v)| {
        (None, None, None, k, Vec::new(), v)
    });
    check("console-4.3.1-bar.txt", &|(_, _, _, k, _, v)| {
        (None, None, None, k, Vec::new(), v)
    });
    // The null header is before the word that null has in this capture, so that it cannot be told.
    check("console-4.1.0-separators.txt", &|(
        p,
        o,
        _,
        _,
        headers,
        v,
    )| {
        let word = |(name, value): (String, Option<String>)| {
            (name, Some(value.unwrap_or_else(|| "<null>".to_owned())))
        };
        (p, o, None, None, headers.into_iter().map(word).collect(), v)
    });
    check("kcat-1.7.1-columns.txt", &|(p, o, t, k, _, v)| {
        (p, o, t, k, Vec::new(), v)
    });
    // kcat prints nothing for null, and an empty value is no null.
    check("kcat-1.7.1-key.txt", &|(_, _, _, k, _, v)| {
        (None, None, None, k, Vec::new(), v.or(Some(String::new())))
    });
}

/// Compressed and UTF-16 captures are read like plain ones, and name what they are if they cannot be read.
#[test]
fn encoded_captures() {
    let text = "{\"a\":1}\n{\"a\":2}\n";
    let expected = vec![
        (1, Some("{\"a\":1}".to_owned())),
        (2, Some("{\"a\":2}".to_owned())),
    ];
    let zstd = zstd::stream::encode_all(text.as_bytes(), 1).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe", utf16.as_slice()].concat();
    for bytes in [zstd.clone(), utf16, marked] {
        let (_file, mut capture) = file(&bytes);
        assert_eq!(all(&mut capture), expected);
        assert_eq!(all(&mut piped(&bytes)), expected);
    }
    let (_file, mut capture) = file(&zstd);
    all(&mut capture);
    let progress = capture.progress();
    assert_eq!(Some(progress.done), progress.total);
    let fails = |bytes: &[u8], what: &str, fix: Option<&str>| {
        let mut capture = piped(bytes);
        let failure = loop {
            match capture.next(TIMEOUT) {
                SourceItem::Record(_) => {}
                SourceItem::Failed(failure) => break failure,
                item => panic!("{item:?}"),
            }
        };
        assert_eq!((failure.what.as_str(), failure.fix.as_deref()), (what, fix));
    };
    fails(
        b"BZh91AY",
        "cannot read the capture standard input: it is a bzip2 file",
        Some("decompress it first: bzip2 -dc | ditto-cdc diff -"),
    );
    fails(
        b"SQLite format 3\0\x10\0",
        "cannot read the capture standard input: it is a SQLite database",
        Some(
            "a mirror is read by history, stats and audit, and by every SQLite client: sqlite3 FILE.db",
        ),
    );
    fails(
        &zstd[..zstd.len() - 2],
        "cannot read the capture standard input: the zstd data ends too early: the file is incomplete",
        None,
    );
}

proptest! {
    /// Any bytes are a capture: nothing panics, and the end does not depend on how bytes arrive.
    #[test]
    fn any_bytes_are_a_capture(
        text in r#"(\[|\]|\{|\}|"|:|,|\t|\n|null|CreateTime:1|Offset:2|NO_HEADERS|\{"topic":"t","partition":1,"offset":2,"payload":"\{\}"\}|\{"type":1\}|[ -~]){0,40}"#,
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        size in 1..70_usize,
    ) {
        for content in [text.into_bytes(), bytes] {
            let mut whole = piped(&content);
            let mut pieces = Capture::from_reader("-", Box::new(Pieces(content, size)), Arc::default()).unwrap();
            let end = |capture: &mut Capture| loop {
                match capture.next(TIMEOUT) {
                    SourceItem::Record(_) | SourceItem::Notice(_) => {}
                    SourceItem::End => return "end".to_owned(),
                    SourceItem::Failed(failure) => return failure.what,
                    item => panic!("{item:?}"),
                }
            };
            prop_assert_eq!(end(&mut whole), end(&mut pieces));
        }
    }
}
