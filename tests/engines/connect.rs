//! A worker of Kafka Connect with Debezium's JDBC sink, and its connectors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use serde_json::Value;

use crate::support::ports;
use crate::support::server::{Server, log};

/// Generous: a worker starts in 10 seconds.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Settings of a worker or connector.
pub type Properties = BTreeMap<String, String>;

/// A running worker.
pub struct Connect {
    port: u16,
    http: Client,
    _server: Server,
}

impl Connect {
    /// Starts a worker without connectors, from the folder that `prepare.sh` creates.
    pub fn start(prepared: &Path, mut worker: Properties) -> Connect {
        let [port] = ports::free();
        let folder = tempfile::tempdir().unwrap().keep();
        let file = |name: &str| folder.join(name).display().to_string();
        let plugins = prepared.join("plugins").display().to_string();
        worker.insert("plugin.path".to_owned(), plugins);
        worker.insert("listeners".to_owned(), format!("http://127.0.0.1:{port}"));
        worker.insert("offset.storage.file.filename".to_owned(), file("offsets"));
        fs::write(file("worker.properties"), text(&worker)).unwrap();
        let main = "org.apache.kafka.connect.cli.ConnectStandalone".to_owned();
        let classpath = prepared.join("connect/*").display().to_string();
        let server = Server::start_java(
            &folder,
            &["-Xmx512m"],
            &classpath,
            &[main, file("worker.properties")],
        );
        let connect = Connect {
            port,
            http: Client::builder()
                .no_proxy()
                .timeout(TIMEOUT)
                .build()
                .unwrap(),
            _server: server,
        };
        let started = Instant::now();
        while !connect.is_ready() {
            assert!(started.elapsed() < TIMEOUT, "{}", log(&folder));
            thread::sleep(Duration::from_millis(100));
        }
        connect
    }

    /// Before that, a request is answered with an error.
    fn is_ready(&self) -> bool {
        let answer = self.http.get(self.url("")).send();
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Starts a connector with this name.
    pub fn add(&self, name: &str, properties: &Properties) {
        let url = self.url(&format!("{name}/config"));
        let mut properties = properties.clone();
        properties.insert("name".to_owned(), name.to_owned());
        let body = serde_json::to_string(&properties).unwrap();
        let put = self
            .http
            .put(url)
            .header("Content-Type", "application/json");
        succeed(put.body(body).send().unwrap());
    }

    /// Ends a connector.
    pub fn remove(&self, name: &str) {
        succeed(self.http.delete(self.url(name)).send().unwrap());
    }

    /// The stack trace of a task that has ended with an error.
    pub fn failure(&self, name: &str) -> Option<String> {
        let answer = self.http.get(self.url(&format!("{name}/status"))).send();
        let answer: Value = serde_json::from_str(&answer.unwrap().text().unwrap()).unwrap();
        let mut tasks = answer["tasks"].as_array()?.iter();
        let trace = tasks.find_map(|task| task["trace"].as_str())?;
        Some(trace.to_owned())
    }

    /// Waits until a connector has reached a state; panics with a message if it fails or takes too long.
    pub fn wait(&self, name: &str, mut is_reached: impl FnMut() -> bool) {
        let started = Instant::now();
        while !is_reached() {
            let failure = self.failure(name);
            assert_eq!(failure, None, "{name}");
            assert!(started.elapsed() < TIMEOUT, "{name} does not get there");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for the error that ends a connector.
    pub fn wait_for_failure(&self, name: &str) -> String {
        let started = Instant::now();
        loop {
            if let Some(trace) = self.failure(name) {
                return trace;
            }
            assert!(started.elapsed() < TIMEOUT, "{name} does not fail");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/connectors/{path}", self.port)
    }
}

/// The text of a properties file.
fn text(properties: &Properties) -> String {
    let lines = properties
        .iter()
        .map(|(key, value)| format!("{key}={value}\n"));
    lines.collect()
}

fn succeed(answer: Response) {
    let status = answer.status();
    assert!(status.is_success(), "{status}: {}", answer.text().unwrap());
}
