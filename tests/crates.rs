//! Dependency policy: licence and origin of every crate, no duplicate versions, no `RustSec` advisory.
//! Advisories are read from a local copy and never downloaded.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod advisory;
mod spdx;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Allowed licences.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
];

/// Allowed crates with another licence: EPL-2.0 asks that changes to the crate itself be published.
const LICENCE_EXCEPTIONS: &[(&str, &str)] = &[("colored_json", "EPL-2.0")];

/// Crates with more than one version, and why.
const TWICE: &[(&str, &str)] = &[(
    "syn",
    "derive macros of some crates use version 3, others still version 2; only used at compile time",
)];

/// Advisories that do not apply to this program, and why.
const IGNORED_ADVISORIES: &[(&str, &str)] = &[];

#[test]
fn licences_and_origins_of_all_crates() {
    let wrong: Vec<String> = packages().iter().filter_map(objection).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        *versions.entry(name).or_default() += 1;
    }
    versions.retain(|_, count| *count > 1);
    let tolerated: Vec<&str> = TWICE.iter().map(|(name, _)| *name).collect();
    let twice: Vec<&str> = versions.keys().map(String::as_str).collect();
    assert_eq!(
        twice, tolerated,
        "`cargo tree --duplicates` shows the dependents"
    );
}

#[test]
fn the_smallest_rust_is_enough_for_every_crate_and_named_in_the_readme() {
    // The lint `incompatible_msrv` checks our own code.
    let number = |text: &str| {
        let parts = text.split('.').map(|part| part.parse::<u32>().unwrap());
        parts.take(2).collect::<Vec<_>>()
    };
    let ours = env!("CARGO_PKG_RUST_VERSION");
    for package in packages() {
        let minimum = package["rust_version"].as_str().unwrap_or("1.0");
        assert!(
            number(minimum) <= number(ours),
            "{}: {minimum}",
            package["name"]
        );
    }
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    assert!(readme.contains(&format!("Rust {ours}")), "{ours}");
}

/// The local `RustSec` database: `$ADVISORIES`, or the one of `cargo audit` and `cargo deny`.
fn advisories() -> Option<PathBuf> {
    let named = std::env::var_os("ADVISORIES").map(PathBuf::from);
    let default = || Some(std::env::home_dir()?.join(".cargo/advisory-db"));
    let folder = named.or_else(default)?.join("crates");
    folder.is_dir().then_some(folder)
}

#[test]
fn no_advisory_warns_of_a_locked_crate() {
    let Some(folder) = advisories() else {
        eprintln!("ignored: needs RustSec's advisory-db in ~/.cargo/advisory-db or $ADVISORIES");
        return;
    };
    let (mut wrong, mut read) = (Vec::new(), 0);
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let version = package["version"].as_str().unwrap();
        let Ok(files) = std::fs::read_dir(folder.join(name)) else {
            continue;
        };
        for file in files {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            read += 1;
            let warning = advisory::against(&text, version);
            wrong.extend(warning.map(|id| (id, format!("{name} {version}"))));
        }
    }
    wrong.retain(|(id, _)| IGNORED_ADVISORIES.iter().all(|(known, _)| known != id));
    assert!(read > 20, "only {read} advisories in {}", folder.display());
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The `cargo metadata` of every locked crate, including those for other systems.
fn packages() -> Vec<Value> {
    let ask = |how: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--format-version", "1", how]);
        let cargo = cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.output().unwrap()
    };
    // The metadata needs crates of other platforms, which a fresh machine has not downloaded yet.
    let mut output = ask("--offline");
    if !output.status.success() {
        output = ask("--locked");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 20, "only {} packages", packages.len());
    packages.clone()
}

/// The violation of the policy by a package, if any.
fn objection(package: &Value) -> Option<String> {
    let name = package["name"].as_str()?;
    let licence = package["license"].as_str().unwrap_or("no licence");
    let excepted = LICENCE_EXCEPTIONS.contains(&(name, licence));
    if !excepted && !spdx::allows(licence, LICENCES) {
        return Some(format!("{name} is under {licence}"));
    }
    let source = package["source"].as_str().unwrap_or("");
    let foreign = !source.is_empty() && !source.starts_with("registry+");
    foreign.then(|| format!("{name} comes from {source}"))
}
