//! The collections to read: those that the server lists, that the stream has, or that the user names.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::earlier::Earlier;
use super::options::ReadOptions;
use super::outcome::report_stop;
use super::scope;
use super::selection::{self, Selection};
use super::workers::{self, run_in_background};
use crate::commands::Context;
use crate::snapshot::manifest::{Collection, Scope};
use crate::snapshot::read::queries::{LISTING, Listing, Target};
use crate::snapshot::read::retrying_client::{Request, RetryingClient, StopReason};
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;

/// The collections to read.
pub(super) struct CollectionList {
    pub names: Vec<String>,
    pub scope: Scope,
    /// The server has no DQL.
    pub legacy: bool,
}

/// Determines the collections to read.
pub(super) fn collections(
    client: &Arc<RetryingClient>,
    head: &RunIdentity,
    earlier: &Earlier<'_>,
    options: &ReadOptions,
    context: &mut Context<'_>,
) -> Result<CollectionList, Exit> {
    if let Some((names, scope)) = earlier.run.collections() {
        return Ok(CollectionList {
            names: names.to_vec(),
            scope: scope.clone(),
            legacy: scope.listing.contains(scope::NO_DQL),
        });
    }
    let listing = match workers::listing(client, context) {
        Ok(listing) => listing,
        Err(stop) => return Err(report_stop(&stop, context)),
    };
    let old: Vec<&Collection> = earlier
        .snapshot
        .iter()
        .flat_map(|old| &old.collections)
        .collect();
    // What is replaced is read again, so that a collection that is gone is noticed.
    let elsewhere: BTreeSet<String> = head
        .seen
        .iter()
        .cloned()
        .chain(old.iter().map(|one| one.name.clone()))
        .collect();
    let legacy = matches!(listing, Listing::NoDql(_));
    let (listing_status, listed) = scope::describe(&listing);
    let selects_all = options.patterns.is_empty();
    let selection = if selects_all {
        let names = elsewhere.iter().chain(listing.names()).cloned();
        Selection {
            names: names.collect(),
            ..Selection::default()
        }
    } else {
        // An empty collection of the replaced snapshot proves nothing: its name may have been a mistake.
        let replaced = old.iter().filter(|one| one.documents > 0);
        let known = head.seen.iter().chain(replaced.map(|one| &one.name));
        let known = known.chain(listing.names()).cloned().collect();
        let (is_listed, mut stopped) = (listed.is_some(), None);
        let selection = selection::select(&options.patterns, &known, is_listed, &mut |name| {
            let counted = has_documents(client, name, context);
            counted.unwrap_or_else(|stop| {
                stopped = Some(stop);
                false
            })
        });
        if let Some(stop) = stopped {
            return Err(report_stop(&stop, context));
        }
        selection.map_err(|why| context.usage_error(options.command, &why))?
    };
    if selection.names.is_empty() && legacy {
        return Err(no_dql(listing, context));
    }
    if !selection.unchecked.is_empty() {
        let names: Vec<&str> = selection.unchecked.iter().map(String::as_str).collect();
        context.out.warn(&format!(
            "whether the collection {} exists is unknown: the server's list of collections is {listing_status}, and the stream does not have it",
            names.join(", ")
        ));
    }
    let names: Vec<String> = selection.names.into_iter().collect();
    if listed.is_none() && selects_all {
        context.out.warn(&format!(
            "the server's list of collections is {listing_status}: reading only collections that it names or that occur in the stream"
        ));
    }
    let unlisted = names
        .iter()
        .filter(|name| listed.is_some_and(|listed| !listed.contains(*name)));
    let scope = Scope {
        whole_app: listed.is_some() && selects_all && options.condition.is_none(),
        named: if selects_all {
            Vec::new()
        } else {
            names.clone()
        },
        patterns: options.patterns.clone(),
        unchecked: selection.unchecked.into_iter().collect(),
        condition: options.condition.clone(),
        unlisted: unlisted.cloned().collect(),
        listing: listing_status,
        known: listed.map(|listed| listed.union(&elsewhere).cloned().collect()),
    };
    Ok(CollectionList {
        names,
        scope,
        legacy,
    })
}

/// Whether the server counts documents in a collection that no list names.
fn has_documents(
    client: &Arc<RetryingClient>,
    name: &str,
    context: &mut Context<'_>,
) -> Result<bool, StopReason> {
    let (background, target) = (Arc::clone(client), Target::new(name.to_owned(), None));
    let doing = format!("counting the collection {name}");
    let (_, rows) = run_in_background(client, context, move || {
        background.query(&doing, &Request::Dql(target.count()))
    })?;
    Ok(rows.iter().any(|row| counts_documents(row)))
}

/// Whether a row `{"n": N}` counts at least one document.
fn counts_documents(row: &[u8]) -> bool {
    let row: Option<serde_json::Value> = serde_json::from_slice(row).ok();
    row.and_then(|row| row.get("n")?.as_u64())
        .is_some_and(|count| count > 0)
}

/// Reports a server without DQL, whose collections must be known from elsewhere.
fn no_dql(listing: Listing, context: &mut Context<'_>) -> Exit {
    let Listing::NoDql(error) = listing else {
        return Exit::Setup;
    };
    report_stop(&StopReason::Api(LISTING.to_owned(), error), context)
}
