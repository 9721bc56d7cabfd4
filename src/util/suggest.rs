//! "Did you mean" suggestions by edit distance (Levenshtein).

use strsim::levenshtein;

/// The closest of these names, at most three, closest first.
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (wanted.chars().count() / 3).max(2);
    let lower = wanted.to_lowercase();
    let mut close: Vec<(usize, &str)> = names
        .map(|name| (levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= limit || is_part(wanted, name))
        .collect();
    close.sort_unstable();
    close.into_iter().take(3).map(|(_, name)| name).collect()
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
        ] {
            assert_eq!(nearest(wanted, names.into_iter()), expected, "{wanted}");
        }
        assert_eq!(levenshtein("kitten", "sitting"), 3);
        assert_eq!(levenshtein("", "ab"), 2);
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
