//! The embedded broker and its files, tested with kcat and keytool if they are installed.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use ditto_cdc::util::secret::Secret;
use support::stage::{Stage, event};
use support::times::{connection, embedded, expected, offsets_at, queries};

fn kcat(broker: &Embedded, folder: &Path, with_certificate: bool) -> Option<Output> {
    let property = |key: &str, value: &str| ["-X".to_owned(), format!("{key}={value}")];
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new("kcat");
    command.args([
        "-C",
        "-b",
        broker.endpoint(),
        "-t",
        "events",
        "-e",
        "-m",
        "2",
    ]);
    command.args(["-f", "%k %s\n"]);
    command.args(property("security.protocol", "ssl"));
    command.args(property("ssl.ca.location", &path("ca.pem")));
    if with_certificate {
        let password = broker.certificates().user_password.expose();
        command.args(property("ssl.keystore.location", &path("user.p12")));
        command.args(property("ssl.keystore.password", password));
    }
    command.output().ok()
}

#[test]
fn kcat_reads_with_the_user_certificate_and_is_refused_without() {
    let options = Options {
        topics: vec![("events".to_owned(), 1)],
        ..Options::default()
    };
    let broker = Embedded::start(&options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    broker.write_files(folder.path()).unwrap();
    let ca = broker.certificates().cluster_pem().unwrap();
    std::fs::write(folder.path().join("ca.pem"), ca).unwrap();
    let record = ProducerRecord {
        topic: "events",
        key: Some(b"a"),
        payload: Some(b"{\"n\":1}"),
        ..ProducerRecord::default()
    };
    broker.produce(&record).unwrap();
    broker.flush().unwrap();

    let Some(accepted) = kcat(&broker, folder.path(), true) else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&accepted.stdout), "a {\"n\":1}\n");
    let refused = kcat(&broker, folder.path(), false).unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("certificate required"), "{words}");
}

#[test]
fn java_sees_a_trusted_certificate_in_the_truststore_and_a_key_in_the_keystore() {
    let broker = Embedded::start(&Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = broker.write_files(folder.path()).unwrap();
    let issued = broker.certificates();
    let check = |file: &Path, password: &Secret, expected: &str| {
        let mut command = Command::new("keytool");
        command.arg("-list").arg("-keystore").arg(file);
        let Ok(listed) = command.args(["-storepass", password.expose()]).output() else {
            return;
        };
        let words = String::from_utf8_lossy(&listed.stdout);
        assert!(words.contains(expected), "{words}");
    };
    check(&files.cluster, &issued.cluster_password, "trustedCertEntry");
    check(&files.user, &issued.user_password, "PrivateKeyEntry");
}

#[test]
fn a_time_is_found_at_the_first_record_that_is_not_before_it() {
    let broker = embedded("events");
    let found = offsets_at(&mut connection(&broker), "events", &queries());
    for (time, found) in queries().into_iter().zip(found) {
        assert_eq!(found, expected(time), "{time}");
    }
}

#[test]
fn the_oldest_records_that_the_broker_dropped_are_not_found() {
    let broker = Embedded::start(&Options {
        topics: vec![("events".to_owned(), 6)],
        ..Options::default()
    })
    .unwrap();
    // The broker keeps 5 MB of a partition. The bytes have no pattern, so that compression does not shorten them.
    let mut state = 1_u32;
    let mut payload = || -> Vec<u8> {
        let byte = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        (0..100_000).map(byte).collect()
    };
    for time in 0..100 {
        let record = ProducerRecord {
            topic: "events",
            partition: Some(0),
            payload: Some(&payload()),
            time_millis: Some(time),
            ..ProducerRecord::default()
        };
        broker.produce(&record).unwrap();
        broker.flush().unwrap();
    }
    let found = offsets_at(&mut connection(&broker), "events", &[0, 99, 100]);
    let first = found[0][0].unwrap();
    assert!((1..99).contains(&first), "{first}");
    assert_eq!(found[1][0], Some(99));
    assert_eq!(found[2][0], None);
}

/// Longer than a rebalance of the embedded broker, and shorter than the client library's session timeout (45 s).
const REBALANCE_LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_second_member_of_a_group_gets_partitions_soon_and_the_first_one_takes_them_over() {
    let stage = Stage::new(2);
    let group = ["--group", "g", "--from", "beginning"];
    let mut first = stage.follow(&group);
    first.wait_for_words(&["assigned 2 partitions"], REBALANCE_LIMIT);
    let mut second = stage.follow(&group);
    second.wait_for_words(&["assigned 1 partitions"], REBALANCE_LIMIT);
    first.wait_for_words(&["assigned 1 partitions"], REBALANCE_LIMIT);
    stage.write_many(0..2, 2);
    first.wait_for_lines(1, REBALANCE_LIMIT);
    second.wait_for_lines(1, REBALANCE_LIMIT);
    let ended = second.interrupt();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    let lines = stage.write_many(2..4, 2);
    for line in lines {
        first.wait_for_line(&line, REBALANCE_LIMIT);
    }
}

#[test]
fn members_with_other_assignment_strategies_join_if_they_support_the_groups_one() {
    let stage = Stage::new(2);
    let strategies = |names: &str| format!("partition.assignment.strategy={names}");
    let member = |names: &str| {
        let setting = strategies(names);
        stage.follow(&["--group", "g", "--from", "beginning", "-X", &setting])
    };
    let mut first = member("range,roundrobin");
    first.wait_for_words(&["assigned 2 partitions"], REBALANCE_LIMIT);
    let refused = member("cooperative-sticky").wait(REBALANCE_LIMIT);
    assert_eq!(refused.status, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("assignment strategy"),
        "{}",
        refused.stderr
    );
    let mut second = member("roundrobin,range");
    second.wait_for_words(&["assigned 1 partitions"], REBALANCE_LIMIT);
    first.wait_for_words(&["assigned 1 partitions"], REBALANCE_LIMIT);
    stage.write(0, 7, "orders", 1);
    stage.write(1, 8, "orders", 1);
    for member in [&mut first, &mut second] {
        member.wait_for_lines(1, REBALANCE_LIMIT);
    }
    let shown = first.stdout() + &second.stdout();
    for txn in [7, 8] {
        assert!(shown.contains(&event(txn, "orders")), "{shown}");
    }
}
