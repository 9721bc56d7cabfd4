//! Faults of the two files, A1 to A13: fault number, message and exit code; all other checks still run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ditto_cdc::tls::testbed::ca::{CaOptions, TestCertificates};
use ditto_cdc::tls::{StoreFile, StoreSource, load};
use ditto_cdc::util::secret::Secret;
use ditto_cdc::util::time::DAY_SECONDS;
use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::extension::ExtendedKeyUsage;
use openssl::x509::{X509Builder, X509NameBuilder};

use crate::report::{Report, stage, verify};
use crate::support::program::run;
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

/// Key and certificates of a store, as PEM text.
fn pem_of(path: &str, password: &str) -> (String, String) {
    let store = StoreFile {
        source: StoreSource::File(path.into()),
        password: Some(Secret::new(password.to_owned())),
        password_hint: String::new(),
    };
    let keystore = load(None, Some(&store)).unwrap().keystore.unwrap();
    let key = keystore.key_pem().expose().to_owned();
    (key, keystore.certificates_pem())
}

/// The stage's user certificate and one of another CA in a file, the other one first.
fn two_keys(stage: &Stage) -> String {
    let (_, password) = stage.passwords();
    let (key, chain) = pem_of(&stage.path("user.p12"), password);
    let (other_key, other_chain) = pem_of(&fixture("ec.p12"), "changeit");
    stage.file("both.pem", &[other_key, other_chain, key, chain].concat())
}

#[test]
fn the_key_that_the_broker_accepts_is_used_and_the_others_are_named() {
    let stage = stage();
    let both = two_keys(&stage);
    let report = with(&stage, &[(USER, Some(&both))]);
    report.has("user-certificate", "pass", None, "is CN=user");
    report.has(
        "client-certificate",
        "pass",
        None,
        "the broker accepts CN=user",
    );
    report.has("topic", "pass", None, "");
    let words = "contains 2 keys; CN=user is used, because the broker accepts certificates issued by CN=ditto-cdc demo clients CA; not used: ";
    report.has("user-key", "pass", None, words);
    let others = report.check("user-key")["details"]["notUsed"].to_string();
    assert!(others.contains("issued by CN=clients-ca"), "{others}");
    // Without a broker, the choice is not certain.
    let report = with(
        &stage,
        &[
            (USER, Some(&both)),
            ("DITTO_CDC_BROKERS", Some("127.0.0.1:1")),
        ],
    );
    report.has(
        "user-key",
        "warn",
        None,
        "no broker requested a certificate",
    );
}

#[test]
fn a_read_uses_the_key_that_the_broker_accepts() {
    let stage = stage();
    stage.write(0, 7, "people", 1_770_000_000_000);
    let env = stage.env_with(USER, &two_keys(&stage));
    let args = ["tail", "--from", "beginning", "--until", "end"];
    let output = run(&env, &args, Duration::from_secs(40));
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines().len(), 1);
    let words = "both.pem contains 2 keys; CN=user is used, because";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

/// Properties with the stage's certificates as text on one line each, as `echo $PEM` writes it.
fn inline_properties(stage: &Stage, key: &str) -> String {
    let (_, password) = stage.passwords();
    let (_, chain) = pem_of(&stage.path("user.p12"), password);
    let trusted = stage.broker.certificates().cluster_pem().unwrap();
    let line = |pem: &str| pem.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!(
        "ssl.truststore.type=PEM\nssl.truststore.certificates={}\nssl.keystore.certificate.chain={}\nssl.keystore.key={}\n",
        line(&trusted),
        line(&chain),
        line(key)
    );
    stage.file("client.properties", &text)
}

fn verify_inline(stage: &Stage, key: &str) -> Report {
    let mut env = stage.env();
    env.retain(|(name, _)| !name.contains("CERT"));
    verify(&env, &["--properties", &inline_properties(stage, key)])
}

#[test]
fn certificates_in_properties_are_checked_like_files() {
    let own = |stage: &Stage| pem_of(&stage.path("user.p12"), stage.passwords().1).0;
    let named = "ssl.keystore.certificate.chain and ssl.keystore.key (";
    let fresh = Stage::new(1);
    let report = verify_inline(&fresh, &own(&fresh));
    report.has("user-certificate", "pass", None, "is CN=user");
    let trusts = "trusts CN=ditto-cdc demo cluster CA";
    report.has("cluster-certificate", "pass", None, trusts);
    report.has("client-certificate", "pass", None, "accepts CN=user");
    report.has("topic", "pass", None, "");
    report.has("certificate-files", "pass", None, "");
    let file = report.check("user-certificate")["details"]["file"].to_string();
    assert!(file.contains(named), "{file}");

    let expired = Stage::with(CaOptions {
        user_days: -20..-10,
        ..CaOptions::default()
    });
    let report = verify_inline(&expired, &own(&expired));
    report.has("user-certificate", "fail", Some("A11"), "expired");
    report.has("client-certificate", "fail", Some("D4"), named);

    let (other, _) = pem_of(&fixture("ec.p12"), "changeit");
    let report = verify_inline(&fresh, &other);
    let words = format!("the user certificate in {named}");
    report.has("user-certificate", "fail", Some("A10"), &words);
    let report = verify_inline(&fresh, &own(&fresh)[..100]);
    report.has("user-certificate", "fail", Some("A7"), &words);
}

#[test]
fn a_read_takes_certificates_from_properties() {
    let stage = stage();
    stage.write(0, 7, "people", 1_770_000_000_000);
    let mut env = stage.env();
    env.retain(|(name, _)| !name.contains("CERT"));
    let key = pem_of(&stage.path("user.p12"), stage.passwords().1).0;
    let properties = inline_properties(&stage, &key);
    let args = [
        "tail",
        "--from",
        "beginning",
        "--until",
        "end",
        "--properties",
        &properties,
    ];
    let output = run(&env, &args, Duration::from_secs(40));
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines().len(), 1);
}

#[test]
fn one_store_can_have_both_roles() {
    let stage = stage();
    let (_, password) = stage.passwords();
    let (key, chain) = pem_of(&stage.path("user.p12"), password);
    let trusted = stage.broker.certificates().cluster_pem().unwrap();
    let shared = stage.file("shared.pem", &[key, chain, trusted].concat());
    let report = with(&stage, &[(USER, Some(&shared)), (CLUSTER, Some(&shared))]);
    report.has("cluster-certificate", "pass", None, "demo cluster CA");
    report.has("tls", "pass", None, "");
    report.has("topic", "pass", None, "");
    // The user certificate in both roles by mistake.
    let (user, password) = (stage.path("user.p12"), Some(password));
    let twice = [
        (CLUSTER, Some(&*user)),
        ("DITTO_CDC_CLUSTER_CERT_PASSWORD", password),
    ];
    let report = with(&stage, &twice);
    let words = "only the issuer of the user certificate in the same file";
    report.has("cluster-certificate", "warn", None, words);
    report.has("tls", "fail", Some("C1"), "");
}

#[test]
fn files_given_to_the_kafka_library_are_checked_too() {
    let stage = stage();
    let (_, password) = stage.passwords();
    let (key, chain) = pem_of(&stage.path("user.p12"), password);
    let blanks = |pem: &str| pem.split_whitespace().collect::<Vec<_>>().join(" ");
    let chain = stage.file("chain.pem", &blanks(&chain));
    let key = stage.file("key.pem", &blanks(&key));
    let mut env = stage.env();
    env.retain(|(name, _)| !name.contains("USER_CERT"));
    let location = format!("ssl.certificate.location={chain}");
    let key_location = format!("ssl.key.location={key}");
    let report = verify(&env, &["-X", &location, "-X", &key_location]);
    report.has("user-certificate", "pass", None, "is CN=user");
    report.has("client-certificate", "pass", None, "accepts CN=user");
    report.has("topic", "pass", None, "");
    let named = report.check("user-certificate")["details"]["file"].to_string();
    assert!(
        named.contains("ssl.certificate.location and ssl.key.location"),
        "{named}"
    );
}
