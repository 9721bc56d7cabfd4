//! What a page contains: its blocks, their statements, and what a statement does.

use std::fs;
use std::path::Path;

/// Flags that end `tail` by themselves.
const BOUNDS: &[&str] = &[
    "--until",
    "--last",
    "-n",
    "--limit",
    "--input",
    "--idle-exit",
    "--timeout",
];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a page in order, with their languages.
pub fn blocks(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let fenced = text.split("\n```").skip(1).step_by(2);
    let blocks = fenced.map(|block| block.split_once('\n').unwrap());
    blocks
        .map(|(language, body)| (language.to_owned(), format!("{body}\n")))
        .collect()
}

/// The statements of a block of `sh`: lines, with the text of a here-document.
pub fn statements(block: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in block.lines() {
        match statements.last_mut().filter(|_| is_open) {
            Some(statement) => statement.extend(["\n", line]),
            None => statements.push(line.to_owned()),
        }
        is_open = line.contains("<<'END'") || is_open && line != "END";
    }
    statements.retain(|statement| !statement.trim().is_empty());
    statements
}

/// A statement without its comment.
pub fn without_comment(statement: &str) -> &str {
    statement.split("  #").next().unwrap().trim_end()
}

/// The subcommand, if the statement runs the program.
pub fn subcommand(statement: &str) -> Option<&str> {
    let mut words = without_comment(statement).split_whitespace();
    words.find(|word| *word == "ditto-cdc")?;
    words.next()
}

/// Whether the statement shows what it reads from a database.
pub fn is_query(statement: &str) -> bool {
    let mut words = without_comment(statement).split_whitespace();
    words.any(|word| ["sqlite3", "duckdb"].contains(&word))
}

/// The queries of a block of `sql`.
pub fn queries(block: &str) -> Vec<&str> {
    let queries = block.split_inclusive(";\n").map(str::trim);
    queries.filter(|query| !query.is_empty()).collect()
}

/// Whether a reader stops the command with Ctrl-C.
pub fn is_live(statement: &str) -> bool {
    let has = |bound: &&str| statement.split_whitespace().any(|word| word == *bound);
    match subcommand(statement) {
        Some("tail") => !BOUNDS.iter().any(has),
        Some("stats") => has(&"--watch"),
        Some("mirror") => !has(&"--until"),
        _ => false,
    }
}

/// The file that the output of a statement goes to.
pub fn redirected(statement: &str) -> Option<&str> {
    let (_, file) = without_comment(statement).rsplit_once("> ")?;
    (!file.contains([' ', '\'', '"', '|'])).then_some(file)
}

/// The lines that are more than a gap: the demo's stream has one, which passes every filter.
pub fn shown(printed: &str) -> Vec<&str> {
    let lines = printed.lines().filter(|line| !line.trim().is_empty());
    lines.filter(|line| !line.contains("requery")).collect()
}

#[test]
fn what_counts_as_shown() {
    assert!(shown("\nrequery  txn 5\n{\"type\":\"requeryRequired\"}\n").is_empty());
    assert_eq!(shown("requery\ninsert\n"), ["insert"]);
    assert!(is_live("ditto-cdc tail -c orders  # comment") && !is_live("ditto-cdc tail --last 3"));
    assert!(!is_live("ditto-cdc verify") && !is_live("tail -f x"));
    assert_eq!(redirected("ditto-cdc tail --where 'a > 5'"), None);
    assert_eq!(
        redirected("ditto-cdc tail --until end >> a.ndjson  # x"),
        Some("a.ndjson")
    );
    assert!(is_query("rm -f a; sqlite3 a.db x") && !is_query("rm a  # sqlite3 a"));
    assert_eq!(queries("a\nb;\nc;\n"), ["a\nb;", "c;"]);
    assert_eq!(
        statements("a <<'END'\n1\nEND\n\nb\n"),
        ["a <<'END'\n1\nEND", "b"]
    );
}
