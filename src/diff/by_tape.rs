//! Comparison of two values by their tapes, for any order of keys. Recursion is bounded, because a tape is at most 128
//! levels deep.

use super::arrays;
use super::arrays::bit_lcs::BitLcs;
use super::arrays::comparator::{Comparator, Context};
use super::arrays::interning;
use super::arrays::interning::{InternByBytes, Interned};
use super::arrays::model::{Element, ElementLists, common_ends};
use super::equality::{Spelling, half_agree, same};
use super::hash::Key;
use super::members::{Members, same_key_order};
use super::model::{ChangeKind, Diff, Note, Options};
use super::path::{PlaceId, Step};
use super::tape::{At, NodeRef, Tape, ValueType};
use crate::json::fields;

/// Compares two documents by tapes of all their values.
pub(super) fn by_tape<'a>(old: &'a [u8], new: &'a [u8], key: Key, options: &Options) -> Diff<'a> {
    let (old, new) = (Tape::new(old), Tape::new(new));
    let mut compare = TapeCompare {
        old: &old,
        new: &new,
        context: Context {
            diff: Diff::default(),
            options,
            key,
        },
        depth: 0,
    };
    compare.values(Tape::ROOT, Tape::ROOT, 0);
    compare.context.diff
}

/// Lists the fields of an inserted or removed document; a document that is not an object is one value.
pub(super) fn whole_document(json: &[u8], kind: ChangeKind) -> Diff<'_> {
    let (json, mut diff) = (json.trim_ascii(), Diff::with_capacity());
    if ValueType::classify(json) != ValueType::Object {
        diff.push_one(kind, json, 0, Note::None);
        return diff;
    }
    for (key, value) in fields(json) {
        let place = diff.place(0, Step::Key(key));
        diff.push_one(kind, value, place, Note::None);
    }
    diff
}

/// A comparison of two tapes.
pub(super) struct TapeCompare<'t, 'a, 'o> {
    pub old: &'t Tape<'a>,
    pub new: &'t Tape<'a>,
    pub context: Context<'a, 'o>,
    /// Nesting depth of the compared values.
    pub depth: usize,
}

impl<'t, 'a> TapeCompare<'t, 'a, '_> {
    fn old_node(&self, at: At) -> NodeRef<'t, 'a> {
        NodeRef::new(self.old, at)
    }

    fn new_node(&self, at: At) -> NodeRef<'t, 'a> {
        NodeRef::new(self.new, at)
    }

    pub fn same(&self, old: At, new: At) -> bool {
        same(
            self.old_node(old),
            self.new_node(new),
            Spelling::Any,
            self.context.key,
        )
    }

    /// Compares two values at one place. A value in which nothing changed counts as one.
    pub fn values(&mut self, old: At, new: At, place: PlaceId) {
        if self.old.raw(old) == self.new.raw(new) {
            self.context.diff.unchanged += 1;
            return;
        }
        let kinds = (self.old.kind(old), self.new.kind(new));
        let inside = match kinds {
            (ValueType::Object, ValueType::Object) => Self::objects,
            (ValueType::Array, ValueType::Array) => Self::arrays,
            _ => {
                let (old, new) = (self.old.raw(old), self.new.raw(new));
                return self
                    .context
                    .diff
                    .push_leaf((old, kinds.0), (new, kinds.1), place);
            }
        };
        let (changes, unchanged) = (self.context.diff.changes.len(), self.context.diff.unchanged);
        self.depth += 1;
        inside(self, old, new, place);
        self.depth -= 1;
        if self.context.diff.changes.len() == changes {
            self.context.diff.unchanged = unchanged + 1;
        }
    }

    fn objects(&mut self, old: At, new: At, place: PlaceId) {
        if same_key_order(self.old_node(old), self.new_node(new)) {
            let pairs = self.old.members(old).zip(self.new.members(new));
            for ((key, old), (_, new)) in pairs {
                self.field(self.old.raw(key), old, new, place);
            }
            return;
        }
        let (olds, news) = (
            Members::new(self.old_node(old)),
            Members::new(self.new_node(new)),
        );
        let Some(matches) = olds.match_keys(&news, self.context.key) else {
            if same(
                self.old_node(old),
                self.new_node(new),
                Spelling::Numbers,
                self.context.key,
            ) {
                self.context.diff.unchanged += 1;
            } else {
                let both = (self.old.raw(old), self.new.raw(new));
                self.context
                    .diff
                    .push_both(ChangeKind::Changed, both, place, Note::KeyTwice);
            }
            return;
        };
        for ((key, old), partner) in olds.all.iter().zip(&matches.of_old) {
            let key = self.old.raw(*key);
            match partner.and_then(|at| news.all.get(at)) {
                Some((_, new)) => self.field(key, *old, *new, place),
                None => self.only(ChangeKind::Removed, key, self.old.raw(*old), place),
            }
        }
        for (key, value) in matches.only_new.iter().filter_map(|at| news.all.get(*at)) {
            self.only(
                ChangeKind::Added,
                self.new.raw(*key),
                self.new.raw(*value),
                place,
            );
        }
    }

    #[inline]
    fn field(&mut self, key: &'a [u8], old: At, new: At, place: PlaceId) {
        if self.old.raw(old) == self.new.raw(new) {
            self.context.diff.unchanged += 1;
            return;
        }
        let place = self.context.diff.place(place, Step::Key(key));
        self.values(old, new, place);
    }

    fn only(&mut self, kind: ChangeKind, key: &'a [u8], value: &'a [u8], place: PlaceId) {
        let place = self.context.diff.place(place, Step::Key(key));
        self.context.diff.push_one(kind, value, place, Note::None);
    }

    fn arrays(&mut self, old: At, new: At, place: PlaceId) {
        let whole = (self.old.raw(old), self.new.raw(new));
        let (olds, news) = (elements(self.old, old), elements(self.new, new));
        let lists = ElementLists {
            olds: &olds,
            news: &news,
            before: (0, 0),
            depth: self.depth,
        };
        let same = |old: &Element<'_>, new: &Element<'_>| self.same(at(old), at(new));
        let ends = common_ends(&olds, &news, same);
        // Never `None` with tapes.
        let _done = arrays::compare(self, &lists, ends, whole, place);
    }
}

fn elements<'a>(tape: &Tape<'a>, array: At) -> Vec<Element<'a>> {
    let element = |at| Element {
        raw: tape.raw(at),
        at: at as usize,
    };
    tape.elements(array).map(element).collect()
}

/// An element's index on its tape.
fn at(element: &Element<'_>) -> At {
    At::try_from(element.at).unwrap_or(At::MAX)
}

impl<'a, 'o> Comparator<'a, 'o> for TapeCompare<'_, 'a, 'o> {
    fn context(&mut self) -> &mut Context<'a, 'o> {
        &mut self.context
    }

    fn bit_lcs(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<BitLcs> {
        BitLcs::by_bytes(olds, news).filter(|_| self.old.is_canonical() && self.new.is_canonical())
    }

    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Interned {
        if self.old.is_canonical() && self.new.is_canonical() {
            let mut by_bytes = InternByBytes::new(olds, news, self.context.key);
            if by_bytes.are_distinct(depth, self.context.key) {
                return by_bytes.ids;
            }
        }
        let olds = olds.iter().map(|element| self.old_node(at(element)));
        let news = news.iter().map(|element| self.new_node(at(element)));
        interning::intern_by_value(olds, news, self.context.key)
    }

    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, _: usize) -> bool {
        half_agree(
            self.old_node(at(old)),
            self.new_node(at(new)),
            self.context.key,
        )
    }

    fn compare_versions(
        &mut self,
        old: &Element<'a>,
        new: &Element<'a>,
        _: usize,
        place: PlaceId,
    ) -> Option<()> {
        self.values(at(old), at(new), place);
        Some(())
    }
}
