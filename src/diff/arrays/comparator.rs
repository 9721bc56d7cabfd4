//! Interface between the alignment of arrays and the two engines.

use std::borrow::Cow;

use super::bit_lcs::BitLcs;
use super::interning::Interned;
use super::model::Element;
use crate::diff::hash::Key;
use crate::diff::model::{Diff, Options};
use crate::diff::path::PlaceId;
use crate::diff::pattern::Relation;

/// A comparison in progress.
pub(in crate::diff) struct Context<'a, 'o> {
    pub diff: Diff<'a>,
    pub options: &'o Options,
    pub key: Key,
}

/// Compares elements by tapes or by raw bytes, with the same result.
pub(in crate::diff) trait Comparator<'a, 'o> {
    fn context(&mut self) -> &mut Context<'a, 'o>;
    /// Compares all pairs of short arrays, if bytes can distinguish the elements.
    fn bit_lcs(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<BitLcs>;
    /// Interns the elements: two numbers are equal exactly if their elements are.
    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Interned;
    /// Whether at least half of the fields of two objects agree, or of the elements of two arrays.
    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, depth: usize) -> bool;
    /// Adds the changes between two versions of an element; `None` to give up.
    fn compare_versions(
        &mut self,
        old: &Element<'a>,
        new: &Element<'a>,
        depth: usize,
        place: PlaceId,
    ) -> Option<()>;
}

/// The fields that may identify the elements of the array at this place, by priority.
pub(in crate::diff) fn identity_fields<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    place: PlaceId,
) -> Cow<'static, [Cow<'static, str>]> {
    const USUAL: &[Cow<'static, str>] = &[
        Cow::Borrowed("_id"),
        Cow::Borrowed("id"),
        Cow::Borrowed("key"),
        Cow::Borrowed("uuid"),
    ];
    let Context { diff, options, .. } = comparator.context();
    if options.array_keys.is_empty() {
        return Cow::Borrowed(USUAL);
    }
    let mut steps = Vec::new();
    diff.steps(place, &mut steps);
    let keys = options.array_keys.iter();
    let keys = keys.filter(|key| key.path.relation(&steps) == Relation::Exact);
    let named: Vec<_> = keys.map(|key| Cow::Owned(key.field.clone())).collect();
    if named.is_empty() {
        Cow::Borrowed(USUAL)
    } else {
        Cow::Owned(named)
    }
}
