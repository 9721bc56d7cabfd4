//! Flink SQL in a process of its own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Java 17 closes these packages, which Flink's serialization uses; its own start script opens them, too.
const OPENED: [&str; 2] = [
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
];

/// Runs a script until all its queries have ended; returns the rows and errors that it prints.
pub fn run(prepared: &Path, script: &str) -> String {
    let jars = prepared.join("flink/*");
    let mut process = Command::new("java")
        .args(OPENED)
        .arg("-Xmx768m")
        .arg("-cp")
        .arg(format!("{}:{}", jars.display(), prepared.display()))
        .arg("-Dfile.encoding=UTF-8")
        .arg("FlinkSql")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    String::from_utf8(output.stdout).unwrap()
}
