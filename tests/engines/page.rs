//! The configurations and queries of docs/engines.md, for the servers of the tests.

use std::fs;
use std::path::Path;

use crate::connect::Properties;

/// The page.
pub fn text() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/engines.md");
    fs::read_to_string(page).unwrap()
}

/// The blocks of a language under a heading of the page.
pub fn blocks(heading: &str, language: &str) -> Vec<String> {
    let text = text();
    let sections = text.split("\n## ");
    let mut sections = sections.filter(|section| section.starts_with(heading));
    let section = sections.next().unwrap();
    let fenced = section.split("\n```").skip(1).step_by(2);
    let blocks = fenced.filter_map(|block| block.split_once('\n'));
    blocks
        .filter(|(name, _)| *name == language)
        .map(|(_, body)| format!("{body}\n"))
        .collect()
}

/// The statements of a block of SQL.
pub fn statements(block: &str) -> Vec<&str> {
    let statements = block.split_inclusive(";\n").map(str::trim);
    statements
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// A properties file.
pub fn properties(text: &str) -> Properties {
    let lines = text.lines().filter(|line| !line.is_empty());
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    pairs
        .map(|(key, value)| (key.to_owned(), value.replace("\\\\", "\\")))
        .collect()
}

/// The addresses of the page replaced by those of the tests.
pub fn with_addresses(text: &str, kafka: &str, postgres: &str) -> String {
    let text = text.replace("kafka.example.com:9092", kafka);
    text.replace("postgres.example.com:5432", postgres)
}
