//! "Did you mean" suggestions by edit distance (optimal string alignment: a transposition is one edit).

use strsim::{levenshtein, osa_distance};

/// The operations of events.
pub const OPERATIONS: [&str; 3] = ["insert", "update", "remove"];

/// What other systems call an operation.
const FOREIGN_OPERATIONS: [(&str, &[&str]); 3] = [
    (
        "insert",
        &[
            "inserted", "create", "created", "add", "added", "new", "c", "i",
        ],
    ),
    (
        "update",
        &[
            "updated", "modify", "modified", "change", "changed", "replace", "u",
        ],
    ),
    (
        "remove",
        &["removed", "delete", "deleted", "del", "drop", "d"],
    ),
];

/// The operation that a word means in this tool or in another system; case does not matter.
#[must_use]
pub fn operation(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let found = FOREIGN_OPERATIONS
        .iter()
        .find(|(name, others)| *name == word || others.contains(&word.as_str()));
    found.map(|(name, _)| *name)
}

/// The closest of these names, at most three, closest first. The shorter of two names limits their distance, because
/// short names are close to each other by chance.
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (lower, letters_of_wanted) = (wanted.to_lowercase(), letters(wanted));
    let mut close: Vec<(usize, &str)> = names
        .filter_map(|name| {
            if !letters_of_wanted.is_empty() && letters_of_wanted == letters(name) {
                return Some((0, name));
            }
            let distance = osa_distance(&lower, &name.to_lowercase());
            let is_close = distance <= max_distance(wanted, name) || is_part(wanted, name);
            is_close.then_some((distance, name))
        })
        .collect();
    close.sort_unstable();
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

/// A name without what is often spelled differently: case, dashes and underscores.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

fn max_distance(one: &str, two: &str) -> usize {
    let shorter = one.chars().count().min(two.chars().count());
    match shorter {
        0..=2 => 0,
        3 | 4 => 1,
        5..=8 => 2,
        more => more / 3,
    }
}

/// The name with the smallest edit distance.
#[must_use]
pub fn closest<'a>(wanted: &str, names: &'a [String]) -> Option<&'a String> {
    names.iter().min_by_key(|name| levenshtein(wanted, name))
}

fn is_part(wanted: &str, name: &str) -> bool {
    wanted.len() >= 4 && (name.contains(wanted) || (name.len() >= 4 && wanted.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_come_first() {
        let names = [
            "ditto.app.main",
            "ditto.app.min",
            "other",
            "Ditto.App.Main2",
        ];
        for (wanted, expected) in [
            (
                "ditto.app.main",
                &["ditto.app.main", "Ditto.App.Main2", "ditto.app.min"][..],
            ),
            (
                "dito.app.min",
                &["ditto.app.min", "ditto.app.main", "Ditto.App.Main2"],
            ),
            ("othr", &["other"]),
            ("nothing-like-it", &[]),
            ("", &[]),
            ("ot", &[]),
        ] {
            assert_eq!(nearest(wanted, names.into_iter()), expected, "{wanted}");
        }
    }

    #[test]
    fn short_names_are_close_only_if_they_are_nearly_equal() {
        for (wanted, name, is_close) in [
            ("paid", "_id", false),
            ("id", "_id", true),
            ("ID", "id", true),
            ("ab", "ac", false),
            ("a", "b", false),
            ("qyt", "qty", true),
            ("qty", "city", false),
            ("nme", "name", true),
            ("open", "over", false),
            ("user_id", "userId", true),
            ("no-color", "no-control", false),
            ("since", "strict", false),
            ("upsrt", "upsert", true),
            ("updated", "update", true),
            ("insert", "upsert", true),
            ("completion", "__complete", false),
        ] {
            let close = !nearest(wanted, std::iter::once(name)).is_empty();
            assert_eq!(close, is_close, "{wanted} {name}");
        }
    }

    #[test]
    fn the_closest_name_takes_the_fewest_changes() {
        let check = |wanted, expected: &str| {
            let names = [
                "broker-0.ditto.live",
                "broker-1.ditto.live",
                "*.ditto.cloud",
            ]
            .map(str::to_owned);
            assert_eq!(closest(wanted, &names).map(String::as_str), Some(expected));
        };
        check("broker-1.dito.live", "broker-1.ditto.live");
        check("x.ditto.cloud", "*.ditto.cloud");
        assert_eq!(closest("a", &[]), None);
    }
}
