//! UTF-16 to UTF-8 while reading. A lone surrogate becomes the three bytes of WTF-8, which no check takes for valid text.

use std::io::{self, Read};

use super::read::read;

/// Size of a read in bytes.
const READ_BYTES: usize = 64 << 10;

/// A reader of UTF-8, from UTF-16 with or without byte order mark.
pub(super) struct Utf16Reader<R> {
    inner: R,
    big_endian: bool,
    input: Vec<u8>,
    /// A high surrogate whose other half was not read yet.
    high: Option<u16>,
    output: Vec<u8>,
    /// Start of the output that was not delivered yet.
    start: usize,
}

impl<R: Read> Utf16Reader<R> {
    /// Reads from the first byte, including a byte order mark.
    pub fn new(inner: R, big_endian: bool) -> Self {
        Utf16Reader {
            inner,
            big_endian,
            input: Vec::new(),
            high: None,
            output: Vec::new(),
            start: 0,
        }
    }

    /// Converts the next bytes; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let rest = self.input.len();
        self.input.resize(rest + READ_BYTES, 0);
        let room = self.input.get_mut(rest..).unwrap_or_default();
        let count = read(&mut self.inner, room);
        self.input.truncate(rest + *count.as_ref().unwrap_or(&0));
        let ended = count? == 0;
        self.output.clear();
        self.start = 0;
        let even = self.input.len() & !1;
        let input = std::mem::take(&mut self.input);
        for pair in input.get(..even).unwrap_or_default().as_chunks::<2>().0 {
            let unit = if self.big_endian {
                u16::from_be_bytes(*pair)
            } else {
                u16::from_le_bytes(*pair)
            };
            self.push(unit);
        }
        self.input = input.get(even..).unwrap_or_default().to_vec();
        if ended {
            self.push_lone_high();
            // Half a unit at the end is not text.
            self.output.append(&mut self.input);
        }
        Ok(!ended || !self.output.is_empty())
    }

    fn push(&mut self, unit: u16) {
        if let (Some(high), 0xdc00..=0xdfff) = (self.high, unit) {
            self.high = None;
            let pair = char::decode_utf16([high, unit]).next();
            self.push_char(
                pair.and_then(Result::ok)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
            );
            return;
        }
        self.push_lone_high();
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            0xdc00..=0xdfff => self.push_surrogate(unit),
            _ => self.push_char(char::from_u32(u32::from(unit)).unwrap_or_default()),
        }
    }

    fn push_char(&mut self, c: char) {
        self.output
            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn push_lone_high(&mut self) {
        if let Some(high) = self.high.take() {
            self.push_surrogate(high);
        }
    }

    fn push_surrogate(&mut self, unit: u16) {
        let low_bits = |shift: u16| (unit >> shift & 0x3f) as u8 | 0x80;
        self.output.extend([0xed, low_bits(6), low_bits(0)]);
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.start == self.output.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let ready = self.output.get(self.start..).unwrap_or_default();
        let count = ready.len().min(into.len());
        into.iter_mut()
            .zip(ready)
            .for_each(|(to, from)| *to = *from);
        self.start += count;
        Ok(count)
    }
}
