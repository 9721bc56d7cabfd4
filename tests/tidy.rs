//! The architecture as a test: which module may use which, who may import what, and how a file looks.
//! Each rule is a row of a table; what the program does is tested elsewhere.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// Every module in the order of `lib.rs`, with those that it may use. A module uses only what stands above it.
const MODULES: &[(&str, &[&str])] = &[
    ("util", &[]),
    ("record", &["util"]),
    ("cli", &["record", "util"]),
    ("settings", &["util"]),
    ("tls", &["util"]),
    ("json", &[]),
    ("capture", &["json", "record"]),
    ("kafka", &["json", "record", "tls", "util"]),
    ("condition", &["json"]),
    ("event", &["condition", "json", "record"]),
    ("diff", &["event", "json"]),
    ("bigpeer", &["json", "util"]),
    ("snapshot", &["bigpeer", "json", "record", "tls", "util"]),
    ("state", &["record", "util"]),
    ("verify", &["bigpeer", "event", "kafka", "tls", "util"]),
    (
        "view",
        &["capture", "diff", "event", "json", "record", "verify"],
    ),
    ("output", &["record", "util", "view"]),
    (
        "demo",
        &[
            "condition",
            "json",
            "kafka",
            "record",
            "snapshot",
            "tls",
            "util",
        ],
    ),
    ("commands", EVERYTHING),
    ("lib", EVERYTHING),
    ("main", &["lib"]),
];

/// For the places where the stages meet.
const EVERYTHING: &[&str] = &["*"];

/// Words that may stand in code only under certain paths.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rdkafka::", &["kafka/"]),
    ("rdkafka_sys::", &["kafka/"]),
    ("openssl::", &["tls/"]),
    ("openssl_sys::", &["tls/"]),
    ("reqwest::", &["bigpeer/"]),
    ("tokio::", &["bigpeer/blocking_http.rs"]),
    ("java_properties::", &["settings/"]),
    ("rpassword::", &["settings/"]),
    ("toml_edit::", &["settings/"]),
    ("keyring_core::", &["settings/key_store.rs"]),
    ("colored_json::", &["view/"]),
    ("similar::", &["diff/"]),
    ("indicatif::", &["output/"]),
    ("ctrlc::", &["util/interrupt.rs"]),
    ("stdout()", &["output/", "util/env.rs"]),
    ("stderr()", &["output/", "util/env.rs"]),
    ("env::var", &["util/env.rs"]),
    ("env::var_os", &["util/env.rs"]),
    ("env::current_dir", &["util/env.rs"]),
    ("unsafe", &["kafka/embedded/mock_ffi.rs"]),
    ("unsafe_code", &["kafka/embedded/mock_ffi.rs"]),
    ("println!", &[]),
    ("eprintln!", &[]),
    ("print!", &[]),
    ("eprint!", &[]),
    ("dbg!", &[]),
    ("todo!", &[]),
    ("unimplemented!", &[]),
];

/// Modules without input, output or clock.
const PURE: &[&str] = &["verify/check/", "condition/", "diff/", "event/", "json/"];
/// `view` writes into buffers, which `std::io` calls writers.
const PURE_AND_VIEW: &[&str] = &[
    "verify/check/",
    "condition/",
    "diff/",
    "event/",
    "json/",
    "view/",
];

/// Words that must not stand in the code of pure modules.
const NOT_IN: &[(&str, &[&str])] = &[
    ("std::io", PURE),
    ("std::fs", PURE_AND_VIEW),
    ("std::net", PURE_AND_VIEW),
    ("std::env", PURE_AND_VIEW),
    ("std::time", PURE_AND_VIEW),
    ("std::thread", PURE_AND_VIEW),
    ("std::process", PURE_AND_VIEW),
    ("now()", PURE_AND_VIEW),
];

/// A longer file holds more than one concept.
const MAX_LINES: usize = 600;

#[test]
fn modules_use_only_what_stands_above_them() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let code = source.code();
        for used in used_modules(&code) {
            if !may_use(&source.module(), &used) {
                wrong.push(format!("{} uses crate::{used}", source.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_table_is_in_order_and_knows_every_module() {
    let names: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    for (index, (name, uses)) in MODULES.iter().enumerate() {
        let above = names.get(..index).unwrap();
        let all = uses.iter().all(|used| *used == "*" || above.contains(used));
        assert!(
            all || *name == "main",
            "{name} uses what stands below it: {uses:?}"
        );
    }
    let unknown = sources("src").into_iter().map(|source| source.module());
    let unknown: Vec<String> = unknown
        .filter(|name| !names.contains(&name.as_str()))
        .collect();
    assert_none(&unknown);
}

#[test]
fn words_stand_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let code = source.code();
        let under = |paths: &[&str]| paths.iter().any(|path| source.name.starts_with(path));
        let stray = ONLY_IN.iter().filter(|(_, paths)| !under(paths));
        let banned = NOT_IN.iter().filter(|(_, paths)| under(paths));
        for (word, _) in stray
            .chain(banned)
            .filter(|(word, _)| has_word(&code, word))
        {
            wrong.push(format!("{} contains {word}", source.name));
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let opening = source
            .text
            .lines()
            .map_while(|line| line.strip_prefix("//!"));
        let opening: Vec<&str> = opening.map(str::trim).collect();
        if sentences(&opening.join(" ")) == 0 {
            wrong.push(format!("{} has no header", source.name));
        }
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!(
                "{} has {lines} lines, more than {MAX_LINES}",
                source.name
            ));
        }
    }
    assert_none(&wrong);
}

/// One file of Rust.
struct Source {
    /// The path below `src` or `tests`, with `/`.
    name: String,
    text: String,
}

impl Source {
    /// The top-level module that the file belongs to.
    fn module(&self) -> String {
        let first = self.name.split('/').next().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    /// What is built into the program: no comments, no tests, which may reach further.
    fn code(&self) -> String {
        if self.name.ends_with("/tests.rs") || self.name.contains("/tests/") {
            return String::new();
        }
        without_tests(&self.text)
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(!files.is_empty(), "no Rust files in {}", root.display());
    let read = |path: PathBuf| Source {
        name: path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/"),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// The lines that are neither comments nor behind `#[cfg(test)]`.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = line.find('#').unwrap_or(0);
        let item = lines
            .by_ref()
            .find(|line| !line.trim_start().starts_with('#'));
        if item.is_some_and(|item| item.ends_with('{')) {
            let end = format!("{}}}", " ".repeat(indent));
            lines.by_ref().find(|line| *line == end);
        }
    }
    code
}

/// The names after `crate::`, also those in braces.
fn used_modules(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        if is_part_of_name(code.get(..at).unwrap().chars().next_back()) {
            continue;
        }
        let rest = code.get(at + start.len()..).unwrap();
        match rest.strip_prefix('{') {
            Some(list) => used.extend(names_in_braces(list)),
            None => used.push(first_name(rest)),
        }
    }
    used.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    used.sort();
    used.dedup();
    used
}

/// The names at the first level of a list whose opening brace is gone.
fn names_in_braces(list: &str) -> Vec<String> {
    let (mut depth, mut level) = (0_i32, String::new());
    for c in list.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth < 0 {
            break;
        }
        if depth == 0 {
            level.push(c);
        }
    }
    level
        .split(',')
        .map(|name| first_name(name.trim()))
        .collect()
}

fn first_name(text: &str) -> String {
    text.chars()
        .take_while(|c| is_part_of_name(Some(*c)))
        .collect()
}

fn may_use(module: &str, used: &str) -> bool {
    let row = MODULES.iter().find(|(name, _)| *name == module);
    let known = MODULES.iter().any(|(name, _)| *name == used);
    module == used
        || !known
        || row.is_some_and(|(_, uses)| uses.contains(&"*") || uses.contains(&used))
}

/// Whether a word stands in the code, not as a part of a longer one.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).unwrap().chars().next_back();
        let after = code.get(at + word.len()..).unwrap().chars().next();
        let ends_open = word.ends_with(|c: char| is_part_of_name(Some(c)));
        let longer = is_part_of_name(before) || (ends_open && is_part_of_name(after));
        !longer
    })
}

fn is_part_of_name(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

fn sentences(text: &str) -> usize {
    let words = text.split_whitespace();
    words
        .filter(|word| {
            word.trim_end_matches([')', '"', '`'])
                .ends_with(['.', '!', '?'])
        })
        .count()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_rules_see_what_they_should_see() {
    let uses = |code: &str| used_modules(code).join(" ");
    assert_eq!(uses("use crate::exit::Exit; crate::out::x();"), "exit out");
    assert_eq!(uses("use crate::{exit::{Exit, b}, tls, Item};"), "exit tls");
    assert_eq!(uses("pub(crate) fn a(); othercrate::b"), "");
    assert!(has_word("a unsafe {", "unsafe") && !has_word("unsafely", "unsafe"));
    assert!(has_word("println!(x)", "println!") && !has_word("eprintln!(x)", "println!"));
    assert!(may_use("view", "event") && !may_use("event", "view"));
    let code =
        "a\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    b\n}\nc\n#[cfg(test)]\nmod d;\ne\n// f\n";
    assert_eq!(without_tests(code), "a\nc\ne\n");
    assert_eq!(sentences("One thing. Another (`x`)."), 2);
    assert_eq!(sentences("One thing, e.g a.b"), 0);
}
