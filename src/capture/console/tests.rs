//! Lines of the console consumer and of kcat: tables, and every combination of columns.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Console, Doubt};
use crate::record::{Place, Record, Timestamp};

fn here() -> Place<'static> {
    Place::line("f", 1)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A record as one line: partition, offset, epoch, time, key, headers, payload; `-` for what is not there.
fn shown(record: &Record<'_>) -> String {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let Place::Line {
        partition, offset, ..
    } = record.place
    else {
        panic!("{record:?}")
    };
    let mut line = format!(
        "{} {} {}",
        or_dash(partition.map(|number| number.to_string())),
        or_dash(offset.map(|number| number.to_string())),
        or_dash(record.leader_epoch.map(|number| number.to_string())),
    );
    match record.time {
        None => line.push_str(" -"),
        Some(Timestamp { millis, clock }) => {
            let _ = write!(line, " {clock:?}:{millis}");
        }
    }
    let _ = write!(line, " {} [", or_dash(record.key.as_deref().map(text)));
    for header in &record.headers {
        let value = or_dash(header.value.as_deref().map(text));
        let _ = write!(line, "({}={value})", header.name);
    }
    let _ = write!(line, "] {}", or_dash(record.payload.as_deref().map(text)));
    line
}

/// Reads lines as one capture; returns the records and the doubts.
fn read(lines: &str) -> (Vec<String>, Vec<Doubt>) {
    let mut console = Console::default();
    let mut records = Vec::new();
    let mut rest = lines;
    while let Some((line, following)) = rest.split_once('\n') {
        records.push(shown(&console.read(
            line.as_bytes(),
            following.as_bytes(),
            here(),
        )));
        rest = following;
    }
    (records, console.doubts(0).to_vec())
}

#[test]
fn single_lines() {
    let check = |line: &str, expected: &str| {
        let (records, _) = read(&format!("{line}\n"));
        assert_eq!(records, [expected], "{line}");
    };
    check(
        "CreateTime:1645472312000\t{}",
        "- - - Create:1645472312000 - [] {}",
    );
    check(
        "LogAppendTime:7\tPartition:0\tOffset:3\t{}",
        "0 3 - LogAppend:7 - [] {}",
    );
    check("NO_TIMESTAMP\tk\t{}", "- - - - k [] {}");
    check(
        "CreateTime:7\tPartition:0\tOffset:3\tDelivery:NONE\tEpoch:2\ta:1,b:null,c\tkey\t{\"a\":1}",
        "0 3 2 Create:7 key [(a=1)(b=null,c)] {\"a\":1}",
    );
    check("Partition:0\tNO_HEADERS\t{}", "0 - - - - [] {}");
    check("NO_HEADERS\tnull\tnull", "- - - - - [] -");
    check("k\t{\"a\":\t1}", "- - - - k [] {\"a\":\t1}");
    check("{\"_id\":1}\t{\"a\":1}", "- - - - {\"_id\":1} [] {\"a\":1}");
    check("null\t{}", "- - - - - [] {}");
    check("null", "- - - - - [] -");
    check("Offset:3\tnonsense", "- 3 - - - [] nonsense");
    check("k\tnonsense", "- - - - - [] k\tnonsense");
    check("k\t[1]", "- - - - k [] [1]");
    check("CreateTime:soon\t{}", "- - - - CreateTime:soon [] {}");
    check("Partition:\t{}", "- - - - Partition: [] {}");
    check(
        "Partition:3000000000\t{}",
        "- - - - Partition:3000000000 [] {}",
    );
    check("", "- - - - - [] ");
    // Separators.
    check("k1: {\"a\":1}", "- - - - k1 [] {\"a\":1}");
    check(
        "{\"_id\":\"a\"}: {\"a\":1}",
        "- - - - {\"_id\":\"a\"} [] {\"a\":1}",
    );
    check(
        "{\"_id\":\"a\"}|{\"a\":1}",
        "- - - - {\"_id\":\"a\"} [] {\"a\":1}",
    );
    check(
        "{\"_id\":\"a\"},{\"a\":1}",
        "- - - - {\"_id\":\"a\"} [] {\"a\":1}",
    );
    check("k - {\"a\":1}", "- - - - k [] {\"a\":1}");
    check("CreateTime:7 - k - {}", "- - - Create:7 k [] {}");
    check("CreateTime:7 - {}", "- - - Create:7 - [] {}");
    check("Offset:0: k:5: {}", "- 0 - - k:5 [] {}");
    check("Offset:0: null", "- 0 - - - [] -");
    check(
        "Partition:0 | Offset:2 | empty:;nul:<null> | {}",
        "0 2 - - empty:;nul:<null> [] {}",
    );
    check("Partition:0xxOffset:2xxkxx{}", "0 2 - - k [] {}");
    check("Offset:5\t\t{}", "- 5 - -  [] {}");
    // kcat.
    check(":{\"a\":1}", "- - - - - [] {\"a\":1}");
    check(
        "1645472312000 0 5 k 6 {\"a\":1}",
        "0 5 - Unknown:1645472312000 k 6 [] {\"a\":1}",
    );
    check(
        "1645472312000 0 5  {\"a\":1}",
        "0 5 - Unknown:1645472312000 - [] {\"a\":1}",
    );
    check(
        "1645472312000 0 5 {\"a\":1}",
        "0 5 - Unknown:1645472312000 - [] {\"a\":1}",
    );
    check("-1\t0\t5\tk\t", "0 5 - - k [] -");
    check(
        "1645472312000|0|5|k|nonsense",
        "0 5 - Unknown:1645472312000 k [] nonsense",
    );
    // Not kcat's columns: no partition, no time.
    check(
        "1645472312000 k {\"a\":1}",
        "- - - - 1645472312000 k [] {\"a\":1}",
    );
    check("5 0 5 k {\"a\":1}", "- - - - 5 0 5 k [] {\"a\":1}");
    // An object that is cut off has no key.
    check("{\"a\":{\"b\":1}", "- - - - - [] {\"a\":{\"b\":1}");
}

#[test]
fn following_lines_decide() {
    let check = |lines: &[&str], expected: &[&str], doubts: &[Doubt]| {
        let found = read(&(lines.join("\n") + "\n"));
        assert_eq!(
            (
                found.0.iter().map(String::as_str).collect::<Vec<_>>(),
                found.1.as_slice()
            ),
            (expected.to_vec(), doubts),
            "{lines:?}"
        );
    };
    let separator = |text: &str| Doubt::KeySeparator(text.as_bytes().to_vec());
    check(
        &["a:1;b:2\t{}", "NO_HEADERS\t{}"],
        &["- - - - - [(a=1)(b=2)] {}", "- - - - - [] {}"],
        &[Doubt::HeadersSeparator(b";")],
    );
    // A column that cannot be headers makes the others keys.
    check(
        &["k:5\t{}", "k1\t{}", "a:1\tb\t{}"],
        &[
            "- - - - k:5 [] {}",
            "- - - - k1 [] {}",
            "- - - - a:1\tb [] {}",
        ],
        &[],
    );
    // A value that is not JSON after headers and key.
    check(
        &["a:1\tk\t{}", "a:1\tk\tno\tjson"],
        &["- - - - k [(a=1)] {}", "- - - - k [(a=1)] no\tjson"],
        &[],
    );
    check(&["a:1\t{}"], &["- - - - a:1 [] {}"], &[Doubt::KeyOrHeaders]);
    check(
        &["k-|{}", "l|{}", "|{}", "null|null"],
        &[
            "- - - - k- [] {}",
            "- - - - l [] {}",
            "- - - - - [] {}",
            "- - - - - [] -",
        ],
        &[separator("|")],
    );
    check(
        &[
            "Offset:0: k1: {}",
            "Offset:1: null: {}",
            "Offset:2: bad: not json",
            "Offset:3: k: null",
        ],
        &[
            "- 0 - - k1 [] {}",
            "- 1 - - - [] {}",
            "- 2 - - bad [] not json",
            "- 3 - - k [] -",
        ],
        &[separator(": ")],
    );
    check(
        &["k\t{}", "<null>\t<null>", "<null>\t{}"],
        &["- - - - k [] {}", "- - - - <null> [] -", "- - - - - [] {}"],
        &[Doubt::NullLiteral(b"<null>")],
    );
    check(
        &["1645472312000 0 5 k {}", "1645472312000 0 6 l "],
        &[
            "0 5 - Unknown:1645472312000 k [] {}",
            "0 6 - Unknown:1645472312000 l [] -",
        ],
        &[Doubt::KcatColumns],
    );
    // Two captures with other columns in one file.
    check(
        &["k\t{}", "Partition:0|Offset:1|{}", "k\t{}"],
        &["- - - - k [] {}", "0 1 - - - [] {}", "- - - - k [] {}"],
        &[],
    );
}

#[test]
fn each_doubt_has_a_message_without_data() {
    for doubt in [
        Doubt::KeySeparator(b": ".to_vec()),
        Doubt::KeyOrHeaders,
        Doubt::HeadersSeparator(b";"),
        Doubt::NullLiteral(b"NULL"),
        Doubt::KcatColumns,
    ] {
        assert!(
            doubt.message().starts_with("does not "),
            "{}",
            doubt.message()
        );
    }
}

/// What the tool prints of a record.
#[derive(Debug, Clone)]
struct Printed {
    time: Option<(i64, bool)>,
    partition: i32,
    offset: i64,
    epoch: Option<i32>,
    headers: Vec<(String, Option<String>)>,
    key: Option<String>,
    payload: Option<String>,
}

/// Columns of the tool: time, partition, offset, delivery, epoch, headers, key.
type Columns = [bool; 7];

impl Printed {
    /// The line of Kafka's `DefaultMessageFormatter`.
    fn line(&self, columns: Columns, separator: &str) -> String {
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
        let time = match self.time {
            None => "NO_TIMESTAMP".to_owned(),
            Some((millis, false)) => format!("CreateTime:{millis}"),
            Some((millis, true)) => format!("LogAppendTime:{millis}"),
        };
        let epoch = self
            .epoch
            .map_or("NOT_PRESENT".to_owned(), |epoch| epoch.to_string());
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}:{}", word(value)));
        let headers: Vec<String> = headers.collect();
        let headers = if headers.is_empty() {
            "NO_HEADERS".to_owned()
        } else {
            headers.join(",")
        };
        let all = [
            time,
            format!("Partition:{}", self.partition),
            format!("Offset:{}", self.offset),
            "Delivery:NOT_PRESENT".to_owned(),
            format!("Epoch:{epoch}"),
            headers,
            word(&self.key),
        ];
        let mut line = String::new();
        for (column, _) in all.iter().zip(columns).filter(|(_, printed)| *printed) {
            line.push_str(column);
            line.push_str(separator);
        }
        line + &word(&self.payload)
    }

    /// What can be read back from the line.
    fn expected(&self, columns: Columns) -> String {
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let number = |column: usize, number: String| dash(columns[column].then_some(number));
        let time = self.time.filter(|_| columns[0]).map(|(millis, append)| {
            format!("{}:{millis}", if append { "LogAppend" } else { "Create" })
        });
        let headers = self.headers.iter().filter(|_| columns[5]);
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("({name}={})", dash(value.clone())))
            .collect();
        format!(
            "{} {} {} {} {} [{}] {}",
            number(1, self.partition.to_string()),
            number(2, self.offset.to_string()),
            dash(
                self.epoch
                    .filter(|_| columns[4])
                    .map(|epoch| epoch.to_string())
            ),
            dash(time),
            dash(self.key.clone().filter(|_| columns[6])),
            headers.concat(),
            dash(self.payload.clone()),
        )
    }
}

fn key() -> impl Strategy<Value = Option<String>> {
    let keys = [
        "k1",
        "people-1",
        "{\"_id\":\"a\"}",
        "{\"a\":{\"b\":[1,2]}}",
        "[\"a\",1]",
        "\"q\"",
        "7",
    ];
    proptest::option::of(proptest::sample::select(keys.to_vec()).prop_map(str::to_owned))
}

fn headers() -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    let value = proptest::option::of("[a-z0-9]{1,5}(,[a-z]{1,3})?");
    proptest::collection::vec(("[a-z]{1,4}", value), 0..3)
}

fn printed() -> impl Strategy<Value = Printed> {
    let payload = prop_oneof![
        4 => Just(Some("{\"txnId\":1,\"type\":\"t\",\"x\":\"a\\tb: c|d, {e}\"}".to_owned())),
        1 => Just(None),
    ];
    (
        proptest::option::of((0..i64::MAX, any::<bool>())),
        0..100_i32,
        0..i64::MAX,
        proptest::option::of(0..9_i32),
        headers(),
        key(),
        payload,
    )
        .prop_map(
            |(time, partition, offset, epoch, headers, key, payload)| Printed {
                time,
                partition,
                offset,
                epoch,
                headers,
                key,
                payload,
            },
        )
}

const SEPARATORS: &[&str] = &[
    "\t", ": ", "|", " | ", ",", ", ", " - ", ";", " ", " => ", "::", "#",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// All combinations of columns, with every separator. A line with an event and one without headers make a column
    /// of headers certain.
    #[test]
    fn what_the_tool_prints_is_read(
        mut records in proptest::collection::vec(printed(), 1..5),
        columns in any::<Columns>(),
        separator in proptest::sample::select(SEPARATORS.to_vec()),
    ) {
        records[0].payload = Some("{\"txnId\":1}".to_owned());
        records[0].headers.clear();
        // A null key is not printed apart from a key `null`, and `,` or `: ` cannot be told from headers.
        prop_assume!(!columns[5] || !(separator.contains(',') || separator.contains(':') || separator == " "));
        let lines: String = records.iter().map(|record| record.line(columns, separator) + "\n").collect();
        let expected: Vec<String> = records.iter().map(|record| record.expected(columns)).collect();
        prop_assert_eq!(read(&lines).0, expected, "{}", lines);
    }

    #[test]
    fn noise_never_panics(
        lines in proptest::collection::vec(
            r#"(CreateTime:|Partition:|Offset:|Epoch:|NO_HEADERS|null|[0-9]{0,13}|[\t|: ,]|\{"a":|\{|\}|"|[a-z]){0,12}"#, 0..6),
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        read(&(lines.join("\n") + "\n"));
        let mut console = Console::default();
        console.read(&bytes, lines.join("\n").as_bytes(), here());
        console.read(&bytes, &bytes, here());
    }
}
