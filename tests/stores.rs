//! The two downloaded files, from a folder to PEM text in memory: what opens, and what each fault is told as.
//! Connections made with them are tested elsewhere.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use ditto_cdc::secret::Secret;
use ditto_cdc::tls::issue::{Issued, Order};
use ditto_cdc::tls::{StoreFile, load};

fn store(folder: &Path, name: &str, password: &Secret) -> StoreFile {
    StoreFile {
        path: folder.join(name),
        password: Some(password.clone()),
        password_hint: format!("{}_PASSWORD", name.to_uppercase()),
    }
}

#[test]
fn a_downloaded_pair_becomes_pem_text() {
    let issued = Issued::new(&Order::default()).unwrap();
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
