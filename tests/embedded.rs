//! The embedded broker and its files, tested with kcat and keytool if they are installed.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use ditto_cdc::util::secret::Secret;

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
