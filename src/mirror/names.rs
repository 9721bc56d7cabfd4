//! Names of tables in SQL: one for each collection, whatever the collection is called.

/// Maximum length of a table's name in characters; a longer collection name is cut, and made unique by a suffix.
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
    mut is_taken: impl FnMut(&str) -> Result<bool, E>,
) -> Result<String, E> {
    let base = allowed(collection);
    let mut name = base.clone();
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
