//! Changes as a JSON Merge Patch (RFC 7396), and whether it says all that changed.
//! It cannot set a field to `null`, nor change one element of an array: an array is replaced as a whole.

use super::equality::{Spelling, Spot, same};
use super::hash::Key;
use super::json_patch::push_on_one_line;
use super::members::Members;
use super::tape::{Kind, Tape};

/// Appends a merge patch that makes `new` of `old`. `false` where none can: then it makes something close to it.
///
/// Numbers that are spelled differently are part of it, as in a JSON Patch.
pub fn push(old: &[u8], new: &[u8], out: &mut Vec<u8>) -> bool {
    let (old, new) = (Tape::new(old), Tape::new(new));
    let mut merge = Merge {
        out,
        exact: true,
        key: Key::of_this_process(),
    };
    let (old, new) = (Spot::new(&old, Tape::ROOT), Spot::new(&new, Tape::ROOT));
    if (old.kind(), new.kind()) == (Kind::Object, Kind::Object) {
        merge.objects(old, new);
    } else {
        merge.replace(Some(old), new);
        // For the document itself, `null` is a value like others.
        merge.exact |= new.kind() == Kind::Null;
    }
    merge.exact
}

/// Appends the merge patch of a document that came: the document itself. `false` where it would lose a `null`.
pub fn push_whole(new: &[u8], out: &mut Vec<u8>) -> bool {
    let new = Tape::new(new);
    push_on_one_line(new.raw(Tape::ROOT), out);
    let new = Spot::new(&new, Tape::ROOT);
    new.kind() == Kind::Null || keeps_nulls(new)
}

struct Merge<'o> {
    out: &'o mut Vec<u8>,
    exact: bool,
    key: Key,
}

impl Merge<'_> {
    fn objects(&mut self, old: Spot<'_, '_>, new: Spot<'_, '_>) {
        let (olds, news) = (Members::of(old), Members::of(new));
        let Some(partners) = olds.partners(&news, self.key) else {
            if same(old, new, Spelling::Numbers, self.key) {
                return self.out.extend_from_slice(b"{}");
            }
            return self.replace(Some(old), new);
        };
        self.out.push(b'{');
        let begin = self.out.len();
        for (at, (key, value)) in olds.all.iter().enumerate() {
            let partner = partners.of_old.get(at).copied().flatten();
            let Some((_, other)) = partner.and_then(|at| news.all.get(at)) else {
                self.name(old.tape.raw(*key), begin);
                self.out.extend_from_slice(b"null");
                continue;
            };
            let (one, other) = (Spot::new(old.tape, *value), Spot::new(new.tape, *other));
            self.field(old.tape.raw(*key), begin, one, other);
        }
        for (key, value) in partners.only_new.iter().filter_map(|at| news.all.get(*at)) {
            self.name(new.tape.raw(*key), begin);
            self.replace(None, Spot::new(new.tape, *value));
        }
        self.out.push(b'}');
    }

    fn name(&mut self, key: &[u8], begin: usize) {
        if self.out.len() > begin {
            self.out.push(b',');
        }
        self.out.extend_from_slice(key);
        self.out.push(b':');
    }

    /// Appends a field that both objects have, if there is anything to say of it.
    fn field(&mut self, key: &[u8], begin: usize, old: Spot<'_, '_>, new: Spot<'_, '_>) {
        if (old.kind(), new.kind()) == (Kind::Object, Kind::Object) && old.raw() != new.raw() {
            let before = self.out.len();
            self.name(key, begin);
            let value = self.out.len();
            self.objects(old, new);
            if self.out.get(value..) == Some(b"{}") {
                self.out.truncate(before);
            }
        } else if !same(old, new, Spelling::Numbers, self.key) {
            self.name(key, begin);
            self.replace(Some(old), new);
        }
    }

    /// A whole value; an object would be merged into an old object, and loses its nulls in any case.
    fn replace(&mut self, old: Option<Spot<'_, '_>>, new: Spot<'_, '_>) {
        push_on_one_line(new.raw(), self.out);
        let into_object = old.is_some_and(is_object);
        self.exact &= match new.kind() {
            Kind::Null => false,
            _ if is_object(new) => !into_object && keeps_nulls(new),
            _ => true,
        };
    }
}

fn is_object(spot: Spot<'_, '_>) -> bool {
    spot.raw().first() == Some(&b'{')
}

/// Whether a merge patch that is this value makes this value. Recursion ends: a tape is at most 128 levels deep.
fn keeps_nulls(spot: Spot<'_, '_>) -> bool {
    match spot.kind() {
        Kind::Null => false,
        Kind::Object => {
            let mut members = spot.tape.members(spot.at);
            members.all(|(_, value)| keeps_nulls(Spot::new(spot.tape, value)))
        }
        Kind::Whole => !is_object(spot),
        _ => true,
    }
}
