//! Captures from files, pipes and slow readers.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::Capture;
use crate::record::{FailureClass, Place, Source, SourceItem};

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
        lines in proptest::collection::vec("[a-z{}\" ]{0,30}", 0..30),
        size in 1..50usize,
    ) {
        let content = lines.join("\n").into_bytes();
        let (_file, mut whole) = file(&content);
        let mut pieces = Capture::from_reader("-", Box::new(Pieces(content, size)), Arc::default()).unwrap();
        let expected: Vec<_> = (1..).zip(&lines).filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| (at, Some(line.clone()))).collect();
        prop_assert_eq!(&all(&mut whole), &expected);
        prop_assert_eq!(&all(&mut pieces), &expected);
    }
}
