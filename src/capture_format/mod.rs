//! The capture format: one record a line, with everything that Kafka knew of it, restored byte for byte.
//! Pure text in both directions; files and lines belong to `source::capture`, filters and views to others.
//!
//! ```text
//! {"topic":"t","partition":0,"offset":3,"timestamp":1645472312000,"timestampType":"CreateTime","key":"k","headers":[{"name":"n","value":"v"}],"value":{…}}
//! ```
//! The fields stand in this order. What is not known is `null`. A key or header value that is not UTF-8 stands in
//! `keyBase64` or `valueBase64`. `value` is the payload itself where that is JSON on one line without blanks around
//! it, so that other programs can look into it; any other payload stands in `valueBase64`, and `null` is a tombstone.

mod cursor;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use self::cursor::Cursor;
use crate::json;
use crate::record::{Clock, Place, Record, Timestamp};

/// Writes a record as one line, with its line end. A [`Place::Line`] is not written: it means nothing elsewhere.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    write_place(&record.place, out)?;
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

/// Reads a line without its line end; `None` where it is not in this format. `here` is the place of a record that
/// carries none. The payload is not looked into.
#[must_use]
pub fn read<'a>(line: &'a [u8], here: Place<'a>) -> Option<Record<'a>> {
    let mut cursor = Cursor { rest: line };
    cursor.byte(b'{')?;
    let place = cursor.place()?.unwrap_or(here);
    let time = cursor.time()?;
    let key = cursor.bytes("key", "keyBase64")?;
    cursor.byte(b',')?;
    let headers = cursor.headers()?;
    cursor.byte(b',')?;
    let payload = cursor.payload()?;
    Some(Record {
        place,
        time,
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
        Place::Line { .. } => out.write_all(b"{\"topic\":null,\"partition\":null,\"offset\":null"),
    }
}

fn write_time(time: Option<Timestamp>, out: &mut impl Write) -> io::Result<()> {
    let Some(Timestamp { millis, clock }) = time else {
        return out.write_all(b",\"timestamp\":null,\"timestampType\":null");
    };
    write!(
        out,
        ",\"timestamp\":{millis},\"timestampType\":\"{}\"",
        clock_name(clock)
    )
}

fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::Create => "CreateTime",
        Clock::LogAppend => "LogAppendTime",
    }
}

/// A field of bytes: a text if it is one, else Base64.
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
        Some(json) if stands_for_itself(json) => {
            out.write_all(b"\"value\":")?;
            out.write_all(json)
        }
        Some(bytes) => write!(out, "\"valueBase64\":\"{}\"", BASE64.encode(bytes)),
    }
}

/// Whether a payload can be written as it is and be read back exactly.
fn stands_for_itself(payload: &[u8]) -> bool {
    payload != b"null"
        && payload.trim_ascii().len() == payload.len()
        && memchr::memchr2(b'\n', b'\r', payload).is_none()
        && json::check(payload).is_ok()
}
