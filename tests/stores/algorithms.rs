//! Stores whose MAC or encryption OpenSSL refuses, although the password is right.

use openssl::asn1::Asn1Object;
use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use openssl::pkey::PKey;
use openssl::sign::Signer;

use crate::files::*;

const PBMAC1: &str = "1.2.840.113549.1.5.14";
const PBKDF2: &str = "1.2.840.113549.1.5.12";
const SCRYPT: &str = "1.3.6.1.4.1.11591.4.11";
const HMAC_SHA256: &str = "1.2.840.113549.2.9";
const UNKNOWN: &str = "1.2.840.113549.2.99";
const SALT: &[u8] = b"8 bytes.";
const ITERATIONS: u8 = 100;

/// The algorithms of a PBMAC1 (RFC 9879).
#[derive(Clone, Copy)]
struct Mac {
    derivation: &'static str,
    key_bytes: Option<u8>,
    function: &'static str,
    scheme: &'static str,
}

const GOOD: Mac = Mac {
    derivation: PBKDF2,
    key_bytes: Some(32),
    function: HMAC_SHA256,
    scheme: HMAC_SHA256,
};

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).unwrap();
    let header: &[u8] = if length < 0x80 {
        &[tag, length]
    } else {
        &[tag, 0x81, length]
    };
    [header, &content].concat()
}

fn algorithm(id: &str, parameters: &[u8]) -> Vec<u8> {
    let id = Asn1Object::from_str(id).unwrap();
    der(0x30, &[&der(6, &[id.as_slice()]), parameters])
}

/// `ec.p12` with another MAC of the same password.
fn with_mac(mac: Mac) -> Vec<u8> {
    let store = std::fs::read(fixture("no-mac.p12")).unwrap();
    // A header of four bytes, the version, and the content: a header of four bytes, its type, two more headers.
    let inner = &store[4..];
    let content = &inner[3 + 4 + 11 + 4 + 4..];
    let mut key = vec![0; mac.key_bytes.unwrap_or(32).into()];
    let digest = MessageDigest::sha256();
    pbkdf2_hmac(b"changeit", SALT, ITERATIONS.into(), digest, &mut key).unwrap();
    let key = PKey::hmac(&key).unwrap();
    let sum = Signer::new(digest, &key).unwrap();
    let sum = { sum }.sign_oneshot_to_vec(content).unwrap();

    let length = mac.key_bytes.map(|bytes| der(2, &[&[bytes]]));
    let function = algorithm(mac.function, &[5, 0]);
    let derivation = der(
        0x30,
        &[
            &der(4, &[SALT]),
            &der(2, &[&[ITERATIONS]]),
            &length.unwrap_or_default(),
            &function,
        ],
    );
    let derivation = algorithm(mac.derivation, &derivation);
    let parameters = der(0x30, &[&derivation, &algorithm(mac.scheme, &[5, 0])]);
    let digest_info = der(0x30, &[&algorithm(PBMAC1, &parameters), &der(4, &[&sum])]);
    let mac = der(0x30, &[&digest_info, &der(4, &[SALT]), &der(2, &[&[1]])]);
    let length = u16::try_from(inner.len() + mac.len()).unwrap();
    [&[0x30, 0x82], &length.to_be_bytes()[..], inner, &mac].concat()
}

#[test]
fn a_mac_that_openssl_refuses_is_not_a_wrong_password() {
    let folder = tempfile::tempdir().unwrap();
    let check = |mac: Mac, what: &str| {
        let file = written(&folder, "some.p12", &with_mac(mac));
        assert_fault(None, Some(&file), ("A3", what, "-nomacver -out "));
    };
    let key_bytes = |key_bytes| Mac { key_bytes, ..GOOD };
    for bytes in [1, 16, 19, 65, 100] {
        let what = format!("uses a MAC of the type PBMAC1 with a key of {bytes} bytes");
        check(key_bytes(Some(bytes)), &what);
    }
    check(key_bytes(None), "PBMAC1 without a key length");
    let function = Mac {
        function: UNKNOWN,
        ..GOOD
    };
    check(
        function,
        "with the pseudorandom function 1.2.840.113549.2.99",
    );
    let derivation = Mac {
        derivation: SCRYPT,
        ..GOOD
    };
    check(derivation, "with the key derivation scrypt");
    let scheme = Mac {
        scheme: UNKNOWN,
        ..GOOD
    };
    check(scheme, "with the algorithm 1.2.840.113549.2.99");

    // The id of SHA-256 becomes that of an unknown digest.
    let (sha256, unknown) = ([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], 99);
    let mut other = sha256;
    other[8] = unknown;
    let file = written(&folder, "some.p12", &altered("ec.p12", &sha256, &other));
    let what = "uses a MAC with the digest 2.16.840.1.101.3.4.2.99";
    assert_fault(None, Some(&file), ("A3", what, "-nomacver -out "));
}

/// The control: the same store opens with a key length that OpenSSL accepts, and only with its password.
#[test]
fn a_mac_that_openssl_accepts_still_tells_a_wrong_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(&folder, "some.p12", &with_mac(GOOD));
    let keystore = ditto_cdc::tls::load(None, Some(&file)).unwrap().keystore;
    assert!(keystore.unwrap().principal().contains("CN=user"));
    let wrong = ditto_cdc::tls::StoreFile {
        password: made("", Some("wrong")).password,
        ..file
    };
    let expected = ("A1", "does not open with its password", "");
    assert_fault(None, Some(&wrong), expected);
}

#[test]
fn an_encryption_that_openssl_refuses_is_not_a_wrong_password() {
    let folder = tempfile::tempdir().unwrap();
    // The last number of an algorithm's id becomes that of an unknown one.
    for (id, what) in [
        (
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9][..],
            "uses PBKDF2 with the pseudorandom function 1.2.840.113549.2.99",
        ),
        (
            &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42],
            "uses the cipher 2.16.840.1.101.3.4.1.99",
        ),
        (
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12],
            "uses the key derivation 1.2.840.113549.1.5.99",
        ),
    ] {
        let mut unknown = id.to_vec();
        *unknown.last_mut().unwrap() = 99;
        let file = written(&folder, "some.p12", &altered("no-mac.p12", id, &unknown));
        assert_fault(None, Some(&file), ("A3", what, "keytool -importkeystore"));
        let sealed = "user-sealed.pem";
        let text = std::fs::read_to_string(fixture(sealed)).unwrap();
        let pem = altered_key(&text, id, &unknown);
        let file = written(&folder, "some.pem", pem.as_bytes());
        assert_fault(None, Some(&file), ("A3", what, "export it again"));
    }
}

/// A PEM file with the bytes of its encrypted key changed.
fn altered_key(text: &str, old: &[u8], new: &[u8]) -> String {
    let (begin, end) = (
        "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        "-----END ENCRYPTED PRIVATE KEY-----",
    );
    let (before, rest) = text.split_once(begin).unwrap();
    let (body, after) = rest.split_once(end).unwrap();
    let letters: String = body.split_whitespace().collect();
    let mut key = openssl::base64::decode_block(&letters).unwrap();
    let windows = key.windows(old.len());
    let at = { windows }.position(|window| window == old).unwrap();
    key.splice(at..at + old.len(), new.iter().copied());
    let body = openssl::base64::encode_block(&key);
    format!("{before}{begin}\n{body}\n{end}{after}")
}

/// Bouncy Castle writes BER, whose lengths are not stated.
#[test]
fn iterations_are_limited_in_ber_too() {
    let folder = tempfile::tempdir().unwrap();
    let (few, many) = ([2, 3, 0, 0xc8, 0], [2, 3, 0x7f, 0xff, 0xff]);
    let file = written(
        &folder,
        "some.p12",
        &altered("bouncy-castle.p12", &few, &many),
    );
    let expected = (
        "A6",
        "needs 8388607 hashing iterations",
        "download it again",
    );
    assert_fault(None, Some(&file), expected);
}
