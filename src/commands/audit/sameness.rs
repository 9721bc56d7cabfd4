//! Whether two documents have the same content.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::diff::{Change, ChangeKind, Diff, Options};

/// How two documents relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sameness {
    /// The same JSON value. The order of keys and the spelling of numbers do not matter.
    Equal,
    /// The same, except that the stream writes bytes in Base64, and the HTTP API as an array of numbers.
    EqualExceptBytes,
    Different,
}

impl Sameness {
    pub fn of(one: &[u8], other: &[u8]) -> Sameness {
        if one == other {
            return Sameness::Equal;
        }
        let diff = Diff::between(one, other, &Options::default());
        if diff.is_empty(false) {
            return Sameness::Equal;
        }
        if diff.changes.iter().all(changes_nothing) {
            return Sameness::EqualExceptBytes;
        }
        Sameness::Different
    }

    /// How two versions relate, of which either may be a missing document.
    pub fn of_versions(one: Option<&[u8]>, other: Option<&[u8]>) -> Sameness {
        match (one, other) {
            (None, None) => Sameness::Equal,
            (Some(one), Some(other)) => Sameness::of(one, other),
            _ => Sameness::Different,
        }
    }

    pub fn is_equal(self) -> bool {
        self != Sameness::Different
    }
}

/// Whether a change is only one of spelling.
fn changes_nothing(change: &Change<'_>) -> bool {
    match (change.kind, change.old, change.new) {
        (ChangeKind::Respelled, ..) => true,
        (ChangeKind::Changed, Some(old), Some(new)) => {
            is_same_bytes(old, new) || is_same_bytes(new, old)
        }
        _ => false,
    }
}

/// Whether a string is the Base64 of an array of bytes.
fn is_same_bytes(string: &[u8], array: &[u8]) -> bool {
    let text: Option<String> = serde_json::from_slice(string).ok();
    let bytes: Option<Vec<u8>> = serde_json::from_slice(array).ok();
    match (text, bytes) {
        (Some(text), Some(bytes)) => STANDARD.decode(text).is_ok_and(|decoded| decoded == bytes),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_no_difference_and_content_is() {
        use Sameness::{Different, Equal, EqualExceptBytes};
        for (one, other, expected) in [
            (r#"{"a":1,"b":2}"#, r#"{"b":2.0, "a":1e0}"#, Equal),
            (r#"{"a":"A"}"#, r#"{"a":"A"}"#, Equal),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, Different),
            (r#"{"a":null}"#, r"{}", Different),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, Different),
            (
                r#"{"a":9007199254740993}"#,
                r#"{"a":9007199254740992}"#,
                Different,
            ),
            (r#"{"a":"AQI="}"#, r#"{"a":[1,2]}"#, EqualExceptBytes),
            (
                r#"{"b":{"a":[1,2]},"c":1.0}"#,
                r#"{"b":{"a":"AQI="},"c":1}"#,
                EqualExceptBytes,
            ),
            (r#"{"a":"AQI="}"#, r#"{"a":[1,3]}"#, Different),
            (r#"{"a":"AQI=","b":1}"#, r#"{"a":[1,2],"b":2}"#, Different),
            (r#"{"a":"AQI"}"#, r#"{"a":[1,2]}"#, Different),
            (r#"{"a":"AQI="}"#, r#"{"a":[1,258]}"#, Different),
        ] {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            assert_eq!(Sameness::of(one, other), expected, "{one:?} {other:?}");
            assert_eq!(Sameness::of(other, one), expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn a_missing_document_equals_only_another() {
        let document = br#"{"_id":1}"#.as_slice();
        assert!(Sameness::of_versions(None, None).is_equal());
        assert!(Sameness::of_versions(Some(document), Some(document)).is_equal());
        assert!(!Sameness::of_versions(Some(document), None).is_equal());
        assert!(!Sameness::of_versions(None, Some(document)).is_equal());
    }
}
