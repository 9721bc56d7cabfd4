//! Somebody who keeps a copy with the tool, by the commands that it prints, while it is killed again and again.
//! What becomes of documents and events is `copy`'s business.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::copy::Copy;
use crate::dice::Dice;

/// No run may take longer.
const LIMIT: Duration = Duration::from_secs(60);
/// How often one gap may need another requery, because the world goes on meanwhile.
const MOST_REQUERIES: usize = 40;

/// A copy, the folder with the state file, the outputs and the snapshots, and what has to be done next.
pub struct Consumer {
    pub copy: Copy,
    folder: TempDir,
    env: Vec<(&'static str, String)>,
    dice: Dice,
    /// The snapshot that the stream goes on from.
    base: Option<String>,
    /// A requery that has to be made first, as the tool printed it.
    due: Option<String>,
    /// Whether that was begun and killed.
    begun: bool,
    /// How much of the output was taken into the copy.
    taken: usize,
    kills: usize,
    gaps: usize,
    requeries: usize,
    torn: usize,
    log: Vec<String>,
}

/// How a run ended: its status, or killed.
type Ended = Option<i32>;

impl Consumer {
    /// With these settings in the environment, among them a `PATH` on which the tool is found.
    pub fn new(env: Vec<(&'static str, String)>, dice: Dice) -> Consumer {
        Consumer {
            copy: Copy::default(),
            env,
            folder: tempfile::tempdir().unwrap(),
            dice,
            base: None,
            due: None,
            begun: false,
            taken: 0,
            kills: 0,
            gaps: 0,
            requeries: 0,
            torn: 0,
            log: Vec::new(),
        }
    }

    /// The stream alone is not enough: everything is queried once before.
    pub fn start_with_a_requery(&mut self) {
        self.due = Some("ditto-cdc requery --output start".to_owned());
    }

    /// One run of what has to be done next, killed sooner or later.
    pub fn run_and_kill(&mut self) {
        let patience = Duration::from_millis(50 + self.dice.below(1200) as u64);
        self.step(patience);
    }

    /// Does what has to be done until there is nothing any more.
    pub fn catch_up(&mut self) {
        for _ in 0..MOST_REQUERIES {
            let tailing = self.due.is_none();
            if self.step(LIMIT) == Some(0) && tailing {
                // Once more: nothing may come twice without need, and nothing may be left.
                assert_eq!(self.step(LIMIT), Some(0), "{}", self.log());
                return;
            }
        }
        panic!("it never catches up:\n{}", self.log());
    }

    fn step(&mut self, patience: Duration) -> Ended {
        match self.due.clone() {
            Some(command) => self.requery(&command, patience),
            None => self.tail(patience),
        }
    }

    fn requery(&mut self, command: &str, patience: Duration) -> Ended {
        let resume = self.begun && self.dice.percent(70);
        let line = if resume {
            format!("{command} --resume")
        } else {
            command.to_owned()
        };
        let (ended, said) = self.run(&line, patience);
        self.requeries += 1;
        match ended {
            None => self.begun = true,
            Some(0) => {
                let folder = output(command);
                self.copy.load(&self.folder.path().join(&folder));
                self.base = Some(folder);
                self.due = None;
                self.begun = false;
            }
            // What changed meanwhile could not be explained: anew.
            Some(4) => self.begun = false,
            Some(status) => panic!("{line}: {status}: {said}\n{}", self.log()),
        }
        ended
    }

    fn tail(&mut self, patience: Duration) -> Ended {
        let mut line = "ditto-cdc tail --state state.json --until end --on-gap stop".to_owned();
        if self.dice.percent(30) {
            line = line.replace(" --until end", " --idle-exit 300ms");
        }
        let from = self.base.as_deref().unwrap_or("beginning");
        line += " --from ";
        line += from;
        line += " >> out.ndjson";
        let (ended, said) = self.run(&line, patience);
        self.take_output();
        match ended {
            None | Some(0) => {}
            Some(4) => {
                self.gaps += 1;
                let command = said.lines().find_map(|line| line.strip_prefix("  try: "));
                let command = command.unwrap_or_else(|| panic!("{line}: no way out: {said}"));
                self.due = Some(command.to_owned());
            }
            Some(status) => panic!("{line}: {status}: {said}\n{}", self.log()),
        }
        ended
    }

    /// Applies what is new in the output, except a last line that is not whole yet.
    fn take_output(&mut self) {
        let bytes = fs::read(self.folder.path().join("out.ndjson")).unwrap_or_default();
        let new = &bytes[self.taken..];
        let whole = new
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        for line in new[..whole].split(|byte| *byte == b'\n') {
            match serde_json::from_slice::<Value>(line) {
                Ok(event) => self.copy.apply(&event),
                Err(_) if line.is_empty() => {}
                // Half a line of a run that was killed amid writing it.
                Err(_) => self.torn += 1,
            }
        }
        assert!(self.torn <= self.kills, "{}", self.log());
        self.taken += whole;
    }

    /// Runs a line in a shell, which hands its process over; kills it when patience ends.
    fn run(&mut self, line: &str, patience: Duration) -> (Ended, String) {
        let said = self.folder.path().join("said");
        let mut child = self.start(line, &said);
        let started = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status.code().expect("nobody else kills it"));
            }
            if started.elapsed() > patience {
                assert!(patience < LIMIT, "{line} does not end:\n{}", self.log());
                child.kill().unwrap();
                child.wait().unwrap();
                self.kills += 1;
                break None;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let said = fs::read_to_string(said).unwrap();
        self.log.push(format!("$ {line}\n{said}[{ended:?}]"));
        (ended, said)
    }

    fn start(&self, line: &str, said: &Path) -> Child {
        Command::new("sh")
            .args(["-c", &format!("exec {line}")])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(output_file(self.folder.path()))
            .stderr(File::create(said).unwrap())
            .spawn()
            .unwrap()
    }

    /// Every command with what it said.
    pub fn log(&self) -> String {
        let start = self.log.len().saturating_sub(30);
        self.log[start..].join("\n")
    }

    /// What happened.
    pub fn told(&self) -> String {
        format!(
            "{} kills, {} gaps, {} requeries, {} events applied, {} stale, {} lines torn",
            self.kills, self.gaps, self.requeries, self.copy.applied, self.copy.stale, self.torn
        )
    }
}

/// Where commands print that have no place of their own.
fn output_file(folder: &Path) -> File {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    options.open(folder.join("stdout")).unwrap()
}

/// The folder that a requery writes.
fn output(command: &str) -> String {
    let mut words = command.split(' ').skip_while(|word| *word != "--output");
    words.nth(1).unwrap().to_owned()
}
