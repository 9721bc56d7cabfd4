//! `history` of a topic: the same versions as of captures of it, in one order over all partitions.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};

fn run(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("TZ", "UTC")
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn update(txn: u64, id: &str, old: u64, new: u64) -> String {
    format!(
        r#"{{"txnId":{txn},"type":"documentChanged","collection":"orders","change":{{"method":"update","oldValue":{{"_id":"{id}","n":{old}}},"newValue":{{"_id":"{id}","n":{new}}}}}}}"#
    )
}

#[test]
fn a_topic_and_its_captures_have_the_same_history() {
    let broker = Embedded::start(&Options {
        topics: vec![("TOPIC".to_owned(), 3)],
        ..Options::default()
    })
    .unwrap();
    let gap = r#"{"txnID":14,"type":"requeryRequired","documents":[]}"#.to_owned();
    for (partition, payload) in [
        (1, update(10, "o-1", 0, 1)),
        (0, update(11, "o-2", 0, 1)),
        (1, update(12, "o-1", 1, 2)),
        (2, gap),
        (1, update(15, "o-1", 3, 4)),
        (1, update(15, "o-1", 3, 4)),
    ] {
        let record = ProducerRecord {
            topic: "TOPIC",
            partition: Some(partition),
            payload: Some(payload.as_bytes()),
            ..ProducerRecord::default()
        };
        broker.produce(&record).unwrap();
        broker.flush().unwrap();
        // Records of several partitions are in order by their times.
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    let folder = tempfile::tempdir().unwrap();
    broker.write_files(folder.path()).unwrap();
    let issued = broker.certificates();
    let env = [
        ("DITTO_CDC_BROKERS", broker.endpoint()),
        ("DITTO_CDC_TOPIC", "TOPIC"),
        ("DITTO_CDC_CLUSTER_CERT", "cluster.p12"),
        ("DITTO_CDC_USER_CERT", "user.p12"),
        (
            "DITTO_CDC_CLUSTER_CERT_PASSWORD",
            issued.cluster_password.expose(),
        ),
        (
            "DITTO_CDC_USER_CERT_PASSWORD",
            issued.user_password.expose(),
        ),
    ];
    let tail = ["tail", "--until", "end", "--format", "record"];
    let capture = stdout(&run(folder.path(), &env, &tail));
    assert_eq!(capture.lines().count(), 6);
    fs::write(folder.path().join("capture"), &capture).unwrap();
    let (one, other): (Vec<&str>, Vec<&str>) = capture
        .lines()
        .partition(|line| line.contains(r#""partition":1"#));
    fs::write(folder.path().join("one"), one.join("\n")).unwrap();
    fs::write(folder.path().join("other"), other.join("\n")).unwrap();

    let cases: [&[&str]; 6] = [
        &[],
        &["--format", "oneline", "--reverse"],
        &["--format", "json", "-n", "2"],
        &["--blame"],
        &["--at", "txn:12"],
        &["--at", "txn:14"],
    ];
    for options in cases {
        let history = |env: &[(&str, &str)], files: &[&str]| {
            let args = [&["history", "orders", "o-1"], files, options].concat();
            let output = run(folder.path(), env, &args);
            (stdout(&output), stderr(&output), output.status.code())
        };
        let of_topic = history(&env, &[]);
        assert_eq!(of_topic, history(&[], &["capture"]), "{options:?}");
        assert_eq!(of_topic, history(&[], &["other", "one"]), "{options:?}");
    }
    let whole = run(folder.path(), &env, &["history", "orders", "o-1"]);
    let words: Vec<String> = stdout(&whole)
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        words,
        [
            "start", "update", "update", "requery", "missing", "update", "again"
        ]
    );
    let group = ["history", "orders", "o-1", "--group", "mine"];
    let note = "not joining group mine: history reads the topic without a group";
    let with_group = run(folder.path(), &env, &group);
    assert!(
        stderr(&with_group).contains(note),
        "{}",
        stderr(&with_group)
    );
    let cut = ["history", "orders", "o-1", "--from", "1:2"];
    let cut = run(folder.path(), &env, &cut);
    let note = "the history is cut: events before --from 1:2 were not read";
    assert!(stderr(&cut).contains(note), "{}", stderr(&cut));
    let unmatched = run(folder.path(), &env, &["history", "orders", "o-3"]);
    let message = "no event of the document orders/o-3: 5 events were read, 5 of the collection orders; did you mean o-1 or o-2?";
    assert!(
        stderr(&unmatched).contains(message),
        "{}",
        stderr(&unmatched)
    );
    assert_eq!(unmatched.status.code(), Some(0));
}
