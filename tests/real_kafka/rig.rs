//! Tests of the rig itself: records can be read back with kcat, and the broker rejects what Ditto's broker rejects.

use std::process::{Command, Output};

use crate::support::kafka::{
    Kafka, Message, OPEN_GROUPS, Options, Rule, Signal, TransactionEnd, USER_PASSWORD,
};

/// Reads a topic with kcat over mutual TLS; `None` if kcat is not installed.
fn kcat(kafka: &Kafka, topic: &str, keystore: &str) -> Option<Output> {
    let ca = kafka.file("cluster-ca.pem").display().to_string();
    let keystore = kafka.file(keystore).display().to_string();
    let mut command = Command::new("kcat");
    command.args(["-C", "-e", "-q", "-o", "beginning", "-b", &kafka.endpoint()]);
    command.args(["-t", topic, "-f", "%p %o %k %s\n"]);
    for property in [
        "security.protocol=ssl".to_owned(),
        format!("ssl.ca.location={ca}"),
        format!("ssl.keystore.location={keystore}"),
        format!("ssl.keystore.password={USER_PASSWORD}"),
    ] {
        command.args(["-X", &property]);
    }
    command.output().ok()
}

#[test]
fn a_foreign_client_reads_what_was_written() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-rig", 1, &[]);
    let message = Message {
        key: Some(b"k".to_vec()),
        ..Message::to(0, "v")
    };
    kafka.produce("open-rig", [message]);
    kafka.transaction("open-rig", [Message::to(0, "no")], TransactionEnd::Abort);
    kafka.transaction("open-rig", [Message::to(0, "yes")], TransactionEnd::Commit);
    assert_eq!(kafka.offsets("open-rig", 0), [0, 3]);
    assert_eq!(kafka.watermarks("open-rig", 0), (0, 5));
    let Some(output) = kcat(kafka, "open-rig", "user.p12") else {
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "0 0 k v\n0 3  yes\n"
    );
}

#[test]
fn access_lists_and_certificates_are_enforced() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("closed-rig", 1, &[]);
    kafka.create_topic("granted-rig", 1, &[]);
    kafka.produce("closed-rig", [Message::to(0, "secret")]);
    kafka.produce("granted-rig", [Message::to(0, "shown")]);
    kafka.allow(&[Rule::read_topic("granted-rig")]);
    let Some(refused) = kcat(kafka, "closed-rig", "user.p12") else {
        return;
    };
    assert_eq!(refused.stdout, b"");
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("authorization failed"), "{text}");
    let granted = kcat(kafka, "granted-rig", "user.p12").unwrap();
    assert_eq!(String::from_utf8_lossy(&granted.stdout), "0 0  shown\n");
    let stranger = kcat(kafka, "granted-rig", "stranger.p12").unwrap();
    assert_eq!(stranger.stdout, b"");
    assert!(!OPEN_GROUPS.is_empty());
}

#[test]
fn a_killed_broker_comes_back_with_its_data() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    kafka.create_topic("open-rig", 1, &[]);
    kafka.produce("open-rig", (0..100).map(|n| Message::to(0, n.to_string())));
    kafka.restart(Signal::Kill);
    kafka.delete_records("open-rig", 0, 60);
    kafka.restart(Signal::Term);
    assert_eq!(kafka.offsets("open-rig", 0), (60..100).collect::<Vec<_>>());
}
