//! Rendering of `verify` reports: lines for people, one JSON object for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use super::escape;
use super::line::columns;
use super::styles::{Ink, Styles};
use crate::verify::check::{Check, Report, Status, Summary};

/// Renders checks as text.
#[derive(Debug, Clone, Copy)]
pub struct CheckRenderer {
    /// Colours; the default has none.
    pub styles: Styles,
    /// Whether symbols outside ASCII can be used.
    pub unicode: bool,
    /// Whether only failed checks are printed.
    pub quiet: bool,
    /// Columns of the terminal, if the output is one.
    pub width: Option<usize>,
}

/// Columns of the longest check name, plus a space.
const NAME_WIDTH: usize = 21;
/// If fewer columns are left for the text, it is not wrapped.
const MIN_TEXT_WIDTH: usize = 30;

impl CheckRenderer {
    /// Appends the line of a check, its fix and its original message.
    pub fn check(&self, check: &Check, out: &mut String) {
        if self.quiet && !check.is_failed() {
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
        let indent = columns(sign) + 1 + NAME_WIDTH;
        let text = self.wrapped(&text, indent);
        let _ = writeln!(out, "{style}{sign}{style:#} {name:<NAME_WIDTH$}{text}");
        let arrow = if self.unicode { "→" } else { "->" };
        push_indented(arrow, check.fix.as_deref(), Ink::default(), out);
        // Libraries write several lines on purpose.
        for line in check.raw.iter().flat_map(|raw| raw.lines()) {
            push_indented(" ", Some(line), self.styles.dim, out);
        }
    }

    /// Appends the summary line.
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
        let warnings = if warn == 1 { "warning" } else { "warnings" };
        let mut parts = vec![format!("{pass} passed")];
        for (count, word) in [(warn, warnings), (fail, "failed"), (skip, "skipped")] {
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

    /// Wraps the text between words, with a hanging indent. Fixes are not wrapped, because they contain commands.
    fn wrapped(&self, text: &str, indent: usize) -> String {
        let available = self.width.and_then(|width| width.checked_sub(indent));
        let Some(available) = available.filter(|available| *available >= MIN_TEXT_WIDTH) else {
            return text.to_owned();
        };
        let (mut lines, mut used) = (String::new(), 0);
        for word in text.split(' ') {
            let wide = columns(word);
            if used > 0 && used + 1 + wide > available {
                let _ = write!(lines, "\n{:indent$}", "");
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

fn push_indented(mark: &str, text: Option<&str>, style: Ink, out: &mut String) {
    if let Some(text) = text {
        let line = escape::text(text);
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
        "checks": report.checks.iter().map(check_object).collect::<Vec<Value>>(),
        "summary": {"pass": pass, "warn": warn, "fail": fail, "skip": skip},
    });
    let mut out = Vec::new();
    escape::push_str(&whole.to_string(), escape::EscapeStyle::Json, &mut out);
    out.push(b'\n');
    out
}

fn check_object(check: &Check) -> Value {
    let mut object = json!({
        "check": check.name,
        "status": check.status.as_str(),
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
            Check::warn("clock", "slow").fix("set it"),
            Check::fail("dns", Fault::B1, "no address\u{1b}[2J")
                .subject("kafka:443")
                .fix("check it")
                .raw("one\ntwo"),
            Check::skip("group", "no group is configured"),
        ];
        Report { checks }
    }

    fn text(unicode: bool, quiet: bool) -> String {
        let renderer = CheckRenderer {
            styles: Styles::default(),
            unicode,
            quiet,
            width: None,
        };
        let (report, mut out) = (report(), String::new());
        report
            .checks
            .iter()
            .for_each(|check| renderer.check(check, &mut out));
        renderer.summary(&report, &mut out);
        out
    }

    #[test]
    fn long_lines_are_broken_between_words_on_a_terminal() {
        let check = |message: &str, width: usize, expected: &str| {
            let renderer = CheckRenderer {
                styles: Styles::default(),
                unicode: true,
                quiet: false,
                width: Some(width),
            };
            let mut out = String::new();
            renderer.check(&Check::pass("dns", message), &mut out);
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
    fn one_line_per_check_with_the_fix_below() {
        let expected = "\
✓ topic                cars has 3 partitions
! clock                slow
  → set it
✗ dns                  B1 kafka:443: no address\\u{1b}[2J
  → check it
    one
    two
– group                skipped: no group is configured

1 passed, 1 warning, 1 failed, 1 skipped: something is wrong
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
