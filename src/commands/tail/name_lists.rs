//! Names of events in messages: lists with counts, and the nearest name.

use crate::event::filter_stats::Names;
use crate::util::suggest::nearest;
use crate::util::text::truncate;

/// Limit of the names in one message.
pub(super) const MAX_SHOWN_NAMES: usize = 8;
/// Limit of the characters of a name in a message.
pub(super) const MAX_NAME_CHARS: usize = 40;

/// `; seen: a (7), b (2) and 3 more`
pub(super) fn seen(names: &Names) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; seen: {}", counts(names))
}

/// The names with their counts, the most frequent first.
pub(super) fn counts(names: &Names) -> String {
    let mut counts: Vec<(&String, &u64)> = names.counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let counts = counts.into_iter().take(MAX_SHOWN_NAMES);
    let shown = counts.map(|(name, count)| format!("{} ({count})", shown(name)));
    with_rest(&shown.collect::<Vec<_>>().join(", "), names)
}

/// The names without their counts, in alphabetical order.
pub(super) fn list(names: &Names) -> String {
    let shown: Vec<String> = names.iter().take(MAX_SHOWN_NAMES).map(shown).collect();
    with_rest(&shown.join(", "), names)
}

/// How many names are not shown.
fn with_rest(shown: &str, names: &Names) -> String {
    match (
        names.counts.len().saturating_sub(MAX_SHOWN_NAMES),
        names.more,
    ) {
        (0, false) => shown.to_owned(),
        (0, true) => format!("{shown} and others"),
        (more, false) => format!("{shown} and {more} more"),
        (more, true) => format!("{shown} and more than {more} others"),
    }
}

/// `; did you mean orders?`, if a name is close to one of the wanted ones.
pub(super) fn did_you_mean<'w>(wanted: impl Iterator<Item = &'w str>, names: &Names) -> String {
    let mut close: Vec<&str> = Vec::new();
    for wanted in wanted {
        for name in nearest(wanted, names.iter().filter(|name| *name != wanted)) {
            if !close.contains(&name) {
                close.push(name);
            }
        }
    }
    close.truncate(3);
    if close.is_empty() {
        return String::new();
    }
    let close: Vec<String> = close.into_iter().map(shown).collect();
    let close: Vec<&str> = close.iter().map(String::as_str).collect();
    format!("; did you mean {}?", join(&close, "or"))
}

/// A name of an event: short, and in quotes if it has unusual characters.
fn shown(name: &str) -> String {
    let short = truncate(name, MAX_NAME_CHARS);
    let is_usual = |c: char| c.is_alphanumeric() || "_-.:/{}[]\"".contains(c);
    if !name.is_empty() && name.chars().all(is_usual) {
        short.into_owned()
    } else {
        format!("'{short}'")
    }
}

/// Typed values in quotes.
pub(super) fn quoted(values: &[&str], conjunction: &str) -> String {
    let quoted: Vec<String> = values
        .iter()
        .map(|value| format!("'{}'", truncate(value, MAX_NAME_CHARS)))
        .collect();
    let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
    join(&quoted, conjunction)
}

/// `a, b or c`
pub(super) fn join(words: &[&str], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} {conjunction} {last}", others.join(", ")),
    }
}
