//! Which collections `--collection` selects, of those that are known.

use std::collections::BTreeSet;

use crate::event::collection_pattern::CollectionPattern;
use crate::util::suggest::nearest;
use crate::util::text::truncate;

/// How many known collections a message lists.
const MAX_LISTED: usize = 12;
/// How much of a name a message shows.
const MAX_NAME_CHARS: usize = 40;

/// The selected collections.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    pub names: BTreeSet<String>,
    /// Those of which nothing says that they exist.
    pub unchecked: BTreeSet<String>,
}

/// A value of `--collection`.
struct Typed<'t> {
    text: &'t str,
    pattern: CollectionPattern,
    excludes: bool,
}

/// Selects from the known collections. `is_listed` says that the server has listed its collections: a name that is not
/// known, and of which `has_documents` finds none, then does not exist. Otherwise it is selected, and stays unchecked.
///
/// # Errors
/// A usage error as a sentence.
pub(super) fn select(
    typed: &[String],
    known: &BTreeSet<String>,
    is_listed: bool,
    has_documents: &mut dyn FnMut(&str) -> bool,
) -> Result<Selection, String> {
    let typed = parse(typed, known)?;
    let mut selection = Selection::default();
    if typed.iter().all(|one| one.excludes) {
        selection.names.clone_from(known);
    }
    for one in typed.iter().filter(|one| !one.excludes) {
        let matches: Vec<&String> = known
            .iter()
            .filter(|name| one.pattern.matches(name))
            .collect();
        match one.pattern.name() {
            _ if !matches.is_empty() => selection.names.extend(matches.into_iter().cloned()),
            // Lists omit internal collections, and those that a key may not list.
            Some(name) if is_listed && has_documents(name) => {
                selection.names.insert(name.to_owned());
            }
            Some(name) if !is_listed => {
                selection.names.insert(name.to_owned());
                selection.unchecked.insert(name.to_owned());
            }
            _ => return Err(unknown(one, known, is_listed)),
        }
    }
    let excluded = typed.iter().filter(|one| one.excludes);
    for one in excluded.filter(|_| is_listed) {
        if !known.iter().any(|name| one.pattern.matches(name)) {
            return Err(unknown(one, known, is_listed));
        }
    }
    let is_excluded = |name: &String| {
        let mut exclusions = typed.iter().filter(|one| one.excludes);
        exclusions.any(|one| one.pattern.matches(name))
    };
    selection.names.retain(|name| !is_excluded(name));
    selection.unchecked.retain(|name| !is_excluded(name));
    if selection.names.is_empty() {
        let patterns = typed.iter().map(|one| quoted(one.text));
        let patterns = patterns.collect::<Vec<_>>().join(" ");
        return Err(format!(
            "--collection {patterns} selects no collection{}",
            list(known)
        ));
    }
    Ok(selection)
}

/// The typed patterns. A pattern that is exactly a known name means this name.
fn parse<'t>(typed: &'t [String], known: &BTreeSet<String>) -> Result<Vec<Typed<'t>>, String> {
    let one = |text: &'t String| {
        let name = text.strip_prefix('!').unwrap_or(text);
        let is_literal = known.contains(text) || known.contains(name);
        let pattern = if is_literal {
            let name = if known.contains(text) { text } else { name };
            CollectionPattern::Name(name.to_owned())
        } else {
            pattern(text)?
        };
        Ok(Typed {
            text,
            pattern,
            excludes: text.starts_with('!') && !known.contains(text),
        })
    };
    typed.iter().map(one).collect()
}

/// Parses a value of `--collection`.
///
/// # Errors
/// A usage error as a sentence.
pub(super) fn pattern(text: &str) -> Result<CollectionPattern, String> {
    if matches!(text, "" | "!") {
        return Err("--collection: a name must not be empty".to_owned());
    }
    let pattern = CollectionPattern::new(text);
    pattern.map_err(|bad| format!("--collection {bad}"))
}

/// The error for a value that matches no known collection.
fn unknown(typed: &Typed<'_>, known: &BTreeSet<String>, is_listed: bool) -> String {
    let text = quoted(typed.text);
    if typed.pattern.name().is_none() {
        let remark = if is_listed {
            ""
        } else {
            "; the server does not list its collections, so only names that occur in the stream or in the existing snapshot are known: name each collection exactly"
        };
        return format!("no collection matches {text}{}{remark}", list(known));
    }
    let name = typed.pattern.name().unwrap_or(typed.text);
    let close = nearest(name, known.iter().map(String::as_str));
    let close: Vec<String> = close.into_iter().map(quoted).collect();
    let parts: Vec<&str> = typed.text.split(',').map(str::trim).collect();
    let hint = if parts.len() > 1 && parts.iter().all(|part| known.contains(*part)) {
        let flags: Vec<String> = parts.iter().map(|part| format!("-c {part}")).collect();
        format!("; for several collections write {}", flags.join(" "))
    } else if close.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", close.join(" or "))
    };
    format!(
        "there is no collection {text}: neither the server's list nor the stream has it{hint}{}",
        list(known)
    )
}

fn list(known: &BTreeSet<String>) -> String {
    if known.is_empty() {
        return "; no collection is known".to_owned();
    }
    let shown: Vec<String> = known
        .iter()
        .take(MAX_LISTED)
        .map(|name| quoted(name))
        .collect();
    let more = match known.len().saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("; known collections: {}{more}", shown.join(", "))
}

fn quoted(name: &str) -> String {
    format!("'{}'", truncate(name, MAX_NAME_CHARS))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["orders", "order_items", "people", "a*", "!odd", "x,y"];

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn selected(typed: &[&str], is_listed: bool) -> Result<Selection, String> {
        let typed: Vec<String> = typed.iter().map(ToString::to_string).collect();
        select(&typed, &set(KNOWN), is_listed, &mut |name| {
            name == "__internal"
        })
    }

    #[test]
    fn patterns_select_from_what_is_known() {
        for (typed, expected) in [
            (&["orders"][..], &["orders"][..]),
            (&["orders", "orders"], &["orders"]),
            (&["order*"], &["orders", "order_items"]),
            (&["{orders,people}"], &["orders", "people"]),
            (&["order*", "!order_items"], &["orders"]),
            (&["!order*", "!a[*]"], &["people", "!odd", "x,y"]),
            (&["a*"], &["a*"]),
            (&["!odd"], &["!odd"]),
            (&["x,y"], &["x,y"]),
            (&["x,y", "!or*"], &["x,y"]),
            (&["*s", "orders"], &["orders", "order_items"]),
        ] {
            for is_listed in [true, false] {
                let selection = selected(typed, is_listed).unwrap();
                assert_eq!(selection.names, set(expected), "{typed:?}");
                assert_eq!(selection.unchecked, set(&[]), "{typed:?}");
            }
        }
    }

    #[test]
    fn what_nothing_knows_is_an_error_or_unchecked() {
        for (typed, words) in [
            (
                &["nope"][..],
                &["no collection 'nope'", "known collections: "][..],
            ),
            (&["orders", "nope"], &["no collection 'nope'"]),
            (&["ordres"], &["did you mean 'orders'"]),
            (&["Orders"], &["did you mean 'orders'"]),
            (&["orders,people"], &["write -c orders -c people"]),
            (&["nope*"], &["no collection matches 'nope*'"]),
            (&["orders", "!orders"], &["selects no collection"]),
            (&["!*"], &["selects no collection"]),
            (&[""], &["must not be empty"]),
            (&["!"], &["must not be empty"]),
            (&["a["], &["--collection 'a['"]),
            (&["order*", "!order_itmes"], &["did you mean 'order_items'"]),
            (&["order*", "!nope*"], &["no collection matches '!nope*'"]),
        ] {
            let error = selected(typed, true).unwrap_err();
            for word in words {
                assert!(error.contains(word), "{typed:?}: {error}");
            }
        }
        let selection = selected(&["__internal"], true).unwrap();
        assert_eq!(selection.names, set(&["__internal"]));
        assert_eq!(selection.unchecked, set(&[]));
        let selection = selected(&["nope", "orders"], false).unwrap();
        assert_eq!(selection.names, set(&["nope", "orders"]));
        assert_eq!(selection.unchecked, set(&["nope"]));
        let error = selected(&["nope*"], false).unwrap_err();
        assert!(error.contains("does not list its collections"), "{error}");
    }
}
