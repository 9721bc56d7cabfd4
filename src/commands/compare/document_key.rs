//! Ids as bytes that sort like the ids, so that an index compares bytes.

use crate::json::compact;
use crate::snapshot::document_id::{DocumentId, IdType};

/// The type of an id that Ditto does not accept, such as a float. It sorts last.
const FOREIGN: u8 = u8::MAX;
/// Makes a signed integer sort as an unsigned one.
const SIGN: u128 = 1 << 127;

/// Replaces `key` with the key of an id. Two spellings of one id have the same key; keys sort by type, then by value.
pub(super) fn write(raw_id: &[u8], key: &mut Vec<u8>) {
    key.clear();
    let Some(id) = DocumentId::parse(raw_id) else {
        key.push(FOREIGN);
        return key.extend_from_slice(&compact(raw_id, usize::MAX));
    };
    key.push(rank(id.id_type()));
    match &id {
        DocumentId::Boolean(value) => key.push(u8::from(*value)),
        DocumentId::Integer(value) => {
            key.extend_from_slice(&(value.cast_unsigned() ^ SIGN).to_be_bytes());
        }
        DocumentId::String(text) | DocumentId::Array(text) | DocumentId::Object(text) => {
            key.extend_from_slice(text.as_bytes());
        }
    }
}

/// The place of a type in the order of ids.
fn rank(id_type: IdType) -> u8 {
    IdType::ALL
        .iter()
        .zip(0..)
        .find_map(|(one, rank)| (*one == id_type).then_some(rank))
        .unwrap_or(FOREIGN)
}

#[cfg(test)]
mod tests {
    use super::write;

    fn key(raw: &str) -> Vec<u8> {
        let mut key = b"rest".to_vec();
        write(raw.as_bytes(), &mut key);
        key
    }

    #[test]
    fn keys_sort_like_ids() {
        let sorted = [
            "false",
            "true",
            "-170141183460469231731687303715884105728",
            "-2",
            "0",
            "7",
            "10",
            "\"\"",
            "\"10\"",
            "\"7\"",
            "\"a\"",
            "\"é\"",
            "[1]",
            "[2]",
            "{\"a\":1}",
            "{\"a\":{\"x\":1}}",
            "{\"b\":1}",
            "1.5",
            "null",
        ];
        let keys: Vec<Vec<u8>> = sorted.iter().map(|raw| key(raw)).collect();
        assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
    }

    #[test]
    fn spellings_of_one_id_are_one_key() {
        for (one, other) in [
            ("\"ab\"", "\"\\u0061b\""),
            ("{\"a\":1,\"b\":[2]}", "{ \"b\": [2], \"a\": 1 }"),
            ("[1, 2]", "[1,2]"),
            (" 7 ", "7"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        assert_ne!(key("7"), key("\"7\""));
        assert_ne!(key("[97]"), key("\"YQ==\""));
    }
}
