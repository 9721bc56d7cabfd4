//! What the completion scripts ask for while a person types: profiles, and collections seen in captures.
//! One name a line; whatever goes wrong is no answer, since nobody wants messages in the middle of a word. What fits
//! where the program is asked about a whole line is found in `complete_line`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::command_line::{Candidate, Fits, fits};
use crate::capture::Capture;
use crate::cli;
use crate::commands::{Context, connect};
use crate::event;
use crate::record::{Source, SourceItem};
use crate::settings::{expand, profile};
use crate::util::exit::Exit;

/// So much of each capture is looked at: a person waits.
const BYTES: u64 = 4 << 20;
/// So many captures of the working folder are looked at where none is named.
const FILES: usize = 4;

/// Prints what fits; `words` are what is to be completed, and the command line so far.
pub fn run(words: &[OsString], context: &mut Context<'_>) -> Exit {
    let kind = words.first().map(|word| word.to_string_lossy());
    let words = words.get(1..).unwrap_or(&[]);
    let lines = match kind.as_deref() {
        Some("line") => line(words, context),
        Some(kind) => names(kind, words, context),
        None => return Exit::Usage,
    };
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    context.out.print_text(text.as_bytes())
}

/// What fits at the end of the whole line, each with a tab and what it means. The last word is the begun one behind a
/// `+`, since some shells drop an empty word.
fn line(words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let texts = words.iter().map(|word| word.to_string_lossy().into_owned());
    let mut before: Vec<String> = texts.collect();
    let begun = before.pop().unwrap_or_default();
    let begun = begun.strip_prefix('+').unwrap_or(&begun);
    match fits(cli::command(), &before, begun) {
        Fits::These(found) => {
            let line = |Candidate { word, help }| format!("{word}\t{help}");
            found.into_iter().map(line).collect()
        }
        Fits::ValueOf(flag) => {
            let mut names = names(&format!("{flag}s"), words, context);
            names.retain(|name| name.starts_with(begun));
            names
        }
    }
}

fn names(kind: &str, words: &[OsString], context: &Context<'_>) -> Vec<String> {
    let mut names = match kind {
        "profiles" => profile::names(&connect::world(context)),
        "collections" => collections(words, context),
        _ => Vec::new(),
    };
    // A name that does not fit on a line cannot be completed.
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
        // A file that cannot be read has nothing to offer.
        let _ = look_into(&file, &mut found, context);
    }
    found.into_iter().collect()
}

/// The file that a word names, also behind `--input=`.
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
    let is_capture = |path: &PathBuf| path.extension().is_some_and(|end| end == "ndjson");
    let mut captures: Vec<PathBuf> = paths.filter(is_capture).collect();
    captures.sort();
    captures.truncate(FILES);
    captures
}

fn look_into(
    path: &Path,
    found: &mut BTreeSet<String>,
    context: &Context<'_>,
) -> std::io::Result<()> {
    let head = Box::new(File::open(path)?.take(BYTES));
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
