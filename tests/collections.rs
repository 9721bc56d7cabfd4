//! `collections` of a topic, a capture and a snapshot: the same documents give the same fields.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use serde_json::{Value, json};

fn run(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .arg("collections")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/nonexistent")
        .envs(env.iter().copied())
        .output()
        .unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const DOCUMENTS: [&str; 3] = [
    r#"{"_id":"a","n":1,"lines":[{"sku":"x"}]}"#,
    r#"{"_id":"b","n":2.5,"lines":[]}"#,
    r#"{"_id":{"k":1,"l":2},"note":null,"n":12345678901234567890123}"#,
];

fn event(document: &str) -> String {
    format!(
        r#"{{"type":"documentChanged","collection":"orders","change":{{"method":"upsert","oldValue":null,"newValue":{document}}}}}"#
    )
}

#[test]
fn a_topic_is_read_once_to_its_end_without_a_group() {
    let broker = Embedded::start(&Options {
        topics: vec![("TOPIC".to_owned(), 3)],
        ..Options::default()
    })
    .unwrap();
    for (partition, document) in (0..).zip(DOCUMENTS) {
        let payload = event(document);
        let record = ProducerRecord {
            topic: "TOPIC",
            partition: Some(partition),
            payload: Some(payload.as_bytes()),
            ..ProducerRecord::default()
        };
        broker.produce(&record).unwrap();
    }
    broker.flush().unwrap();
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
    fs::write(
        folder.path().join("capture"),
        DOCUMENTS.map(event).join("\n"),
    )
    .unwrap();
    let of_capture = objects(&run(folder.path(), &[], &["capture", "--json"]));
    for args in [&["--json"][..], &["--json", "--group", "mine"]] {
        let output = run(folder.path(), &env, args);
        let mut of_topic = objects(&output);
        assert_eq!(of_topic.len(), 1, "{}", stderr(&output));
        for time in ["first", "last"] {
            assert!(of_topic[0][time].take().is_string());
        }
        let sorted = |object: &Value| {
            let mut fields = object["fields"].as_array().unwrap().clone();
            fields.sort_by_key(|field| field["path"].to_string());
            // Which partition is read first is not defined, and the example is that of the first document.
            for field in &mut fields {
                field["example"] = Value::Null;
            }
            (
                fields,
                object["inserts"].clone(),
                object["documents"].clone(),
            )
        };
        assert_eq!(sorted(&of_topic[0]), sorted(&of_capture[0]));
        let note = stderr(&output).contains("not joining group mine");
        assert_eq!(note, args.len() > 1, "{}", stderr(&output));
    }
    let none = run(folder.path(), &env, &["--json", "-c", "order"]);
    assert!(
        stderr(&none).contains("did you mean orders?"),
        "{}",
        stderr(&none)
    );
}

#[test]
fn numbers_keep_their_digits_and_forms_of_input_agree() {
    let folder = tempfile::tempdir().unwrap();
    let rows = DOCUMENTS.map(|document| {
        format!(r#"{{"type":"snapshotDocument","collection":"orders","change":{{"method":"read","value":{document}}}}}"#)
    });
    fs::write(folder.path().join("printed"), rows.join("\n")).unwrap();
    fs::write(
        folder.path().join("capture"),
        DOCUMENTS.map(event).join("\n"),
    )
    .unwrap();
    let printed = run(folder.path(), &[], &["printed", "--json"]);
    let capture = run(folder.path(), &[], &["capture", "--json"]);
    let (printed, capture) = (objects(&printed), objects(&capture));
    assert_eq!(printed[0]["fields"], capture[0]["fields"]);
    assert_eq!(
        (&printed[0]["snapshotDocuments"], &printed[0]["events"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(
        (&capture[0]["inserts"], &capture[0]["documents"]),
        (&json!(3), &json!(3))
    );
    let both = objects(&run(folder.path(), &[], &["printed", "capture", "--json"]));
    assert_eq!(
        (&both[0]["documents"], &both[0]["fields"][0]["documents"]),
        (&json!(3), &json!(6))
    );
    let last = run(
        folder.path(),
        &[],
        &["capture", "--json", "--id", r#"{"l":2,"k":1}"#],
    );
    let text = String::from_utf8(last.stdout).unwrap();
    assert!(
        text.contains(r#""example":12345678901234567890123"#),
        "{text}"
    );
}

#[test]
fn a_redacted_value_is_in_no_form_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("capture"),
        event(r#"{"_id":"secret","a":{"secret":"secret"},"b":["secret"]}"#),
    )
    .unwrap();
    for form in [&[][..], &["--json"]] {
        let args = [
            &[
                "capture", "--redact", "_id", "--redact", "a", "--redact", "b[*]",
            ],
            form,
        ]
        .concat();
        let output = run(folder.path(), &[], &args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains("(redacted)") && !text.contains("secret"),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let nothing = run(folder.path(), &[], &["capture", "--redact", "c"]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn a_table_fits_into_80_columns() {
    let folder = tempfile::tempdir().unwrap();
    let long = "n".repeat(45);
    let document = json!({"_id": "x".repeat(200), long.as_str(): {long.as_str(): 1}, "mixed": [1, 1.5, null, true, "ü".repeat(90), {}, []]});
    fs::write(folder.path().join("capture"), event(&document.to_string())).unwrap();
    let output = run(folder.path(), &[], &["capture"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        // A path is never cut, because it can be typed again.
        let is_path = line.trim_start().starts_with(&long);
        assert!(line.chars().count() <= 80 || is_path, "{line}");
    }
    assert!(
        text.contains("null, boolean, integer, float, string, array, object"),
        "{text}"
    );
    let few = run(folder.path(), &[], &["capture", "--max-fields", "1"]);
    assert!(
        String::from_utf8(few.stdout)
            .unwrap()
            .contains("and 4 more fields (--max-fields)")
    );
}
