//! Finds the `_id` of a document that is too large to be held, while its bytes pass by.
//! Byte after byte: only documents of megabytes come here.

/// No id is longer; a document with a longer one counts as one without.
const LONGEST: usize = 1 << 20;

/// The state between two pieces of a document.
#[derive(Default)]
pub struct IdFinder {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// What of the outermost object's current member is being read.
    part: Part,
    key: Vec<u8>,
    id: Vec<u8>,
    found: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Part {
    #[default]
    Key,
    /// The value of `_id`.
    Wanted,
    Other,
}

impl IdFinder {
    /// Looks at the next bytes.
    pub fn look(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.found {
                return;
            }
            self.byte(*byte);
        }
    }

    /// The raw id, once the document has been seen.
    #[must_use]
    pub fn found(&self) -> Option<Vec<u8>> {
        (self.found && self.id.len() < LONGEST).then(|| self.id.trim_ascii().to_vec())
    }

    fn byte(&mut self, byte: u8) {
        let outermost = self.depth == 1 && !self.in_string;
        match byte {
            b':' if outermost => return self.begin_value(),
            b',' | b'}' if outermost => return self.end_member(byte),
            _ => {}
        }
        match self.part {
            Part::Key if self.depth == 1 => keep(&mut self.key, byte),
            Part::Wanted => keep(&mut self.id, byte),
            _ => {}
        }
        self.follow(byte);
    }

    fn follow(&mut self, byte: u8) {
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
        self.part = if crate::json::says(self.key.trim_ascii(), "_id") {
            Part::Wanted
        } else {
            Part::Other
        };
    }

    fn end_member(&mut self, byte: u8) {
        self.found = self.part == Part::Wanted;
        self.part = Part::Key;
        self.key.clear();
        self.depth -= usize::from(byte == b'}');
    }
}

fn keep(into: &mut Vec<u8>, byte: u8) {
    if into.len() < LONGEST {
        into.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::IdFinder;

    #[test]
    fn the_id_is_found_wherever_it_stands() {
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
                let mut finder = IdFinder::default();
                document
                    .as_bytes()
                    .chunks(size)
                    .for_each(|piece| finder.look(piece));
                let found = finder.found();
                assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{document}");
            }
        }
    }
}
