//! Names of tables and columns in SQL: one for each collection and each field, whatever it is called.

use crate::path::Step;

/// Maximum length of a name in characters; a longer one is cut, and made unique by a suffix.
const MAX_CHARS: usize = 200;
/// Beginnings that belong to `SQLite` and to this program.
const RESERVED: [&str; 2] = ["sqlite_", "ditto_"];

/// An identifier in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of a collection's table: its own where `SQLite` allows it. `is_taken` must ignore the case of ASCII letters, as
/// `SQLite` does.
pub(super) fn table_name<E>(
    collection: &str,
    is_taken: impl FnMut(&str) -> Result<bool, E>,
) -> Result<String, E> {
    unused(&allowed(collection), is_taken)
}

/// The name of the column of a field, which needs no quotes unless it is a keyword: `total.cents` is `total_cents`.
/// `is_taken` must ignore the case of ASCII letters, as `SQLite` does.
pub(super) fn column_name<E>(
    steps: &[Step],
    is_taken: impl FnMut(&str) -> Result<bool, E>,
) -> Result<String, E> {
    let words: Vec<String> = steps.iter().map(word).collect();
    let name = words.join("_");
    let is_plain = |c: char| c.is_alphanumeric() || c == '_';
    let start = if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        "_"
    } else {
        ""
    };
    let chars = name.chars().take(MAX_CHARS);
    let chars = chars.map(|c| if is_plain(c) { c } else { '_' });
    let name: String = start.chars().chain(chars).collect();
    unused(&name, is_taken)
}

fn word(step: &Step) -> String {
    match step {
        Step::Key(key) | Step::Token(key, _) => String::from_utf8_lossy(key).into_owned(),
        Step::Index(index) => index.to_string(),
    }
}

/// The name, with a number if it is taken.
fn unused<E>(base: &str, mut is_taken: impl FnMut(&str) -> Result<bool, E>) -> Result<String, E> {
    let mut name = base.to_owned();
    let mut number = 2_u64;
    while is_taken(&name)? {
        name = format!("{base}_{number}");
        number += 1;
    }
    Ok(name)
}

/// The collection's name without what `SQLite` does not accept.
fn allowed(collection: &str) -> String {
    let name: String = collection.chars().take(MAX_CHARS).collect();
    let name = name.replace('\0', "\u{2400}");
    let starts_with = |reserved: &&str| {
        let start = name.get(..reserved.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(reserved))
    };
    if name.is_empty() || RESERVED.iter().any(starts_with) {
        return format!("_{name}");
    }
    name
}
