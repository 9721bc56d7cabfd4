//! The child process of one command.

use std::io::Write as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::Runner;
use super::command::ExecPlan;
use super::event::ExecEvent;
use crate::settings;
use crate::util::child_process;
use crate::util::env;
use crate::util::known_secrets::KnownSecrets;

/// Starts the command of a plan.
pub(in crate::commands::tail) struct ProcessRunner {
    program: String,
    arguments: Vec<String>,
    /// Variables with secrets, which the command does not get.
    removed: Vec<&'static str>,
}

/// A pipe takes this much without a reader, on each system.
const MAX_DIRECT_WRITE: usize = 4096;

impl ProcessRunner {
    /// A runner whose commands do not get the variables that contain secrets of this program.
    pub(in crate::commands::tail) fn new(plan: &ExecPlan, known: &KnownSecrets) -> ProcessRunner {
        ProcessRunner {
            program: plan.program.clone(),
            arguments: plan.arguments.clone(),
            removed: secret_variables(known),
        }
    }

    fn start(&self, event: &ExecEvent) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped());
        for name in &self.removed {
            command.env_remove(name);
        }
        for (name, value) in &event.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        child_process::spawn(&mut command)
    }
}

impl Runner for ProcessRunner {
    fn run(&self, event: &ExecEvent) -> Result<(), String> {
        let started = self.start(event);
        let mut child = started.map_err(|error| format!("cannot be started: {error}"))?;
        write_input(&mut child, &event.line);
        let ended = child_process::wait(&mut child);
        let status = ended.map_err(|error| format!("cannot be waited for: {error}"))?;
        if status.success() {
            return Ok(());
        }
        Err(describe(status))
    }
}

/// Writes the event to the child's standard input. A child need not read it, so that an error is not a failure.
fn write_input(child: &mut Child, line: &[u8]) {
    let Some(mut stdin) = child.stdin.take() else {
        return;
    };
    if line.len() <= MAX_DIRECT_WRITE {
        let _ = stdin.write_all(line);
        return;
    }
    // The write lasts until the child has read everything, or until each process that has the pipe has closed it.
    let line = line.to_vec();
    thread::spawn(move || {
        let _ = stdin.write_all(&line);
    });
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was ended by signal {signal}");
    }
    match status.code() {
        Some(code) => format!("ended with status {code}"),
        None => format!("ended with {status}"),
    }
}

/// The variables of settings that are secrets, or that contain one.
fn secret_variables(known: &KnownSecrets) -> Vec<&'static str> {
    let mut removed = Vec::new();
    for setting in settings::variables() {
        let contains_secret = |name: &&'static str| {
            let value = env::variable(name).map(|value| value.to_string_lossy().into_owned());
            value.is_some_and(|value| {
                known.are_in(&value) || crate::util::url::hide_secrets(&value) != value
            })
        };
        let names = setting.names.iter().copied();
        removed.extend(names.filter(|name| setting.is_secret || contains_secret(name)));
    }
    removed
}
