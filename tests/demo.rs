//! The `demo` command in an empty home folder: the whole tour, and other commands during `--serve`.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::demo_servers::{Servers, signal};
use support::program::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ditto-cdc");

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
        "\n$ ditto-cdc stats --top 3 --paths\n",
        "paths that change most",
        "--format diff",
        "--on-gap stop",
        "(status 4)",
        "documents missing",
        "\n$ ditto-cdc requery --txn-id ",
        "\n$ ditto-cdc tail --from requery-",
        "\n$ ditto-cdc mirror shop.db --until end\n",
        "\n$ sqlite3 shop.db ",
        "\npaid|",
        "\n$ ditto-cdc mirror shop.db --until end\n",
        "\n$ sqlite3 shop.db ",
        "\nopen|",
        "\npaid|",
        "\n$ ditto-cdc audit shop.db\n",
        "shop.db is equal to http://127.0.0.1:",
    ] {
        let at = rest.find(expected);
        let at = at.unwrap_or_else(|| panic!("{expected} is missing in {out}"));
        rest = &rest[at + expected.len()..];
    }
    let (_, after) = seen.stderr.split_once("shop.db is current").unwrap();
    assert!(
        after.contains("Taking a new snapshot; readers keep the old copy"),
        "the mirror met no gap: {after}"
    );
    assert!(has_one_clock(&out), "times run backwards in {out}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

/// Whether the times of the first list of changes never run backwards; there are several partitions.
fn has_one_clock(out: &str) -> bool {
    let (_, list) = out
        .split_once("\n$ ditto-cdc tail --format oneline")
        .unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let times: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(time, _)| time))
        .filter(|time| time.starts_with("20") && time.ends_with('Z'))
        .collect();
    ["p0@", "p1@", "p2@"]
        .iter()
        .all(|place| list.contains(place))
        && times.len() > 20
        && times.is_sorted()
}

#[test]
fn a_second_terminal_verifies_requeries_and_resumes_and_a_signal_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let servers = Servers::start(temporary.path(), &[]);
    let settings = &servers.settings;
    let trip = run(settings, &["verify", "--round-trip", "orders"], TIMEOUT);
    let report = String::from_utf8_lossy(&trip.stdout).into_owned();
    assert_eq!(trip.status, Some(0), "{report}{}", trip.stderr);
    assert!(
        report.contains("API and event agree on transaction"),
        "{report}"
    );

    let copy = temporary.path().join("copy");
    let folder = copy.display().to_string();
    let requery = run(settings, &["requery", "--output", &folder], TIMEOUT);
    assert_eq!(requery.status, Some(0), "{}", requery.stderr);
    assert!(Path::new(&folder).join("manifest.json").exists());
    let resumed = run(settings, &["tail", "--from", &folder, "-n", "1"], TIMEOUT);
    assert_eq!(resumed.status, Some(0), "{}", resumed.stderr);

    let mut wrong = settings.clone();
    wrong.last_mut().unwrap().1 = "wrong".to_owned();
    let refused = run(&wrong, &["requery", "--output", "-"], TIMEOUT);
    assert_eq!(refused.status, Some(3), "{}", refused.stderr);

    fs::remove_dir_all(&copy).unwrap();
    drop(servers);
    wait_until_empty(temporary.path());
}

#[test]
fn the_documented_form_for_eval_returns_and_its_variable_stops_the_servers() {
    let temporary = tempfile::tempdir().unwrap();
    let script = r#"eval "$("$0" demo --serve --print env)" || exit 50
        "$0" tail --from @-1m --until end --format oneline; ended=$?
        kill "$DITTO_DEMO_PID" || exit 51
        exit $ended"#;
    let output = Command::new("sh")
        .args(["-c", script, PROGRAM])
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", temporary.path())
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{messages}");
    assert!(!output.stdout.is_empty(), "{messages}");
    assert!(
        messages.contains("run in the background: kill "),
        "{messages}"
    );
    wait_until_empty(temporary.path());
}

#[test]
fn into_a_file_the_servers_stay_in_the_foreground() {
    let temporary = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("settings");
    let mut served = Command::new(PROGRAM)
        .args(["demo", "--serve", "--print", "env"])
        .env_clear()
        .env("HOME", home.path())
        .env("TMPDIR", temporary.path())
        .stdout(fs::File::create(&file).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while fs::read_to_string(&file).unwrap().lines().count() < 9 {
        assert!(started.elapsed() < TIMEOUT);
        thread::sleep(Duration::from_millis(20));
    }
    let written = fs::read_to_string(&file).unwrap();
    assert!(!written.contains("DITTO_DEMO_PID"), "{written}");
    assert!(served.try_wait().unwrap().is_none());
    signal(served.id());
    assert_eq!(served.wait().unwrap().code(), Some(130));
    wait_until_empty(temporary.path());
}

#[test]
fn background_servers_end_without_clients() {
    let temporary = tempfile::tempdir().unwrap();
    let env = [
        ("TMPDIR", temporary.path().display().to_string()),
        ("DITTO_CDC_DEMO_BACKGROUND", "2".to_owned()),
    ];
    let ended = run(&env, &["demo", "--serve", "--print", "env"], TIMEOUT);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.took > Duration::from_secs(2), "{:?}", ended.took);
    wait_until_empty(temporary.path());
}

#[test]
fn gaps_are_written_at_their_interval_and_a_requery_recovers() {
    let temporary = tempfile::tempdir().unwrap();
    let servers = Servers::start(temporary.path(), &["--gap-every", "2s"]);
    let count_gaps = || {
        let read = run(
            &servers.settings,
            &["tail", "--from", "beginning", "--until", "end"],
            TIMEOUT,
        );
        let events = String::from_utf8(read.stdout).unwrap();
        events.matches(r#""type":"requeryRequired""#).count()
    };
    // One is in the history.
    let started = Instant::now();
    while count_gaps() < 3 {
        assert!(started.elapsed() < TIMEOUT);
        thread::sleep(Duration::from_millis(200));
    }
    let stopped = run(&servers.settings, &["tail", "--on-gap", "stop"], TIMEOUT);
    assert_eq!(stopped.status, Some(4), "{}", stopped.stderr);
    let suggested = stopped
        .stderr
        .lines()
        .find_map(|line| line.trim().strip_prefix("try: ditto-cdc "));
    let folder = temporary.path().join("copy").display().to_string();
    let mut words: Vec<&str> = suggested.unwrap().split(' ').collect();
    *words.last_mut().unwrap() = &folder;
    let requery = run(&servers.settings, &words, TIMEOUT);
    assert_eq!(requery.status, Some(0), "{}", requery.stderr);
    drop(servers);
    for invalid in ["0s", "900ms", "1", "x", ""] {
        let refused = run(&[], &["demo", "--serve", "--gap-every", invalid], TIMEOUT);
        assert_eq!(refused.status, Some(2), "{invalid}: {}", refused.stderr);
    }
}

/// Waits until the servers have removed their files.
fn wait_until_empty(folder: &Path) {
    let started = Instant::now();
    let is_certificates = |name: &str| name.starts_with("ditto-cdc-demo-");
    let remains = || {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().display().to_string())
            .any(|name| is_certificates(&name))
    };
    while remains() {
        assert!(
            started.elapsed() < TIMEOUT,
            "files remain in {}",
            folder.display()
        );
        thread::sleep(Duration::from_millis(20));
    }
}
