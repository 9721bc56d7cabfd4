//! The hidden command that completion scripts call: prints profiles, collections of captures, or whole-line candidates.
//! Output is one name per line; errors are silent, because messages would disturb the command line being typed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::command_line::{Candidate, Completions, complete};
use crate::capture::Capture;
use crate::cli;
use crate::commands::{Context, connect};
use crate::event;
use crate::record::{Source, SourceItem};
use crate::settings::{expand, profile};
use crate::util::exit::Exit;

/// Limit of the bytes read from each capture, to answer quickly.
const MAX_CAPTURE_BYTES: u64 = 4 << 20;
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
        Completions::ValueOf(flag) => {
            let mut names = names(&format!("{flag}s"), words, context);
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
    !matches!(flag, "collection" | "profile")
}

/// The word at the cursor as its only candidate, because the shells offer files if there is none.
fn itself(prefix: &str) -> String {
    format!("{prefix}\t")
}

fn names(kind: &str, words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let mut names = match kind {
        "profiles" => profile::names(&connect::environment(context)),
        "collections" => collections(words, context),
        _ => Vec::new(),
    };
    // The output has one name per line, so a name cannot contain a line end.
    names.retain(|name| !name.chars().any(char::is_control));
    names
}

fn collections(words: &[OsString], context: &Context<'_>) -> Vec<String> {
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
        let _ = read_collections(&file, &mut found, context);
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

fn read_collections(
    path: &Path,
    found: &mut BTreeSet<String>,
    context: &Context<'_>,
) -> std::io::Result<()> {
    let head = Box::new(File::open(path)?.take(MAX_CAPTURE_BYTES));
    let name = path.to_string_lossy();
    let Ok(mut capture) = Capture::from_reader(&name, head, Arc::clone(context.interrupt)) else {
        return Ok(());
    };
    loop {
        match capture.next(Duration::from_secs(1)) {
            SourceItem::Record(record) => found.extend(collection(record.payload.as_deref())),
            SourceItem::Notice(_) => {}
            _ => return Ok(()),
        }
    }
}

fn collection(payload: Option<&[u8]>) -> Option<String> {
    let event = event::decode(payload).ok()?;
    event.collection.map(std::borrow::Cow::into_owned)
}
