//! Cursor over the primitive types of Kafka's protocol. Each read returns `None` if the bytes are too short or malformed.

/// Cursor over a request or response.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Since KIP-482 (flexible versions) lengths are varints plus one, and structures end with tagged fields.
    is_flexible: bool,
}

impl<'a> Reader<'a> {
    /// A cursor at the first byte, with the encoding before KIP-482.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            rest: bytes,
            is_flexible: false,
        }
    }

    /// The same place, with the encoding of flexible versions or the one before.
    #[must_use]
    pub fn flexible(self, is_flexible: bool) -> Reader<'a> {
        Reader {
            is_flexible,
            ..self
        }
    }

    /// The number of bytes after the cursor.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    fn skip(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// An 8-bit integer.
    pub fn i8(&mut self) -> Option<i8> {
        self.take().map(i8::from_be_bytes)
    }

    /// A 16-bit integer.
    pub fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    /// A 32-bit integer.
    pub fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    /// A 64-bit integer.
    pub fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    /// An unsigned varint of at most 32 bits.
    fn varint(&mut self) -> Option<u32> {
        let mut value = 0_u32;
        for shift in (0..35).step_by(7) {
            let [byte] = self.take()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The length before an array; a null array is empty.
    pub fn count(&mut self) -> Option<usize> {
        if self.is_flexible {
            return Some(usize::try_from(self.varint()?).ok()?.saturating_sub(1));
        }
        match self.i32()? {
            -1 => Some(0),
            count => usize::try_from(count).ok(),
        }
    }

    /// A string's bytes; a null string is read as an empty string.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = if self.is_flexible {
            usize::try_from(self.varint()?).ok()?.saturating_sub(1)
        } else {
            usize::try_from(self.i16()?).unwrap_or(0)
        };
        self.skip(length)
    }

    /// A string; a null string is read as an empty string.
    pub fn string(&mut self) -> Option<String> {
        let text = self.text()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// A byte string; null is read as an empty one.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.skip(length)
    }

    /// The tagged fields at the end of a structure; nothing before KIP-482.
    pub fn skip_tags(&mut self) -> Option<()> {
        if !self.is_flexible {
            return Some(());
        }
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()?;
            self.skip(usize::try_from(length).ok()?)?;
        }
        Some(())
    }
}
