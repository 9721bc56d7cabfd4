//! JSON Merge Patch (RFC 7396) of two documents, and whether it is exact: it cannot set a field to `null`, and
//! replaces an array as a whole.

use super::equality::{Spelling, same};
use super::hash::Key;
use super::members::Members;
use super::tape::{NodeRef, Tape, ValueType};
use crate::json::push_on_one_line;

/// Appends a merge patch from `old` to `new`. `false` if no exact one exists: the patch is then an approximation.
///
/// Numbers with another spelling are included, as in a JSON Patch.
pub fn push(old: &[u8], new: &[u8], out: &mut Vec<u8>) -> bool {
    let (old, new) = (Tape::new(old), Tape::new(new));
    let mut merge = Merge {
        out,
        exact: true,
        key: Key::per_process(),
    };
    let (old, new) = (old.root(), new.root());
    if (old.kind(), new.kind()) == (ValueType::Object, ValueType::Object) {
        merge.objects(old, new);
    } else {
        merge.replace(Some(old), new);
        // The document itself can be set to `null`.
        merge.exact |= new.kind() == ValueType::Null;
    }
    merge.exact
}

/// Appends the merge patch of an inserted document: the document itself. `false` if it would lose a `null`.
pub fn push_whole(new: &[u8], out: &mut Vec<u8>) -> bool {
    let new = Tape::new(new);
    push_on_one_line(new.raw(Tape::ROOT), out);
    let new = new.root();
    new.kind() == ValueType::Null || keeps_nulls(new)
}

struct Merge<'o> {
    out: &'o mut Vec<u8>,
    exact: bool,
    key: Key,
}

impl Merge<'_> {
    fn objects(&mut self, old: NodeRef<'_, '_>, new: NodeRef<'_, '_>) {
        let (olds, news) = (Members::new(old), Members::new(new));
        let Some(matches) = olds.match_keys(&news, self.key) else {
            if same(old, new, Spelling::Numbers, self.key) {
                return self.out.extend_from_slice(b"{}");
            }
            return self.replace(Some(old), new);
        };
        self.out.push(b'{');
        let begin = self.out.len();
        for (at, (key, value)) in olds.all.iter().enumerate() {
            let partner = matches.of_old.get(at).copied().flatten();
            let Some((_, other)) = partner.and_then(|at| news.all.get(at)) else {
                self.name(old.tape.raw(*key), begin);
                self.out.extend_from_slice(b"null");
                continue;
            };
            let (one, other) = (
                NodeRef::new(old.tape, *value),
                NodeRef::new(new.tape, *other),
            );
            self.field(old.tape.raw(*key), begin, one, other);
        }
        for (key, value) in matches.only_new.iter().filter_map(|at| news.all.get(*at)) {
            self.name(new.tape.raw(*key), begin);
            self.replace(None, NodeRef::new(new.tape, *value));
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

    /// Appends a field that both objects have, if it changed.
    fn field(&mut self, key: &[u8], begin: usize, old: NodeRef<'_, '_>, new: NodeRef<'_, '_>) {
        if (old.kind(), new.kind()) == (ValueType::Object, ValueType::Object)
            && old.raw() != new.raw()
        {
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

    /// Appends a whole value. An object would be merged into an old object, and always loses its nulls.
    fn replace(&mut self, old: Option<NodeRef<'_, '_>>, new: NodeRef<'_, '_>) {
        push_on_one_line(new.raw(), self.out);
        let into_object = old.is_some_and(is_object);
        self.exact &= match new.kind() {
            ValueType::Null => false,
            _ if is_object(new) => !into_object && keeps_nulls(new),
            _ => true,
        };
    }
}

fn is_object(node: NodeRef<'_, '_>) -> bool {
    node.raw().first() == Some(&b'{')
}

/// Whether this value, as a merge patch, results in itself. Recursion is bounded: a tape is at most 128 levels deep.
fn keeps_nulls(node: NodeRef<'_, '_>) -> bool {
    match node.kind() {
        ValueType::Null => false,
        ValueType::Object => {
            let mut members = node.tape.members(node.at);
            members.all(|(_, value)| keeps_nulls(NodeRef::new(node.tape, value)))
        }
        ValueType::Opaque => !is_object(node),
        _ => true,
    }
}
