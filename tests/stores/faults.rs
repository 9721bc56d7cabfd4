//! Files that cannot be opened: each fault is reported with its id, the file and a fix.

use ditto_cdc::tls::load;
use ditto_cdc::tls::{StoreFile, StoreSource};

use crate::files::*;

#[test]
fn wrong_and_missing_passwords_are_distinguished() {
    let check =
        |name, password, expected| assert_fault(None, Some(&made(name, password)), expected);
    let hint = "DITTO_CDC_SOME_PASSWORD";
    check(
        "ec.p12",
        Some("wrong"),
        ("A1", "does not open with its password", hint),
    );
    check(
        "openssl11.p12",
        Some("wrong"),
        ("A1", "does not open with its password", hint),
    );
    check(
        "no-mac.p12",
        Some("wrong"),
        ("A1", "does not open with its password", hint),
    );
    check(
        "user-sealed.pem",
        Some("wrong"),
        ("A1", "does not open with its password", hint),
    );
    check(
        "ec.b64",
        Some("wrong"),
        ("A1", "does not open with its password", hint),
    );
    check(
        "umlaut.p12",
        Some("passwörd"),
        ("A1", "does not open with its password", hint),
    );
    check("ec.p12", Some("change\0it"), ("A1", "NUL byte", hint));
    check(
        "empty-password.p12",
        Some("x"),
        ("A1", "opens without a password", "empty"),
    );
    check("ec.p12", None, ("A2", "needs a password", hint));
    check(
        "ec.p12",
        Some(""),
        ("A2", "none or an empty one is set", hint),
    );
    check(
        "user-sealed.pem",
        Some(""),
        ("A2", "none or an empty one is set", hint),
    );
    check("openssl11.p12", None, ("A2", "needs a password", hint));
    check("no-mac.p12", None, ("A2", "needs a password", hint));
    check("user-sealed.pem", None, ("A2", "needs a password", hint));
}

#[test]
fn the_other_files_password_is_recognised() {
    let cluster = |password| made("keytool-one.p12", Some(password));
    let user = |password| made("umlaut.p12", Some(password));
    let one = (
        "A1",
        "but with the password of the cluster certificate",
        "set DITTO_CDC_SOME_PASSWORD to",
    );
    assert_fault(
        Some(&cluster("changeit")),
        Some(&made("ec.p12", Some("x"))),
        one,
    );
    let one = (
        "A2",
        "does not open without a password, but",
        "set DITTO_CDC_SOME_PASSWORD to",
    );
    assert_fault(Some(&cluster("changeit")), Some(&made("ec.p12", None)), one);
    let faults = load(Some(&cluster("pässwörd")), Some(&user("changeit"))).unwrap_err();
    let whats: Vec<_> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(whats.len(), 2);
    assert!(
        whats.iter().all(|what| what.contains("look swapped")),
        "{whats:?}"
    );
}

/// Another password would not help.
#[test]
fn one_file_for_both_is_named() {
    let (trust, key) = ("keytool-one.p12", "umlaut.p12");
    for (file, cluster_password, user_password, words, fix) in [
        (
            key,
            Some("x"),
            Some("pässwörd"),
            "same file as the user certificate",
            "cluster.p12",
        ),
        (
            key,
            Some("pässwörd"),
            Some("x"),
            "same file as the user certificate",
            "cluster.p12",
        ),
        (
            trust,
            Some("changeit"),
            Some("x"),
            "same file as the cluster certificate",
            "user.p12",
        ),
        (trust, Some("x"), None, "same file as the", ".p12"),
    ] {
        let (cluster, user) = (made(file, cluster_password), made(file, user_password));
        assert_fault(Some(&cluster), Some(&user), ("A9", words, fix));
    }
}

#[test]
fn swapped_files_are_recognised_by_their_contents() {
    let (trust, key) = ("keytool-one.p12", "umlaut.p12");
    let swapped = |trust_password, key_password, fix| {
        let cluster = made(key, Some(key_password));
        let user = made(trust, Some(trust_password));
        assert_fault(
            Some(&cluster),
            Some(&user),
            ("A9", "the two files look swapped", fix),
        );
    };
    swapped("changeit", "pässwörd", "and also the two passwords");
    swapped("pässwörd", "changeit", "the passwords are correct");
    let (cluster, user) = (made("ec.p12", Some("changeit")), made(trust, Some("x")));
    let check = (
        "A9",
        "the two files look swapped",
        "then check the two passwords",
    );
    assert_fault(Some(&cluster), Some(&user), check);

    let (trust, key) = (made(trust, Some("changeit")), made(key, Some("pässwörd")));
    let fix = "instead";
    assert_fault(Some(&key), None, ("A9", "contains a private key", fix));
    assert_fault(
        Some(&key),
        Some(&key),
        ("A9", "contains a private key", fix),
    );
    assert_fault(None, Some(&trust), ("A9", "contains no private key", fix));
    assert_fault(
        Some(&trust),
        Some(&trust),
        ("A9", "contains no private key", fix),
    );
    assert_fault(
        None,
        Some(&made("cluster.pem", None)),
        ("A9", "contains no private key", fix),
    );
    assert_fault(
        Some(&made("user.pem", None)),
        None,
        ("A9", "contains a private key", fix),
    );
}

#[test]
fn a_key_needs_its_certificate() {
    let check = |name| {
        let file = made(name, Some("changeit"));
        assert_fault(
            None,
            Some(&file),
            (
                "A10",
                "a private key without its certificate",
                "different downloads",
            ),
        );
    };
    check("mismatch.pem");
    check("no-certificate.p12");
}

#[test]
fn a_users_certificate_without_its_key_is_no_cluster_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let keystore = load(None, Some(&made("openssl3.p12", Some("changeit"))));
    let pem = keystore.unwrap().keystore.unwrap().certificates_pem();
    let file = written(&folder, "user.pem", pem.as_bytes());
    let expected = ("A10", "without its private key", "export it again");
    assert_fault(None, Some(&file), expected);
}

#[test]
fn files_that_are_not_stores_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::fs::read(fixture("ec.p12")).unwrap();
    let text = std::fs::read(fixture("user.pem")).unwrap();
    let base64 = std::fs::read(fixture("ec.b64")).unwrap();
    let check = |bytes: &[u8], expected| {
        let file = written(&folder, "some.p12", bytes);
        assert_fault(None, Some(&file), expected);
        assert_fault(Some(&file), None, expected);
    };
    let again = "download it again";
    check(b"", ("A8", "is empty", again));
    check(b" \r\n", ("A8", "is empty", again));
    check(
        store.get(..900).unwrap(),
        ("A7", "should have 1120 bytes and has 900", again),
    );
    check(
        store.get(..4).unwrap(),
        ("A7", "should have 1120 bytes and has 4", again),
    );
    check(
        base64.get(..400).unwrap(),
        ("A7", "should have 1120 bytes and has ", again),
    );
    check(text.get(..1000).unwrap(), ("A7", "no END line", again));
    check(
        b"\n<!DOCTYPE html><html>",
        ("A6", "is a web page", "sign in"),
    );
    check(b"\xef\xbb\xbf<html>", ("A6", "is a web page", "sign in"));
    check(
        b"# mine\nssl.keystore.type=PKCS12\n",
        ("A13", "properties", "--properties"),
    );
    check(b"not found", ("A6", "neither PKCS#12 nor PEM", again));
    check(
        &[0x30, 3, 2, 1, 3],
        ("A6", "neither PKCS#12 nor PEM", again),
    );
    check(
        &vec![b'x'; (16 << 20) + 1],
        ("A6", "is larger than", "check the path"),
    );
    let header = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    check(header.as_bytes(), ("A6", "neither PKCS#12 nor PEM", again));
}

#[test]
fn stores_that_no_password_opens_are_not_blamed_on_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let check = |bytes: &[u8], expected| {
        assert_fault(None, Some(&written(&folder, "some.p12", bytes)), expected);
    };
    // The id of AES-256-CBC becomes that of an unknown cipher.
    let aes = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
    let unknown = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 127];
    let store = altered("no-mac.p12", &aes, &unknown);
    check(
        &store,
        (
            "A3",
            "uses the cipher 2.16.840.1.101.3.4.1.127",
            "export it again",
        ),
    );
    // 100,000 iterations become eight million.
    let store = altered(
        "keytool-old.p12",
        &[2, 3, 1, 0x86, 0xa0],
        &[2, 3, 0x7f, 0xff, 0xff],
    );
    check(
        &store,
        (
            "A6",
            "needs 8388607 hashing iterations",
            "download it again",
        ),
    );
}

#[test]
fn the_fix_for_javas_own_formats_is_the_command_that_converts_them() {
    let check = |name, source: &str, target: &str| {
        let file = made(name, Some("changeit"));
        let folder = fixture("");
        let source = format!("-srckeystore {}{source}", folder.display());
        assert_fault(Some(&file), None, ("A5", "only Java can read", &source));
        let target = format!("-destkeystore {}{target}", folder.display());
        assert_fault(Some(&file), None, ("A5", "only Java can read", &target));
    };
    check("java.jks", "java.jks -srcstoretype JKS ", "java.p12 ");
    check("java.jceks", "java.jceks -srcstoretype JCEKS ", "java.p12 ");
}

#[test]
fn the_fix_for_a_missing_path_names_its_nearest_folder() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display().to_string();
    let check = |path: std::path::PathBuf, what, fix: &str| {
        let file = StoreFile {
            source: StoreSource::File(path),
            ..made("x", None)
        };
        assert_fault(None, Some(&file), ("A4", what, fix));
    };
    check(
        folder.path().join("no/user.p12"),
        "does not exist",
        &format!("exists is {here}"),
    );
    check(
        "no-such.p12".into(),
        "its full path would be /",
        "the nearest folder that exists is /",
    );
    check(
        "~/user.p12".into(),
        "no shell replaced the `~`",
        "home folder",
    );
    check(folder.path().to_owned(), "is a folder", "the file in it");
    written(&folder, "file", b"x");
    check(folder.path().join("file/user.p12"), "does not exist", &here);
}
