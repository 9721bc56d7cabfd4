//! Long captures: output of the worker threads is complete and in input order.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::time::Duration;

use support::program::{Output, run};

const TIMEOUT: Duration = Duration::from_secs(120);

/// Line `number` of the capture; some lines are large, not JSON, or gaps.
fn line(number: usize) -> String {
    let padding = match number % 4000 {
        // Larger than the largest record that a worker thread processes.
        1234 => 3 << 20,
        n if n % 97 == 0 => 50_000,
        n => n % 1500,
    };
    match number % 5000 {
        // An unreadable record: not an event, and not hidden by filters.
        777 => "not json".to_owned(),
        4321 => format!(r#"{{"txnID":{number},"type":"requeryRequired","documents":[]}}"#),
        _ => format!(
            r#"{{"txnId":{number},"type":"documentChanged","collection":"{}","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":{number},"pad":"{}"}}}}}}"#,
            if number.is_multiple_of(3) {
                "people"
            } else {
                "orders"
            },
            "x".repeat(padding)
        ),
    }
}

fn tail(folder: &tempfile::TempDir, args: &[&str]) -> Output {
    let capture = folder.path().join("capture").display().to_string();
    let mut words = vec!["tail", "--input", &capture];
    words.extend(args);
    run(&[], &words, TIMEOUT)
}

#[test]
fn a_long_capture_comes_out_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..20_000).map(line).collect();
    let mut text = String::new();
    for line in &lines {
        writeln!(text, "{line}").unwrap();
    }
    std::fs::write(folder.path().join("capture"), &text).unwrap();

    let all = tail(&folder, &["--format", "raw"]);
    assert!(
        all.stdout == text.as_bytes(),
        "raw differs from the capture: {}",
        all.stderr
    );
    // Four lines are not JSON, and four are gaps.
    assert_eq!(all.status, Some(1), "{}", all.stderr);
    assert!(
        all.stderr.contains("gaps 4, unreadable 4"),
        "{}",
        all.stderr
    );

    let people: String = lines
        .iter()
        .filter(|line| line.contains("people") || line.contains("requery"))
        .fold(String::new(), |text, line| text + line + "\n");
    let some = tail(&folder, &["--format", "json", "-c", "people"]);
    assert!(
        some.stdout == people.as_bytes(),
        "json of people: {}",
        some.stderr
    );

    let oneline = tail(&folder, &["--format", "oneline"]);
    let txns = oneline.lines().into_iter().filter_map(|line| {
        let (_, after) = line.split_once("txn ")?;
        after.split_whitespace().next()?.parse::<usize>().ok()
    });
    assert!(txns.clone().is_sorted(), "oneline is out of order");
    assert_eq!(txns.count(), 20_000 - 4);
}

#[test]
fn a_filter_without_a_match_is_reported_alike_by_every_loop() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for number in 0..20_000 {
        writeln!(text, "{}", line(number)).unwrap();
    }
    std::fs::write(folder.path().join("capture"), &text).unwrap();
    let people = text.matches("\"collection\":\"people\"").count();
    let orders = 19_992 - people;
    for (filter, expected) in [
        (
            &["-c", "order"][..],
            format!(
                "no event of the collection 'order' in 19992 events; seen: orders ({orders}), people ({people}); did you mean orders?"
            ),
        ),
        (
            &["-c", "people", "-m", "upsrt"],
            format!(
                "no event with the method 'upsrt' in the {people} of 19992 events that pass --collection; seen: upsert ({people}); did you mean upsert?"
            ),
        ),
        (
            &["--op", "update", "-c", "people"],
            format!(
                "no update in the {people} of 19992 events that pass --collection; seen: insert ({people})"
            ),
        ),
        (
            &["-c", "people", "--where", "pda = 'x'"],
            format!(
                "no event meets --where \"pda = 'x'\" in the {people} of 19992 events that pass --collection; no document has the field pda; did you mean pad?"
            ),
        ),
        (
            &["--where", "collection = 'order'"],
            format!(
                "no event meets --where \"collection = 'order'\" in 19992 events; collections seen: orders ({orders}), people ({people}); did you mean orders?"
            ),
        ),
    ] {
        // The worker pool, then one record after the other, then the last N.
        for order in [&[][..], &["--limit", "1000000"], &["--last", "5"]] {
            let output = tail(&folder, &[filter, order, &["--no-control"]].concat());
            let reported = output.stderr.lines().filter(|line| line.contains("no "));
            let reported: Vec<&str> = reported.filter(|line| !line.contains("not ")).collect();
            let expected = format!("ditto-cdc: {expected}");
            assert_eq!(reported, [&expected], "{filter:?} {order:?}");
        }
    }
}
