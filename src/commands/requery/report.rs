//! Output of a requery: the result, the plan (`--dry-run`) and the first request (`--as-curl`).

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crate::bigpeer::Endpoint;
use crate::commands::Context;
use crate::commands::snapshot_read::options::ReadOptions;
use crate::commands::snapshot_read::outcome::report_stop;
use crate::commands::snapshot_read::{SnapshotRead, run_in_background};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::read::retrying_client::{Request, StopReason};
use crate::util::exit::Exit;
use crate::util::shell::quoted;
use crate::view::escape;

/// The exit code.
pub(super) fn exit(manifest: &Manifest) -> Exit {
    if manifest.complete {
        Exit::Success
    } else {
        Exit::Incomplete
    }
}

/// Reports the result.
pub(super) fn report(manifest: &Manifest, place: Option<&Path>, context: &mut Context<'_>) {
    for why in &manifest.why_not {
        context.out.warn(&format!("incomplete: {why}"));
    }
    let documents: u64 = manifest.collections.iter().map(|one| one.documents).sum();
    let scope = if manifest.scope.whole_app {
        "the whole app"
    } else {
        "only the requested or known collections, not the whole app"
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

/// Prints the plan. Only counts are queried, no documents.
pub(super) fn dry_run(read: &SnapshotRead, context: &mut Context<'_>) -> Result<Exit, Exit> {
    let (head, targets) = (read.head(), read.targets());
    let mut text = format!("server       {}\n", escape::text(&head.server));
    let floor = head.floor.map_or_else(
        || "none".to_owned(),
        |floor| format!("{floor} ({})", head.floor_from.join(", ")),
    );
    let _ = writeln!(text, "up to txn    {}", escape::text(&floor));
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
        escape::text(&read.scope().listing)
    );
    for target in targets {
        let (background, request) = (Arc::clone(read.client()), Request::Dql(target.census()));
        let doing = format!("counting the collection {}", target.collection);
        let counted = run_in_background(read.client(), context, move || {
            background.query(&doing, &request)
        });
        let rows = match counted {
            Ok((_, rows)) => rows
                .iter()
                .map(|row| String::from_utf8_lossy(row).into_owned())
                .collect::<Vec<_>>()
                .join(" "),
            Err(StopReason::Api(_, error)) => error.to_string(),
            Err(stop) => return Err(report_stop(&stop, context)),
        };
        let _ = writeln!(
            text,
            "  {}  {}",
            escape::text(&target.collection),
            escape::text(&rows)
        );
    }
    Ok(context.out.print_text(text.as_bytes()))
}

/// The first request as a shell command; the key stays in a variable.
pub(super) fn curl(endpoint: &Endpoint, options: &ReadOptions) -> String {
    let Request::Dql(query) = options.first_request() else {
        return String::new();
    };
    let txn = options
        .txn_id
        .map(|txn_id| format!(" \\\n  -H 'X-DITTO-TXN-ID: {txn_id}'"));
    format!(
        "curl -sS -X POST {} \\\n  -H \"Authorization: Bearer $DITTO_CDC_API_KEY\" \\\n  -H 'Content-Type: application/json'{} \\\n  -d {}\n",
        quoted(&endpoint.execute(options.version)),
        txn.unwrap_or_default(),
        quoted(&query.body())
    )
}
