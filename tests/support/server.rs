//! One foreign server, started by a shell that ends it when the test process ends.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A controlled shutdown: clients are notified, files are closed.
    Term,
    /// An immediate end, as after a power failure.
    Kill,
    /// An end that skips the wait for clients, but removes shared memory.
    Quit,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Signal::Term => "TERM",
            Signal::Kill => "KILL",
            Signal::Quit => "QUIT",
        }
    }
}

/// The shell around the server. Dropping it ends the server at once and removes its folder.
pub struct Server {
    shell: Child,
}

impl Server {
    /// Starts the server of `folder`; returns before it is ready. Its output goes to `server.out` there.
    pub fn start(folder: &Path, command: &[String], end: Signal) -> Server {
        let shell = Command::new("sh")
            .arg(rig().join("run.sh"))
            .arg(folder)
            .args(command)
            .env("RIG_END", end.name())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Server { shell }
    }

    /// Starts a JVM whose log goes to `server.log` in the folder.
    pub fn start_java(folder: &Path, options: &[&str], classpath: &str, main: &[String]) -> Server {
        let property = |name: &str, path: &Path| format!("-D{name}={}", path.display());
        let mut command = vec!["java".to_owned()];
        command.extend(options.iter().map(|option| (*option).to_owned()));
        command.extend([
            property("rig.log", &folder.join("server.log")),
            property("log4j2.configurationFile", &rig().join("log4j2.properties")),
            "-cp".to_owned(),
            classpath.to_owned(),
        ]);
        command.extend_from_slice(main);
        Server::start(folder, &command, Signal::Kill)
    }

    /// Ends the server and waits; its folder is preserved.
    pub fn stop(mut self, signal: Signal) {
        let stdin = self.shell.stdin.as_mut().unwrap();
        writeln!(stdin, "{}", signal.name()).unwrap();
        self.shell.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// What a server has printed and logged, for messages.
pub fn log(folder: &Path) -> String {
    let file = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("{}{}", file("server.out"), file("server.log"))
}

fn rig() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka-rig")
}
