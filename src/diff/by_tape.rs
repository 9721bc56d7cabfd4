//! Compares two values by their tapes and notes what differs. Arrays are aligned in `arrays`; `lockstep` comes first, and
//! calls what is here where it cannot go on. Recursion ends since a tape is at most 128 levels deep.

use super::arrays::bit_lcs::Few;
use super::arrays::interning;
use super::arrays::interning::{ByBytes, Ids};
use super::arrays::{self, Comparing, Element, Lists};
use super::equality::{Spelling, Spot, Typed, same, same_leaves};
use super::hash::Key;
use super::members::{Members, in_step};
use super::on_demand;
use super::path::{Place, PlaceId, Step};
use super::tape::{self, At, Tape};
use super::{Change, Diff, Kind, Note, Options};
use crate::json::fields;

/// So many fields change in most events, or come and go with a document.
const USUAL_CHANGES: usize = 16;

/// Compares two documents.
pub(super) fn documents<'a>(old: &'a [u8], new: &'a [u8], options: &Options) -> Diff<'a> {
    let key = Key::of_this_process();
    on_demand::documents(old, new, key, options).unwrap_or_else(|| by_tape(old, new, key, options))
}

/// The same, with every value listed.
pub(super) fn by_tape<'a>(old: &'a [u8], new: &'a [u8], key: Key, options: &Options) -> Diff<'a> {
    let (old, new) = (Tape::new(old), Tape::new(new));
    let mut compare = Compare {
        old: &old,
        new: &new,
        key,
        options,
        diff: Diff::default(),
        depth: 0,
    };
    compare.values(Tape::ROOT, Tape::ROOT, 0);
    compare.diff
}

/// Lists the fields of a document that came or went as a whole; a document that is no object is one value.
pub(super) fn one(json: &[u8], kind: Kind) -> Diff<'_> {
    let (json, mut diff) = (json.trim_ascii(), Diff::with_room());
    if tape::Kind::of(json) != tape::Kind::Object {
        diff.push_one(kind, json, 0, Note::None);
        return diff;
    }
    for (key, value) in fields(json) {
        let place = diff.place(0, Step::Key(key));
        diff.push_one(kind, value, place, Note::None);
    }
    diff
}

impl<'a> Diff<'a> {
    /// Nothing yet, with room for as much as most events change.
    pub(super) fn with_room() -> Self {
        Diff {
            changes: Vec::with_capacity(USUAL_CHANGES),
            places: Vec::with_capacity(USUAL_CHANGES),
            ..Diff::default()
        }
    }

    /// The place one step below another one.
    pub(super) fn place(&mut self, parent: PlaceId, step: Step<'a>) -> PlaceId {
        self.places.push(Place { parent, step });
        self.places.len()
    }

    pub(super) fn push_one(&mut self, kind: Kind, value: &'a [u8], place: PlaceId, note: Note) {
        let gone = matches!(kind, Kind::Removed | Kind::MovedAway);
        self.changes.push(Change {
            kind,
            old: gone.then_some(value),
            new: (!gone).then_some(value),
            note,
            place,
        });
    }

    pub(super) fn push_both(
        &mut self,
        kind: Kind,
        (old, new): (&'a [u8], &'a [u8]),
        place: PlaceId,
        note: Note,
    ) {
        self.changes.push(Change {
            kind,
            old: Some(old),
            new: Some(new),
            note,
            place,
        });
    }

    /// Notes two values that are not both taken apart, and not equal byte by byte.
    pub(super) fn push_leaf(&mut self, old: Typed<'a>, new: Typed<'a>, place: PlaceId) {
        let kind = if same_leaves(old, new, Spelling::Any) {
            Kind::Respelled
        } else {
            Kind::Changed
        };
        let note = match (old.1, new.1) {
            (tape::Kind::Whole, _) | (_, tape::Kind::Whole) => Note::TooLarge,
            (one, other) if one != other => Note::TypeChanged,
            _ => Note::None,
        };
        self.push_both(kind, (old.0, new.0), place, note);
    }
}

/// How far a diff had come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub changes: usize,
    unchanged: usize,
    by_position: usize,
    places: usize,
    identities: usize,
}

impl Diff<'_> {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            changes: self.changes.len(),
            unchanged: self.unchanged,
            by_position: self.by_position,
            places: self.places.len(),
            identities: self.identities.len(),
        }
    }

    /// Forgets what was noted since.
    pub(super) fn return_to(&mut self, mark: Mark) {
        self.changes.truncate(mark.changes);
        self.places.truncate(mark.places);
        self.identities.truncate(mark.identities);
        (self.unchanged, self.by_position) = (mark.unchanged, mark.by_position);
    }
}

/// A comparison in the making.
pub(super) struct Compare<'t, 'a, 'o> {
    pub old: &'t Tape<'a>,
    pub new: &'t Tape<'a>,
    pub key: Key,
    pub options: &'o Options,
    pub diff: Diff<'a>,
    /// In how many containers the values lie that are being compared.
    pub depth: usize,
}

impl<'t, 'a> Compare<'t, 'a, '_> {
    pub fn old_spot(&self, at: At) -> Spot<'t, 'a> {
        Spot::new(self.old, at)
    }

    pub fn new_spot(&self, at: At) -> Spot<'t, 'a> {
        Spot::new(self.new, at)
    }

    pub fn same(&self, old: At, new: At) -> bool {
        same(
            self.old_spot(old),
            self.new_spot(new),
            Spelling::Any,
            self.key,
        )
    }

    /// Compares two values at one place. A value in which nothing changed counts as one.
    pub fn values(&mut self, old: At, new: At, place: PlaceId) {
        if self.old.raw(old) == self.new.raw(new) {
            self.diff.unchanged += 1;
            return;
        }
        let kinds = (self.old.kind(old), self.new.kind(new));
        let inside = match kinds {
            (tape::Kind::Object, tape::Kind::Object) => Self::objects,
            (tape::Kind::Array, tape::Kind::Array) => Self::arrays,
            _ => {
                let (old, new) = (self.old.raw(old), self.new.raw(new));
                return self.diff.push_leaf((old, kinds.0), (new, kinds.1), place);
            }
        };
        let (changes, unchanged) = (self.diff.changes.len(), self.diff.unchanged);
        self.depth += 1;
        inside(self, old, new, place);
        self.depth -= 1;
        if self.diff.changes.len() == changes {
            self.diff.unchanged = unchanged + 1;
        }
    }

    fn objects(&mut self, old: At, new: At, place: PlaceId) {
        if in_step(self.old_spot(old), self.new_spot(new)) {
            let pairs = self.old.members(old).zip(self.new.members(new));
            for ((key, old), (_, new)) in pairs {
                self.field(self.old.raw(key), old, new, place);
            }
            return;
        }
        let (olds, news) = (
            Members::of(self.old_spot(old)),
            Members::of(self.new_spot(new)),
        );
        let Some(partners) = olds.partners(&news, self.key) else {
            if same(
                self.old_spot(old),
                self.new_spot(new),
                Spelling::Numbers,
                self.key,
            ) {
                self.diff.unchanged += 1;
            } else {
                let both = (self.old.raw(old), self.new.raw(new));
                self.diff
                    .push_both(Kind::Changed, both, place, Note::KeyTwice);
            }
            return;
        };
        for ((key, old), partner) in olds.all.iter().zip(&partners.of_old) {
            let key = self.old.raw(*key);
            match partner.and_then(|at| news.all.get(at)) {
                Some((_, new)) => self.field(key, *old, *new, place),
                None => self.only(Kind::Removed, key, self.old.raw(*old), place),
            }
        }
        for (key, value) in partners.only_new.iter().filter_map(|at| news.all.get(*at)) {
            self.only(Kind::Added, self.new.raw(*key), self.new.raw(*value), place);
        }
    }

    #[inline]
    fn field(&mut self, key: &'a [u8], old: At, new: At, place: PlaceId) {
        if self.old.raw(old) == self.new.raw(new) {
            self.diff.unchanged += 1;
            return;
        }
        let place = self.diff.place(place, Step::Key(key));
        self.values(old, new, place);
    }

    fn only(&mut self, kind: Kind, key: &'a [u8], value: &'a [u8], place: PlaceId) {
        let place = self.diff.place(place, Step::Key(key));
        self.diff.push_one(kind, value, place, Note::None);
    }

    fn arrays(&mut self, old: At, new: At, place: PlaceId) {
        let whole = (self.old.raw(old), self.new.raw(new));
        let (olds, news) = (elements(self.old, old), elements(self.new, new));
        let lists = Lists {
            olds: &olds,
            news: &news,
            before: (0, 0),
            depth: self.depth,
        };
        let same = |old: &Element<'_>, new: &Element<'_>| self.same(at(old), at(new));
        let ends = arrays::same_ends(&olds, &news, same);
        // By tapes nothing is given up.
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

/// An element's place in its tape.
fn at(element: &Element<'_>) -> At {
    At::try_from(element.at).unwrap_or(At::MAX)
}

impl<'a> Comparing<'a> for Compare<'_, 'a, '_> {
    fn diff(&mut self) -> &mut Diff<'a> {
        &mut self.diff
    }

    fn options(&self) -> &Options {
        self.options
    }

    fn key(&self) -> Key {
        self.key
    }

    fn few(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<Few> {
        Few::by_bytes(olds, news).filter(|_| self.old.is_plain() && self.new.is_plain())
    }

    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Ids {
        if self.old.is_plain() && self.new.is_plain() {
            let mut by_bytes = ByBytes::of(olds, news, self.key);
            if by_bytes.all_differ(depth, self.key) {
                return by_bytes.ids;
            }
        }
        let olds = olds.iter().map(|element| self.old_spot(at(element)));
        let news = news.iter().map(|element| self.new_spot(at(element)));
        interning::by_meaning(olds, news, self.key)
    }

    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, _: usize) -> bool {
        half_agree(self.old_spot(at(old)), self.new_spot(at(new)), self.key)
    }

    fn versions(
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

/// Whether at least half of the fields of two objects agree, or of the elements of two arrays.
pub(super) fn half_agree(old: Spot<'_, '_>, new: Spot<'_, '_>, key: Key) -> bool {
    let agree = |old, new| same(old, new, Spelling::Any, key);
    if old.kind() == tape::Kind::Array {
        let most = old.elements().count().max(new.elements().count());
        let pairs = old.elements().zip(new.elements());
        return pairs.filter(|(old, new)| agree(*old, *new)).count() * 2 >= most;
    }
    let (olds, news) = (Members::of(old), Members::of(new));
    let Some(partners) = olds.partners(&news, key) else {
        return false;
    };
    let pairs = olds.all.iter().zip(&partners.of_old);
    let agreeing = pairs.filter(|((_, value), partner)| {
        let partner = partner.and_then(|at| news.all.get(at));
        partner.is_some_and(|(_, other)| {
            agree(Spot::new(old.tape, *value), Spot::new(new.tape, *other))
        })
    });
    agreeing.count() * 2 >= olds.all.len().max(news.all.len())
}
