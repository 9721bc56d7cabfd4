//! The architecture as a test: which module may use which, where foreign crates are imported, and file headers.
#![allow(clippy::unwrap_used)]

mod imports;
mod source;

use imports::{Imports, paths};
use source::{Source, sources, without_tests};

/// Every module in the order of `lib.rs`, with those that it may use. A module uses only what stands above it.
const MODULES: &[(&str, &[&str])] = &[
    ("util", &[]),
    ("record", &["util"]),
    ("cli", &["record", "util"]),
    ("settings", &["util"]),
    ("tls", &["util"]),
    ("probe", &["tls", "util"]),
    ("json", &[]),
    ("capture", &["json", "record", "util"]),
    ("kafka", &["json", "probe", "record", "tls", "util"]),
    ("path", &["json"]),
    ("condition", &["json", "path", "util"]),
    ("event", &["condition", "json", "record"]),
    ("diff", &["event", "json", "path"]),
    ("bigpeer", &["json", "util"]),
    (
        "snapshot",
        &[
            "bigpeer",
            "condition",
            "event",
            "json",
            "record",
            "tls",
            "util",
        ],
    ),
    ("state", &["record", "snapshot", "util"]),
    (
        "mirror",
        &[
            "event", "json", "path", "record", "snapshot", "state", "util",
        ],
    ),
    ("summary", &["diff", "event", "json", "path", "snapshot"]),
    (
        "verify",
        &[
            "bigpeer", "event", "kafka", "probe", "record", "tls", "util",
        ],
    ),
    (
        "view",
        &[
            "capture", "diff", "event", "json", "path", "record", "snapshot", "summary", "util",
            "verify",
        ],
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

/// Calls of the client library that its safe wrapper does not have.
const UNSAFE: &[&str] = &[
    "kafka/embedded/mock_ffi.rs",
    "kafka/describe_ffi.rs",
    "kafka/queue_ffi.rs",
];

/// Words that may stand in code only under certain paths.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rdkafka::", &["kafka/"]),
    ("rdkafka_sys::", &["kafka/"]),
    ("openssl::", &["tls/"]),
    ("openssl_sys::", &["tls/"]),
    ("reqwest::", &["bigpeer/"]),
    ("rusqlite::", &["mirror/"]),
    ("tokio::", &["bigpeer/blocking_http.rs"]),
    ("encoding_rs::", &["settings/"]),
    ("java_properties::", &["settings/"]),
    ("rpassword::", &["settings/"]),
    ("toml_edit::", &["settings/"]),
    ("keyring_core::", &["settings/key_store.rs"]),
    ("colored_json::", &["view/"]),
    ("similar::", &["diff/"]),
    ("indicatif::", &["output/"]),
    ("strsim::", &["util/suggest.rs"]),
    ("globset::", &["event/collection_pattern.rs"]),
    ("regex::", &["event/grep.rs"]),
    ("fearless_simd::", &["json/"]),
    ("flate2::", &["capture/encoding.rs"]),
    ("zstd::", &["capture/encoding.rs"]),
    ("ctrlc::", &["util/interrupt.rs"]),
    ("shlex::", &["util/shell.rs"]),
    ("stdout()", &["output/", "util/env.rs"]),
    ("stderr()", &["output/", "util/env.rs"]),
    ("env::var", &["util/env.rs"]),
    ("env::var_os", &["util/env.rs"]),
    ("env::current_dir", &["util/env.rs"]),
    ("unsafe", UNSAFE),
    ("unsafe_code", UNSAFE),
    ("println!", &[]),
    ("eprintln!", &[]),
    ("print!", &[]),
    ("eprint!", &[]),
    ("dbg!", &[]),
    ("todo!", &[]),
    ("unimplemented!", &[]),
];

/// Modules without input, output or clock.
const PURE: &[&str] = &[
    "verify/check/",
    "condition/",
    "diff/",
    "event/",
    "json/",
    "path/",
    "summary/",
];
/// `view` writes into buffers, which `std::io` calls writers.
const PURE_AND_VIEW: &[&str] = &[
    "verify/check/",
    "condition/",
    "diff/",
    "event/",
    "json/",
    "path/",
    "summary/",
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
        for used in used_modules(&source.code()) {
            if !may_use(&source.top_module(), &used) {
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
    let unknown = sources("src").into_iter().map(|source| source.top_module());
    let unknown: Vec<String> = unknown
        .filter(|name| !names.contains(&name.as_str()))
        .collect();
    assert_none(&unknown);
}

#[test]
fn the_binary_declares_no_module() {
    // Each module would be compiled, and its tests run, twice.
    let sources = sources("src");
    let binary = sources.iter().find(|source| source.name == "main.rs");
    assert!(!has_word(&binary.unwrap().code(), "mod"));
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
fn imports_form_no_circles() {
    assert_none(&Imports::new(&sources("src")).circles());
}

/// Verbs of headers that describe other files instead of their own.
const ABOUT_OTHERS: &[&str] = &[
    "is left to",
    "are left to",
    "is decided",
    "is judged",
    "is told",
    "belong to",
    "nobody",
    "whoever",
    "somebody",
];

#[test]
fn a_header_is_one_phrase_and_at_most_one_reason() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let header = source.header();
        let paragraphs = header.split(|line| line.is_empty());
        let paragraphs =
            paragraphs.filter(|lines| !lines.iter().any(|line| line.starts_with("```")));
        let prose: Vec<String> = paragraphs.take(2).map(|lines| lines.join(" ")).collect();
        if !(1..=3).contains(&sentences(&prose.join(" "))) {
            wrong.push(format!("{}: {}", source.name, prose.join(" ")));
        }
        let about = ABOUT_OTHERS
            .iter()
            .filter(|words| header.join(" ").contains(*words));
        wrong.extend(about.map(|words| format!("{} says {words:?} in its header", source.name)));
        let lines = source.text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines", source.name));
        }
    }
    assert_none(&wrong);
}

/// The top-level modules that code imports from.
fn used_modules(code: &str) -> Vec<String> {
    let of_crate = paths(code).into_iter().map(|(path, _)| path);
    let of_crate = of_crate.filter(|path| path.len() > 1 && path[0] == "crate");
    let mut used: Vec<String> = of_crate.map(|mut path| path.swap_remove(1)).collect();
    used.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    used.sort();
    used.dedup();
    used
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

/// The circles of files that are given as name and text.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let source = |(name, text): &(&str, &str)| Source {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    Imports::new(&files.iter().map(source).collect::<Vec<_>>()).circles()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_rules_see_what_they_should_see() {
    let uses = |code: &str| used_modules(code).join(" ");
    assert_eq!(
        uses("use crate::exit::Exit;\nf(crate::out::x());"),
        "exit out"
    );
    let multiline = "use crate::{\n    exit::{Exit, b},\n    tls, Item,\n};";
    assert_eq!(uses(multiline), "exit tls");
    assert_eq!(uses("pub(crate) fn a();\nothercrate::b"), "");
    assert_eq!(uses("pub(super) use crate::json::x as y;"), "json");
    assert!(has_word("a unsafe {", "unsafe") && !has_word("unsafely", "unsafe"));
    assert!(has_word("println!(x)", "println!") && !has_word("eprintln!(x)", "println!"));
    assert!(may_use("view", "event") && !may_use("event", "view"));
    let code =
        "a\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    b\n}\nc\n#[cfg(test)]\nmod d;\ne\n// f\n";
    assert_eq!(without_tests(code), "a\nc\ne\n");
    assert_eq!(sentences("One thing. Another (`x`)."), 2);
    assert_eq!(sentences("One thing, e.g a.b"), 0);
}

#[test]
fn a_circle_is_seen_through_modules_and_re_exports() {
    let root = ("a/mod.rs", "mod b;\nmod c;\npub use b::B;");
    let b = ("a/b.rs", "use super::c::C;");
    let circle = ["a/{b.rs,c.rs}"];
    assert_eq!(circles_of(&[root, b, ("a/c.rs", "use super::B;")]), circle);
    assert_eq!(
        circles_of(&[root, b, ("a/c.rs", "fn f() { super::b::g(); }")]),
        circle
    );
    let visible = ("a/c.rs", "pub(in super::b) fn f() {}");
    assert_none(&circles_of(&[root, b, visible]));
    let tests = (
        "a/c.rs",
        "#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}\n",
    );
    assert_none(&circles_of(&[root, b, tests]));
}
