//! Number of distinct ids: exact up to a bound, an estimate beyond it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::sample::Sample;
use crate::json::{raw_body, unquote};
use crate::snapshot::document_id::DocumentId;

/// Number of ids that are counted exactly.
pub const MAX_EXACT: usize = 750_000;

/// The ids of a collection, as hashes of 64 bits: two of a million ids have the same one with a probability of 1 to 30 million.
#[derive(Debug, Default)]
pub struct DistinctIds {
    sample: Sample<()>,
}

impl DistinctIds {
    /// Adds an id, raw JSON. Two spellings of one id count once.
    pub fn add(&mut self, raw: &[u8]) {
        self.sample.add(document_hash(None, raw));
        while self.sample.len() > MAX_EXACT {
            self.sample.halve();
        }
    }

    /// The number of ids.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.sample.count()
    }

    /// Whether the number is exact, and not an estimate.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.sample.is_exact()
    }
}

/// A hash of a document's collection and id, the same in every run. Two spellings of one id have the same one.
pub(super) fn document_hash(collection: Option<&str>, id: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    collection.hash(&mut hasher);
    match raw_body(id) {
        // The common case, without a copy.
        Some(body) if !body.contains(&b'\\') => text_hash(body, &mut hasher),
        Some(_) => match unquote(id) {
            Some(text) => text_hash(text.as_bytes(), &mut hasher),
            None => id.hash(&mut hasher),
        },
        None => match DocumentId::parse(id) {
            Some(id) => id.hash(&mut hasher),
            None => id.hash(&mut hasher),
        },
    }
    hasher.finish()
}

fn text_hash(text: &[u8], hasher: &mut DefaultHasher) {
    b'"'.hash(hasher);
    text.hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::document_hash;

    #[test]
    fn two_spellings_of_an_id_are_one_document() {
        let hash = |collection: &str, id: &str| document_hash(Some(collection), id.as_bytes());
        for (one, other, is_same) in [
            (r#""a""#, r#""\u0061""#, true),
            (r#"{"a":1,"b":2}"#, r#"{ "b":2, "a":1 }"#, true),
            ("7", r#""7""#, false),
            ("[1]", "[1,2]", false),
            (r#""a""#, r#""b""#, false),
        ] {
            assert_eq!(hash("c", one) == hash("c", other), is_same, "{one} {other}");
        }
        assert_ne!(hash("c", "1"), hash("d", "1"));
        assert_ne!(document_hash(None, b"1"), hash("", "1"));
    }
}
