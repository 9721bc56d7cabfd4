//! A report of checks as text for people or as one JSON object for programs. Pure: into a buffer.
//! What was found and what it means was decided before.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escape;
use super::line::columns;
use super::styles::{Ink, Styles};
use crate::verify::check::{Check, Report, Status, Summary};

/// How checks look.
#[derive(Debug, Clone, Copy)]
pub struct Sheet {
    /// Colours, or none.
    pub styles: Styles,
    /// Whether signs beyond ASCII can be shown.
    pub unicode: bool,
    /// Only what failed.
    pub quiet: bool,
    /// The terminal's columns, where lines go to one.
    pub width: Option<usize>,
}

/// The widest name of a check, and a space.
const COLUMN: usize = 21;
/// Where fewer columns are left for the text, the terminal breaks it itself.
const LEAST: usize = 30;

impl Sheet {
    /// Appends the line of a check and what belongs under it.
    pub fn check(&self, check: &Check, out: &mut String) {
        if self.quiet && !check.is_wrong() {
            return;
        }
        let (sign, style) = self.sign(check.status);
        let fault = check
            .fault
            .map_or_else(String::new, |fault| format!("{} ", fault.id()));
        let skipped = if check.status == Status::Skip {
            "skipped: "
        } else {
            ""
        };
        let subject = check
            .subject
            .as_ref()
            .map_or_else(String::new, |one| format!("{one}: "));
        let text = escape::text(&format!("{fault}{subject}{skipped}{}", check.message));
        let name = check.name;
        let begin = columns(sign) + 1 + COLUMN;
        let text = self.wrapped(&text, begin);
        let _ = writeln!(out, "{style}{sign}{style:#} {name:<COLUMN$}{text}");
        let arrow = if self.unicode { "→" } else { "->" };
        below(arrow, check.fix.as_deref(), Ink::default(), out);
        below(" ", check.raw.as_deref(), self.styles.dim, out);
    }

    /// Appends the last line.
    pub fn summary(&self, report: &Report, out: &mut String) {
        let Summary {
            pass,
            warn,
            fail,
            skip,
        } = report.summary();
        if self.quiet && fail == 0 {
            return;
        }
        let mut parts = vec![format!("{pass} passed")];
        for (count, word) in [(warn, "to know"), (fail, "failed"), (skip, "skipped")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        let verdict = if report.is_ok() {
            "everything that was checked works"
        } else {
            "something is wrong"
        };
        let _ = writeln!(out, "\n{}: {verdict}", parts.join(", "));
    }

    /// The text in lines of whole words, further ones under the first. What is to be typed is never cut into lines.
    fn wrapped(&self, text: &str, begin: usize) -> String {
        let room = self.width.and_then(|width| width.checked_sub(begin));
        let Some(room) = room.filter(|room| *room >= LEAST) else {
            return text.to_owned();
        };
        let (mut lines, mut used) = (String::new(), 0);
        for word in text.split(' ') {
            let wide = columns(word);
            if used > 0 && used + 1 + wide > room {
                let _ = write!(lines, "\n{:begin$}", "");
                used = 0;
            } else if used > 0 {
                lines.push(' ');
                used += 1;
            }
            lines.push_str(word);
            used += wide;
        }
        lines
    }

    fn sign(&self, status: Status) -> (&'static str, Ink) {
        let styles = &self.styles;
        match (status, self.unicode) {
            (Status::Pass, true) => ("✓", styles.insert),
            (Status::Pass, false) => ("ok  ", styles.insert),
            (Status::Warn, true) => ("!", styles.update),
            (Status::Warn, false) => ("WARN", styles.update),
            (Status::Fail, true) => ("✗", styles.remove),
            (Status::Fail, false) => ("FAIL", styles.remove),
            (Status::Skip, true) => ("–", styles.dim),
            (Status::Skip, false) => ("-   ", styles.dim),
        }
    }
}

fn below(mark: &str, text: Option<&str>, style: Ink, out: &mut String) {
    for line in text.unwrap_or_default().lines() {
        let line = escape::text(line);
        let _ = writeln!(out, "  {mark} {style}{line}{style:#}");
    }
}

/// The report as one JSON object on one line, safe for terminals.
#[must_use]
pub fn json(report: &Report) -> Vec<u8> {
    let Summary {
        pass,
        warn,
        fail,
        skip,
    } = report.summary();
    let whole = json!({
        "ok": report.is_ok(),
        "checks": report.checks.iter().map(object).collect::<Vec<Value>>(),
        "summary": {"pass": pass, "warn": warn, "fail": fail, "skip": skip},
    });
    let mut out = Vec::new();
    escape::push_str(&whole.to_string(), escape::Spelling::Json, &mut out);
    out.push(b'\n');
    out
}

fn object(check: &Check) -> Value {
    let mut object = json!({
        "check": check.name,
        "status": check.status.word(),
        "fault": check.fault.map(crate::verify::check::Fault::id),
        "message": check.message,
        "fix": check.fix,
        "raw": check.raw,
        "details": check.details,
    });
    if let (Some(subject), Some(fields)) = (&check.subject, object.as_object_mut()) {
        fields.insert("subject".to_owned(), Value::from(subject.clone()));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::check::Fault;

    fn report() -> Report {
        let checks = vec![
            Check::pass("topic", "cars has 3 partitions").detail("partitions", 3),
            Check::warn("clock", "behind").fix("set it"),
            Check::fail("dns", Fault::B1, "no address\u{1b}[2J")
                .about("kafka:443")
                .fix("check it")
                .raw("one\ntwo"),
            Check::skip("group", "no group is configured"),
        ];
        Report { checks }
    }

    fn text(unicode: bool, quiet: bool) -> String {
        let sheet = Sheet {
            styles: Styles::default(),
            unicode,
            quiet,
            width: None,
        };
        let (report, mut out) = (report(), String::new());
        report
            .checks
            .iter()
            .for_each(|check| sheet.check(check, &mut out));
        sheet.summary(&report, &mut out);
        out
    }

    #[test]
    fn long_lines_are_broken_between_words_on_a_terminal() {
        let check = |message: &str, width: usize, expected: &str| {
            let sheet = Sheet {
                styles: Styles::default(),
                unicode: true,
                quiet: false,
                width: Some(width),
            };
            let mut out = String::new();
            sheet.check(&Check::pass("dns", message), &mut out);
            assert_eq!(out, format!("✓ dns                  {expected}\n"));
        };
        let long = "Kafka answered in 7 ms and names 1 broker of the cluster";
        let broken =
            "Kafka answered in 7 ms and names 1 broker\n                       of the cluster";
        check(long, 79, long);
        check(long, 65, broken);
        check(long, 40, long);
        check(
            "日本語日本語日本語 日本語日本語日本語 a",
            55,
            "日本語日本語日本語\n                       日本語日本語日本語 a",
        );
        let word = "x".repeat(80);
        check(&word, 60, &word);
    }

    #[test]
    fn one_line_a_check_with_what_to_do_below() {
        let expected = "\
✓ topic                cars has 3 partitions
! clock                behind
  → set it
✗ dns                  B1 kafka:443: no address\\u{1b}[2J
  → check it
    one
    two
– group                skipped: no group is configured

1 passed, 1 to know, 1 failed, 1 skipped: something is wrong
";
        assert_eq!(text(true, false), expected);
        assert!(text(false, false).is_ascii());
        let quiet = text(false, true);
        assert!(
            quiet.starts_with("FAIL dns") && !quiet.contains("topic"),
            "{quiet}"
        );
    }

    #[test]
    fn programs_get_one_object() {
        let bytes = json(&report());
        let line = String::from_utf8_lossy(&bytes);
        assert!(line.starts_with(
            r#"{"ok":false,"checks":[{"check":"topic","status":"pass","fault":null,"message":"cars has 3 partitions","fix":null,"raw":null,"details":{"partitions":3}}"#
        ), "{line}");
        assert!(
            line.contains(r#""fault":"B1","message":"no address\u001b[2J""#),
            "{line}"
        );
        assert!(
            line.ends_with("\"summary\":{\"pass\":1,\"warn\":1,\"fail\":1,\"skip\":1}}\n"),
            "{line}"
        );
    }
}
