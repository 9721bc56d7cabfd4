//! Runs `verify --json` and parses its report; each run is also searched for secrets.

use std::time::Duration;

use serde_json::Value;

use crate::support::program::{Output, run};
use crate::support::stage::Stage;

const TIMEOUT: Duration = Duration::from_secs(40);

/// The result of a run.
pub struct Report {
    pub output: Output,
    pub json: Value,
}

type Env = [(&'static str, String)];

/// Runs with the highest verbosity, and checks that no secret is printed.
pub fn verify(env: &Env, args: &[&str]) -> Report {
    let args = [&["verify", "--json", "-vvv"], args].concat();
    let output = run(env, &args, TIMEOUT);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = format!("{text}{}", output.stderr);
    for (name, value) in env {
        let secret = name.contains("PASSWORD") || name.contains("API_KEY");
        assert!(
            !secret || value.len() < 4 || !all.contains(value),
            "{name} in {all}"
        );
    }
    assert!(!all.contains("PRIVATE KEY"), "{all}");
    let json = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {all}"));
    Report { output, json }
}

impl Report {
    /// All checks of this name.
    pub fn checks(&self, name: &str) -> Vec<&Value> {
        let all = self.json["checks"].as_array().unwrap();
        all.iter().filter(|check| check["check"] == name).collect()
    }

    /// The only check of this name.
    #[track_caller]
    pub fn check(&self, name: &str) -> &Value {
        let found = self.checks(name);
        assert_eq!(found.len(), 1, "{name}: {:#}", self.json);
        found[0]
    }

    /// Asserts that a check of this name has this status, fault number and words.
    #[track_caller]
    pub fn has(&self, name: &str, status: &str, fault: Option<&str>, words: &str) {
        let fits = |check: &&Value| {
            check["status"] == status
                && check["fault"].as_str() == fault
                && check["message"].as_str().unwrap().contains(words)
        };
        let found = self.checks(name);
        assert!(
            found.iter().any(fits),
            "{name} {status} {fault:?} {words}: {found:#?}"
        );
        let mut failed = found.iter().filter(|one| one["status"] == "fail");
        assert!(failed.all(|one| one["fix"].is_string()), "{found:#?}");
    }

    /// Asserts the exit code, which must match the summary.
    #[track_caller]
    pub fn ended(&self, status: i32) -> &Self {
        assert_eq!(self.output.status, Some(status), "{:#}", self.json);
        let failed = self.json["summary"]["fail"].as_u64().unwrap();
        assert_eq!(self.json["ok"], failed == 0);
        self
    }
}

/// A working environment without warnings.
pub fn stage() -> Stage {
    Stage::new(2)
}
