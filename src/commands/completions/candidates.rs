//! The hidden command that completion scripts call: prints profiles, collections and ids of captures, or whole-line candidates.
//! Output is one name per line; errors are silent, because messages would disturb the command line being typed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::command_line::{Candidate, Completions, Typed, complete};
use crate::capture::Capture;
use crate::cli;
use crate::commands::{Context, connect};
use crate::event::{self, Event, is_json_id};
use crate::record::{Source, SourceItem};
use crate::settings::{expand, profile};
use crate::util::exit::Exit;
use crate::view::id_text;

/// Limit of the bytes read from each capture, to answer quickly.
const MAX_CAPTURE_BYTES: u64 = 4 << 20;
/// Limit of the candidates.
const MAX_NAMES: usize = 5_000;
/// Limit of the captures read from the working folder if the command line names none.
const MAX_CAPTURES: usize = 4;

/// Prints the candidates; `words` are the kind of candidates, then the command line so far.
pub fn run(words: &[OsString], context: &mut Context<'_>) -> Exit {
    let kind = words.first().map(|word| word.to_string_lossy());
    let words = words.get(1..).unwrap_or(&[]);
    let lines = match kind.as_deref() {
        Some("line") => whole_line(words, context),
        Some(kind) => names(kind, words, context),
        None => return Exit::Usage,
    };
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    context.out.print_text(text.as_bytes())
}

/// Candidates for the last word of the whole line, each followed by a tab and its help. The script prefixes the last
/// word with `+`, because some shells drop an empty word.
fn whole_line(words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let strings = words.iter().map(|word| word.to_string_lossy().into_owned());
    let mut before: Vec<String> = strings.collect();
    let prefix = before.pop().unwrap_or_default();
    let prefix = prefix.strip_prefix('+').unwrap_or(&prefix);
    match complete(cli::command(), &before, prefix) {
        Completions::Words(found) => {
            let line = |Candidate { word, help }| format!("{word}\t{help}");
            found.into_iter().map(line).collect()
        }
        Completions::ValueOf(flag) if is_file(&flag) => Vec::new(),
        Completions::ValueOf(name) => {
            let mut names = match name.as_str() {
                "id" => document_names(&before, words, context),
                _ => names(&format!("{name}s"), words, context),
            };
            names.retain(|name| name.starts_with(prefix));
            if names.is_empty() {
                names.push(itself(prefix));
            }
            names
        }
        Completions::Free => vec![itself(prefix)],
    }
}

/// Whether the values of a flag are files, which the shell offers.
fn is_file(flag: &str) -> bool {
    !matches!(flag, "collection" | "id" | "profile")
}

/// The word at the cursor as its only candidate, because the shells offer files if there is none.
fn itself(prefix: &str) -> String {
    format!("{prefix}\t")
}

fn names(kind: &str, words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let mut names = match kind {
        "profiles" => profile::names(&connect::environment(context)),
        "collections" => collections(words, context),
        "documents" => documents(words, context),
        _ => Vec::new(),
    };
    // The output has one name per line, so a name cannot contain a line end.
    names.retain(|name| !name.chars().any(char::is_control));
    names
}

fn collections(words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let collection = |event: &Event<'_>| event.collection.as_deref().map(str::to_owned);
    names_in_captures(words, &collection, context)
}

/// The collections or ids for a command that takes both. The first word is the number of words before the cursor.
fn documents(words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let Some((count, words)) = words.split_first() else {
        return Vec::new();
    };
    let count = count.to_string_lossy().parse().unwrap_or(0);
    let before = words.get(..count).unwrap_or(words).iter();
    let before: Vec<String> = before
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    document_names(&before, words, context)
}

fn document_names(before: &[String], words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let mut command = cli::command();
    command.build();
    let typed = Typed::new(&command, before);
    match (typed.looked_up(), typed.positionals.first()) {
        (Some("collection"), _) => collections(words, context),
        (Some("id"), Some(collection)) => {
            let id = |event: &Event<'_>| {
                let is_wanted = event.collection.as_deref() == Some(*collection);
                event.id().filter(|_| is_wanted).map(typed_id)
            };
            names_in_captures(words, &id, context)
        }
        _ => Vec::new(),
    }
}

/// An id as it is typed: a string without its quotes, unless it would also be another id.
fn typed_id(raw: &[u8]) -> String {
    let text = id_text(raw).into_owned();
    let is_string = raw.starts_with(b"\"");
    let is_ambiguous = is_string && is_json_id(&text);
    if is_ambiguous || !is_string {
        String::from_utf8_lossy(raw).into_owned()
    } else {
        text
    }
}

/// The names that events of captures have: those that the words name, else those of the working folder.
fn names_in_captures(
    words: &[OsString],
    name_of: &dyn Fn(&Event<'_>) -> Option<String>,
    context: &Context<'_>,
) -> Vec<String> {
    let mut files: Vec<PathBuf> = words
        .iter()
        .filter_map(|word| file(word, context))
        .collect();
    if files.is_empty() {
        files = captures_here(&context.env.cwd);
    }
    let mut found = BTreeSet::new();
    for file in files {
        // An unreadable file has no candidates.
        let _ = read_names(&file, name_of, &mut found, context);
    }
    found.into_iter().collect()
}

/// The file that a word names, with or without `--input=`.
fn file(word: &OsString, context: &Context<'_>) -> Option<PathBuf> {
    let text = word.to_string_lossy();
    let name = text.strip_prefix("--input=").unwrap_or(&text);
    let path = expand(name.as_ref(), &context.env.cwd, context.env.home.as_deref()).ok()?;
    path.is_file().then_some(path)
}

fn captures_here(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_capture = |path: &PathBuf| {
        let name = path.to_string_lossy();
        let ends = [".ndjson", ".ndjson.gz", ".ndjson.zst"];
        ends.iter().any(|end| name.ends_with(end))
    };
    let mut captures: Vec<PathBuf> = paths.filter(is_capture).collect();
    captures.sort();
    captures.truncate(MAX_CAPTURES);
    captures
}

fn read_names(
    path: &Path,
    name_of: &dyn Fn(&Event<'_>) -> Option<String>,
    found: &mut BTreeSet<String>,
    context: &Context<'_>,
) -> std::io::Result<()> {
    let head = Box::new(File::open(path)?.take(MAX_CAPTURE_BYTES));
    let name = path.to_string_lossy();
    let Ok(mut capture) = Capture::from_reader(&name, head, Arc::clone(context.interrupt)) else {
        return Ok(());
    };
    while found.len() < MAX_NAMES {
        match capture.next(Duration::from_secs(1)) {
            SourceItem::Record(record) => {
                let event = event::decode(record.payload.as_deref()).ok();
                found.extend(event.as_ref().and_then(name_of));
            }
            SourceItem::Notice(_) => {}
            _ => return Ok(()),
        }
    }
    Ok(())
}
