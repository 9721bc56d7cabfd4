//! Fuzz target: certificate files of any bytes. They open or are rejected, without a panic.
#![no_main]

use ditto_cdc::tls::{Keystore, Truststore};
use ditto_cdc::util::secret::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The password of tests/fixtures/p12, which are a good seed corpus.
    let password = Secret::new("changeit".to_owned());
    if let Some(found) = Truststore::from_bytes(bytes, Some(&password)) {
        assert!(found.pem().contains("BEGIN CERTIFICATE"));
    }
    if let Some(found) = Keystore::from_bytes(bytes, Some(&password)) {
        assert!(found.certificates_pem().contains("BEGIN CERTIFICATE"));
        assert!(!format!("{found:?}").contains("PRIVATE KEY"));
    }
    let _ = Keystore::from_bytes(bytes, None);
});
