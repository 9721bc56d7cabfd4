//! Runs every command of the README, of docs/ and of the examples in `--help`, as a reader would. Commands (`sh`), queries
//! (`sql`) and programs (`python`) must succeed and show something; transcripts (`console`, and `go` with the block after it)
//! must match the output.
//!
//! `UPDATE_GOLDEN=1 cargo test --release --test readme` rewrites the transcripts.
#![allow(clippy::unwrap_used)]

mod customer;
mod page;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use customer::{Customer, REACTING};
use ditto_cdc::snapshot::manifest::Manifest;
use ditto_cdc::util::exit::Exit;
use page::{blocks, queries, root, statements};

/// Pages whose blocks need more than the demo, with the test that runs them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("docs/engines.md", "tests/engines/main.rs"),
    ("docs/recovery.md", "tests/recovery.rs"),
];

/// A command whose examples need a cluster that the demo does not have, with the test that runs them.
const EXAMPLES_ELSEWHERE: (&str, &str) = ("ditto-cdc relay", "tests/real_kafka/relays.rs");

/// Every page with commands.
fn pages() -> Vec<String> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let names = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages = names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"));
    let mut pages: Vec<String> = pages.map(|name| format!("docs/{name}")).collect();
    pages.retain(|page| ELSEWHERE.iter().all(|(other, _)| other != page));
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

#[test]
fn every_command_does_what_its_page_says() {
    let pages = pages();
    assert!(pages.len() >= 3, "{pages:?}");
    for page in pages {
        let customer = Customer::new(&page);
        let blocks = blocks(&page);
        for (at, (language, block)) in blocks.iter().enumerate() {
            match language.as_str() {
                "sh" => {
                    for statement in statements(block) {
                        customer.must_show(&page, &statement);
                    }
                }
                "sql" => {
                    for query in queries(block) {
                        customer.must_answer(&page, query);
                    }
                }
                "python" => customer.must_run(&page, block),
                "console" => customer.must_print(&page, block),
                "go" => customer.must_run_go(&page, block, &blocks[at + 1].1),
                _ => {}
            }
        }
        if page == REACTING {
            let bodies = customer.webhook.bodies();
            assert!(bodies.len() > 1, "{bodies:?}");
            let is_message = |body: &String| body.contains("order o-") && !body.contains("null");
            assert!(bodies.iter().all(is_message), "{bodies:?}");
        }
        if page == "README.md" {
            let capture = fs::read_to_string(customer.path("capture.ndjson"));
            assert!(capture.unwrap().lines().count() > 30);
            let snapshot = Manifest::read(&customer.path("snapshot")).unwrap();
            assert!(snapshot.complete && snapshot.collections.len() > 2);
            assert_eq!(snapshot.positions.len(), 3);
        }
        assert_eq!(customer.demo.interrupt().status, Some(130), "{page}");
    }
}

#[test]
fn every_example_of_the_help_shows_something() {
    let customer = Customer::new("--help");
    let home = customer.path(".config");
    fs::create_dir_all(home.join("fish/completions")).unwrap();
    fs::create_dir_all(customer.path(".zfunc")).unwrap();
    fs::create_dir_all(customer.path(".local/share/bash-completion/completions")).unwrap();
    fs::write(home.join("ditto-cdc.toml"), "[prod]\n").unwrap();
    for earlier in [
        "ditto-cdc tail --state stream.state --from beginning --until end > a.ndjson",
        "ditto-cdc requery --output before",
        "ditto-cdc tail -n 5 > b.ndjson",
        "ditto-cdc requery --output after",
        "ditto-cdc requery --output snapshot",
        "ditto-cdc mirror shop.db --until end",
    ] {
        assert!(customer.run(earlier).status.success(), "{earlier}");
    }
    let mut count = 0;
    for (name, _) in ditto_cdc::commands::man::pages() {
        let command = name.replace('-', " ").replace("ditto cdc", "ditto-cdc");
        if command == EXAMPLES_ELSEWHERE.0 {
            continue;
        }
        let help = customer.run(&format!("{command} --help"));
        let help = String::from_utf8(help.stdout).unwrap();
        let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
        for line in examples.lines().take_while(|line| !line.is_empty()) {
            let example = line.trim().split("  ").next().unwrap();
            customer.must_show(&format!("{command} --help"), example);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_tables_of_exit_statuses_are_complete() {
    for page in ["README.md", "docs/operations.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for exit in Exit::ALL {
            let row = format!("\n| {} | ", exit.code());
            assert!(text.contains(&row), "{page} has no status {}", exit.code());
        }
    }
}

#[test]
fn pages_that_are_run_elsewhere_are() {
    assert!(root().join(EXAMPLES_ELSEWHERE.1).exists());
    for (page, test) in ELSEWHERE {
        let there = !root().join(page).exists() || root().join(test).exists();
        assert!(there, "{page} has no {test}");
    }
}

#[test]
fn the_test_command_is_what_must_pass_before_anything_lands() {
    let run = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(
        blocks("README.md")
            .iter()
            .any(|(_, block)| block.trim() == "cargo test --release")
    );
    assert!(
        run.lines()
            .any(|line| line.starts_with("cargo test --release"))
    );
}
