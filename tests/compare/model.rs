//! Random histories of documents, written as snapshot folders, printed snapshots and captures, and a plain model of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ditto_cdc::snapshot::manifest::{Collection, Manifest, Scope};
use ditto_cdc::tls::Sha256;

use crate::rng::Rng;

/// Collections in their order.
pub const COLLECTIONS: [&str; 2] = ["orders", "people"];
/// Ids in the order of the output, each with its spellings.
pub const IDS: [&[&str]; 7] = [
    &["false"],
    &["-3"],
    &["20"],
    &["\"20\""],
    &["\"ab\"", "\"\\u0061b\""],
    &["[1,\"x\"]", "[1, \"x\"]"],
    &["{\"a\":1,\"b\":2}", "{ \"b\":2, \"a\":1 }"],
];

/// A document: its collection and its id, as indexes.
pub type Key = (usize, usize);
/// The documents that exist, each with its content.
pub type Documents = BTreeMap<Key, usize>;

/// What a side knows of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It exists, with this content.
    Present(usize),
    /// It does not exist.
    Absent,
    /// The side does not say.
    Unknown,
}

/// The form of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A folder that `requery` wrote; whether it is complete.
    Folder(bool),
    /// The output of `requery --output -`.
    Printed,
    /// Events in the format of captures, with offsets and transactions.
    Records,
    /// Events alone, without transactions.
    Payloads,
}

/// One side of a comparison.
pub struct Side {
    pub form: Form,
    pub known: BTreeMap<Key, Known>,
}

impl Side {
    /// What it knows of a document.
    pub fn get(&self, key: Key) -> Known {
        let unlisted = match self.form {
            Form::Folder(true) | Form::Printed => Known::Absent,
            Form::Folder(false) | Form::Records | Form::Payloads => Known::Unknown,
        };
        self.known.get(&key).copied().unwrap_or(unlisted)
    }
}

/// Random documents.
pub fn documents(rng: &mut Rng) -> Documents {
    let keys = (0..COLLECTIONS.len())
        .flat_map(|collection| (0..IDS.len()).map(move |id| (collection, id)));
    let chosen: Vec<Key> = keys.filter(|_| rng.percent(60)).collect();
    chosen.into_iter().map(|key| (key, rng.below(3))).collect()
}

/// A document in one of its spellings.
fn document((_, id): Key, content: usize, rng: &mut Rng) -> String {
    let id = rng.pick(IDS[id]);
    match rng.below(4) {
        0 => format!("{{\"_id\":{id},\"n\":{content},\"deep\":[{{\"n\":{content}}}]}}"),
        1 => format!("{{\"deep\":[{{\"n\":{content}}}],\"_id\":{id},\"n\":{content}}}"),
        2 => format!("{{\"_id\":{id},\"n\":{content}.0,\"deep\":[{{\"\\u006e\":{content}}}]}}"),
        _ => format!("{{\"_id\": {id}, \"n\": {content}, \"deep\": [ {{ \"n\" : {content}}}]}}"),
    }
}

/// Writes a side to `path`.
pub fn write(path: &Path, form: Form, now: &Documents, rng: &mut Rng) -> Side {
    match form {
        Form::Folder(is_complete) => write_folder(path, is_complete, now, rng),
        Form::Printed => write_printed(path, now, rng),
        Form::Records | Form::Payloads => write_events(path, form, now, rng),
    }
}

fn shuffled<T>(items: impl IntoIterator<Item = T>, rng: &mut Rng) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    for at in (1..items.len()).rev() {
        items.swap(at, rng.below(at + 1));
    }
    items
}

fn present(now: &Documents) -> BTreeMap<Key, Known> {
    now.iter()
        .map(|(key, content)| (*key, Known::Present(*content)))
        .collect()
}

fn write_folder(path: &Path, is_complete: bool, now: &Documents, rng: &mut Rng) -> Side {
    let files = COLLECTIONS.iter().enumerate().map(|(collection, name)| {
        let mine = now.iter().filter(|((one, _), _)| *one == collection);
        let lines = shuffled(mine, rng)
            .into_iter()
            .map(|(key, content)| document(*key, *content, rng) + "\n");
        (*name, lines.collect::<String>())
    });
    let files: Vec<(&str, String)> = files.collect();
    write_snapshot(
        path,
        &files,
        is_complete,
        Scope {
            whole_app: is_complete,
            ..Scope::default()
        },
    );
    Side {
        form: Form::Folder(is_complete),
        known: present(now),
    }
}

/// Writes a snapshot's folder: the documents of each collection, a line each.
pub fn write_snapshot(path: &Path, files: &[(&str, String)], is_complete: bool, scope: Scope) {
    fs::create_dir(path).unwrap();
    let mut manifest = Manifest::new(
        "http://localhost".to_owned(),
        "2026-01-31T12:00:00Z".to_owned(),
    );
    (manifest.complete, manifest.scope) = (is_complete, scope);
    for (name, text) in files {
        let mut sum = Sha256::default();
        sum.add(text.as_bytes());
        fs::write(path.join(format!("{name}.ndjson")), text).unwrap();
        let collection: Collection = serde_json::from_value(serde_json::json!({
            "name": name, "complete": is_complete, "documents": text.lines().count(), "byType": {}, "pages": 1,
            "way": "", "file": format!("{name}.ndjson"), "bytes": text.len(), "sha256": sum.digits(), "places": []
        }))
        .unwrap();
        manifest.collections.push(collection);
    }
    manifest.write(path).unwrap();
}

fn write_printed(path: &Path, now: &Documents, rng: &mut Rng) -> Side {
    let mut text = format!(
        "{}\n",
        serde_json::json!({"type":"snapshotBegin","txnID":1,"collections":COLLECTIONS})
    );
    for (key, content) in shuffled(now, rng) {
        let (name, document) = (COLLECTIONS[key.0], document(*key, *content, rng));
        let _ = writeln!(
            text,
            "{{\"txnId\":9,\"type\":\"snapshotDocument\",\"collection\":\"{name}\",\"change\":{{\"method\":\"read\",\"value\":{document}}}}}"
        );
    }
    let _ = writeln!(
        text,
        "{}",
        serde_json::json!({"type":"snapshotEnd","txnID":1,"documents":now.len(),"complete":true})
    );
    fs::write(path, text).unwrap();
    Side {
        form: Form::Printed,
        known: present(now),
    }
}

/// Writes the history of some documents, which leads to the present ones and removes some others.
fn write_events(path: &Path, form: Form, now: &Documents, rng: &mut Rng) -> Side {
    let mut known = present(now);
    for collection in 0..COLLECTIONS.len() {
        for id in 0..IDS.len() {
            if rng.percent(40) {
                known.entry((collection, id)).or_insert(Known::Absent);
            }
        }
    }
    let mut histories: Vec<(Key, Vec<Option<usize>>)> = known
        .iter()
        .map(|(key, last)| {
            let mut versions: Vec<Option<usize>> =
                (0..rng.below(3)).map(|_| Some(rng.below(3))).collect();
            versions.push(match last {
                Known::Present(content) => Some(*content),
                _ => None,
            });
            versions.reverse();
            (*key, versions)
        })
        .collect();
    let (mut text, mut txn, mut offsets, mut written) = (String::new(), 100, [0; 3], Vec::new());
    while !histories.is_empty() {
        let at = rng.below(histories.len());
        let (key, versions) = &mut histories[at];
        let (key, version) = (*key, versions.pop().unwrap());
        if versions.is_empty() {
            histories.swap_remove(at);
        }
        txn += 1;
        let event = event(key, version, txn, form, rng);
        push(&mut text, key, &event, form, &mut offsets);
        written.push((key, event));
        // Delivered again, with a later offset.
        if form == Form::Records && rng.percent(20) {
            let (key, event) = rng.pick(&written).clone();
            push(&mut text, key, &event, form, &mut offsets);
        }
    }
    fs::write(path, text).unwrap();
    Side { form, known }
}

fn event(key: Key, version: Option<usize>, txn: u64, form: Form, rng: &mut Rng) -> String {
    let name = COLLECTIONS[key.0];
    let txn = match form {
        Form::Records => format!("\"txnId\":{txn},"),
        _ => String::new(),
    };
    let change = match version {
        Some(content) => format!(
            "{{\"method\":\"upsert\",\"oldValue\":null,\"newValue\":{}}}",
            document(key, content, rng)
        ),
        None => format!(
            "{{\"method\":\"remove\",\"value\":{}}}",
            document(key, 0, rng)
        ),
    };
    format!("{{{txn}\"type\":\"documentChanged\",\"collection\":\"{name}\",\"change\":{change}}}")
}

fn push(text: &mut String, key: Key, event: &str, form: Form, offsets: &mut [i64; 3]) {
    if form == Form::Payloads {
        let _ = writeln!(text, "{event}");
        return;
    }
    let partition = key.1 % 3;
    let offset = offsets[partition];
    offsets[partition] += 1;
    let _ = writeln!(
        text,
        "{{\"topic\":\"t\",\"partition\":{partition},\"offset\":{offset},\"timestamp\":{},\"timestampType\":\"CreateTime\",\"key\":null,\"headers\":[],\"value\":{event}}}",
        1_769_860_863_000_i64 + offset
    );
}
