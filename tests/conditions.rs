//! Differential test of conditions against Ditto's query engine: thousands of conditions on hundreds of documents.
//! Skipped if the engine is not installed (`tests/conditions/install.sh`), except with `CI=true`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use ditto_cdc::condition::{Condition, Facts};
use serde::Deserialize;
use support::engine::python;

/// Known differences, explained in `docs/conditions.md`; each of them must still differ.
const QUIRKS: &[&str] = &[
    "NOT (v = 1 AND TRUE)",
    "NOT (v = 1 AND MISSING)",
    "1 IN (v, w) OR v = 5",
    "v IN (1) OR TRUE",
    "1 = v = TRUE",
    // A path as other programs print it, which only this one reads.
    ".v",
];

/// The engine's results for one condition.
#[derive(Deserialize)]
struct EngineResult {
    #[serde(rename = "where")]
    text: String,
    /// One letter per document: T, F, N for null, M for missing, V for another value, E for an error.
    each: Option<String>,
    /// The `_id`s of the documents that match as `WHERE`.
    matches: Option<Vec<String>>,
    error: Option<String>,
}

impl EngineResult {
    fn finds_nothing(&self) -> bool {
        self.matches.as_ref().is_some_and(Vec::is_empty)
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    id: String,
}

/// The documents, as id and JSON, and the engine's results.
struct Recorded {
    documents: Vec<(String, String)>,
    answers: Vec<EngineResult>,
}

#[test]
fn conditions_come_out_as_in_dittos_engine() {
    let Some(python) = python() else {
        eprintln!(
            "ignored: needs Python 3 and the package dittolive-ditto (run tests/conditions/install.sh)"
        );
        return;
    };
    let recorded = engine_results(&python);
    assert!(
        recorded.documents.len() > 200,
        "{}",
        recorded.documents.len()
    );
    assert!(recorded.answers.len() > 2000, "{}", recorded.answers.len());
    let quirk = |answer: &EngineResult| QUIRKS.contains(&answer.text.as_str());
    let agreeing: Vec<&str> = recorded
        .answers
        .iter()
        .filter(|answer| quirk(answer) && difference(answer, &recorded.documents).is_none())
        .map(|answer| answer.text.as_str())
        .collect();
    assert!(agreeing.is_empty(), "no difference any more: {agreeing:?}");
    let wrong: Vec<String> = recorded
        .answers
        .iter()
        .filter(|answer| !quirk(answer))
        .filter_map(|answer| difference(answer, &recorded.documents))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} conditions differ:\n{}",
        wrong.len(),
        recorded.answers.len(),
        wrong.join("\n")
    );
}

/// Runs the engine, which takes a minute. The results are cached until the script changes.
fn engine_results(python: &Path) -> Recorded {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conditions/engine.py");
    let mut hasher = DefaultHasher::new();
    fs::read(&script).unwrap().hash(&mut hasher);
    let cache = python.with_file_name(format!("results-{:016x}.ndjson", hasher.finish()));
    if !cache.exists() {
        let output = Command::new(python).arg(script).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        fs::write(&cache, output.stdout).unwrap();
    }
    let text = fs::read_to_string(cache).unwrap();
    let (documents, answers) = text
        .lines()
        .partition::<Vec<_>, _>(|line| line.starts_with(r#"{"_id""#));
    let id = |line: &str| serde_json::from_str::<Document>(line).unwrap().id;
    Recorded {
        documents: documents
            .iter()
            .map(|line| (id(line), (*line).to_owned()))
            .collect(),
        answers: answers
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    }
}

/// The first difference between this program and the engine.
fn difference(answer: &EngineResult, documents: &[(String, String)]) -> Option<String> {
    let ours = match (Variants::new(&answer.text), &answer.error) {
        (Ok(ours), None) => ours,
        (Err(_), Some(_)) => return None,
        // The engine accepts it, but no document ever matches.
        (Err(why), None) if why.contains("is never true") && answer.finds_nothing() => return None,
        (Err(why), None) => return Some(format!("{}: refused here: {why}", answer.text)),
        (Ok(_), Some(why)) => return Some(format!("{}: refused there: {why}", answer.text)),
    };
    let each = answer.each.as_ref().unwrap().chars();
    let found = answer.matches.as_ref().unwrap();
    each.zip(documents).find_map(|(theirs, (id, json))| {
        let (letter, holds) = ours.result(json);
        let same = letter == theirs && holds == found.contains(id);
        (!same).then(|| format!("{}: {letter} here, {theirs} there, on {json}", answer.text))
    })
}

/// A condition in variants that distinguish all results.
struct Variants {
    holds: Condition,
    others: [(char, Condition); 4],
}

impl Variants {
    fn new(text: &str) -> Result<Self, String> {
        let parse = |text: String| Condition::parse(&text).map_err(|error| error.why().to_owned());
        Ok(Variants {
            holds: parse(text.to_owned())?,
            others: [
                ('F', parse(format!("NOT ({text})"))?),
                ('N', parse(format!("({text}) IS NULL"))?),
                ('M', parse(format!("({text}) IS MISSING"))?),
                ('V', parse(format!("type(({text})) LIKE '%'"))?),
            ],
        })
    }

    fn result(&self, document: &str) -> (char, bool) {
        let facts = Facts {
            new: Some(document.as_bytes()),
            ..Facts::default()
        };
        let holds = self.holds.holds(&facts);
        let letter = self
            .others
            .iter()
            .find_map(|(letter, condition)| condition.holds(&facts).then_some(*letter));
        (if holds { 'T' } else { letter.unwrap_or('E') }, holds)
    }
}
