//! What a requery came to: complete or not and why, in the manifest, in words and as an exit code.
//! Also what it would come to (`--dry-run`), and its first request (`--as-curl`).

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::options::Options;
use super::workers::aside;
use crate::bigpeer::Base;
use crate::commands::Context;
use crate::snapshot::manifest::{Manifest, Scope};
use crate::snapshot::read::queries::Target;
use crate::snapshot::read::retrying_client::{Asker, Question, Stop};
use crate::snapshot::write::journal::Head;
use crate::util::exit::Exit;
use crate::util::shell::quoted;

/// Draws the conclusion from the collections.
pub(super) fn conclude(manifest: &mut Manifest, ended: String) {
    manifest.ended = ended;
    let incomplete = manifest.collections.iter().filter(|one| !one.complete);
    manifest.why_not = incomplete
        .map(|one| format!("{}: {}", one.name, one.why_not.join("; ")))
        .collect();
    if manifest.collections.is_empty() {
        manifest.why_not.push(format!(
            "no collection is known: the server's list is {}, and the stream has shown none; name them with --collection",
            manifest.scope.listing
        ));
    }
    manifest.complete = manifest.why_not.is_empty();
}

/// The exit code.
pub(super) fn exit(manifest: &Manifest) -> Exit {
    if manifest.complete {
        Exit::Fine
    } else {
        Exit::Incomplete
    }
}

/// Says how it ended.
pub(super) fn tell(manifest: &Manifest, place: Option<&Path>, context: &mut Context<'_>) {
    for why in &manifest.why_not {
        context.out.warn(&format!("incomplete: {why}"));
    }
    let documents: u64 = manifest.collections.iter().map(|one| one.documents).sum();
    let scope = if manifest.scope.whole_app {
        "the whole app"
    } else {
        "only what was asked for or is known, not the whole app"
    };
    let complete = if manifest.complete {
        "complete"
    } else {
        "NOT complete"
    };
    let place = place
        .map(|place| format!(" in {}", place.display()))
        .unwrap_or_default();
    context.out.note(&format!(
        "{documents} documents of {} collections{place}, {complete} ({scope})",
        manifest.collections.len()
    ));
}

/// What would be read. Counts are asked for, documents are not.
pub(super) fn dry_run(
    asker: &Arc<Asker>,
    head: &Head,
    targets: &[Target],
    scope: &Scope,
    context: &mut Context<'_>,
) -> Result<Exit, Exit> {
    let mut text = format!("server       {}\n", head.server);
    let floor = head.floor.map_or_else(
        || "none".to_owned(),
        |floor| format!("{floor} ({})", head.floor_from.join(", ")),
    );
    let _ = writeln!(text, "floor        {floor}");
    let positions: Vec<String> = head
        .positions
        .iter()
        .map(|one| format!("p{}@{}", one.partition, one.next_offset))
        .collect();
    let _ = writeln!(
        text,
        "positions    {}",
        if positions.is_empty() {
            "none".to_owned()
        } else {
            positions.join(" ")
        }
    );
    let _ = writeln!(
        text,
        "collections  {}: the server's list {}",
        targets.len(),
        scope.listing
    );
    for target in targets {
        let (asking, question) = (Arc::clone(asker), Question::Dql(target.census()));
        let doing = format!("counting the collection {}", target.collection);
        let counted = aside(asker, context, move || asking.ask(&doing, &question));
        let rows = match counted {
            Ok((_, rows)) => rows
                .iter()
                .map(|row| String::from_utf8_lossy(row).into_owned())
                .collect::<Vec<_>>()
                .join(" "),
            Err(Stop::Api(_, error)) => error.to_string(),
            Err(stop) => return Err(super::stopped(&stop, context)),
        };
        let _ = writeln!(
            text,
            "  {}  {}",
            crate::view::escape::text(&target.collection),
            crate::view::escape::text(&rows)
        );
    }
    Ok(context.out.print_text(text.as_bytes()))
}

/// The first request as a command for a shell; the key stays in a variable.
pub(super) fn curl(base: &Base, options: &Options) -> String {
    let Question::Dql(query) = super::first_question(options) else {
        return String::new();
    };
    let txn = options
        .txn_id
        .map(|txn_id| format!(" \\\n  -H 'X-DITTO-TXN-ID: {txn_id}'"));
    format!(
        "curl -sS -X POST {} \\\n  -H \"Authorization: Bearer $DITTO_CDC_API_KEY\" \\\n  -H 'Content-Type: application/json'{} \\\n  -d {}\n",
        quoted(&base.execute(options.version)),
        txn.unwrap_or_default(),
        quoted(&query.body())
    )
}
