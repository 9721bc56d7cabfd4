//! "Did you mean" suggestions by edit distance.

/// The closest of these names, at most three, closest first.
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (wanted.chars().count() / 3).max(2);
    let mut close: Vec<(usize, &str)> = names
        .map(|name| (distance(&wanted.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(steps, name)| *steps <= limit || is_part(wanted, name))
        .collect();
    close.sort_unstable();
    close.into_iter().take(3).map(|(_, name)| name).collect()
}

fn is_part(wanted: &str, name: &str) -> bool {
    wanted.len() >= 4 && (name.contains(wanted) || (name.len() >= 4 && wanted.contains(name)))
}

/// The Levenshtein distance in characters.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut next = vec![above + 1];
        for (at, (o, pair)) in other.iter().zip(row.windows(2)).enumerate() {
            let replaced = pair[0] + usize::from(*o != letter);
            next.push(replaced.min(pair[1] + 1).min(next[at] + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
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
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
    }
}
