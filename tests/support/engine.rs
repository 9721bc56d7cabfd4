//! Ditto's own query engine for tests: where it is installed, and a small HTTP front before it.
//! What is asked of it is each test's business.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// The Python that has the engine; installs it where `CI=true`.
pub fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/ditto-engine/bin/python");
    let has_it = || {
        let import = Command::new(&python).args(["-c", "import ditto"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if has_it() {
        return Some(python);
    }
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        let script = root.join("tests/conditions/install.sh");
        assert!(Command::new(script).status().unwrap().success());
        assert!(has_it(), "the engine was installed but does not start");
        return Some(python);
    }
    None
}

/// The key that the front accepts.
pub const KEY: &str = "test-key-8c1f";

/// A running front; dropping it ends it.
pub struct Front {
    process: Child,
    port: u16,
    http: reqwest::blocking::Client,
}

impl Front {
    /// Starts an engine with a front; `None`, with the reason said, where there is no engine.
    #[allow(clippy::print_stderr)]
    pub fn start() -> Option<Front> {
        let Some(python) = python() else {
            eprintln!(
                "ignored: needs Python 3 and the package dittolive-ditto (run tests/conditions/install.sh)"
            );
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requery/front.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let http = reqwest::blocking::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(120));
        Some(Front {
            process,
            port: line.trim().parse().unwrap(),
            http: http.build().unwrap(),
        })
    }

    /// The address of the app.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/app", self.port)
    }

    /// The settings that lead there.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DITTO_CDC_URL", self.url()),
            ("DITTO_CDC_API_KEY", KEY.to_owned()),
        ]
    }

    /// Asks something of the front itself.
    pub fn control(&self, what: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/control/{what}", self.port);
        let answer = self.http.post(url).body(body.to_string()).send().unwrap();
        serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
    }

    /// Empties the store and heals everything.
    pub fn reset(&self) {
        self.control("reset", &Value::Null);
    }

    /// Sets what is wrong with the server.
    pub fn set(&self, what: &Value) {
        self.control("set", what);
    }

    /// Writes documents.
    pub fn insert(&self, collection: &str, documents: &[Value]) {
        self.control(
            "insert",
            &json!({"collection": collection, "documents": documents}),
        );
    }

    /// Every document of a collection as the engine prints it, sorted.
    pub fn dump(&self, collection: &str) -> Vec<String> {
        let rows = self.control("dump", &json!(collection));
        let mut rows: Vec<String> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_str().unwrap().to_owned())
            .collect();
        rows.sort();
        rows
    }

    /// The statements so far.
    pub fn statements(&self) -> Vec<String> {
        let log = self.control("log", &Value::Null);
        log.as_array()
            .unwrap()
            .iter()
            .map(|one| one["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The number of the last transaction.
    pub fn txn(&self) -> u64 {
        self.control("txn", &Value::Null).as_u64().unwrap()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
