//! Prints the result of an audit.

use std::collections::HashMap;

use serde_json::json;
use serde_json::value::RawValue;

use super::result::{AuditResult, Difference};
use crate::cli;
use crate::commands::Context;
use crate::commands::synthetic_event::{self, Documents};
use crate::diff::Options;
use crate::event;
use crate::record::options::Format;
use crate::util::exit::Exit;
use crate::util::text::plural;
use crate::view::audit::AuditedCollection;
use crate::view::{Styles, View, WallClock, escape};

/// Documents that are shown of each collection.
const DEFAULT_LIMIT: u64 = 10;

/// Prints the result; returns the exit code.
pub(super) fn report(result: &AuditResult, typed: &cli::Audit, context: &mut Context<'_>) -> Exit {
    for why in &result.why_not {
        context.out.warn(&format!("not proven: {why}"));
    }
    if result.equal_except_bytes > 0 {
        context.out.note(&format!(
            "in {}, bytes are Base64 in the copy, as in the stream, and an array of numbers on the server; they are the same bytes, and count as equal",
            plural(result.equal_except_bytes, "document")
        ));
    }
    let mut text = Vec::new();
    if typed.json {
        json(result, typed, context.env.stdout_terminal, &mut text);
    } else {
        people(result, typed, context, &mut text);
    }
    let printed = context.out.print_text(&text);
    if result.is_equal() {
        printed
    } else {
        printed.max(Exit::NotEqual)
    }
}

/// The differences that are shown.
fn shown(result: &AuditResult, limit: Option<u64>) -> impl Iterator<Item = &Difference> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    result.differences.iter().filter(move |difference| {
        let count = counts.entry(&difference.collection).or_default();
        *count += 1;
        limit.is_none_or(|limit| *count <= limit)
    })
}

fn word(difference: &Difference) -> &'static str {
    match (&difference.copy, &difference.server) {
        (None, _) => "missing",
        (_, None) => "extra",
        _ => "different",
    }
}

fn people(result: &AuditResult, typed: &cli::Audit, context: &mut Context<'_>, text: &mut Vec<u8>) {
    let view = view(context);
    view.audited(&result.collections, text);
    let limit = Some(typed.limit.unwrap_or(DEFAULT_LIMIT));
    let (mut payload, mut count) = (Vec::new(), 0);
    for difference in shown(result, limit) {
        if count == 0 {
            text.push(b'\n');
        }
        count += 1;
        let documents = match (&difference.copy, &difference.server) {
            (None, None) => continue,
            (None, Some(server)) => Documents::Insert(server),
            (Some(copy), None) => Documents::Remove(copy),
            (Some(copy), Some(server)) => Documents::Update(copy, server),
        };
        let is_update = matches!(documents, Documents::Update(..));
        synthetic_event::write(
            &difference.collection,
            documents,
            difference.txn,
            &mut payload,
        );
        if let Ok(event) = event::decode(Some(&payload)) {
            view.difference(word(difference), &event, is_update && !typed.ids_only, text);
        }
    }
    let hidden = result.differences.len() - count;
    if hidden > 0 {
        let more = format!(
            "… and {} (-n N shows N of each collection)\n",
            plural(hidden as u64, "more document")
        );
        text.extend_from_slice(more.as_bytes());
    }
    text.push(b'\n');
    text.extend_from_slice(escape::text(&sentence(result)).as_bytes());
    text.push(b'\n');
}

/// The result as a sentence.
fn sentence(result: &AuditResult) -> String {
    let AuditResult { copy, server, .. } = result;
    let sum = |count: fn(&AuditedCollection) -> u64| -> u64 {
        result.collections.iter().map(count).sum()
    };
    let scope = format!(
        "{} of {}",
        plural(sum(|one| one.equal), "document"),
        plural(result.collections.len() as u64, "collection")
    );
    let differences = sum(AuditedCollection::differences);
    if differences == 0 && result.is_equal() {
        return format!("{copy} is equal to {server}: {scope}");
    }
    if differences == 0 {
        return format!("{copy} has no difference to {server} in {scope}, but that is not proven");
    }
    let counts = format!(
        "{} missing, {} extra, {} different",
        sum(|one| one.missing),
        sum(|one| one.extra),
        sum(|one| one.different)
    );
    match result.repaired {
        0 => format!("{copy} differs from {server}: {counts}; equal: {scope}"),
        repaired if result.is_equal() => {
            format!("{copy} is now equal to {server}: {counts} before; {repaired} repaired")
        }
        repaired => format!(
            "{copy} differs from {server}: {counts}; {repaired} repaired, run audit --repair again for the others"
        ),
    }
}

/// The ids and documents as they are shown to people.
fn view(context: &Context<'_>) -> View {
    let env = context.env;
    let terminal = env.stdout_terminal;
    let coloured = env.colours(context.global.color, terminal);
    View {
        format: Format::Diff.into(),
        styles: Styles::new(coloured),
        coloured,
        terminal,
        width: env.width.filter(|_| terminal),
        clock: WallClock::new(env.now.clone()),
        diff: Options::default(),
    }
}

fn json(result: &AuditResult, typed: &cli::Audit, terminal: bool, text: &mut Vec<u8>) {
    for difference in shown(result, typed.limit) {
        let line = json_difference(difference, typed.ids_only);
        escape::push_json_line(&line, terminal, text);
    }
    let collections: Vec<serde_json::Value> = result
        .collections
        .iter()
        .map(|one| {
            json!({
                "collection": one.name,
                "equal": one.equal,
                "missing": one.missing,
                "extra": one.extra,
                "different": one.different,
                "unchecked": one.unchecked,
            })
        })
        .collect();
    let line = json!({
        "type": "auditEnd",
        "copy": result.copy,
        "server": result.server,
        "equal": result.is_equal(),
        "proven": result.why_not.is_empty(),
        "whyNot": result.why_not,
        "repaired": result.repaired,
        "collections": collections,
    });
    escape::push_json_line(line.to_string().as_bytes(), terminal, text);
}

/// One line. The id and the documents keep their digits.
fn json_difference(difference: &Difference, ids_only: bool) -> Vec<u8> {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Line<'l> {
        r#type: &'static str,
        collection: &'l str,
        #[serde(rename = "_id")]
        id: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        txn_id: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        copy: Option<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        server: Option<Box<RawValue>>,
    }
    let raw = |json: &[u8]| {
        let text = String::from_utf8_lossy(json).into_owned();
        RawValue::from_string(text).ok()
    };
    let document = |json: &Option<Vec<u8>>| json.as_deref().filter(|_| !ids_only).and_then(raw);
    let line = Line {
        r#type: word(difference),
        collection: &difference.collection,
        id: raw(difference.key.as_bytes()),
        txn_id: difference.txn,
        copy: document(&difference.copy),
        server: document(&difference.server),
    };
    // Strings, numbers and JSON that was parsed always serialize.
    serde_json::to_vec(&line).unwrap_or_default()
}
