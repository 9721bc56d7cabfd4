//! Stores with several entries: which key is taken, and what a store for both roles trusts.

use ditto_cdc::tls::{AcceptedKeys, Keystore, load};

use crate::files::*;

/// Far from both ends of the fixtures' validity.
fn now() -> i64 {
    let keystore = keystore("two-keys.p12");
    keystore.not_before().unwrap() + 1_000_000
}

fn keystore(name: &str) -> Keystore {
    let opened = load(None, Some(&made(name, Some("changeit")))).unwrap();
    opened.keystore.unwrap()
}

fn accepting(authorities: &[&str], key_types: &[&'static str]) -> AcceptedKeys {
    AcceptedKeys {
        authorities: authorities.iter().map(|one| (*one).to_owned()).collect(),
        key_types: key_types.to_vec(),
    }
}

const FIRST: &str =
    "1.2.840.113549.1.9.1=#160b6140622e6578616d706c65,CN=user \\#1,OU=a\\=b+O=Müller";

#[test]
fn the_key_is_the_one_that_the_broker_accepts() {
    let check = |accepted: Option<AcceptedKeys>, principal: &str, certain: bool, words: &str| {
        for name in ["two-keys.p12", "two-keys-old.p12", "bouncy-castle.p12"] {
            let mut keystore = keystore(name);
            let choice = keystore.choose(accepted.as_ref(), now()).unwrap();
            assert_eq!(keystore.principal(), principal, "{name}: {choice}");
            assert_eq!(choice.is_certain(), certain, "{name}: {choice}");
            assert!(choice.to_string().contains(words), "{name}: {choice}");
            let issuer = if principal == FIRST {
                "clients-ca"
            } else {
                "other-ca"
            };
            let chain = subjects(&keystore.certificates_pem());
            assert_eq!(chain.get(1..), Some(&[issuer.to_owned()][..]), "{name}");
        }
    };
    let second = "second (CN=second) is used, because the broker accepts certificates issued by CN=other-ca; not used: first (1.2";
    check(
        Some(accepting(&["CN=other-ca"], &["EC"])),
        "CN=second",
        true,
        second,
    );
    check(
        Some(accepting(&["CN=x", "CN=OTHER-CA"], &[])),
        "CN=second",
        true,
        second,
    );
    let first = "not used: second (CN=second, issued by CN=other-ca)";
    check(
        Some(accepting(&["CN=clients-ca"], &["RSA", "EC"])),
        FIRST,
        true,
        first,
    );
    // As Java iterates over its aliases: `first` before `second`.
    let both = accepting(&["CN=other-ca", "CN=clients-ca"], &[]);
    check(
        Some(both),
        FIRST,
        false,
        "the first of 2 that the broker accepts",
    );
    check(
        Some(accepting(&["CN=x"], &[])),
        FIRST,
        false,
        "accepts the issuer of none",
    );
    check(
        Some(accepting(&["CN=other-ca"], &["RSA"])),
        FIRST,
        false,
        "accepts the issuer of none",
    );
    check(Some(accepting(&[], &["EC"])), FIRST, false, "lists no CAs");
    check(None, FIRST, false, "no broker requested a certificate");
}

#[test]
fn the_brokers_order_of_key_types_comes_before_that_of_the_aliases() {
    let folder = tempfile::tempdir().unwrap();
    let pem = |name: &str| {
        let keystore = keystore(name);
        keystore.key_pem().expose().to_owned() + &keystore.certificates_pem()
    };
    let text = pem("openssl3.p12") + &pem("ec.p12");
    let store = written(&folder, "both.pem", text.as_bytes());
    for (types, principal) in [
        (["EC", "RSA"], FIRST),
        (["RSA", "EC"], r"CN=user,O=Ditto\, Inc.,C=DE"),
    ] {
        let mut keystore = load(None, Some(&store)).unwrap().keystore.unwrap();
        let accepted = accepting(&["CN=clients-ca"], &types);
        keystore.choose(Some(&accepted), now()).unwrap();
        assert_eq!(keystore.principal(), principal);
    }
}

#[test]
fn an_expired_key_is_not_taken_while_there_is_another_one() {
    use ditto_cdc::tls::testbed::ca::{CaOptions, TestCertificates};
    let folder = tempfile::tempdir().unwrap();
    let issue = |name: &str, days| {
        let options = CaOptions {
            user_name: name.to_owned(),
            user_days: days,
            ..CaOptions::default()
        };
        let issued = TestCertificates::new(&options).unwrap();
        issued.user_key_pem().unwrap().expose().to_owned() + &issued.user_pem().unwrap()
    };
    let text = issue("old", -20..-10) + &issue("new", -20..10);
    let store = written(&folder, "both.pem", text.as_bytes());
    let mut keystore = load(None, Some(&store)).unwrap().keystore.unwrap();
    let now = keystore.not_after().unwrap() + 1_000;
    let accepted = accepting(&["CN=ditto-cdc demo clients CA"], &[]);
    let choice = keystore.choose(Some(&accepted), now).unwrap();
    assert_eq!(keystore.principal(), "CN=new");
    assert!(choice.is_certain());
    assert!(
        choice
            .to_string()
            .contains("the only one that is valid now"),
        "{choice}"
    );
}

#[test]
fn a_store_with_one_key_needs_no_choice() {
    for name in ["openssl3.p12", "ec.p12", "shared.p12", "keytool-user.p12"] {
        let mut keystore = keystore(name);
        assert!(!keystore.has_several_keys(), "{name}");
        assert!(keystore.choose(None, now()).is_none(), "{name}");
    }
}

#[test]
fn one_store_can_have_both_roles() {
    let trusted = |cluster: &str, user: &str| {
        let (cluster, user) = (
            made(cluster, Some("changeit")),
            made(user, Some("changeit")),
        );
        let material = load(Some(&cluster), Some(&user)).unwrap();
        assert!(material.keystore.is_some());
        let anchors = material.truststore.unwrap();
        let has_other_ca = cluster.source.to_string().contains("shared");
        assert_eq!(anchors.is_chain_of_key(), !has_other_ca);
        let names = anchors.anchors().iter().map(|one| one.subject.clone());
        names.collect::<Vec<_>>()
    };
    // The CA that was imported, and that of the key.
    assert_eq!(
        trusted("shared.p12", "shared.p12"),
        ["CN=clients-ca", "CN=cluster-ca"]
    );
    // In another role than its own, the CA of the key may be there by mistake.
    assert_eq!(trusted("shared.p12", "ec.p12"), ["CN=cluster-ca"]);
    assert_eq!(
        trusted("openssl3.p12", "openssl3.p12"),
        ["CN=clients-ca", "CN=issuing", "CN=middle"]
    );
    let user = made("ec.p12", Some("changeit"));
    let fault = ("A9", "contains a private key and no other CA", "instead");
    assert_fault(
        Some(&made("openssl3.p12", Some("changeit"))),
        Some(&user),
        fault,
    );
    assert_fault(Some(&user), Some(&user), fault);
}
