//! Streaming `_id` scanner for documents of megabytes, so that they need no memory.

/// A document with a longer id counts as one without an id.
const MAX_ID_BYTES: usize = 1 << 20;

/// The state between two parts of a document.
#[derive(Default)]
pub struct IdScanner {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The part of the outermost object's current member.
    part: MemberPart,
    key: Vec<u8>,
    id: Vec<u8>,
    complete: bool,
}

#[derive(Default, PartialEq, Eq)]
enum MemberPart {
    #[default]
    Key,
    /// The value of `_id`.
    Wanted,
    Other,
}

impl IdScanner {
    /// Scans the next bytes.
    pub fn scan(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.complete {
                return;
            }
            self.byte(*byte);
        }
    }

    /// The raw id, after the whole document was scanned.
    #[must_use]
    pub fn id(&self) -> Option<Vec<u8>> {
        (self.complete && self.id.len() < MAX_ID_BYTES).then(|| self.id.trim_ascii().to_vec())
    }

    fn byte(&mut self, byte: u8) {
        let outermost = self.depth == 1 && !self.in_string;
        match byte {
            b':' if outermost => return self.begin_value(),
            b',' | b'}' if outermost => return self.end_member(byte),
            _ => {}
        }
        match self.part {
            MemberPart::Key if self.depth == 1 => push_bounded(&mut self.key, byte),
            MemberPart::Wanted => push_bounded(&mut self.id, byte),
            _ => {}
        }
        self.next_byte(byte);
    }

    fn next_byte(&mut self, byte: u8) {
        if self.in_string {
            let quote = byte == b'"' && !self.escaped;
            self.in_string = !quote;
            self.escaped = byte == b'\\' && !self.escaped;
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn begin_value(&mut self) {
        self.part = if crate::json::eq_str(self.key.trim_ascii(), "_id") {
            MemberPart::Wanted
        } else {
            MemberPart::Other
        };
    }

    fn end_member(&mut self, byte: u8) {
        self.complete = self.part == MemberPart::Wanted;
        self.part = MemberPart::Key;
        self.key.clear();
        self.depth -= usize::from(byte == b'}');
    }
}

fn push_bounded(into: &mut Vec<u8>, byte: u8) {
    if into.len() < MAX_ID_BYTES {
        into.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::IdScanner;

    #[test]
    fn the_id_is_found_at_any_place() {
        for (document, expected) in [
            (r#"{"_id":"a\"}","x":1}"#, Some(r#""a\"}""#)),
            (
                r#"{"x":{"_id":1},"y":["_id",{"_id":2}], "_id" : {"a":[1,"}"]} }"#,
                Some(r#"{"a":[1,"}"]}"#),
            ),
            (r#"{"\u005fid":7}"#, Some("7")),
            (r#"{"a":"_id","b":1}"#, None),
            (r#"{"a":"\\","_id":true}"#, Some("true")),
            ("{}", None),
            (r#"{"_id":1,"_id":2}"#, Some("1")),
        ] {
            for size in [1, 3, 1000] {
                let mut scanner = IdScanner::default();
                document
                    .as_bytes()
                    .chunks(size)
                    .for_each(|part| scanner.scan(part));
                let id = scanner.id();
                assert_eq!(id.as_deref(), expected.map(str::as_bytes), "{document}");
            }
        }
    }
}
