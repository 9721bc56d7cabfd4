//! Records as JSON objects of kcat, rpk and kcl, and capture lines whose fields another program reordered.
//!
//! The payload is a string in `payload` or `value`. A format is recognised by its fields: topic, partition and offset
//! are required, and a field that no format has, such as those of an event, makes the object a payload itself.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::format::{clock_of, decode_base64, place};
use crate::json::{self, Visitor, eq_str, unquote};
use crate::record::{Clock, Header, Place, Record, Timestamp};

/// Parses an object; `None` if it is not such a record. `here` is the place of a record without a topic.
pub(super) fn read<'a>(object: &'a [u8], here: Place<'a>) -> Option<Record<'a>> {
    let mut fields = Fields::default();
    let flow = json::visit(object, &mut fields).ok()?;
    flow.is_continue().then(|| fields.record(here)).flatten()
}

/// Whether an object can be such a record: its first field is not one of an event.
pub(super) fn can_be(object: &[u8]) -> bool {
    let Some(key) = object.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else {
        return false;
    };
    match key {
        [b'"', b't', second, ..] => matches!(second, b'o' | b's' | b'i'),
        [b'"', first, ..] => matches!(first, b'b' | b'd' | b'h' | b'k' | b'l' | b'o' | b'p' | b'v'),
        _ => false,
    }
}

/// The raw values of the known fields.
#[derive(Default)]
struct Fields<'a> {
    topic: Option<&'a [u8]>,
    partition: Option<&'a [u8]>,
    offset: Option<&'a [u8]>,
    millis: Option<&'a [u8]>,
    clock: Option<&'a [u8]>,
    epoch: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
    key_base64: Option<&'a [u8]>,
    headers: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    value_base64: Option<&'a [u8]>,
    /// The fields are those of the capture format, where `value` is the payload itself.
    is_own: bool,
    /// kcat's field for the payload, which it never leaves out.
    has_payload: bool,
}

impl<'a> Visitor<'a> for Fields<'a> {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        let Some(name) = unquote(key) else {
            return ControlFlow::Break(());
        };
        let place = match name.as_ref() {
            "topic" => &mut self.topic,
            "partition" => &mut self.partition,
            "offset" => &mut self.offset,
            "ts" | "timestamp" => &mut self.millis,
            "tstype" => &mut self.clock,
            "timestampType" => {
                self.is_own = true;
                &mut self.clock
            }
            "leader_epoch" | "leaderEpoch" => &mut self.epoch,
            "key" => &mut self.key,
            "key_base64" | "keyBase64" => &mut self.key_base64,
            "headers" => &mut self.headers,
            "payload" => {
                self.has_payload = true;
                &mut self.value
            }
            "value" => &mut self.value,
            "value_base64" | "valueBase64" => &mut self.value_base64,
            // The broker's id, ids of schemas and the number of deliveries have no place in a record.
            "broker" | "key_schema_id" | "value_schema_id" | "delivery_count" => {
                return ControlFlow::Continue(());
            }
            _ => return ControlFlow::Break(()),
        };
        if place.replace(value).is_some() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

impl<'a> Fields<'a> {
    fn record(&self, here: Place<'a>) -> Option<Record<'a>> {
        Some(Record {
            place: self.place(here)?,
            time: self.time()?,
            leader_epoch: self.leader_epoch()?,
            key: bytes(self.key, self.key_base64)?,
            headers: self.headers.map_or(Some(Vec::new()), headers)?,
            payload: self.payload()?,
        })
    }

    fn place(&self, here: Place<'a>) -> Option<Place<'a>> {
        let topic = match self.topic? {
            b"null" if self.is_own => None,
            raw => match unquote(raw)? {
                Cow::Borrowed(topic) => Some(topic),
                Cow::Owned(_) => return None,
            },
        };
        let partition = match self.number(self.partition?)? {
            Some(number) => Some(i32::try_from(number).ok()?),
            None => None,
        };
        place(topic, partition, self.number(self.offset?)?, here)
    }

    #[expect(
        clippy::option_option,
        reason = "another format, null and a value are three results"
    )]
    fn number(&self, raw: &[u8]) -> Option<Option<i64>> {
        if raw == b"null" && self.is_own {
            return Some(None);
        }
        number(raw).map(Some)
    }

    #[expect(
        clippy::option_option,
        reason = "another format, no time and a time are three results"
    )]
    fn time(&self) -> Option<Option<Timestamp>> {
        let clock = match self.clock {
            None | Some(b"null") => Clock::Unknown,
            Some(raw) if self.is_own => clock_of(raw)?,
            Some(raw) if eq_str(raw, "create") => Clock::Create,
            Some(raw) if eq_str(raw, "logappend") => Clock::LogAppend,
            Some(_) => Clock::Unknown,
        };
        match self.millis {
            None | Some(b"null") => Some(None),
            Some(raw) => {
                let millis = number(raw)?;
                Some(Some(Timestamp { millis, clock }))
            }
        }
    }

    #[expect(
        clippy::option_option,
        reason = "another format, no epoch and an epoch are three results"
    )]
    fn leader_epoch(&self) -> Option<Option<i32>> {
        let Some(raw) = self.epoch else {
            return Some(None);
        };
        let epoch = i32::try_from(number(raw)?).ok()?;
        // kcl writes -1 if the epoch is unknown.
        Some((epoch >= 0 || self.is_own).then_some(epoch))
    }

    /// rpk leaves out the value of a tombstone, but not its timestamp. Without both, the object is something else.
    #[expect(
        clippy::option_option,
        reason = "another format, null and a value are three results"
    )]
    fn payload(&self) -> Option<Option<Cow<'a, [u8]>>> {
        match (self.value, self.value_base64) {
            (Some(json), None) if self.is_own => {
                Some((json != b"null").then_some(Cow::Borrowed(json)))
            }
            (None, None) => (self.millis.is_some() && !self.is_own).then_some(None),
            (value, base64) => bytes(value, base64),
        }
    }
}

/// Bytes as a string, as JSON that a tool decoded, or as Base64; a missing field is null.
#[expect(
    clippy::option_option,
    reason = "another format, null and a value are three results"
)]
fn bytes<'a>(plain: Option<&'a [u8]>, base64: Option<&'a [u8]>) -> Option<Option<Cow<'a, [u8]>>> {
    match (plain, base64) {
        (None | Some(b"null"), None) => Some(None),
        (None, Some(base64)) => decode_base64(base64).map(Some),
        (Some(raw), None) if raw.starts_with(b"\"") => super::format::plain_bytes(raw).map(Some),
        (Some(json), None) => Some(Some(Cow::Borrowed(json))),
        (Some(_), Some(_)) => None,
    }
}

fn number(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// Headers of all formats: names and values in one array, objects in an array, or lists of values by name.
fn headers(raw: &[u8]) -> Option<Vec<Header<'_>>> {
    match raw.first()? {
        b'n' => Some(Vec::new()),
        b'{' => named_lists(raw),
        b'[' if json::elements(raw)
            .next()
            .is_some_and(|first| first.starts_with(b"{")) =>
        {
            json::elements(raw).map(header_object).collect()
        }
        b'[' => flat_pairs(raw),
        _ => None,
    }
}

/// kcat's array of names and values in turn.
fn flat_pairs(array: &[u8]) -> Option<Vec<Header<'_>>> {
    let mut elements = json::elements(array);
    let mut headers = Vec::new();
    while let Some(name) = elements.next() {
        headers.push(header(name, elements.next()?)?);
    }
    Some(headers)
}

/// kcat's object, in which each name has an array of values.
fn named_lists(object: &[u8]) -> Option<Vec<Header<'_>>> {
    let mut headers = Vec::new();
    for (name, values) in json::fields(object) {
        values.strip_prefix(b"[")?;
        for value in json::elements(values) {
            headers.push(header(name, value)?);
        }
    }
    Some(headers)
}

fn header<'a>(name: &'a [u8], value: &'a [u8]) -> Option<Header<'a>> {
    Some(Header {
        name: unquote(name)?,
        value: bytes(Some(value), None)?,
    })
}

/// The objects of rpk, kcl and the capture format.
fn header_object(object: &[u8]) -> Option<Header<'_>> {
    object.strip_prefix(b"{")?;
    let (mut name, mut value, mut base64) = (None, None, None);
    for (key, field) in json::fields(object) {
        match unquote(key)?.as_ref() {
            "key" | "name" => name = Some(field),
            "value" => value = Some(field),
            "value_base64" | "valueBase64" => base64 = Some(field),
            _ => return None,
        }
    }
    Some(Header {
        name: unquote(name?)?,
        value: bytes(value, base64)?,
    })
}

#[cfg(test)]
#[path = "tests/tool_json.rs"]
mod tests;
