//! A folder in which command lines run, and are killed after a time.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Timeout of a run that is not to be killed.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// How often the end of a run is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
/// Number of commands in the log.
const MAX_LOGGED: usize = 30;

/// The exit status of a run; `None` if it was killed.
pub type EndStatus = Option<i32>;

/// The folder, and what ran in it.
pub struct Shell {
    folder: TempDir,
    env: Vec<(&'static str, String)>,
    /// Number of runs that were killed.
    pub kills: usize,
    log: Vec<String>,
}

impl Shell {
    /// `env` contains the settings, and a `PATH` with the tool.
    pub fn new(env: Vec<(&'static str, String)>) -> Shell {
        Shell {
            folder: tempfile::tempdir().unwrap(),
            env,
            kills: 0,
            log: Vec::new(),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command line with `exec`; kills it after the timeout. Returns its status and its messages.
    pub fn run(
        &mut self,
        line: &str,
        timeout: Duration,
        mut meanwhile: impl FnMut(),
    ) -> (EndStatus, String) {
        let stderr = self.path().join("stderr");
        let mut child = self.start(line, &stderr);
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status.code().expect("only this test kills it"));
            }
            if started.elapsed() > timeout {
                assert!(timeout < TIMEOUT, "{line} does not end:\n{}", self.log());
                child.kill().unwrap();
                child.wait().unwrap();
                self.kills += 1;
                break None;
            }
            meanwhile();
            thread::sleep(POLL_INTERVAL);
        };
        let stderr = fs::read_to_string(stderr).unwrap();
        self.log.push(format!("$ {line}\n{stderr}[{status:?}]"));
        (status, stderr)
    }

    fn start(&self, line: &str, stderr: &Path) -> Child {
        Command::new("sh")
            .args(["-c", &format!("exec {line}")])
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(output_file(self.path()))
            .stderr(File::create(stderr).unwrap())
            .spawn()
            .unwrap()
    }

    /// The latest commands with their messages.
    pub fn log(&self) -> String {
        let start = self.log.len().saturating_sub(MAX_LOGGED);
        self.log[start..].join("\n")
    }
}

/// The file for the output of commands that do not redirect it.
fn output_file(folder: &Path) -> File {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    options.open(folder.join("stdout")).unwrap()
}
