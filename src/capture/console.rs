//! Lines of `kafka-console-consumer.sh`, plain or with the columns of its `print.…` properties.
//!
//! Columns as in Kafka 2.7 and later, with the default separators: time, partition, offset, delivery, epoch, headers,
//! key, value. The format is ambiguous: a tab in a key, a comma in a header.

use std::borrow::Cow;

use crate::json;
use crate::record::{Clock, Header, Place, Record, Timestamp};

/// Parses a line; without such columns it is a payload. The string `null` is a null value.
///
/// The topic is not printed, so that partition and offset are incomplete: the record's place is `here`.
pub(super) fn read<'a>(line: &'a [u8], here: Place<'a>) -> Record<'a> {
    let mut rest = line;
    let time = take_column(&mut rest, time).flatten();
    for name in ["Partition:", "Offset:", "Delivery:", "Epoch:"] {
        let _known = take_column(&mut rest, |column| strip_label(column, name));
    }
    let (headers, key, value) = columns(rest);
    Record {
        place: here,
        time,
        key: key.and_then(some),
        headers: headers.map(header_list).unwrap_or_default(),
        payload: some(value),
    }
}

/// Takes the first column if `parse` accepts it.
fn take_column<'a, T>(rest: &mut &'a [u8], parse: impl Fn(&'a [u8]) -> Option<T>) -> Option<T> {
    let (column, after) = split(rest)?;
    let parsed = parse(column)?;
    *rest = after;
    Some(parsed)
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'\t', line)?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

#[expect(
    clippy::option_option,
    reason = "no time column, and a column without a time"
)]
fn time(column: &[u8]) -> Option<Option<Timestamp>> {
    if column == b"NO_TIMESTAMP" {
        return Some(None);
    }
    let clocks = [
        ("CreateTime:", Clock::Create),
        ("LogAppendTime:", Clock::LogAppend),
    ];
    clocks.into_iter().find_map(|(label, clock)| {
        let digits = column.strip_prefix(label.as_bytes())?;
        let millis = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(Some(Timestamp { millis, clock }))
    })
}

fn strip_label(column: &[u8], name: &str) -> Option<()> {
    let value = column.strip_prefix(name.as_bytes())?;
    (value == b"NONE" || value.iter().all(u8::is_ascii_digit)).then_some(())
}

/// Headers, key and value. A document can hold tabs between its tokens, so the first cut that leaves JSON counts.
fn columns(rest: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    let none = (None, None, rest);
    if json::check(rest).is_ok() {
        return none;
    }
    let Some((first, one)) = split(rest) else {
        return none;
    };
    if json::check(one).is_ok() {
        return if first == b"NO_HEADERS" {
            (Some(first), None, one)
        } else {
            (None, Some(first), one)
        };
    }
    match split(one) {
        Some((second, two)) if json::check(two).is_ok() => (Some(first), Some(second), two),
        _ => none,
    }
}

fn header_list(column: &[u8]) -> Vec<Header<'_>> {
    if column == b"NO_HEADERS" {
        return Vec::new();
    }
    column.split(|byte| *byte == b',').map(header).collect()
}

fn header(text: &[u8]) -> Header<'_> {
    let colon = memchr::memchr(b':', text);
    let (name, value) = colon
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, b""));
    let value = value.strip_prefix(b":").and_then(some);
    Header {
        name: String::from_utf8_lossy(name),
        value,
    }
}

fn some(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    (text != b"null").then_some(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::record::{Clock, Place};

    const HERE: Place<'_> = Place::Line { file: "f", line: 1 };

    /// Milliseconds and clock, key, headers as `name=value`, payload.
    type Shown<'a> = (
        Option<(i64, Clock)>,
        Option<&'a str>,
        &'a str,
        Option<&'a str>,
    );

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn columns() {
        let check = |line: &str, (time, key, headers, payload): Shown<'_>| {
            let record = read(line.as_bytes(), HERE);
            let shown = |value: Option<&[u8]>| value.map_or("(null)".to_owned(), text);
            let pairs = record.headers.iter();
            let pairs =
                pairs.map(|header| format!("{}={}", header.name, shown(header.value.as_deref())));
            assert_eq!(
                record.time.map(|time| (time.millis, time.clock)),
                time,
                "{line}"
            );
            assert_eq!(record.key.as_deref().map(text).as_deref(), key, "{line}");
            assert_eq!(pairs.collect::<Vec<_>>().join(" "), headers, "{line}");
            assert_eq!(
                record.payload.as_deref().map(text).as_deref(),
                payload,
                "{line}"
            );
            assert_eq!(record.place, HERE);
        };
        let created = Some((1_645_472_312_000, Clock::Create));
        check(
            "CreateTime:1645472312000\t{}",
            (created, None, "", Some("{}")),
        );
        check(
            "LogAppendTime:7\tPartition:0\tOffset:3\t{}",
            (Some((7, Clock::LogAppend)), None, "", Some("{}")),
        );
        check("NO_TIMESTAMP\tk\t{}", (None, Some("k"), "", Some("{}")));
        check(
            "CreateTime:1645472312000\tPartition:0\tOffset:3\tDelivery:NONE\tEpoch:2\ta:1,b:null,c\tkey\t{\"a\":1}",
            (
                created,
                Some("key"),
                "a=1 b=(null) c=(null)",
                Some("{\"a\":1}"),
            ),
        );
        check("Partition:0\tNO_HEADERS\t{}", (None, None, "", Some("{}")));
        check("NO_HEADERS\tnull\tnull", (None, None, "", None));
        check("k\t{\"a\":\t1}", (None, Some("k"), "", Some("{\"a\":\t1}")));
        check(
            "{\"_id\":1}\t{\"a\":1}",
            (None, Some("{\"_id\":1}"), "", Some("{\"a\":1}")),
        );
        check("null\t{}", (None, None, "", Some("{}")));
        check("null", (None, None, "", None));
        check("Offset:3\tnonsense", (None, None, "", Some("nonsense")));
        check("k\tnonsense", (None, None, "", Some("k\tnonsense")));
        check(
            "CreateTime:soon\t{}",
            (None, Some("CreateTime:soon"), "", Some("{}")),
        );
        check("", (None, None, "", Some("")));
    }
}
