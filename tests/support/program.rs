//! Runs the program under test in an empty environment, with a timeout.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The result of a run.
#[derive(Debug)]
pub struct Output {
    /// The exit status; `None` when a signal ended the program.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// The duration of the run.
    pub took: Duration,
}

impl Output {
    /// Standard output by lines.
    pub fn lines(&self) -> Vec<&str> {
        std::str::from_utf8(&self.stdout).unwrap().lines().collect()
    }
}

/// A started program whose output is collected while it runs. Dropping it kills it.
pub struct Running {
    child: Child,
    stdout: Collected,
    stderr: Collected,
    started: Instant,
    _home: tempfile::TempDir,
}

impl Running {
    /// Starts the program with only these environment variables, in an empty folder.
    pub fn start(env: &[(&'static str, String)], args: &[&str]) -> Running {
        Running::start_reading(env, args, usize::MAX)
    }

    /// Starts the program, and closes the pipe of its output after `max_bytes` bytes.
    pub fn start_reading(
        env: &[(&'static str, String)],
        args: &[&str],
        max_bytes: usize,
    ) -> Running {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
            .args(args)
            .env_clear()
            .env("HOME", home.path())
            .envs(env.iter().map(|(key, value)| (key, value)))
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Collected::from(child.stdout.take().unwrap(), max_bytes);
        let stderr = Collected::from(child.stderr.take().unwrap(), usize::MAX);
        Running {
            child,
            stdout,
            stderr,
            started: Instant::now(),
            _home: home,
        }
    }

    /// Waits until standard output has `count` lines.
    pub fn wait_for_lines(&mut self, count: usize, limit: Duration) {
        self.wait_for(limit, |running| running.stdout.lines() >= count);
    }

    /// Waits until standard error contains one of these strings, in upper or lower case.
    pub fn wait_for_words(&mut self, words: &[&str], limit: Duration) {
        self.wait_for(limit, |running| {
            let text = running.stderr.text().to_lowercase();
            words.iter().any(|word| text.contains(&word.to_lowercase()))
        });
    }

    /// Waits until standard output contains a line.
    pub fn wait_for_line(&mut self, line: &str, limit: Duration) {
        self.wait_for(limit, |running| {
            running.stdout.text().lines().any(|found| found == line)
        });
    }

    /// Repeats an action until the program has printed a line.
    pub fn provoke_line(&mut self, mut act: impl FnMut()) {
        while self.stdout.lines() == 0 {
            act();
            let acted = Instant::now();
            while self.stdout.lines() == 0 && acted.elapsed() < Duration::from_millis(500) {
                thread::sleep(Duration::from_millis(5));
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended early: {}", self.stderr.text());
        }
    }

    /// Sends SIGINT (Ctrl-C) and waits for the exit.
    pub fn interrupt(self) -> Output {
        self.signal("INT");
        let limit = self.started.elapsed() + Duration::from_secs(10);
        self.wait(limit)
    }

    /// Sends a signal, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Ends the program and returns what it printed.
    pub fn kill(mut self) -> Output {
        let _ = self.child.kill();
        let status = self.child.wait().unwrap();
        self.output(status)
    }

    /// Waits for a string in standard output.
    pub fn wait_for_words_on_stdout(&mut self, words: &str, limit: Duration) {
        self.wait_for(limit, |running| running.stdout.text().contains(words));
    }

    /// Waits for the program to end by itself; kills it and fails the test after `limit`.
    pub fn wait(mut self, limit: Duration) -> Output {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return self.output(status);
            }
            assert!(self.started.elapsed() < limit, "{}", self.late("to end"));
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_for(&mut self, limit: Duration, found: impl Fn(&Running) -> bool) {
        let started = Instant::now();
        while !found(self) {
            assert!(started.elapsed() < limit, "{}", self.late("for output"));
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended early: {}", self.stderr.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn late(&self, what: &str) -> String {
        format!(
            "waited too long {what}; {} lines on stdout; stderr: {}",
            self.stdout.lines(),
            self.stderr.text()
        )
    }

    fn output(&mut self, status: ExitStatus) -> Output {
        Output {
            status: status.code(),
            took: self.started.elapsed(),
            stdout: self.stdout.finish(),
            stderr: String::from_utf8_lossy(&self.stderr.finish()).into_owned(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program until it exits; fails the test after `limit`.
pub fn run(env: &[(&'static str, String)], args: &[&str], limit: Duration) -> Output {
    Running::start(env, args).wait(limit)
}

/// Bytes that a thread reads from a pipe.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static, max_bytes: usize) -> Collected {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let mut into = into.lock().unwrap();
                into.extend_from_slice(&buffer[..count]);
                if into.len() >= max_bytes {
                    break;
                }
            }
        });
        Collected {
            bytes,
            reader: Some(reader),
        }
    }

    fn lines(&self) -> usize {
        let bytes = self.bytes.lock().unwrap();
        memchr::memchr_iter(b'\n', &bytes).count()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn finish(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        std::mem::take(&mut self.bytes.lock().unwrap())
    }
}
