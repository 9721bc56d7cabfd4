//! The `demo` command in an empty home folder: the whole tour, and other commands during `--serve`.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use support::program::{Running, run};

/// Generous: the tour takes a few seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn the_tour_shows_every_step_and_that_the_copy_is_right() {
    let temporary = tempfile::tempdir().unwrap();
    let env = [("TMPDIR", temporary.path().display().to_string())];
    let seen = run(&env, &["demo"], TIMEOUT);
    let out = String::from_utf8(seen.stdout).unwrap();
    assert_eq!(seen.status, Some(0), "{out}\n{}", seen.stderr);
    let mut rest = out.as_str();
    for expected in [
        "\n$ ditto-cdc verify\n",
        "http-api",
        "\n$ ditto-cdc tail --format oneline",
        "--format diff",
        "--on-gap stop",
        "(status 4)",
        "documents missing",
        "\n$ ditto-cdc requery --txn-id ",
        "\n$ ditto-cdc tail --from requery-",
        " > changes.ndjson\n",
        "= Big Peer: all ",
        "none is missing, outdated or left over",
    ] {
        let at = rest.find(expected);
        let at = at.unwrap_or_else(|| panic!("{expected} is missing in {out}"));
        rest = &rest[at + expected.len()..];
    }
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_second_terminal_verifies_requeries_and_resumes_and_ctrl_c_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let env = [("TMPDIR", temporary.path().display().to_string())];
    let mut served = Running::start(&env, &["demo", "--serve", "--print", "env"]);
    served.wait_for_lines(9, TIMEOUT);
    let settings = served.stdout();
    let settings: Vec<(&'static str, String)> = settings.lines().filter_map(setting).collect();
    assert_eq!(settings.len(), 8);

    let trip = run(&settings, &["verify", "--round-trip", "orders"], TIMEOUT);
    let report = String::from_utf8_lossy(&trip.stdout).into_owned();
    assert_eq!(trip.status, Some(0), "{report}{}", trip.stderr);
    assert!(
        report.contains("API and event agree on transaction"),
        "{report}"
    );

    let copy = temporary.path().join("copy");
    let folder = copy.display().to_string();
    let requery = run(&settings, &["requery", "--output", &folder], TIMEOUT);
    assert_eq!(requery.status, Some(0), "{}", requery.stderr);
    assert!(Path::new(&folder).join("manifest.json").exists());
    let resumed = run(&settings, &["tail", "--from", &folder, "-n", "1"], TIMEOUT);
    assert_eq!(resumed.status, Some(0), "{}", resumed.stderr);

    let mut wrong = settings.clone();
    wrong.last_mut().unwrap().1 = "wrong".to_owned();
    let refused = run(&wrong, &["requery", "--output", "-"], TIMEOUT);
    assert_eq!(refused.status, Some(3), "{}", refused.stderr);

    fs::remove_dir_all(&copy).unwrap();
    let ended = served.interrupt();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

/// A line such as `export NAME=value`, where no value needs quotes.
fn setting(line: &str) -> Option<(&'static str, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.to_owned().leak(), value.trim_matches('\'').to_owned()))
}
