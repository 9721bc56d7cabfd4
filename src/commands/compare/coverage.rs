//! What a capture or a snapshot proves about documents that it does not have.

use std::collections::{BTreeMap, BTreeSet};

use crate::snapshot::manifest::{Manifest, Scope};

/// The part of the app that a side covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    /// The collections of a snapshot, each with whether every document is proven to be present.
    collections: BTreeMap<String, bool>,
    /// Collections that are not among them can have documents, too.
    any_collection: bool,
    /// Collections that are not among them are proven to have none.
    others_are_empty: bool,
    /// The condition of the documents; `None` for all.
    pub condition: Option<String>,
}

/// What it means that a side does not have a document that the other one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// The document did not exist, or did not match the condition that both sides have.
    Proven,
    /// A capture without an event of it, or an incomplete snapshot: it may exist.
    Unknown,
    /// The side has documents of another condition only.
    OutOfScope,
}

impl Coverage {
    /// A capture: an event can be of any collection, and a document without one may exist.
    pub fn of_capture() -> Coverage {
        Coverage {
            any_collection: true,
            ..Coverage::default()
        }
    }

    /// A snapshot in a folder.
    pub fn of_snapshot(manifest: &Manifest) -> Coverage {
        let collections = manifest.collections.iter();
        let collections = collections.map(|one| (one.name.clone(), one.complete));
        Coverage::new(collections.collect(), &manifest.scope, manifest.complete)
    }

    /// A snapshot of these collections, each with whether it is complete.
    pub fn new(collections: BTreeMap<String, bool>, scope: &Scope, is_complete: bool) -> Coverage {
        let any_collection = scope.named.is_empty();
        Coverage {
            collections,
            any_collection,
            others_are_empty: any_collection && is_complete,
            condition: scope
                .condition
                .as_deref()
                .map(|text| text.trim().to_owned()),
        }
    }

    /// Whether documents of a collection can be in it.
    pub fn includes(&self, collection: &str) -> bool {
        self.any_collection || self.collections.contains_key(collection)
    }

    /// What the absence of a document of a collection means, which a side of the other coverage has.
    pub fn absence(&self, collection: &str, other: &Coverage) -> Absence {
        if self.condition.is_some() && self.condition != other.condition {
            return Absence::OutOfScope;
        }
        let is_complete = self.collections.get(collection).copied();
        if is_complete.unwrap_or(self.others_are_empty) {
            Absence::Proven
        } else {
            Absence::Unknown
        }
    }

    /// The names of the collections.
    pub fn names(&self) -> BTreeSet<&str> {
        self.collections.keys().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(
        collections: &[(&str, bool)],
        named: &[&str],
        condition: Option<&str>,
        complete: bool,
    ) -> Coverage {
        let collections = collections
            .iter()
            .map(|(name, complete)| ((*name).to_owned(), *complete));
        let scope = Scope {
            named: named.iter().map(|name| (*name).to_owned()).collect(),
            condition: condition.map(str::to_owned),
            ..Scope::default()
        };
        Coverage::new(collections.collect(), &scope, complete)
    }

    #[test]
    fn absence_is_proven_only_by_a_complete_snapshot_of_the_same_documents() {
        let capture = Coverage::of_capture();
        let whole = snapshot(&[("a", true), ("b", true)], &[], None, true);
        let partial = snapshot(&[("a", true), ("b", false)], &[], None, false);
        let open = snapshot(&[("a", true)], &[], Some("x = 1"), true);
        let same = snapshot(&[("a", true)], &[], Some("x = 1 "), true);
        let other = snapshot(&[("a", true)], &[], Some("x = 2"), true);
        for (side, collection, of, expected) in [
            (&capture, "a", &whole, Absence::Unknown),
            (&whole, "a", &capture, Absence::Proven),
            (&whole, "c", &capture, Absence::Proven),
            (&whole, "a", &open, Absence::Proven),
            (&partial, "a", &whole, Absence::Proven),
            (&partial, "b", &whole, Absence::Unknown),
            (&partial, "c", &whole, Absence::Unknown),
            (&open, "a", &whole, Absence::OutOfScope),
            (&open, "a", &capture, Absence::OutOfScope),
            (&open, "a", &same, Absence::Proven),
            (&open, "a", &other, Absence::OutOfScope),
        ] {
            assert_eq!(
                side.absence(collection, of),
                expected,
                "{side:?} {collection} {of:?}"
            );
        }
    }

    #[test]
    fn a_snapshot_of_named_collections_includes_no_other() {
        let named = snapshot(&[("a", true)], &["a"], None, true);
        assert!(named.includes("a") && !named.includes("b"));
        assert!(snapshot(&[("a", true)], &[], None, true).includes("b"));
        assert!(Coverage::of_capture().includes("b"));
    }
}
