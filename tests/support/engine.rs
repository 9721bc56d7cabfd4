//! Ditto's query engine for tests, with a small HTTP server in front of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// The Python with the engine, which is installed first if `CI=true`.
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

/// The API key that the server accepts.
pub const KEY: &str = "test-key-8c1f";

/// A running HTTP server; stops on drop.
pub struct Front {
    process: Child,
    port: u16,
    http: reqwest::blocking::Client,
}

impl Front {
    /// Starts an engine with its server. Without an engine, prints the reason and returns `None`.
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
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
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

    /// The settings for the app.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DITTO_CDC_URL", self.url()),
            ("DITTO_CDC_API_KEY", KEY.to_owned()),
        ]
    }

    /// Sends a control request to the server.
    pub fn control(&self, what: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/control/{what}", self.port);
        let answer = self.http.post(url).body(body.to_string()).send().unwrap();
        serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
    }

    /// Empties the store and removes all faults.
    pub fn reset(&self) {
        self.control("reset", &Value::Null);
    }

    /// Sets the faults of the server.
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

    /// The statements received so far.
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
