//! Reading a line of the capture format from left to right.
//! What the fields mean, and how they are written, is in `mod.rs`.

use std::borrow::Cow;

use base64::Engine as _;

use super::{BASE64, clock_name};
use crate::json::{occurs, says, string_end, unquote};
use crate::record::{Clock, Header, Place, Timestamp};

/// What is left of a line. Blanks between tokens are skipped, so that lines which another program rewrote fit too.
pub(super) struct Cursor<'a> {
    pub rest: &'a [u8],
}

#[expect(
    clippy::option_option,
    reason = "not this format, null, and something are three answers"
)]
impl<'a> Cursor<'a> {
    pub fn byte(&mut self, byte: u8) -> Option<()> {
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
        (!occurs(string, |byte| byte < b' ')).then_some(string)
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let name = self.string()?;
        self.byte(b':')?;
        Some(name)
    }

    fn field(&mut self, name: &str) -> Option<()> {
        says(self.name()?, name).then_some(())
    }

    fn number(&mut self) -> Option<i64> {
        let text = self.rest.trim_ascii_start();
        let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        let length = text.iter().take_while(|byte| digit(byte)).count();
        let (digits, rest) = text.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Whether `null` stands here, and is taken.
    fn null(&mut self) -> bool {
        self.literal(b"null").is_some()
    }

    /// `None` where this is another format, `Some(None)` where the record carries no place.
    pub fn place(&mut self) -> Option<Option<Place<'a>>> {
        self.field("topic")?;
        if self.null() {
            self.literal(b",")?;
            self.field("partition")?;
            self.literal(b"null")?;
            self.byte(b',')?;
            self.field("offset")?;
            self.literal(b"null")?;
            self.byte(b',')?;
            return Some(None);
        }
        let Cow::Borrowed(topic) = unquote(self.string()?)? else {
            return None;
        };
        self.byte(b',')?;
        self.field("partition")?;
        let partition = i32::try_from(self.number()?).ok()?;
        self.byte(b',')?;
        self.field("offset")?;
        let offset = self.number()?;
        self.byte(b',')?;
        Some(Some(Place::Offset {
            topic,
            partition,
            offset,
        }))
    }

    pub fn time(&mut self) -> Option<Option<Timestamp>> {
        self.field("timestamp")?;
        let millis = if self.null() {
            None
        } else {
            Some(self.number()?)
        };
        self.byte(b',')?;
        self.field("timestampType")?;
        let Some(millis) = millis else {
            self.literal(b"null")?;
            self.byte(b',')?;
            return Some(None);
        };
        let name = self.string()?;
        let clock = [Clock::Create, Clock::LogAppend]
            .into_iter()
            .find(|clock| says(name, clock_name(*clock)))?;
        self.byte(b',')?;
        Some(Some(Timestamp { millis, clock }))
    }

    /// A field of bytes under either of its names.
    pub fn bytes(&mut self, plain: &str, base64: &str) -> Option<Option<Cow<'a, [u8]>>> {
        let name = self.name()?;
        if says(name, plain) && self.null() {
            return Some(None);
        }
        let text = self.string()?;
        if says(name, base64) {
            decoded(text).map(Some)
        } else {
            says(name, plain).then(|| plain_bytes(text))
        }
    }

    pub fn headers(&mut self) -> Option<Vec<Header<'a>>> {
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
    pub fn payload(&mut self) -> Option<Option<Cow<'a, [u8]>>> {
        let name = self.name()?;
        let value = self.rest.trim_ascii().strip_suffix(b"}")?.trim_ascii();
        if says(name, "valueBase64") {
            return decoded(value).map(Some);
        }
        match value {
            b"" => None,
            b"null" => says(name, "value").then_some(None),
            json => says(name, "value").then_some(Some(Cow::Borrowed(json))),
        }
    }
}

/// The bytes of a text; `None` where it is not UTF-8.
fn plain_bytes(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    unquote(raw).map(|text| match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

fn decoded(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    BASE64.decode(text).ok().map(Cow::Owned)
}
