//! Every block of the README is run as it stands: shell blocks with an embedded broker behind their settings.
//! Transcripts are compared with what the real program prints.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ditto_cdc::source::kafka::embedded::{Embedded, Options, Outgoing};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let fence = format!("```{language}\n");
    let starts = readme.match_indices(&fence).map(|(at, _)| at + fence.len());
    starts
        .map(|start| {
            let rest = &readme[start..];
            rest[..rest.find("```").unwrap()].to_owned()
        })
        .collect()
}

/// A folder with what a customer would have: both files and the passwords; and a broker that they fit.
struct Customer {
    broker: Embedded,
    folder: TempDir,
}

impl Customer {
    fn new() -> Customer {
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
            let record = Outgoing {
                topic: "TOPIC",
                payload: Some(value.as_bytes()),
                ..Outgoing::default()
            };
            broker.produce(&record).unwrap();
        }
        broker.flush().unwrap();
        let folder = tempfile::tempdir().unwrap();
        broker.write_files(folder.path()).unwrap();
        let issued = broker.certificates();
        for (name, secret) in [
            ("cluster.password", &issued.cluster_password),
            ("user.password", &issued.user_password),
        ] {
            fs::write(folder.path().join(name), secret.expose()).unwrap();
        }
        let customer = Customer { broker, folder };
        customer.shim_cargo();
        customer
    }

    /// `cargo` that runs the program that is there already, and knows the test command, which is this test.
    fn shim_cargo(&self) {
        let bin = self.folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let script = "#!/bin/sh\ncase \"$*\" in\n'run --release -- '*) shift 3; exec ditto-cdc \"$@\";;\n'test --release' | 'install --path .') ;;\n*) echo \"unknown: cargo $*\" >&2; exit 9;;\nesac\n";
        let file = bin.join("cargo");
        fs::write(&file, script).unwrap();
        Command::new("chmod").arg("+x").arg(&file).status().unwrap();
    }

    fn run(&self, script: &str) -> Output {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ditto-cdc"));
        let issued = self.broker.certificates();
        let path = format!(
            "{}:{}:{}",
            self.folder.path().join("bin").display(),
            program.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            .env("DITTO_CDC_BROKERS", self.broker.endpoint())
            .env("DITTO_CDC_TOPIC", "TOPIC")
            .env("DITTO_CDC_CLUSTER_CERT", "cluster.p12")
            .env("DITTO_CDC_USER_CERT", "user.p12")
            .env(
                "DITTO_CDC_CLUSTER_CERT_PASSWORD",
                issued.cluster_password.expose(),
            )
            .env(
                "DITTO_CDC_USER_CERT_PASSWORD",
                issued.user_password.expose(),
            )
            .output()
            .unwrap()
    }
}

#[test]
fn every_shell_block_runs() {
    let customer = Customer::new();
    let blocks = blocks("sh");
    assert!(blocks.len() >= 6, "{blocks:?}");
    for block in &blocks {
        let script = block.replace("HOST:443", customer.broker.endpoint());
        let output = customer.run(&script);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}\n{said}");
    }
    let capture = fs::read_to_string(customer.folder.path().join("capture.ndjson")).unwrap();
    assert_eq!(capture.lines().count(), 5);
}

#[test]
fn every_transcript_is_what_the_program_prints() {
    let customer = Customer::new();
    fs::create_dir(customer.folder.path().join("examples")).unwrap();
    let capture = "examples/cafe.ndjson";
    fs::copy(root().join(capture), customer.folder.path().join(capture)).unwrap();
    let transcripts = blocks("console");
    assert!(!transcripts.is_empty());
    for transcript in transcripts {
        let (command, expected) = transcript.split_once('\n').unwrap();
        let output = customer.run(command.strip_prefix("$ ").unwrap());
        let both = [&output.stdout[..], &output.stderr[..]].concat();
        assert_eq!(String::from_utf8_lossy(&both), expected, "{command}");
    }
}

#[test]
fn the_test_command_is_what_must_pass_before_anything_lands() {
    let run = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(
        blocks("sh")
            .iter()
            .any(|block| block.trim() == "cargo test --release")
    );
    assert!(
        run.lines()
            .any(|line| line.starts_with("cargo test --release"))
    );
}
