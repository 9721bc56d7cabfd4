//! Faults of the two files, A1 to A13: fault number, message and exit code; all other checks still run.

use std::fs;
use std::path::Path;

use ditto_cdc::tls::testbed::ca::{CaOptions, TestCertificates};
use ditto_cdc::util::time::DAY_SECONDS;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::ExtendedKeyUsage;
use openssl::x509::{X509Builder, X509NameBuilder};

use crate::report::{Report, stage, verify};
use crate::support::stage::Stage;

const USER: &str = "DITTO_CDC_USER_CERT";
const CLUSTER: &str = "DITTO_CDC_CLUSTER_CERT";

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/p12");
    folder.join(name).display().to_string()
}

/// A run with some settings replaced; `None` removes one.
fn with(stage: &Stage, changes: &[(&'static str, Option<&str>)]) -> Report {
    let mut env = stage.env();
    for (name, value) in changes {
        env.retain(|(known, _)| known != name);
        env.extend(value.map(|value| (*name, value.to_owned())));
    }
    verify(&env, &[])
}

/// Asserts that one file fails, DNS and TCP are still checked, and the rest is skipped.
#[track_caller]
fn check(report: &Report, name: &str, fault: &str, words: &str) {
    report.ended(3).has(name, "fail", Some(fault), words);
    report.has("dns", "pass", None, "");
    report.has("tcp", "pass", None, "");
    report.has("tls", "skip", None, "certificate file");
    report.has("topic", "skip", None, "");
    let failed = report.json["summary"]["fail"].as_u64();
    assert_eq!(failed, Some(1), "{:#}", report.json);
}

#[test]
fn each_fault_of_a_file_has_its_number() {
    let stage = stage();
    let garbage = stage.file("garbage.p12", "no certificate at all");
    let empty = stage.file("empty.p12", "");
    let java = stage.file(
        "client.properties",
        "ssl.truststore.location=/x/cluster.p12\n",
    );
    let bytes = fs::read(stage.path("user.p12")).unwrap();
    let cut = stage.path("cut.p12");
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let (file, password) = ("changeit", "DITTO_CDC_USER_CERT_PASSWORD");
    let user = "user-certificate";
    for (changes, name, fault, words) in [
        (
            vec![(password, Some("wrong-password"))],
            user,
            "A1",
            "does not open with its password",
        ),
        (vec![(password, None)], user, "A2", "needs a password"),
        (
            vec![(USER, Some("~/nowhere.p12"))],
            user,
            "A4",
            "does not exist",
        ),
        (
            vec![(USER, Some(&*fixture("java.jks"))), (password, Some(file))],
            user,
            "A5",
            "JKS",
        ),
        (
            vec![(USER, Some(&*garbage))],
            user,
            "A6",
            "neither PKCS#12 nor PEM",
        ),
        (vec![(USER, Some(&*cut))], user, "A7", "cut off"),
        (vec![(USER, Some(&*empty))], user, "A8", "is empty"),
        (
            vec![(USER, Some(&*fixture("mismatch.pem"))), (password, None)],
            user,
            "A10",
            "without its certificate",
        ),
        (
            vec![(CLUSTER, Some(&*java))],
            "cluster-certificate",
            "A13",
            "Java properties file",
        ),
    ] {
        check(&with(&stage, &changes), name, fault, words);
    }
}

#[test]
fn the_other_files_password_is_recognised() {
    let stage = stage();
    let (cluster, user) = stage.passwords();
    let report = with(
        &stage,
        &[
            ("DITTO_CDC_CLUSTER_CERT_PASSWORD", Some(user)),
            ("DITTO_CDC_USER_CERT_PASSWORD", Some(cluster)),
        ],
    );
    for name in ["cluster-certificate", "user-certificate"] {
        let words = "the two passwords look swapped";
        report.ended(3).has(name, "fail", Some("A1"), words);
    }
}

#[test]
fn swapped_files_are_recognised() {
    let stage = stage();
    let (cluster, user) = stage.passwords();
    let report = with(
        &stage,
        &[
            (CLUSTER, Some(&stage.path("user.p12"))),
            (USER, Some(&stage.path("cluster.p12"))),
            ("DITTO_CDC_CLUSTER_CERT_PASSWORD", Some(user)),
            ("DITTO_CDC_USER_CERT_PASSWORD", Some(cluster)),
        ],
    );
    check(&report, "cluster-certificate", "A9", "look swapped");
    report.has("user-certificate", "skip", None, "swapped");
}

/// RC2-40, 3DES, SHA-1 MACs and Base64 (as in Kubernetes secrets) are supported (A3, A6).
#[test]
fn all_supported_file_formats_are_read() {
    let stage = stage();
    for file in ["openssl11.p12", "openssl3.p12", "ec.b64"] {
        let changes = [
            (USER, Some(&*fixture(file))),
            ("DITTO_CDC_USER_CERT_PASSWORD", Some("changeit")),
        ];
        let report = with(&stage, &changes);
        let found = report.check("user-certificate");
        assert!(
            found["details"]["principal"].is_string(),
            "{file}: {found:#}"
        );
        // The certificate belongs to another cluster, which is a different fault.
        report.has("client-certificate", "fail", Some("D2"), "");
    }
}

#[test]
fn an_expired_user_certificate_is_recognised_by_its_date() {
    let stage = stage();
    let order = CaOptions {
        user_days: -40..-12,
        ..CaOptions::default()
    };
    let issued = TestCertificates::new(&order).unwrap();
    let file = stage.path("expired.p12");
    fs::write(&file, &issued.user_p12).unwrap();
    let password = issued.user_password.expose();
    let report = with(
        &stage,
        &[
            (USER, Some(&file)),
            ("DITTO_CDC_USER_CERT_PASSWORD", Some(password)),
        ],
    );
    report
        .ended(3)
        .has("user-certificate", "fail", Some("A11"), "12 days ago");
}

/// RFC 5280 has the date 9999-12-31T23:59:59Z for certificates without an end.
#[test]
fn certificates_until_the_year_9999_are_shown_with_their_date() {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let days = (253_402_300_799 - i64::try_from(now.as_secs()).unwrap()) / DAY_SECONDS;
    let certificates = CaOptions {
        user_days: -1..days,
        broker_days: -1..days,
        ..CaOptions::default()
    };
    let stage = Stage::with(certificates);
    let report = verify(&stage.env(), &[]);
    let until = "valid until 9999-12-31";
    report.has("user-certificate", "pass", None, until);
    report.has("tls", "pass", None, until);
    let text = report.json.to_string();
    for words in ["since 1970", "unreadable date"] {
        assert!(!text.contains(words), "{text}");
    }
}

#[test]
fn a_server_certificate_is_not_allowed_for_clients() {
    let stage = stage();
    let file = stage.file("server.pem", &server_pem());
    let report = with(
        &stage,
        &[(USER, Some(&file)), ("DITTO_CDC_USER_CERT_PASSWORD", None)],
    );
    report
        .ended(3)
        .has("user-certificate", "fail", Some("A12"), "no clientAuth");
}

/// A certificate with serverAuth only, and its key.
pub fn server_pem() -> String {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "server").unwrap();
    let name = name.build();
    let mut certificate = X509Builder::new().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    certificate
        .set_not_after(&Asn1Time::days_from_now(90).unwrap())
        .unwrap();
    let usage = ExtendedKeyUsage::new().server_auth().build().unwrap();
    certificate.append_extension(usage).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let parts = [
        certificate.build().to_pem().unwrap(),
        key.private_key_to_pem_pkcs8().unwrap(),
    ];
    String::from_utf8(parts.concat()).unwrap()
}

#[cfg(unix)]
#[test]
fn a_world_readable_key_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let stage = stage();
    let report = with(&stage, &[]);
    assert!(report.ended(0).checks("key-file").is_empty());
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(stage.path("user.p12"), open).unwrap();
    let report = with(&stage, &[]);
    report
        .ended(0)
        .has("key-file", "warn", None, "every user of this machine");
}

#[test]
fn all_missing_settings_are_reported_at_once() {
    let report = verify(&[], &[]);
    report.ended(3);
    for words in [
        "brokers is not set",
        "topic is not set",
        "cluster certificate",
        "user certificate",
    ] {
        report.has("settings", "fail", None, words);
    }
}
