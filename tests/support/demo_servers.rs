//! The servers of `demo --serve`, in the background.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::program::run;

/// Generous: the servers start in a second.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Servers in the background. Dropping them stops them.
pub struct Servers {
    /// Environment variables for the tool.
    pub settings: Vec<(&'static str, String)>,
    pub id: u32,
}

impl Servers {
    pub fn start(temporary: &Path, arguments: &[&str]) -> Servers {
        let env = [("TMPDIR", temporary.display().to_string())];
        let arguments = [&["demo", "--serve", "--print", "env"], arguments].concat();
        let started = run(&env, &arguments, TIMEOUT);
        assert_eq!(started.status, Some(0), "{}", started.stderr);
        let lines = started.lines();
        let mut settings: Vec<(&'static str, String)> =
            lines.iter().filter_map(|line| setting(line)).collect();
        let (name, id) = settings.pop().unwrap();
        assert_eq!(name, "DITTO_DEMO_PID");
        let id = id.parse().unwrap();
        let servers = Servers { settings, id };
        assert_eq!(servers.settings.len(), 8);
        servers
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        signal(self.id);
    }
}

/// Sends SIGTERM.
pub fn signal(process: u32) {
    let _ = Command::new("kill").arg(process.to_string()).status();
}

/// A line such as `export NAME=value`, where no value needs quotes.
fn setting(line: &str) -> Option<(&'static str, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.to_owned().leak(), value.trim_matches('\'').to_owned()))
}
