//! Whether what was written is what the server counted. Pure.
//! Counting is left to the walk.

use std::collections::BTreeMap;

use super::manifest::Census;

/// What speaks against completeness, a sentence each. A number between the two counts is explained by the second one:
/// each place was read once, somewhere between them.
#[must_use]
pub fn objections(
    before: Option<&Census>,
    after: Option<&Census>,
    by_type: &BTreeMap<String, u64>,
) -> Vec<String> {
    let written: u64 = by_type.values().sum();
    let (Some(before), Some(after)) = (before, after) else {
        return vec!["the server did not count the documents".to_owned()];
    };
    if before.by_type.is_empty() && after.by_type.is_empty() {
        return objection("documents", before.documents, after.documents, written)
            .into_iter()
            .collect();
    }
    let mut kinds: Vec<&String> = before
        .by_type
        .keys()
        .chain(after.by_type.keys())
        .chain(by_type.keys())
        .collect();
    kinds.sort();
    kinds.dedup();
    let count = |of: &BTreeMap<String, u64>, kind: &String| of.get(kind).copied().unwrap_or(0);
    kinds
        .into_iter()
        .filter_map(|kind| {
            let what = format!("documents with ids of type {kind}");
            objection(
                &what,
                count(&before.by_type, kind),
                count(&after.by_type, kind),
                count(by_type, kind),
            )
        })
        .collect()
}

fn objection(what: &str, before: u64, after: u64, written: u64) -> Option<String> {
    let explained = (before.min(after)..=before.max(after)).contains(&written);
    let counted = if before == after {
        format!("counted {before}")
    } else {
        format!("counted {before} before and {after} after")
    };
    (!explained).then(|| format!("the server {counted} {what}, and {written} were read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(list: &[(&str, u64)]) -> BTreeMap<String, u64> {
        list.iter()
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect()
    }

    fn census(list: &[(&str, u64)]) -> Census {
        Census {
            transaction_id: None,
            documents: list.iter().map(|(_, count)| count).sum(),
            by_type: counts(list),
        }
    }

    #[test]
    fn numbers_have_to_be_explained() {
        for (before, after, written, objected) in [
            (
                &[("string", 5)][..],
                &[("string", 5)][..],
                &[("string", 5)][..],
                0,
            ),
            (&[("string", 5)], &[("string", 9)], &[("string", 7)], 0),
            (&[("string", 9)], &[("string", 5)], &[("string", 7)], 0),
            (&[("string", 5)], &[("string", 5)], &[("string", 4)], 1),
            (&[("string", 5)], &[("string", 5)], &[("string", 6)], 1),
            (&[], &[("object", 1)], &[], 0),
            (&[], &[], &[], 0),
            (
                &[("object", 1), ("string", 1)],
                &[("object", 1), ("string", 1)],
                &[("string", 2)],
                2,
            ),
        ] {
            let found = objections(
                Some(&census(before)),
                Some(&census(after)),
                &counts(written),
            );
            assert_eq!(found.len(), objected, "{found:?}");
        }
        assert_eq!(objections(None, None, &counts(&[("string", 1)])).len(), 1);
        let total = Census {
            documents: 3,
            ..Census::default()
        };
        assert_eq!(
            objections(
                Some(&total),
                Some(&total),
                &counts(&[("string", 1), ("array", 2)])
            )
            .len(),
            0
        );
    }
}
