//! Documentation test: runs every command of the README and of docs/ in order, against an embedded broker and Big Peer.
//! Blocks of `sh` must succeed; transcripts (`console`) must match the output.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use ditto_cdc::demo::server::{Live, Server};
use ditto_cdc::demo::{self, Generator};
use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use ditto_cdc::snapshot::manifest::Manifest;
use ditto_cdc::util::secret::Secret;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Pages whose blocks need more than a broker, with the test that runs them.
const ELSEWHERE: &[(&str, &str)] = &[("docs/recovery.md", "tests/recovery.rs")];
/// Pages about settings, which start without any.
const BARE: &[&str] = &["docs/connecting.md"];

/// The fenced blocks of a page in order, with their languages.
fn blocks(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let fenced = text.split("\n```").skip(1).step_by(2);
    let blocks = fenced.map(|block| block.split_once('\n').unwrap());
    blocks
        .map(|(language, body)| (language.to_owned(), format!("{body}\n")))
        .collect()
}

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

/// A user's folder with certificate files, passwords and API key, and the broker and Big Peer that accept them.
struct Customer {
    bare: bool,
    broker: Embedded,
    server: Server,
    folder: TempDir,
}

/// The demo's documents in a state after the newest event of the example.
fn big_peer(key: &Secret) -> Server {
    let mut generator = Generator::new(7);
    demo::history(&mut generator, 0);
    while generator.txn() < 553_312 {
        generator.random_action(0);
    }
    let live = Live::new(generator, Box::new(|_| Ok(())));
    Server::start(&Arc::new(live), key).unwrap()
}

impl Customer {
    fn new(page: &str) -> Customer {
        let broker = Embedded::start(&Options {
            topics: vec![("TOPIC".to_owned(), 2)],
            ..Options::default()
        })
        .unwrap();
        let capture = fs::read_to_string(root().join("examples/cafe.ndjson")).unwrap();
        for line in capture.lines() {
            let value = line
                .split_once("\"value\":")
                .unwrap()
                .1
                .strip_suffix('}')
                .unwrap();
            let record = ProducerRecord {
                topic: "TOPIC",
                payload: Some(value.as_bytes()),
                ..ProducerRecord::default()
            };
            broker.produce(&record).unwrap();
        }
        broker.flush().unwrap();
        let key = Secret::new("an-api-key".to_owned());
        let server = big_peer(&key);
        let folder = tempfile::tempdir().unwrap();
        broker.write_files(folder.path()).unwrap();
        let issued = broker.certificates();
        for (name, secret) in [
            ("cluster.password", &issued.cluster_password),
            ("user.password", &issued.user_password),
            ("api.key", &key),
        ] {
            fs::write(folder.path().join(name), secret.expose()).unwrap();
        }
        fs::create_dir(folder.path().join("examples")).unwrap();
        let example = "examples/cafe.ndjson";
        fs::copy(root().join(example), folder.path().join(example)).unwrap();
        let customer = Customer {
            bare: BARE.contains(&page),
            broker,
            server,
            folder,
        };
        customer.shim_cargo();
        customer
    }

    /// A substitute for `cargo` that runs the built program and skips `cargo test`, which would run this test again.
    fn shim_cargo(&self) {
        let bin = self.folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let script = "#!/bin/sh\ncase \"$*\" in\n'run --release -- '*) shift 3; exec ditto-cdc \"$@\";;\n'test --release' | 'install --locked --path .') ;;\n*) echo \"unknown: cargo $*\" >&2; exit 9;;\nesac\n";
        let file = bin.join("cargo");
        fs::write(&file, script).unwrap();
        Command::new("chmod").arg("+x").arg(&file).status().unwrap();
    }

    fn must_end_well(&self, page: &str, block: &str) {
        let output = self.run(block);
        let both = [&output.stdout[..], &output.stderr[..]].concat();
        let printed = String::from_utf8_lossy(&both);
        assert!(output.status.success(), "{page}:\n{block}\n{printed}");
    }

    fn must_print(&self, page: &str, transcript: &str) {
        let (command, expected) = transcript.split_once('\n').unwrap();
        let output = self.run(command.strip_prefix("$ ").unwrap());
        let both = [&output.stdout[..], &output.stderr[..]].concat();
        assert_eq!(
            String::from_utf8_lossy(&both),
            expected,
            "{page}: {command}"
        );
    }

    /// Runs a script with its placeholders replaced by real values.
    fn run(&self, script: &str) -> Output {
        let issued = self.broker.certificates();
        let (cluster, user) = (&issued.cluster_password, &issued.user_password);
        let script = script
            .replace("HOST:443", self.broker.endpoint())
            .replace("XXXX.cloud.dittolive.app/APP-ID", &self.server.url())
            .replace("CLUSTER-PASSWORD", cluster.expose())
            .replace("USER-PASSWORD", user.expose());
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ditto-cdc"));
        let path = format!(
            "{}:{}:{}",
            self.folder.path().join("bin").display(),
            program.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let settings = [
            ("DITTO_CDC_BROKERS", self.broker.endpoint()),
            ("DITTO_CDC_TOPIC", "TOPIC"),
            ("DITTO_CDC_CLUSTER_CERT", "cluster.p12"),
            ("DITTO_CDC_USER_CERT", "user.p12"),
            ("DITTO_CDC_CLUSTER_CERT_PASSWORD", cluster.expose()),
            ("DITTO_CDC_USER_CERT_PASSWORD", user.expose()),
        ];
        let settings = settings.into_iter().filter(|_| !self.bare);
        Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            .envs(settings)
            .output()
            .unwrap()
    }
}

#[test]
fn every_command_does_what_its_page_says() {
    let pages = pages();
    assert!(pages.len() >= 3, "{pages:?}");
    for page in pages {
        let customer = Customer::new(&page);
        for (language, block) in blocks(&page) {
            match language.as_str() {
                "sh" => customer.must_end_well(&page, &block),
                "console" => customer.must_print(&page, &block),
                _ => {}
            }
        }
        if page == "README.md" {
            let capture = fs::read_to_string(customer.folder.path().join("capture.ndjson"));
            assert_eq!(capture.unwrap().lines().count(), 5);
            let snapshot = Manifest::read(&customer.folder.path().join("snapshot")).unwrap();
            assert!(snapshot.complete && snapshot.collections.len() > 2);
            assert_eq!(snapshot.positions.len(), 2);
        }
    }
}

#[test]
fn pages_that_are_run_elsewhere_are() {
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
