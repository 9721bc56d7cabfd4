//! What `verify` found, as data: checks, their status, the fault's number, what to do next.
//! Nothing here looks at the world; the probes do that, and `view` turns the list into text.

pub mod broker;
mod fault;
pub mod files;
pub mod http;
pub mod kafka;
pub mod redact;

use serde_json::{Map, Value};

pub use fault::Fault;

use crate::util::exit::Exit;

/// One thing that was looked at.
///
/// ```
/// use ditto_cdc::verify::check::{Check, Fault};
/// let fine = Check::pass("topic", "cars has 10 partitions").detail("partitions", 10);
/// let wrong = Check::fail("dns", Fault::B1, "no address for kafka.exampel.com")
///     .about("kafka.exampel.com:443")
///     .fix("check the spelling against the portal")
///     .raw("failed to lookup address information");
/// assert!(!fine.is_wrong() && wrong.is_wrong());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Which check: lower case, words joined by `-`, such as `user-certificate`. Scripts rely on it.
    pub name: &'static str,
    /// What it looked at where there are several, such as a broker's address.
    pub subject: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The number in the catalogue; also a warning can have one.
    pub fault: Option<Fault>,
    /// What was found, in one sentence without a full stop.
    pub message: String,
    /// What to do next.
    pub fix: Option<String>,
    /// The library's or the system's own words.
    pub raw: Option<String>,
    /// Further findings for programs; never a secret.
    pub details: Map<String, Value>,
    /// What a failure without a number means for the exit code.
    unnumbered: Exit,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// All is well.
    Pass,
    /// Worth knowing; changes nothing about the outcome.
    Warn,
    /// Something is wrong.
    Fail,
    /// Not done, because something that it needs failed or is not configured.
    Skip,
}

impl Status {
    /// The word that programs read.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "fail",
            Status::Skip => "skip",
        }
    }
}

impl Check {
    /// All is well.
    #[must_use]
    pub fn pass(name: &'static str, message: impl Into<String>) -> Check {
        Check::new(name, Status::Pass, message.into())
    }

    /// Worth knowing.
    #[must_use]
    pub fn warn(name: &'static str, message: impl Into<String>) -> Check {
        Check::new(name, Status::Warn, message.into())
    }

    /// A fault of the catalogue.
    #[must_use]
    pub fn fail(name: &'static str, fault: Fault, message: impl Into<String>) -> Check {
        Check::new(name, Status::Fail, message.into()).with_fault(fault)
    }

    /// Something is wrong that the catalogue has no number for; it counts as a fault of the set-up.
    #[must_use]
    pub fn fail_unnumbered(name: &'static str, message: impl Into<String>) -> Check {
        Check::new(name, Status::Fail, message.into())
    }

    /// A server answered wrongly, in a way that the catalogue has no number for.
    #[must_use]
    pub fn fail_answer(name: &'static str, message: impl Into<String>) -> Check {
        Check {
            unnumbered: Exit::Failed,
            ..Check::fail_unnumbered(name, message)
        }
    }

    /// Not done; `why` follows the word "skipped", such as "no user certificate could be read".
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

    /// With the thing that was looked at, where there are several.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Check {
        self.subject = Some(subject.into());
        self
    }

    /// With its number in the catalogue.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Check {
        self.fault = Some(fault);
        self
    }

    /// With what to do next.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Check {
        self.fix = Some(fix.into());
        self
    }

    /// With the library's or the system's words.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<String>) -> Check {
        self.raw = Some(raw.into());
        self
    }

    /// With one more finding for programs.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Check {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Whether it failed.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.status == Status::Fail
    }

    /// What the command ends with if this is the worst check.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (self.status, self.fault) {
            (Status::Fail, Some(fault)) => fault.exit(),
            (Status::Fail, None) => self.unnumbered,
            _ => Exit::Fine,
        }
    }
}

/// All checks of a run, in the catalogue's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
}

/// How many checks ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// All is well.
    pub pass: usize,
    /// Worth knowing.
    pub warn: usize,
    /// Something is wrong.
    pub fail: usize,
    /// Not done.
    pub skip: usize,
}

impl Report {
    /// Adds checks at the end.
    pub fn extend(&mut self, checks: impl IntoIterator<Item = Check>) {
        self.checks.extend(checks);
    }

    /// Whether nothing failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.checks.iter().any(Check::is_wrong)
    }

    /// How many checks ended in which way.
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
        worst.unwrap_or(Exit::Fine)
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
            (vec![], true, Exit::Fine),
            (vec![&pass, &warn, &skip], true, Exit::Fine),
            (vec![&pass, &answer], false, Exit::Failed),
            (vec![&Check::fail_answer("a", "")], false, Exit::Failed),
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
