//! A user who maintains a copy with the commands that the tool prints, while the tool is killed repeatedly.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::copy::Copy;
use crate::rng::Rng;
use crate::shell::{EndStatus, Shell, TIMEOUT};

/// Limit of requeries for one gap: changes during a requery may make another one necessary.
const MAX_REQUERIES: usize = 40;

/// A copy, the folder with state file, outputs and snapshots, and the next command to run.
pub struct Consumer {
    pub copy: Copy,
    shell: Shell,
    rng: Rng,
    /// The snapshot from which the stream continues.
    base: Option<String>,
    /// The command of a requery to run first, as the tool printed it.
    pending_requery: Option<String>,
    /// Whether that requery was killed and can be resumed.
    interrupted: bool,
    /// Bytes of the output that were applied to the copy.
    applied_bytes: usize,
    gaps: usize,
    requeries: usize,
    torn: usize,
}

impl Consumer {
    /// `env` contains the settings, and a `PATH` with the tool.
    pub fn new(env: Vec<(&'static str, String)>, rng: Rng) -> Consumer {
        Consumer {
            copy: Copy::default(),
            shell: Shell::new(env),
            rng,
            base: None,
            pending_requery: None,
            interrupted: false,
            applied_bytes: 0,
            gaps: 0,
            requeries: 0,
            torn: 0,
        }
    }

    /// Starts with a requery, because the stream does not have all documents.
    pub fn start_with_a_requery(&mut self) {
        self.pending_requery = Some("ditto-cdc requery --output snapshot".to_owned());
    }

    /// Runs the next command, and kills it after a random time.
    pub fn run_and_kill(&mut self) {
        // While documents change, a requery waits three seconds for late events.
        let most = if self.pending_requery.is_some() {
            6000
        } else {
            1200
        };
        let timeout = Duration::from_millis(50 + self.rng.below(most) as u64);
        self.step(timeout);
    }

    /// Runs commands until the copy is up to date.
    pub fn catch_up(&mut self) {
        for _ in 0..MAX_REQUERIES {
            let tailing = self.pending_requery.is_none();
            if self.step(TIMEOUT) == Some(0) && tailing {
                // A second run must find nothing new.
                assert_eq!(self.step(TIMEOUT), Some(0), "{}", self.log());
                return;
            }
        }
        panic!("it never catches up:\n{}", self.log());
    }

    fn step(&mut self, timeout: Duration) -> EndStatus {
        match self.pending_requery.clone() {
            Some(command) => self.requery(&command, timeout),
            None => self.tail(timeout),
        }
    }

    fn requery(&mut self, command: &str, timeout: Duration) -> EndStatus {
        let resume = self.interrupted && self.rng.percent(70);
        let line = if resume {
            format!("{command} --resume")
        } else {
            command.to_owned()
        };
        let (status, stderr) = self.run(&line, timeout);
        self.requeries += 1;
        match status {
            None => self.interrupted = true,
            Some(0) => {
                let folder = output(command);
                self.copy.load(&self.shell.path().join(&folder));
                self.base = Some(folder);
                self.pending_requery = None;
                self.interrupted = false;
            }
            // The counts could not be reconciled with the events: start again.
            Some(4) => self.interrupted = false,
            Some(status) => panic!("{line}: {status}: {stderr}\n{}", self.log()),
        }
        status
    }

    fn tail(&mut self, timeout: Duration) -> EndStatus {
        let mut line = "ditto-cdc tail --state state.json --until end --on-gap stop".to_owned();
        if self.rng.percent(30) {
            line = line.replace(" --until end", " --idle-exit 300ms");
        }
        let from = self.base.as_deref().unwrap_or("beginning");
        line += " --from ";
        line += from;
        line += " >> out.ndjson";
        let (status, stderr) = self.run(&line, timeout);
        self.take_output();
        match status {
            None | Some(0) => {}
            Some(4) => {
                self.gaps += 1;
                let command = stderr.lines().find_map(|line| line.strip_prefix("  try: "));
                let command =
                    command.unwrap_or_else(|| panic!("{line}: no command suggested: {stderr}"));
                self.pending_requery = Some(command.to_owned());
            }
            Some(status) => panic!("{line}: {status}: {stderr}\n{}", self.log()),
        }
        status
    }

    /// Applies the new lines of the output, except an incomplete last line.
    fn take_output(&mut self) {
        let bytes = fs::read(self.shell.path().join("out.ndjson")).unwrap_or_default();
        let new = &bytes[self.applied_bytes..];
        let whole = new
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        for line in new[..whole].split(|byte| *byte == b'\n') {
            match serde_json::from_slice::<Value>(line) {
                Ok(event) => self.copy.apply(&event),
                Err(_) if line.is_empty() => {}
                // A line that was truncated by a kill.
                Err(_) => self.torn += 1,
            }
        }
        assert!(self.torn <= self.shell.kills, "{}", self.log());
        self.applied_bytes += whole;
    }

    fn run(&mut self, line: &str, timeout: Duration) -> (EndStatus, String) {
        self.shell.run(line, timeout, || {})
    }

    /// The latest commands with their messages.
    pub fn log(&self) -> String {
        self.shell.log()
    }

    /// The counters as a line.
    pub fn summary(&self) -> String {
        format!(
            "{} kills, {} gaps, {} requeries, {} events applied, {} stale, {} lines torn",
            self.shell.kills,
            self.gaps,
            self.requeries,
            self.copy.applied,
            self.copy.stale,
            self.torn
        )
    }
}

/// The folder that a requery writes.
fn output(command: &str) -> String {
    let mut words = command.split(' ').skip_while(|word| *word != "--output");
    words.nth(1).unwrap().to_owned()
}
