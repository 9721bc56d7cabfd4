//! Conditions against Ditto's own query engine: thousands of them on hundreds of documents must come out the same.
//! Needs the engine (`tests/conditions/install.sh`); without it nothing is tested, except under `CI=true`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use ditto_cdc::condition::{Condition, Facts};
use serde::Deserialize;
use support::engine::python;

/// What comes out differently, with the reasons in `docs/conditions.md`; each of them must still be different.
const QUIRKS: &[&str] = &[
    "NOT (v = 1 AND TRUE)",
    "NOT (v = 1 AND MISSING)",
    "1 IN (v, w) OR v = 5",
    "v IN (1) OR TRUE",
    "1 = v = TRUE",
];

/// What the engine says of one condition.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "where")]
    text: String,
    /// One letter a document: T, F, N for null, M for missing, V for another value, E for an error.
    each: Option<String>,
    /// The `_id`s that `WHERE` finds.
    matches: Option<Vec<String>>,
    error: Option<String>,
}

impl Answer {
    fn finds_nothing(&self) -> bool {
        self.matches.as_ref().is_some_and(Vec::is_empty)
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    id: String,
}

/// Everything that the engine said: the documents as they are, then the answers.
struct Said {
    documents: Vec<(String, String)>,
    answers: Vec<Answer>,
}

#[test]
fn conditions_come_out_as_in_dittos_engine() {
    let Some(python) = python() else {
        eprintln!(
            "ignored: needs Python 3 and the package dittolive-ditto (run tests/conditions/install.sh)"
        );
        return;
    };
    let said = ask(&python);
    assert!(said.documents.len() > 200, "{}", said.documents.len());
    assert!(said.answers.len() > 2000, "{}", said.answers.len());
    let quirk = |answer: &Answer| QUIRKS.contains(&answer.text.as_str());
    let healed: Vec<&str> = said
        .answers
        .iter()
        .filter(|answer| quirk(answer) && difference(answer, &said.documents).is_none())
        .map(|answer| answer.text.as_str())
        .collect();
    assert!(healed.is_empty(), "no difference any more: {healed:?}");
    let wrong: Vec<String> = said
        .answers
        .iter()
        .filter(|answer| !quirk(answer))
        .filter_map(|answer| difference(answer, &said.documents))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} conditions differ:\n{}",
        wrong.len(),
        said.answers.len(),
        wrong.join("\n")
    );
}

/// Asking takes a minute, so what the engine said is kept until the questions change.
fn ask(python: &Path) -> Said {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conditions/engine.py");
    let mut hasher = DefaultHasher::new();
    fs::read(&script).unwrap().hash(&mut hasher);
    let kept = python.with_file_name(format!("said-{:016x}.ndjson", hasher.finish()));
    if !kept.exists() {
        let output = Command::new(python).arg(script).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        fs::write(&kept, output.stdout).unwrap();
    }
    let text = fs::read_to_string(kept).unwrap();
    let (documents, answers) = text
        .lines()
        .partition::<Vec<_>, _>(|line| line.starts_with(r#"{"_id""#));
    let id = |line: &str| serde_json::from_str::<Document>(line).unwrap().id;
    Said {
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

/// What is different, if anything.
fn difference(answer: &Answer, documents: &[(String, String)]) -> Option<String> {
    let ours = match (Asked::new(&answer.text), &answer.error) {
        (Ok(ours), None) => ours,
        (Err(_), Some(_)) => return None,
        // The engine takes it, and finds nothing ever.
        (Err(why), None) if why.contains("is never true") && answer.finds_nothing() => return None,
        (Err(why), None) => return Some(format!("{}: refused here: {why}", answer.text)),
        (Ok(_), Some(why)) => return Some(format!("{}: refused there: {why}", answer.text)),
    };
    let each = answer.each.as_ref().unwrap().chars();
    let found = answer.matches.as_ref().unwrap();
    each.zip(documents).find_map(|(theirs, (id, json))| {
        let (letter, holds) = ours.on(json);
        let same = letter == theirs && holds == found.contains(id);
        (!same).then(|| format!("{}: {letter} here, {theirs} there, on {json}", answer.text))
    })
}

/// One condition asked in ways that tell all answers apart.
struct Asked {
    holds: Condition,
    others: [(char, Condition); 4],
}

impl Asked {
    fn new(text: &str) -> Result<Self, String> {
        let parse =
            |text: String| Condition::parse(&text).map_err(|mistake| mistake.why().to_owned());
        Ok(Asked {
            holds: parse(text.to_owned())?,
            others: [
                ('F', parse(format!("NOT ({text})"))?),
                ('N', parse(format!("({text}) IS NULL"))?),
                ('M', parse(format!("({text}) IS MISSING"))?),
                ('V', parse(format!("type(({text})) LIKE '%'"))?),
            ],
        })
    }

    fn on(&self, document: &str) -> (char, bool) {
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
