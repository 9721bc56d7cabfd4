//! When two values are the same: the order of keys and the spelling of numbers and texts do not matter.
//! Nothing is said about how values differ.

use super::hash::Key;
use super::members::Members;
use super::tape::{At, Kind, Tape};
use crate::json::{Decimal, Exponent, content, decimal, is_plain, occurs, same_texts};

/// How much of the spelling counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// None: `1` is `1.0`.
    Any,
    /// That of numbers: `1` is not `1.0`. Texts have one meaning however they are escaped.
    Numbers,
}

/// A value in its document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'t, 'a> {
    pub tape: &'t Tape<'a>,
    pub at: At,
}

impl<'t, 'a> Spot<'t, 'a> {
    pub fn new(tape: &'t Tape<'a>, at: At) -> Self {
        Spot { tape, at }
    }

    pub fn raw(self) -> &'a [u8] {
        self.tape.raw(self.at)
    }

    pub fn kind(self) -> Kind {
        self.tape.kind(self.at)
    }

    pub fn elements(self) -> impl Iterator<Item = Spot<'t, 'a>> {
        self.tape
            .elements(self.at)
            .map(move |at| Spot::new(self.tape, at))
    }
}

/// Whether two values are the same. Recursion ends: a tape is at most 128 levels deep.
pub(super) fn same(old: Spot<'_, '_>, new: Spot<'_, '_>, spelling: Spelling, key: Key) -> bool {
    if old.raw() == new.raw() {
        return true;
    }
    match (old.kind(), new.kind()) {
        (Kind::Object, Kind::Object) => same_objects(old, new, spelling, key),
        (Kind::Array, Kind::Array) => {
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

/// The same for values that lie in so many containers; only containers that are not equal byte by byte need tapes.
pub(super) fn same_values(old: &[u8], new: &[u8], depth: usize, key: Key) -> bool {
    if old == new {
        return true;
    }
    let kinds = (Kind::at(depth, old), Kind::at(depth, new));
    if kinds.0 != kinds.1 || !matches!(kinds.0, Kind::Array | Kind::Object) {
        return same_leaves((old, kinds.0), (new, kinds.1), Spelling::Any);
    }
    // Spelled in the usual way, what is the same is of the same parts.
    if weight(old) != weight(new) && is_plain(old) && is_plain(new) {
        return false;
    }
    let (old, new) = (Tape::below(depth, old), Tape::below(depth, new));
    let (old, new) = (Spot::new(&old, Tape::ROOT), Spot::new(&new, Tape::ROOT));
    same(old, new, Spelling::Any, key)
}

/// A number that is equal for containers of the same parts in any order, and rarely for others.
pub(super) fn weight(raw: &[u8]) -> u32 {
    let squares = raw.iter().map(|byte| u32::from(*byte) * u32::from(*byte));
    squares.fold(0, u32::wrapping_add)
}

/// A raw value and what it is.
pub(super) type Typed<'a> = (&'a [u8], Kind);

/// Whether two values that are not both taken apart, and not equal byte by byte, are the same.
pub(super) fn same_leaves(old: Typed<'_>, new: Typed<'_>, spelling: Spelling) -> bool {
    match (old.1, new.1) {
        (Kind::String, Kind::String) => same_texts(old.0, new.0),
        (Kind::Number, Kind::Number) => spelling == Spelling::Any && same_numbers(old.0, new.0),
        _ => false,
    }
}

fn same_numbers(old: &[u8], new: &[u8]) -> bool {
    old == new
        || (!(has_one_spelling(old) && has_one_spelling(new)) && decimal(old) == decimal(new))
}

/// Whether a number is spelled as most are: without an exponent, without zeros at the end of a fraction, and not as a
/// zero with a sign. Two of this kind are the same only byte by byte. Literals have one spelling, too.
pub(super) fn has_one_spelling(scalar: &[u8]) -> bool {
    match scalar.first() {
        Some(b'0'..=b'9' | b'-') => {}
        _ => return true,
    }
    let exponent = occurs(scalar, |byte| matches!(byte, b'e' | b'E'));
    let zeros = scalar.ends_with(b"0") && scalar.contains(&b'.');
    !(exponent || zeros || scalar.starts_with(b"-0"))
}

/// Where a key occurs twice, readers disagree on what the object says: it is the same only member by member in order.
fn same_objects(old: Spot<'_, '_>, new: Spot<'_, '_>, spelling: Spelling, key: Key) -> bool {
    let (olds, news) = (Members::of(old), Members::of(new));
    if olds.all.len() != news.all.len() {
        return false;
    }
    let value_same = |(one, other): (At, At)| {
        same(
            Spot::new(old.tape, one),
            Spot::new(new.tape, other),
            spelling,
            key,
        )
    };
    if olds.in_step_with(&news) {
        let pairs = olds.all.iter().zip(&news.all);
        return pairs.map(|(old, new)| (old.1, new.1)).all(value_same);
    }
    let Some(partners) = olds.partners(&news, key) else {
        return false;
    };
    let pairs = olds.all.iter().zip(partners.of_old);
    pairs
        .map(|(old, new)| Some((old.1, news.all.get(new?)?.1)))
        .all(|pair| pair.is_some_and(value_same))
}

/// A hash that is equal for values that are the same in [`Spelling::Any`]. Kept in the tape if that has room.
pub(super) fn meaning(spot: Spot<'_, '_>, key: Key) -> u64 {
    let kept = spot.tape.hash(spot.at);
    if let Some(hash) = kept.map(std::cell::Cell::get).filter(|hash| *hash != 0) {
        return hash;
    }
    let hash = match spot.kind() {
        Kind::Object => object_meaning(spot, key),
        Kind::Array => spot
            .elements()
            .fold(1, |hash, element| key.then(hash, meaning(element, key))),
        kind => leaf_meaning(spot.raw(), kind, key),
    };
    if let Some(kept) = kept {
        kept.set(hash);
    }
    hash
}

/// The same for a value that lies in so many containers.
pub(super) fn meaning_of(raw: &[u8], depth: usize, key: Key) -> u64 {
    match Kind::at(depth, raw) {
        Kind::Array | Kind::Object => meaning(Spot::new(&Tape::below(depth, raw), Tape::ROOT), key),
        kind => leaf_meaning(raw, kind, key),
    }
}

fn leaf_meaning(raw: &[u8], kind: Kind, key: Key) -> u64 {
    match kind {
        Kind::String => key.then(2, key.bytes(&content(raw))),
        Kind::Number => number_meaning(&decimal(raw), key),
        _ => key.then(3, key.bytes(raw)),
    }
}

/// A sum, since the order of keys does not matter.
fn object_meaning(spot: Spot<'_, '_>, key: Key) -> u64 {
    let members = spot.tape.members(spot.at).map(|(name, value)| {
        let name = key.bytes(&content(spot.tape.raw(name)));
        key.then(name, meaning(Spot::new(spot.tape, value), key))
    });
    members.fold(4, u64::wrapping_add)
}

fn number_meaning(number: &Decimal<'_>, key: Key) -> u64 {
    let exponent = match &number.exponent {
        Exponent::Small(size) => key.bytes(&size.to_le_bytes()),
        Exponent::Huge { negative, digits } => key.then(u64::from(*negative), key.bytes(digits)),
    };
    let digits = key.bytes(&number.digits);
    key.then(key.then(u64::from(number.negative), digits), exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sameness() {
        let check = |one: &str, other: &str, any: bool, numbers: bool| {
            let (old, new) = (Tape::new(one.as_bytes()), Tape::new(other.as_bytes()));
            let (old, new) = (Spot::new(&old, Tape::ROOT), Spot::new(&new, Tape::ROOT));
            let key = Key::of_this_process();
            assert_eq!(same(old, new, Spelling::Any, key), any, "{one} {other}");
            assert_eq!(
                same(old, new, Spelling::Numbers, key),
                numbers,
                "{one} {other}"
            );
            if any {
                assert_eq!(meaning(old, key), meaning(new, key), "{one} {other}");
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
