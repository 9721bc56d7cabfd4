//! Results of `verify` as data: checks with status, fault number and fix, collected in a report.

pub mod broker;
mod fault;
pub mod files;
pub mod http;
pub mod kafka;
pub mod redact;

use serde_json::{Map, Value};

pub use fault::Fault;

use crate::util::exit::Exit;

/// The result of one check.
///
/// ```
/// use ditto_cdc::verify::check::{Check, Fault};
/// let fine = Check::pass("topic", "cars has 10 partitions").detail("partitions", 10);
/// let wrong = Check::fail("dns", Fault::B1, "no address for kafka.exampel.com")
///     .subject("kafka.exampel.com:443")
///     .fix("check the spelling against the portal")
///     .raw("failed to lookup address information");
/// assert!(!fine.is_failed() && wrong.is_failed());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The stable name for scripts: lower-case words joined by `-`, such as `user-certificate`.
    pub name: &'static str,
    /// What was checked, if there are several, such as a broker's address.
    pub subject: Option<String>,
    /// The outcome.
    pub status: Status,
    /// The fault number; warnings can have one too.
    pub fault: Option<Fault>,
    /// The result in one sentence, without a full stop.
    pub message: String,
    /// What to do next.
    pub fix: Option<String>,
    /// The original message of the library or the operating system.
    pub raw: Option<String>,
    /// Further values for programs; never a secret.
    pub details: Map<String, Value>,
    /// The exit code of a failure without a fault number.
    unnumbered: Exit,
}

fn map_value(value: &Value, replace: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(replace(text)),
        Value::Array(all) => Value::Array(all.iter().map(|one| map_value(one, replace)).collect()),
        Value::Object(all) => {
            let pairs = all
                .iter()
                .map(|(name, value)| (replace(name), map_value(value, replace)));
            Value::Object(pairs.collect())
        }
        other => other.clone(),
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Passed.
    Pass,
    /// A warning; it does not change the exit code.
    Warn,
    /// Failed.
    Fail,
    /// Not run, because a prerequisite failed or is not configured.
    Skip,
}

impl Status {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Skip => "skip",
        }
    }
}

impl Check {
    /// The check with each of its texts replaced.
    #[must_use]
    pub fn map_texts(self, replace: &dyn Fn(&str) -> String) -> Check {
        let text = |text: Option<String>| text.map(|text| replace(&text));
        let details = self.details.into_iter();
        Check {
            name: self.name,
            subject: text(self.subject),
            status: self.status,
            fault: self.fault,
            message: replace(&self.message),
            fix: text(self.fix),
            raw: text(self.raw),
            details: details
                .map(|(name, value)| (name, map_value(&value, replace)))
                .collect(),
            unnumbered: self.unnumbered,
        }
    }

    /// A passed check.
    #[must_use]
    pub fn pass(name: &'static str, message: impl Into<String>) -> Check {
        Check::new(name, Status::Pass, message.into())
    }

    /// A warning.
    #[must_use]
    pub fn warn(name: &'static str, message: impl Into<String>) -> Check {
        Check::new(name, Status::Warn, message.into())
    }

    /// A failure with a fault number.
    #[must_use]
    pub fn fail(name: &'static str, fault: Fault, message: impl Into<String>) -> Check {
        Check::new(name, Status::Fail, message.into()).with_fault(fault)
    }

    /// A failure without a fault number; its exit code is [`Exit::Setup`].
    #[must_use]
    pub fn fail_unnumbered(name: &'static str, message: impl Into<String>) -> Check {
        Check::new(name, Status::Fail, message.into())
    }

    /// A wrong server response without a fault number; its exit code is [`Exit::Failed`].
    #[must_use]
    pub fn fail_response(name: &'static str, message: impl Into<String>) -> Check {
        Check {
            unnumbered: Exit::Failed,
            ..Check::fail_unnumbered(name, message)
        }
    }

    /// A skipped check; `why` follows the word "skipped", such as "no user certificate could be read".
    #[must_use]
    pub fn skip(name: &'static str, why: impl Into<String>) -> Check {
        Check::new(name, Status::Skip, why.into())
    }

    fn new(name: &'static str, status: Status, message: String) -> Check {
        Check {
            name,
            subject: None,
            status,
            fault: None,
            message,
            fix: None,
            raw: None,
            details: Map::new(),
            unnumbered: Exit::Setup,
        }
    }

    /// Sets what was checked, if there are several.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Check {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the fault number.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Check {
        self.fault = Some(fault);
        self
    }

    /// Sets what to do next.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Check {
        self.fix = Some(fix.into());
        self
    }

    /// Sets the original message of the library or the operating system.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<String>) -> Check {
        self.raw = Some(raw.into());
        self
    }

    /// Adds a value for programs.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Check {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Whether the check failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.status == Status::Fail
    }

    /// The exit code of the command if this is the worst check.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (self.status, self.fault) {
            (Status::Fail, Some(fault)) => fault.exit(),
            (Status::Fail, None) => self.unnumbered,
            _ => Exit::Success,
        }
    }
}

/// All checks of a run, in the order of the layers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
}

/// Number of checks by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Passed.
    pub pass: usize,
    /// Warnings.
    pub warn: usize,
    /// Failed.
    pub fail: usize,
    /// Skipped.
    pub skip: usize,
}

impl Report {
    /// Appends checks.
    pub fn extend(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.checks.extend(checks);
    }

    /// Whether no check failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.checks.iter().any(Check::is_failed)
    }

    /// Number of checks by status.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let count = |status| {
            self.checks
                .iter()
                .filter(|one| one.status == status)
                .count()
        };
        Summary {
            pass: count(Status::Pass),
            warn: count(Status::Warn),
            fail: count(Status::Fail),
            skip: count(Status::Skip),
        }
    }

    /// The worst exit code of all checks.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let worst = self.checks.iter().map(Check::exit).max();
        worst.unwrap_or(Exit::Success)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides_on_the_exit_code() {
        let pass = Check::pass("a", "");
        let warn = Check::warn("a", "").with_fault(Fault::A11);
        let answer = Check::fail("a", Fault::E6, "");
        let setup = Check::fail("a", Fault::C1, "");
        let skip = Check::skip("a", "");
        for (checks, ok, expected) in [
            (vec![], true, Exit::Success),
            (vec![&pass, &warn, &skip], true, Exit::Success),
            (vec![&pass, &answer], false, Exit::Failed),
            (vec![&Check::fail_response("a", "")], false, Exit::Failed),
            (vec![&Check::fail_unnumbered("a", "")], false, Exit::Setup),
            (vec![&setup, &answer, &pass], false, Exit::Setup),
        ] {
            let checks = checks.into_iter().cloned().collect();
            let report = Report { checks };
            assert_eq!((report.is_ok(), report.exit()), (ok, expected));
        }
    }

    #[test]
    fn the_summary_counts_every_check_once() {
        let checks = vec![
            Check::pass("a", ""),
            Check::pass("b", ""),
            Check::warn("c", ""),
            Check::fail_unnumbered("d", ""),
            Check::skip("e", ""),
        ];
        let summary = Report { checks }.summary();
        let expected = Summary {
            pass: 2,
            warn: 1,
            fail: 1,
            skip: 1,
        };
        assert_eq!(summary, expected);
    }
}
