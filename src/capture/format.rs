//! The capture format: one record per line, with all metadata of Kafka, restored byte for byte.
//!
//! ```text
//! {"topic":"t","partition":0,"offset":3,"leaderEpoch":7,"timestamp":1645472312000,"timestampType":"CreateTime","key":"k","headers":[{"name":"n","value":"v"}],"value":{…}}
//! ```
//! The fields have this order. Unknown values are `null`, an unknown `leaderEpoch` is left out. A key or header value that is not UTF-8 is in `keyBase64` or
//! `valueBase64`. `value` is the payload itself if that is JSON on one line without blanks around it, so that other
//! programs can read it; any other payload is in `valueBase64`, and `null` is a tombstone.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::json::{self, contains_byte, eq_str, string_end, unquote};
use crate::record::{Clock, Header, Place, Record, Timestamp};

/// Writes a record as one line, with its line end. File and line of a [`Place::Line`] are not written: they are valid
/// only for their file.
///
/// # Errors
/// I/O errors of `out`.
pub fn write(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    write_place(&record.place, out)?;
    if let Some(epoch) = record.leader_epoch {
        write!(out, ",\"leaderEpoch\":{epoch}")?;
    }
    write_time(record.time, out)?;
    out.write_all(b",")?;
    write_bytes("key", record.key.as_deref(), out)?;
    out.write_all(b",\"headers\":[")?;
    for (at, header) in record.headers.iter().enumerate() {
        out.write_all(if at == 0 {
            b"{\"name\":"
        } else {
            b",{\"name\":"
        })?;
        serde_json::to_writer(&mut *out, &header.name)?;
        out.write_all(b",")?;
        write_bytes("value", header.value.as_deref(), out)?;
        out.write_all(b"}")?;
    }
    out.write_all(b"],")?;
    write_payload(record.payload.as_deref(), out)?;
    out.write_all(b"}\n")
}

/// Parses a line without its line end; `None` if it is not in this format. `here` is the place of a record without
/// its own. The payload is not parsed.
#[must_use]
pub fn read<'a>(line: &'a [u8], here: Place<'a>) -> Option<Record<'a>> {
    let mut cursor = Cursor { rest: line };
    cursor.byte(b'{')?;
    let place = cursor.place(here)?;
    let leader_epoch = cursor.leader_epoch()?;
    let time = cursor.time()?;
    let key = cursor.bytes("key", "keyBase64")?;
    cursor.byte(b',')?;
    let headers = cursor.headers()?;
    cursor.byte(b',')?;
    let payload = cursor.payload()?;
    Some(Record {
        place,
        time,
        leader_epoch,
        key,
        headers,
        payload,
    })
}

fn write_place(place: &Place<'_>, out: &mut impl Write) -> io::Result<()> {
    match place {
        Place::Offset {
            topic,
            partition,
            offset,
        } => {
            out.write_all(b"{\"topic\":")?;
            serde_json::to_writer(&mut *out, topic)?;
            write!(out, ",\"partition\":{partition},\"offset\":{offset}")
        }
        Place::Line {
            partition, offset, ..
        } => {
            out.write_all(b"{\"topic\":null")?;
            write_number("partition", partition.map(i64::from), out)?;
            write_number("offset", *offset, out)
        }
        Place::Unknown => out.write_all(b"{\"topic\":null,\"partition\":null,\"offset\":null"),
    }
}

fn write_number(name: &str, number: Option<i64>, out: &mut impl Write) -> io::Result<()> {
    match number {
        Some(number) => write!(out, ",\"{name}\":{number}"),
        None => write!(out, ",\"{name}\":null"),
    }
}

fn write_time(time: Option<Timestamp>, out: &mut impl Write) -> io::Result<()> {
    let Some(Timestamp { millis, clock }) = time else {
        return out.write_all(b",\"timestamp\":null,\"timestampType\":null");
    };
    match clock_name(clock) {
        Some(name) => write!(out, ",\"timestamp\":{millis},\"timestampType\":\"{name}\""),
        None => write!(out, ",\"timestamp\":{millis},\"timestampType\":null"),
    }
}

fn clock_name(clock: Clock) -> Option<&'static str> {
    match clock {
        Clock::Create => Some("CreateTime"),
        Clock::LogAppend => Some("LogAppendTime"),
        Clock::Unknown => None,
    }
}

/// The clock with this name, as Kafka spells it.
pub(super) fn clock_of(raw_name: &[u8]) -> Option<Clock> {
    let mut clocks = [Clock::Create, Clock::LogAppend].into_iter();
    clocks.find(|clock| clock_name(*clock).is_some_and(|name| eq_str(raw_name, name)))
}

/// A field of bytes: a string if it is UTF-8, else Base64.
fn write_bytes(name: &str, bytes: Option<&[u8]>, out: &mut impl Write) -> io::Result<()> {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => write!(out, "\"{name}\":null"),
        Some((_, Ok(text))) => {
            write!(out, "\"{name}\":")?;
            Ok(serde_json::to_writer(out, text)?)
        }
        Some((bytes, Err(_))) => write!(out, "\"{name}Base64\":\"{}\"", BASE64.encode(bytes)),
    }
}

fn write_payload(payload: Option<&[u8]>, out: &mut impl Write) -> io::Result<()> {
    match payload {
        None => out.write_all(b"\"value\":null"),
        Some(json) if is_stored_as_is(json) => {
            out.write_all(b"\"value\":")?;
            out.write_all(json)
        }
        Some(bytes) => write!(out, "\"valueBase64\":\"{}\"", BASE64.encode(bytes)),
    }
}

/// Whether a payload can be stored unchanged and read back exactly.
fn is_stored_as_is(payload: &[u8]) -> bool {
    payload != b"null"
        && payload.trim_ascii().len() == payload.len()
        && memchr::memchr2(b'\n', b'\r', payload).is_none()
        && json::check(payload).is_ok()
}

/// The rest of a line. Blanks between tokens are skipped, so that lines rewritten by other programs can be read.
struct Cursor<'a> {
    rest: &'a [u8],
}

#[expect(
    clippy::option_option,
    reason = "another format, null and a value are three results"
)]
impl<'a> Cursor<'a> {
    fn byte(&mut self, byte: u8) -> Option<()> {
        self.literal(&[byte])
    }

    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.trim_ascii_start().strip_prefix(text)?;
        Some(())
    }

    /// A string with its quotes. JSON has no control characters in strings: such a line is not in this format.
    fn string(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.trim_ascii_start();
        text.strip_prefix(b"\"")?;
        let (string, rest) = text.split_at_checked(string_end(text, 0)?)?;
        self.rest = rest;
        (!contains_byte(string, |byte| byte < b' ')).then_some(string)
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let name = self.string()?;
        self.byte(b':')?;
        Some(name)
    }

    fn field(&mut self, name: &str) -> Option<()> {
        eq_str(self.name()?, name).then_some(())
    }

    fn number(&mut self) -> Option<i64> {
        let text = self.rest.trim_ascii_start();
        let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        let length = text.iter().take_while(|byte| digit(byte)).count();
        let (digits, rest) = text.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Consumes `null` if it is next, and returns whether it was.
    fn null(&mut self) -> bool {
        self.literal(b"null").is_some()
    }

    /// A number or `null`.
    fn optional_number(&mut self) -> Option<Option<i64>> {
        if self.null() {
            return Some(None);
        }
        self.number().map(Some)
    }

    /// The place of the record; the one of its line if no topic is known.
    fn place(&mut self, here: Place<'a>) -> Option<Place<'a>> {
        self.field("topic")?;
        let topic = if self.null() {
            None
        } else {
            let Cow::Borrowed(topic) = unquote(self.string()?)? else {
                return None;
            };
            Some(topic)
        };
        self.byte(b',')?;
        self.field("partition")?;
        let partition = match self.optional_number()? {
            Some(number) => Some(i32::try_from(number).ok()?),
            None => None,
        };
        self.byte(b',')?;
        self.field("offset")?;
        let offset = self.optional_number()?;
        self.byte(b',')?;
        place(topic, partition, offset, here)
    }

    /// `Some(None)` if the field is not there.
    fn leader_epoch(&mut self) -> Option<Option<i32>> {
        if !self.rest.trim_ascii_start().starts_with(b"\"leaderEpoch\"") {
            return Some(None);
        }
        self.field("leaderEpoch")?;
        let epoch = i32::try_from(self.number()?).ok()?;
        self.byte(b',')?;
        Some(Some(epoch))
    }

    fn time(&mut self) -> Option<Option<Timestamp>> {
        self.field("timestamp")?;
        let millis = self.optional_number()?;
        self.byte(b',')?;
        self.field("timestampType")?;
        let clock = if self.null() {
            Clock::Unknown
        } else {
            clock_of(self.string()?)?
        };
        self.byte(b',')?;
        match millis {
            Some(millis) => Some(Some(Timestamp { millis, clock })),
            None => (clock == Clock::Unknown).then_some(None),
        }
    }

    /// A field of bytes under either of its names.
    fn bytes(&mut self, plain: &str, base64: &str) -> Option<Option<Cow<'a, [u8]>>> {
        let name = self.name()?;
        if eq_str(name, plain) && self.null() {
            return Some(None);
        }
        let text = self.string()?;
        if eq_str(name, base64) {
            decode_base64(text).map(Some)
        } else {
            eq_str(name, plain).then(|| plain_bytes(text))
        }
    }

    fn headers(&mut self) -> Option<Vec<Header<'a>>> {
        self.field("headers")?;
        self.byte(b'[')?;
        let mut headers = Vec::new();
        if self.byte(b']').is_some() {
            return Some(headers);
        }
        loop {
            self.byte(b'{')?;
            self.field("name")?;
            let name = unquote(self.string()?)?;
            self.byte(b',')?;
            let value = self.bytes("value", "valueBase64")?;
            self.byte(b'}')?;
            headers.push(Header { name, value });
            if self.byte(b']').is_some() {
                return Some(headers);
            }
            self.byte(b',')?;
        }
    }

    /// The last field: everything up to the closing brace.
    fn payload(&mut self) -> Option<Option<Cow<'a, [u8]>>> {
        let name = self.name()?;
        let value = self.rest.trim_ascii().strip_suffix(b"}")?.trim_ascii();
        if eq_str(name, "valueBase64") {
            return decode_base64(value).map(Some);
        }
        match value {
            b"" => None,
            b"null" => eq_str(name, "value").then_some(None),
            json => eq_str(name, "value").then_some(Some(Cow::Borrowed(json))),
        }
    }
}

/// The place of a record; `None` if it has a topic, but not the rest of its position.
pub(super) fn place<'a>(
    topic: Option<&'a str>,
    partition: Option<i32>,
    offset: Option<i64>,
    here: Place<'a>,
) -> Option<Place<'a>> {
    let Some(topic) = topic else {
        return Some(with_position(here, partition, offset));
    };
    Some(Place::Offset {
        topic,
        partition: partition?,
        offset: offset?,
    })
}

/// The place of a line, with as much of the position as the line has.
pub(super) fn with_position(
    here: Place<'_>,
    partition: Option<i32>,
    offset: Option<i64>,
) -> Place<'_> {
    match here {
        Place::Line { file, line, .. } => Place::Line {
            file,
            line,
            partition,
            offset,
        },
        Place::Offset { .. } | Place::Unknown => here,
    }
}

/// The bytes of a string; `None` if it is not UTF-8.
pub(super) fn plain_bytes(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    unquote(raw).map(|text| match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

pub(super) fn decode_base64(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    BASE64.decode(text).ok().map(Cow::Owned)
}

#[cfg(test)]
#[path = "tests/format.rs"]
mod tests;
