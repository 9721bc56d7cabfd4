//! Files that can be opened, and their contents.

use ditto_cdc::tls::load;
use ditto_cdc::tls::testbed::ca::{CaOptions, TestCertificates};

use crate::files::*;

#[test]
fn a_downloaded_pair_becomes_pem_text() {
    let issued = TestCertificates::new(&CaOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cluster"), &issued.cluster_p12).unwrap();
    std::fs::write(folder.path().join("user"), &issued.user_p12).unwrap();
    let cluster = store(folder.path(), "cluster", &issued.cluster_password);
    let user = store(folder.path(), "user", &issued.user_password);

    let material = load(Some(&cluster), Some(&user)).unwrap();
    assert!(!format!("{material:?} {cluster:?} {user:?}").contains("PRIVATE KEY"));
    let keystore = material.keystore.unwrap();
    let truststore = material.truststore.unwrap();
    assert_eq!(truststore.pem(), issued.cluster_pem().unwrap());
    assert_eq!(keystore.certificates_pem(), issued.user_pem().unwrap());
    assert!(keystore.key_pem() == issued.user_key_pem().unwrap());
    assert_eq!(keystore.principal(), "CN=user");
}

#[test]
fn truststores_of_all_tools_open() {
    let check = |name, password, expected: &[&str]| {
        let material = load(Some(&made(name, password)), None);
        let found = subjects(&material.unwrap().truststore.unwrap().pem());
        assert_eq!(found, expected, "{name}");
    };
    let both = ["cluster-ca", "other-ca"];
    check("keytool-one.p12", Some("changeit"), &["cluster-ca"]);
    check("keytool-two.p12", Some("changeit"), &both);
    check("keytool-old.p12", Some("changeit"), &["cluster-ca"]);
    check("keytool-plain.p12", Some("changeit"), &["cluster-ca"]);
    check("keytool-plain.p12", None, &["cluster-ca"]);
    check("openssl-nokeys.p12", Some("changeit"), &both);
    check("cluster.pem", None, &both);
    check("cluster.pem", Some("unneeded"), &both);
}

#[test]
fn keystores_of_all_tools_open() {
    let chain = ["user", "issuing", "middle", "clients-ca"];
    let check = |name, password, principal: &str, expected: &[&str]| {
        let keystore = load(None, Some(&made(name, password)))
            .unwrap()
            .keystore
            .unwrap();
        assert_eq!(subjects(&keystore.certificates_pem()), expected, "{name}");
        assert_eq!(keystore.principal(), principal, "{name}");
        let key = keystore.key_pem();
        assert!(
            key.expose().starts_with("-----BEGIN PRIVATE KEY-----"),
            "{name}"
        );
        assert!(!format!("{keystore:?}").contains("PRIVATE KEY"), "{name}");
    };
    let rsa = r"CN=user,O=Ditto\, Inc.,C=DE";
    check("openssl11.p12", Some("changeit"), rsa, &chain);
    check("openssl3.p12", Some("changeit"), rsa, &chain);
    check("user.pem", None, rsa, &chain);
    check("user-sealed.pem", Some("changeit"), rsa, &chain);
    check("ed25519.p12", Some("changeit"), "CN=ed25519", &["ed25519"]);
    check(
        "keytool-user.p12",
        Some("changeit"),
        "CN=java,O=Ditto",
        &["java"],
    );

    // As Java 17 prints this certificate.
    let ec = r"1.2.840.113549.1.9.1=#160b6140622e6578616d706c65,CN=user \#1,OU=a\=b+O=Müller";
    for (name, password) in [
        ("ec.p12", Some("changeit")),
        ("ec.b64", Some("changeit")),
        ("no-mac.p12", Some("changeit")),
        ("empty-password.p12", Some("")),
        ("empty-password.p12", None),
        ("empty-password-old.p12", Some("")),
        ("empty-password-old.p12", None),
        ("umlaut.p12", Some("pässwörd")),
        ("umlaut-old.p12", Some("päss")),
    ] {
        check(name, password, ec, &["user #1"]);
    }
}

#[test]
fn a_keystore_has_a_required_issuer_and_a_validity() {
    let check = |name, issuer| {
        let keystore = load(None, Some(&made(name, Some("changeit"))))
            .unwrap()
            .keystore
            .unwrap();
        assert_eq!(keystore.required_issuer(), issuer, "{name}");
        assert!(keystore.allows_client_auth(), "{name}");
        let lasts = keystore.not_after().unwrap() - keystore.not_before().unwrap();
        assert_eq!(lasts, 36_500 * 24 * 60 * 60, "{name}");
    };
    check("openssl3.p12", "CN=clients-ca");
    check("ec.p12", "CN=clients-ca");
    check("keytool-user.p12", "CN=java,O=Ditto");
}

#[test]
fn a_truststore_has_anchors_and_their_validity() {
    let check = |name, expected: &[&str]| {
        let material = load(Some(&made(name, Some("changeit"))), None);
        let truststore = material.unwrap().truststore.unwrap();
        let subjects = truststore.anchors().iter().map(|one| one.subject.as_str());
        assert_eq!(subjects.collect::<Vec<_>>(), expected, "{name}");
        for one in truststore.anchors() {
            let lasts = one.not_after.unwrap() - one.not_before.unwrap();
            assert_eq!(lasts, 36_500 * 24 * 60 * 60, "{name}");
        }
    };
    check("keytool-two.p12", &["CN=cluster-ca", "CN=other-ca"]);
    check("cluster.pem", &["CN=cluster-ca", "CN=other-ca"]);
    check("keytool-one.p12", &["CN=cluster-ca"]);
}
