//! Checks after the read of what the server's list of collections omits, and of collections that are gone.

use std::collections::BTreeSet;

use crate::commands::Context;
use crate::snapshot::manifest::{Collection, Manifest};
use crate::snapshot::read::queries::Listing;

/// [`Scope::listing`](crate::snapshot::manifest::Scope::listing) of a complete list.
const NAMES: &str = "names collections";
/// [`Scope::listing`](crate::snapshot::manifest::Scope::listing) of a server that has only the interface before DQL.
pub(super) const NO_DQL: &str = "not there, since the server has no DQL";
/// The start of the text for a list that cannot be complete.
const INCOMPLETE: &str = "incomplete";

/// The text for the server's list, and the names in it if it may be complete.
pub(super) fn describe(listing: &Listing) -> (String, Option<&BTreeSet<String>>) {
    match listing {
        Listing::Names(_, Some(why)) => (format!("{INCOMPLETE}: {why}"), None),
        Listing::Names(names, None) if names.is_empty() => ("empty".to_owned(), None),
        Listing::Names(names, None) => (NAMES.to_owned(), Some(names)),
        Listing::Refused(why) => (format!("refused: {why}"), None),
        Listing::NoDql(error) => (format!("{NO_DQL}: {error}"), None),
    }
}

/// Completes the verdict on the whole snapshot: by what the list of collections lacks.
pub(super) fn conclude(manifest: &mut Manifest, old: Option<&Manifest>, context: &mut Context<'_>) {
    let omitted = omitted(manifest);
    if manifest.scope.whole_app && !omitted.is_empty() {
        let names = omitted.join(", ");
        context.out.warn(&format!(
            "the server's list of collections is incomplete: it does not name {names}, which the snapshot contains"
        ));
        (manifest.scope.whole_app, manifest.scope.known) = (false, None);
        manifest.scope.listing = format!("{INCOMPLETE}: it does not name {names}");
    }
    for gone in old.map(|old| gone(manifest, old)).unwrap_or_default() {
        context.out.note(&gone);
    }
}

/// Collections with documents that the server's list does not name: others may be missing in it as well.
fn omitted(manifest: &Manifest) -> Vec<String> {
    let has_documents = |name: &&String| {
        let collection = manifest.collection(name);
        collection.is_some_and(|one| one.documents > 0)
    };
    let unlisted = manifest.scope.unlisted.iter().filter(has_documents);
    unlisted.map(|name| format!("'{name}'")).collect()
}

/// A sentence for each collection of the replaced snapshot that has no documents any more.
fn gone(manifest: &Manifest, old: &Manifest) -> Vec<String> {
    if manifest.scope.condition.is_some() {
        return Vec::new();
    }
    let before = |now: &Collection| old.collection(&now.name).map_or(0, |one| one.documents);
    let empty = manifest
        .collections
        .iter()
        .filter(|now| now.complete && now.documents == 0 && before(now) > 0);
    empty
        .map(|now| {
            format!(
                "the collection {} is gone: the snapshot that is replaced has {} documents of it, and the server now counts 0",
                now.name,
                before(now)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(collections: &[(&str, u64)]) -> Manifest {
        let mut manifest = Manifest::new(String::new(), String::new());
        for (name, documents) in collections {
            let json = serde_json::json!({
                "name": name, "complete": true, "documents": documents, "byType": {}, "pages": 1,
                "way": "", "bytes": 0, "sha256": "", "places": [],
            });
            manifest
                .collections
                .extend(serde_json::from_value::<Collection>(json));
        }
        manifest
    }

    #[test]
    fn a_collection_that_counts_nothing_any_more_is_gone() {
        let old = manifest(&[("a", 3), ("b", 2), ("c", 0)]);
        let now = manifest(&[("a", 0), ("b", 1), ("c", 0), ("d", 0)]);
        let gone = gone(&now, &old);
        assert!(
            gone.len() == 1 && gone[0].contains("collection a is gone"),
            "{gone:?}"
        );
    }

    #[test]
    fn a_list_that_omits_documents_is_not_complete() {
        let mut now = manifest(&[("a", 1), ("b", 0), ("c", 5)]);
        now.scope.unlisted = vec!["b".to_owned(), "c".to_owned(), "d".to_owned()];
        assert_eq!(omitted(&now), ["'c'"]);
    }
}
