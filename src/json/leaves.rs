//! The keys and scalars of a value. For valid JSON; the result for other bytes is undefined, but never a panic.

use super::skip::{scalar_end, separators, string};

/// A key, a string, a number or a literal at any depth of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// Raw JSON; keys and strings have their quotes.
    pub raw: &'a [u8],
    /// Offset of the byte after it.
    pub end: usize,
    /// Whether it is a string with an escape.
    pub is_escaped: bool,
}

/// The keys and scalars of a value, in the order of its bytes.
pub fn leaves(json: &[u8]) -> impl Iterator<Item = Leaf<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = brackets_and_separators(json, at);
        let (end, is_escaped) = match json.get(start)? {
            b'"' => string(json, start)?,
            _ => (scalar_end(json, start), false),
        };
        at = end;
        let raw = json.get(start..end)?;
        Some(Leaf {
            raw,
            end,
            is_escaped,
        })
    })
}

/// The offset of the next key or scalar.
fn brackets_and_separators(json: &[u8], from: usize) -> usize {
    let mut at = separators(json, from);
    while matches!(json.get(at), Some(b'{' | b'[' | b'}' | b']')) {
        at = separators(json, at + 1);
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::leaves;

    fn texts(json: &str) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        leaves(json.as_bytes()).map(|leaf| text(leaf.raw)).collect()
    }

    #[test]
    fn keys_and_scalars_of_every_depth() {
        for (json, expected) in [
            ("7", &["7"][..]),
            (" null ", &["null"]),
            ("[]", &[]),
            ("{ }", &[]),
            (
                r#"{"a":[1,{"b\"]":true}],"c":{},"":"{,"}"#,
                &["\"a\"", "1", r#""b\"]""#, "true", "\"c\"", "\"\"", "\"{,\""],
            ),
            ("[[[-1.5e3 , \n\"x\"]] ]", &["-1.5e3", "\"x\""]),
            ("\"open", &[]),
            ("", &[]),
        ] {
            assert_eq!(texts(json), expected, "{json}");
        }
    }

    #[test]
    fn ends_and_escapes() {
        let found: Vec<_> = leaves(br#"{"a":"\n","b":12}"#)
            .map(|leaf| (leaf.end, leaf.is_escaped))
            .collect();
        assert_eq!(found, [(4, false), (9, true), (13, false), (16, false)]);
    }

    proptest! {
        #[test]
        fn noise_is_nonsense_or_less(bytes in crate::json::tests::mutated()) {
            prop_assert!(leaves(&bytes).count() <= bytes.len());
        }
    }
}
