//! Helpers: store files from fixtures and from temporary folders, and the assertion for a fault.

use std::path::Path;

use ditto_cdc::tls::load;
use ditto_cdc::tls::{StoreFile, StoreSource};
use ditto_cdc::util::secret::Secret;

pub fn store(folder: &Path, name: &str, password: &Secret) -> StoreFile {
    StoreFile {
        source: StoreSource::File(folder.join(name)),
        password: Some(password.clone()),
        password_hint: format!("{}_PASSWORD", name.to_uppercase()),
    }
}

pub fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/p12")
        .join(name)
}

pub fn made(name: &str, password: Option<&str>) -> StoreFile {
    StoreFile {
        source: StoreSource::File(fixture(name)),
        password: password.map(|text| Secret::new(text.to_owned())),
        password_hint: "DITTO_CDC_SOME_PASSWORD".to_owned(),
    }
}

pub fn subjects(pem: &str) -> Vec<String> {
    let certificates = openssl::x509::X509::stack_from_pem(pem.as_bytes()).unwrap();
    let name = |one: &openssl::x509::X509| {
        let names = one.subject_name();
        let common = names.entries_by_nid(openssl::nid::Nid::COMMONNAME).next();
        common.unwrap().data().to_string().unwrap()
    };
    certificates.iter().map(name).collect()
}

/// Writes a file with these bytes.
pub fn written(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> StoreFile {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    StoreFile {
        source: StoreSource::File(path),
        ..made(name, Some("changeit"))
    }
}

/// Expects exactly one fault with this id; `what` and `fix` are parts of its messages.
pub fn assert_fault(
    cluster: Option<&StoreFile>,
    user: Option<&StoreFile>,
    (id, what, fix): (&str, &str, &str),
) {
    let faults = load(cluster, user).unwrap_err();
    let [fault] = faults.as_slice() else {
        panic!("{id} {what}: {faults:#?}");
    };
    assert_eq!(fault.id, id, "{fault:#?}");
    assert!(fault.what.contains(what), "{what}: {fault:#?}");
    assert!(fault.fix.contains(fix), "{fix}: {fault:#?}");
    assert!(fault.what.contains(&fault.file), "{fault:#?}");
    assert!(!format!("{fault:?}").contains("PRIVATE KEY"));
}

/// A fixture with its first occurrence of `old` replaced by `new`.
pub fn altered(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut store = std::fs::read(fixture(name)).unwrap();
    let start = store
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    store.splice(start..start + old.len(), new.iter().copied());
    store
}
