//! PEM that shells and editors have changed, as Java's Kafka client reads it, and PKCS#7 bundles.

use openssl::symm::Cipher;

use ditto_cdc::tls::{StoreFile, StoreSource, load};
use ditto_cdc::util::secret::Secret;

use crate::files::*;

/// A change that keeps the meaning.
type Change = fn(&str) -> String;

/// Header attributes cannot be told from the data after this change.
const WITHOUT_BLANKS: &str = "one line without blanks in the data";

const CHANGES: &[(&str, Change)] = &[
    ("unchanged", str::to_owned),
    ("echo $PEM", |pem| {
        pem.split_whitespace().collect::<Vec<_>>().join(" ")
    }),
    ("tabs", |pem| pem.replace('\n', "\t")),
    ("CRLF", |pem| pem.replace('\n', "\r\n")),
    ("CR only", |pem| pem.replace('\n', "\r")),
    ("letters for line ends", |pem| pem.replace('\n', "\\n")),
    ("letters for CRLF", |pem| pem.replace('\n', "\\r\\n")),
    ("a line continued with a backslash", |pem| {
        pem.replace('\n', "\\\n")
    }),
    (WITHOUT_BLANKS, |pem| {
        let blocks = pem.split_inclusive("-----\n");
        blocks.map(|part| part.replace('\n', "") + " ").collect()
    }),
    ("no line end at the end", |pem| pem.trim_end().to_owned()),
    ("indented", |pem| pem.replace('\n', "\n    ")),
    ("blank lines", |pem| pem.replace('\n', "\n\n")),
    ("text around", |pem| {
        let named = pem.replace(
            "-----BEGIN",
            "subject=/CN=user\nBag Attributes: <none>\n-----BEGIN",
        );
        format!("# my certificates\n{named}\nthe end")
    }),
    ("byte order mark", |pem| format!("\u{feff}{pem}")),
    ("quotes", |pem| format!("\"{pem}\"")),
    ("a comment attribute", |pem| {
        pem.replace(
            "CERTIFICATE-----\nMI",
            "CERTIFICATE-----\nComment: two words\n\nMI",
        )
    }),
    ("other dashes", |pem| pem.replace("-----", "---")),
];

/// The file, and the same text in a property.
fn stores(folder: &tempfile::TempDir, text: &str) -> [StoreFile; 2] {
    let file = written(folder, "some.pem", text.as_bytes());
    let property = StoreFile {
        source: StoreSource::Text {
            name: "ssl.keystore.key".to_owned(),
            file: None,
            text: Secret::new(text.to_owned()),
        },
        ..file.clone()
    };
    [file, property]
}

/// The traditional form of an encrypted key, with header attributes.
fn traditional() -> String {
    let pem = std::fs::read_to_string(fixture("user.pem")).unwrap();
    let key = openssl::rsa::Rsa::private_key_from_pem(pem.as_bytes()).unwrap();
    let sealed = key.private_key_to_pem_passphrase(Cipher::aes_256_cbc(), b"changeit");
    let (_, certificates) = pem.split_once("-----END PRIVATE KEY-----\n").unwrap();
    String::from_utf8(sealed.unwrap()).unwrap() + certificates
}

#[test]
fn a_keystore_opens_whatever_became_of_its_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name| std::fs::read_to_string(fixture(name)).unwrap();
    let sealed = traditional();
    assert!(sealed.contains("DEK-Info: AES-256-CBC,"));
    for original in [read("user.pem"), read("user-sealed.pem"), sealed] {
        let has_headers = original.contains("DEK-Info");
        let changes = CHANGES.iter();
        for (name, change) in changes.filter(|one| !has_headers || one.0 != WITHOUT_BLANKS) {
            for store in stores(&folder, &change(&original)) {
                let opened = load(None, Some(&store));
                let keystore = opened
                    .unwrap_or_else(|why| panic!("{name}: {why:?}"))
                    .keystore;
                let found = subjects(&keystore.unwrap().certificates_pem());
                assert_eq!(found, ["user", "issuing", "middle", "clients-ca"], "{name}");
            }
        }
    }
}

#[test]
fn a_truststore_opens_whatever_became_of_its_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    let original = std::fs::read_to_string(fixture("cluster.pem")).unwrap();
    for (name, change) in CHANGES {
        for store in stores(&folder, &change(&original)) {
            let opened = load(Some(&store), None);
            let truststore = opened
                .unwrap_or_else(|why| panic!("{name}: {why:?}"))
                .truststore;
            let found = subjects(&truststore.unwrap().pem());
            assert_eq!(found, ["cluster-ca", "other-ca"], "{name}");
        }
    }
}

#[test]
fn faults_of_text_name_its_property() {
    let folder = tempfile::tempdir().unwrap();
    let pem = std::fs::read_to_string(fixture("user.pem")).unwrap();
    let check = |text: &str, expected: (&str, &str, &str)| {
        let [_, property] = stores(&folder, text);
        assert_fault(None, Some(&property), expected);
    };
    let name = "the user certificate in ssl.keystore.key";
    let what = |rest: &str| format!("{name} {rest}");
    check(&pem[..1000], ("A7", &what("is cut off"), "copy it again"));
    check(
        "/etc/user.pem",
        ("A6", &what("is neither"), "copy it again"),
    );
    let key_only = pem.split_inclusive("-----END PRIVATE KEY-----").next();
    check(
        key_only.unwrap(),
        ("A10", &what("contains a private key"), ""),
    );
}

#[test]
fn pkcs7_bundles_are_truststores_and_chains() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["bundle.p7b", "bundle-pem.p7b"] {
        let material = load(Some(&made(name, None)), None).unwrap();
        let found = subjects(&material.truststore.unwrap().pem());
        assert_eq!(found, ["cluster-ca", "other-ca"], "{name}");
        let expected = ("A9", "contains no private key", "");
        assert_fault(None, Some(&made(name, None)), expected);
    }
    // Some CAs label a bundle as a certificate; shells change it like any PEM.
    let bundle = std::fs::read_to_string(fixture("bundle-pem.p7b")).unwrap();
    let labelled = bundle.replace("PKCS7", "CERTIFICATE").replace('\n', " ");
    let base64: String = bundle
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    for text in [labelled, base64] {
        let store = written(&folder, "some.p7b", text.as_bytes());
        let found = load(Some(&store), None).unwrap().truststore.unwrap();
        assert_eq!(found.anchors().len(), 2);
    }
    let key = std::fs::read_to_string(fixture("user.pem")).unwrap();
    let store = written(&folder, "both.pem", (key + &bundle).as_bytes());
    let keystore = load(None, Some(&store)).unwrap().keystore.unwrap();
    assert_eq!(subjects(&keystore.certificates_pem()).len(), 6);
    let bytes = std::fs::read(fixture("bundle.p7b")).unwrap();
    let cut = written(&folder, "cut.p7b", &bytes[..300]);
    assert_fault(Some(&cut), None, ("A7", "is cut off", "download"));
}
