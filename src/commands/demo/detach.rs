//! Servers in a background process, for `eval "$(ditto-cdc demo --serve --print env)"`: the shell waits until every
//! process that has the pipe open has ended.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// Set for the background process: how long it waits for a client before it ends, in seconds.
const VARIABLE: &str = "DITTO_CDC_DEMO_BACKGROUND";
/// The servers end after this time without a client, so that a forgotten one does not run for ever.
const IDLE_LIMIT: Duration = Duration::from_secs(60 * 60);
/// The variable with the id of the background process, after the settings.
const ID_VARIABLE: &str = "DITTO_DEMO_PID";

/// The servers that the background process has started.
pub(super) struct Background {
    /// The settings, and the variable with the process's id, as lines for a shell.
    pub settings: String,
    /// The process's id.
    pub id: u32,
}

/// The idle limit, if this is the background process.
pub(super) fn idle_limit(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Duration> {
    let seconds = variable(VARIABLE)?.to_str()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The last line of the background process's output.
pub(super) fn id_line() -> String {
    let id = std::process::id();
    format!("export {ID_VARIABLE}={id}\n")
}

/// Starts the background process with the arguments of this one after `--print env`, and waits until its servers run.
pub(super) fn start(arguments: &[String]) -> anyhow::Result<Background> {
    let program = std::env::current_exe().context("finding this program's file")?;
    let mut command = Command::new(program);
    command
        .args(["demo", "--serve", "--print", "env"])
        .args(arguments)
        .env(VARIABLE, IDLE_LIMIT.as_secs().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Ctrl-C in the shell's terminal ends only the processes of its foreground group.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .spawn()
        .context("starting the servers in the background")?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut lines = BufReader::new(stdout.context("reading the settings")?);
    let mut settings = String::new();
    loop {
        let start = settings.len();
        if lines.read_line(&mut settings)? == 0 {
            break;
        }
        let line = settings.get(start..).unwrap_or_default();
        if line.starts_with(&format!("export {ID_VARIABLE}=")) {
            let id = child.id();
            return Ok(Background { settings, id });
        }
    }
    let mut why = String::new();
    if let Some(mut stderr) = stderr {
        // What was read explains the failure.
        let _ = stderr.read_to_string(&mut why);
    }
    bail!(
        "starting the servers in the background failed: {}",
        why.trim()
    );
}
