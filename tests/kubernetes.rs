//! The Kubernetes manifests of docs/: valid, with options and variables that the program knows, and those of docs/mirror.md
//! run.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::Parser as _;
use ditto_cdc::cli::Cli;
use serde_json::Value;
use support::demo_servers::Servers;
use support::docs_tools;
use support::program::run;

/// Generous: a first copy takes a second.
const TIMEOUT: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The manifests of a page; panics if one is not valid.
fn manifests(page: &Path, bin: &Path) -> Vec<Value> {
    let output = Command::new(bin.join("python"))
        .arg(root().join("tests/kubernetes/manifests.py"))
        .arg(page)
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {messages}", page.display());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// All objects in a value, with the value itself.
fn objects(value: &Value) -> Vec<&Value> {
    let inside: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().flat_map(objects).collect(),
        Value::Array(elements) => elements.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    };
    let own = value.is_object().then_some(value);
    own.into_iter().chain(inside).collect()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// The containers of a manifest that run the program.
fn containers(manifest: &Value) -> Vec<&Value> {
    let all = objects(manifest);
    let own = all.into_iter().filter(|one| one["image"] == "ditto-cdc");
    own.collect()
}

fn words(container: &Value) -> Vec<&str> {
    let args = list(container, "args").iter();
    args.map(|word| word.as_str().unwrap()).collect()
}

/// The environment variables that are settings of the program.
fn known_variables() -> BTreeSet<String> {
    let shown = run(&[], &["config", "--json"], TIMEOUT);
    let settings: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let names = list(&settings, "settings").iter();
    names
        .map(|setting| setting["name"].as_str().unwrap())
        .map(|name| format!("DITTO_CDC_{}", name.to_uppercase().replace('-', "_")))
        .collect()
}

/// Names in a list of objects.
fn names(list: &[Value]) -> impl Iterator<Item = &str> {
    list.iter().filter_map(|one| one["name"].as_str())
}

fn check(page: &str, manifest: &Value, known: &BTreeSet<String>) -> usize {
    let secrets = manifest["stringData"].as_object().into_iter();
    let mut variables: Vec<&str> = secrets
        .flat_map(|fields| fields.keys().map(String::as_str))
        .collect();
    let all = objects(manifest);
    let mut volumes: BTreeSet<&str> = BTreeSet::new();
    for one in &all {
        volumes.extend(names(list(one, "volumes")));
        let claims = list(one, "volumeClaimTemplates").iter();
        volumes.extend(claims.filter_map(|claim| claim["metadata"]["name"].as_str()));
    }
    for one in &all {
        for mount in names(list(one, "volumeMounts")) {
            assert!(volumes.contains(mount), "{page}: no volume {mount}");
        }
    }
    let containers = containers(manifest);
    for container in &containers {
        variables.extend(names(list(container, "env")));
        let words = words(container);
        let parsed = Cli::try_parse_from(["ditto-cdc"].iter().chain(&words));
        assert!(parsed.is_ok(), "{page}: {words:?}: {}", parsed.unwrap_err());
    }
    for variable in variables {
        assert!(known.contains(variable), "{page}: {variable}");
    }
    containers.len()
}

#[test]
fn every_manifest_is_valid_and_uses_options_and_variables_that_exist() {
    let Some(bin) = docs_tools::bin() else {
        return;
    };
    let known = known_variables();
    assert!(known.contains("DITTO_CDC_API_KEY"), "{known:?}");
    let mut containers = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "md") {
            let page = path.display().to_string();
            let manifests = manifests(&path, &bin);
            containers += manifests
                .iter()
                .map(|manifest| check(&page, manifest, &known))
                .sum::<usize>();
        }
    }
    assert!(containers >= 4, "{containers}");
}

/// The status of the readiness probe of the sidecar's neighbour, with its folder in place of `/data`.
fn probe(manifests: &[Value], folder: &str) -> Option<i32> {
    let all: Vec<&Value> = manifests.iter().flat_map(objects).collect();
    let probe = all.iter().find(|one| one["readinessProbe"].is_object());
    let command = list(&probe.unwrap()["readinessProbe"]["exec"], "command");
    let mut words = command
        .iter()
        .map(|word| word.as_str().unwrap().replace("/data", folder));
    let output = Command::new(words.next().unwrap()).args(words).output();
    output.unwrap().status.code()
}

#[test]
fn the_commands_of_the_mirror_pods_make_a_copy_that_the_probe_accepts() {
    let Some(bin) = docs_tools::bin() else {
        return;
    };
    let temporary = tempfile::tempdir().unwrap();
    let servers = Servers::start(temporary.path(), &[]);
    let folder = temporary.path().join("data");
    fs::create_dir(&folder).unwrap();
    let folder = folder.display().to_string();
    let manifests = manifests(&root().join("docs/mirror.md"), &bin);
    assert_ne!(probe(&manifests, &folder), Some(0), "there is no copy yet");
    let mut runs = 0;
    for container in manifests.iter().flat_map(containers) {
        let mut words: Vec<String> = words(container)
            .iter()
            .map(|word| word.replace("/data", &folder))
            .collect();
        // The sidecar runs without an end.
        if !words.contains(&"--until".to_owned()) {
            words.extend(["--until".to_owned(), "end".to_owned()]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = run(&servers.settings, &words, TIMEOUT);
        assert_eq!(ended.status, Some(0), "{words:?}: {}", ended.stderr);
        runs += 1;
    }
    assert_eq!(runs, 2);
    assert_eq!(probe(&manifests, &folder), Some(0));
}
