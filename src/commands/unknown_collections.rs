//! Reports names of `--collection` that nothing has: a mistyped name would select nothing without a word.

use std::collections::BTreeSet;

use super::tail::plan::Plan;
use crate::output::Output;
use crate::util::suggest::nearest;

/// Maximum number of names in a message.
const MAX_NAMES: usize = 5;

/// Reports each name or glob that matches none of the collections that were read.
pub(super) fn report(known: &BTreeSet<String>, plan: &Plan, out: &mut Output) {
    let typed = plan.typed_filter.options.collections.iter();
    let included = typed.filter(|name| !name.starts_with('!'));
    for (at, typed) in included.enumerate() {
        let mut names = known.iter().map(String::as_str);
        let is_met = |name: &str| plan.filter.including_patterns(name).any(|one| one == at);
        if !names.any(is_met) {
            let instead = instead(typed, known);
            out.warn(&format!(
                "no collection matches --collection {typed}; {instead}"
            ));
        }
    }
}

fn instead(typed: &str, known: &BTreeSet<String>) -> String {
    let near = nearest(typed, known.iter().map(String::as_str));
    if !near.is_empty() {
        return format!("did you mean {}?", near.join(" or "));
    }
    if known.is_empty() {
        return "there is none at all".to_owned();
    }
    let known: Vec<String> = known.iter().cloned().collect();
    format!("there are {}", names(&known))
}

/// The first names, and how many more there are.
pub(super) fn names(all: &[String]) -> String {
    let shown = all.get(..MAX_NAMES).unwrap_or(all).join(", ");
    match all.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
