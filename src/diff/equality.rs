//! Semantic equality of values on tapes: ignores the order of keys and the spelling of numbers and strings.

use super::hash::Key;
use super::members::Members;
use super::tape::{At, NodeRef, Tape, ValueType};
use crate::json::{Decimal, Exponent, decimal, eq_numbers, eq_unescaped, is_canonical, unescaped};

/// Which spellings distinguish values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// None: `1` is `1.0`.
    Any,
    /// That of numbers: `1` is not `1.0`. Escapes in strings make no difference.
    Numbers,
}

/// Whether two values are equal. Recursion is bounded: a tape is at most 128 levels deep.
pub(super) fn same(
    old: NodeRef<'_, '_>,
    new: NodeRef<'_, '_>,
    spelling: Spelling,
    key: Key,
) -> bool {
    if old.raw() == new.raw() {
        return true;
    }
    match (old.kind(), new.kind()) {
        (ValueType::Object, ValueType::Object) => same_objects(old, new, spelling, key),
        (ValueType::Array, ValueType::Array) => {
            let (mut olds, mut news) = (old.elements(), new.elements());
            loop {
                match (olds.next(), news.next()) {
                    (Some(old), Some(new)) if same(old, new, spelling, key) => {}
                    (None, None) => return true,
                    _ => return false,
                }
            }
        }
        kinds => same_leaves((old.raw(), kinds.0), (new.raw(), kinds.1), spelling),
    }
}

/// Whether two raw values at a depth are equal. Only containers with different bytes need tapes.
pub(super) fn same_values(old: &[u8], new: &[u8], depth: usize, key: Key) -> bool {
    if old == new {
        return true;
    }
    let kinds = (
        ValueType::classify_at(depth, old),
        ValueType::classify_at(depth, new),
    );
    if kinds.0 != kinds.1 || !matches!(kinds.0, ValueType::Array | ValueType::Object) {
        return same_leaves((old, kinds.0), (new, kinds.1), Spelling::Any);
    }
    // In canonical form, equal values have the same checksum.
    if unordered_checksum(old) != unordered_checksum(new) && is_canonical(old) && is_canonical(new)
    {
        return false;
    }
    let (old, new) = (Tape::at_depth(depth, old), Tape::at_depth(depth, new));
    let (old, new) = (old.root(), new.root());
    same(old, new, Spelling::Any, key)
}

/// A checksum that does not depend on the order of bytes, and therefore not on the order of keys.
pub(super) fn unordered_checksum(raw: &[u8]) -> u32 {
    let squares = raw.iter().map(|byte| u32::from(*byte) * u32::from(*byte));
    squares.fold(0, u32::wrapping_add)
}

/// A raw value with its type.
pub(super) type Typed<'a> = (&'a [u8], ValueType);

/// Whether two values that are unequal byte by byte and compared as a whole are equal.
pub(super) fn same_leaves(old: Typed<'_>, new: Typed<'_>, spelling: Spelling) -> bool {
    match (old.1, new.1) {
        (ValueType::String, ValueType::String) => eq_unescaped(old.0, new.0),
        (ValueType::Number, ValueType::Number) => {
            spelling == Spelling::Any && eq_numbers(old.0, new.0)
        }
        _ => false,
    }
}

/// Compares objects by key. If a key occurs twice, which readers interpret differently, they are compared member by
/// member in order.
fn same_objects(old: NodeRef<'_, '_>, new: NodeRef<'_, '_>, spelling: Spelling, key: Key) -> bool {
    let (olds, news) = (Members::new(old), Members::new(new));
    if olds.all.len() != news.all.len() {
        return false;
    }
    let value_same = |(one, other): (At, At)| {
        same(
            NodeRef::new(old.tape, one),
            NodeRef::new(new.tape, other),
            spelling,
            key,
        )
    };
    if olds.has_key_order_of(&news) {
        let pairs = olds.all.iter().zip(&news.all);
        return pairs.map(|(old, new)| (old.1, new.1)).all(value_same);
    }
    let Some(matches) = olds.match_keys(&news, key) else {
        return false;
    };
    let pairs = olds.all.iter().zip(matches.of_old);
    pairs
        .map(|(old, new)| Some((old.1, news.all.get(new?)?.1)))
        .all(|pair| pair.is_some_and(value_same))
}

/// A hash that is equal for values that are equal in [`Spelling::Any`]. Cached in the tape if its cache is on.
pub(super) fn canonical_hash(node: NodeRef<'_, '_>, key: Key) -> u64 {
    let cached = node.tape.hash(node.at);
    if let Some(hash) = cached.map(std::cell::Cell::get).filter(|hash| *hash != 0) {
        return hash;
    }
    let hash = match node.kind() {
        ValueType::Object => object_hash(node, key),
        ValueType::Array => node.elements().fold(1, |hash, element| {
            key.then(hash, canonical_hash(element, key))
        }),
        kind => leaf_hash(node.raw(), kind, key),
    };
    if let Some(cached) = cached {
        cached.set(hash);
    }
    hash
}

/// The canonical hash of a raw value at a depth.
pub(super) fn canonical_hash_of(raw: &[u8], depth: usize, key: Key) -> u64 {
    match ValueType::classify_at(depth, raw) {
        ValueType::Array | ValueType::Object => {
            canonical_hash(NodeRef::new(&Tape::at_depth(depth, raw), Tape::ROOT), key)
        }
        kind => leaf_hash(raw, kind, key),
    }
}

fn leaf_hash(raw: &[u8], kind: ValueType, key: Key) -> u64 {
    match kind {
        ValueType::String => key.then(2, key.bytes(&unescaped(raw))),
        ValueType::Number => number_hash(&decimal(raw), key),
        _ => key.then(3, key.bytes(raw)),
    }
}

/// A sum, because the order of keys does not matter.
fn object_hash(node: NodeRef<'_, '_>, key: Key) -> u64 {
    let members = node.tape.members(node.at).map(|(name, value)| {
        let name = key.bytes(&unescaped(node.tape.raw(name)));
        key.then(name, canonical_hash(NodeRef::new(node.tape, value), key))
    });
    members.fold(4, u64::wrapping_add)
}

fn number_hash(number: &Decimal<'_>, key: Key) -> u64 {
    let exponent = match &number.exponent {
        Exponent::Small(size) => key.bytes(&size.to_le_bytes()),
        Exponent::Huge { negative, digits } => key.then(u64::from(*negative), key.bytes(digits)),
    };
    let digits = key.bytes(&number.digits);
    key.then(key.then(u64::from(number.negative), digits), exponent)
}

/// Whether at least half of the fields of two objects agree, or of the elements of two arrays.
pub(super) fn half_agree(old: NodeRef<'_, '_>, new: NodeRef<'_, '_>, key: Key) -> bool {
    let agree = |old, new| same(old, new, Spelling::Any, key);
    if old.kind() == ValueType::Array {
        let longer = old.elements().count().max(new.elements().count());
        let pairs = old.elements().zip(new.elements());
        return pairs.filter(|(old, new)| agree(*old, *new)).count() * 2 >= longer;
    }
    let (olds, news) = (Members::new(old), Members::new(new));
    let Some(matches) = olds.match_keys(&news, key) else {
        return false;
    };
    let pairs = olds.all.iter().zip(&matches.of_old);
    let agreeing = pairs.filter(|((_, value), partner)| {
        let partner = partner.and_then(|at| news.all.get(at));
        partner.is_some_and(|(_, other)| {
            agree(
                NodeRef::new(old.tape, *value),
                NodeRef::new(new.tape, *other),
            )
        })
    });
    agreeing.count() * 2 >= olds.all.len().max(news.all.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sameness() {
        let check = |one: &str, other: &str, any: bool, numbers: bool| {
            let (old, new) = (Tape::new(one.as_bytes()), Tape::new(other.as_bytes()));
            let (old, new) = (old.root(), new.root());
            let key = Key::per_process();
            assert_eq!(same(old, new, Spelling::Any, key), any, "{one} {other}");
            assert_eq!(
                same(old, new, Spelling::Numbers, key),
                numbers,
                "{one} {other}"
            );
            if any {
                assert_eq!(
                    canonical_hash(old, key),
                    canonical_hash(new, key),
                    "{one} {other}"
                );
            }
        };
        check("1", "1.0", true, false);
        check(r#""a""#, r#""\u0061""#, true, true);
        check(r#""xa""#, r#""x\u0061""#, true, true);
        check(r#""\u00e9""#, r#""\u00E9""#, true, true);
        check(r#""\ud83d\ude00""#, r#""\uD83D\uDE00""#, true, true);
        check(r#""\ud83d\ude00""#, r#""\ud83d\ude01""#, false, false);
        check(r#""a\nb""#, r#""a\nc""#, false, false);
        check(r#""a\n""#, r#""a\u000a""#, true, true);
        check(r#""a""#, r#""ab""#, false, false);
        check(r#""aé""#, r#""aè""#, false, false);
        check(r#""\ud800""#, r#""\\ud800""#, false, false);
        check(r#"{"a":1,"b":[1,2]}"#, r#"{"b":[ 1, 2],"a":1}"#, true, true);
        check(
            r#"{"a":1,"b":[1,2]}"#,
            r#"{"b":[1,2e0],"a":1}"#,
            true,
            false,
        );
        check(r#"{"\u0061":1}"#, r#"{"a":1}"#, true, true);
        check(r#"{"a":1,"a":2}"#, r#"{"a":1, "a":2}"#, true, true);
        check(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#, false, false);
        check(
            r#"{"a":1,"a":2,"b":3}"#,
            r#"{"b":3,"a":1,"a":2}"#,
            false,
            false,
        );
        check(r#"{"a":1,"b":1}"#, r#"{"a":1,"c":1}"#, false, false);
        check("[1,2]", "[2,1]", false, false);
        check("[1]", "[1,1]", false, false);
        check("[]", "{}", false, false);
        check("[ ]", "[]", true, true);
        check("null", "false", false, false);
        check("0", "\"0\"", false, false);
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(200), "]".repeat(200));
        check(&deep("1"), &deep("1"), true, true);
        check(&deep("1"), &deep("1.0"), false, false);
    }
}
