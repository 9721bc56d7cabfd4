//! One JVM with a broker, started by a shell that ends it when the test process ends.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// How a broker is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A controlled shutdown: clients are notified, files are closed.
    Term,
    /// An immediate end, as after a power failure.
    Kill,
}

/// The shell around the JVM. Dropping it ends the broker at once and removes its folder.
pub struct Process {
    shell: Child,
}

impl Process {
    /// Starts the broker of `folder`; returns before it is ready.
    pub fn start(classpath: &str, folder: &Path) -> Process {
        let rig = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka-rig");
        let property = |name: &str, path: &Path| format!("-D{name}={}", path.display());
        let shell = Command::new("sh")
            .arg(rig.join("run.sh"))
            .arg(folder)
            .args(["java", "-Xms256m", "-Xmx768m"])
            .arg(property("rig.log", &folder.join("broker.log")))
            .arg(property(
                "log4j2.configurationFile",
                &rig.join("log4j2.properties"),
            ))
            .arg("-cp")
            .arg(classpath)
            .arg("kafka.Kafka")
            .arg(folder.join("server.properties"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Process { shell }
    }

    /// Ends the broker and waits; its folder is preserved.
    pub fn stop(mut self, signal: Signal) {
        let name = match signal {
            Signal::Term => "TERM",
            Signal::Kill => "KILL",
        };
        let stdin = self.shell.stdin.as_mut().unwrap();
        writeln!(stdin, "{name}").unwrap();
        self.shell.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
