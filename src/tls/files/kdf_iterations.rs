//! KDF iteration counts of a PKCS#12 store, to be limited before a password is tried: OpenSSL performs any number,
//! which can take hours.

use crate::tls::der::{CONSTRUCTED, INTEGER, OCTETS, SEQUENCE, claimed_bytes, elements};

/// Makers use 1 to 600,000; this many takes a second or two.
pub(in crate::tls) const MAX_ITERATIONS: u64 = 5_000_000;
/// A store needs fifteen levels.
const MAX_DEPTH: usize = 32;

/// The largest number of rounds that can be seen before decrypting.
pub(in crate::tls) fn kdf_iterations(store: &[u8]) -> u64 {
    search(store, MAX_DEPTH)
}

/// In each algorithm, and in the MAC, the number stands straight after the salt.
fn search(bytes: &[u8], levels: usize) -> u64 {
    let mut most = 0;
    let mut after_salt = false;
    for element in elements(bytes) {
        if after_salt && element.tag == INTEGER {
            most = most.max(number(element.content));
        }
        after_salt = element.tag == OCTETS;
        let holds_more = element.tag & CONSTRUCTED != 0 || (after_salt && wraps(element.content));
        if let Some(levels) = levels.checked_sub(1).filter(|_| holds_more) {
            most = most.max(search(element.content, levels));
        }
    }
    most
}

/// The store's parts are wrapped as octets; encrypted octets must not pass for elements by chance.
fn wraps(octets: &[u8]) -> bool {
    octets.first() == Some(&SEQUENCE) && claimed_bytes(octets) == Some(octets.len())
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(256).saturating_add(u64::from(*digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_found_where_salts_are() {
        let check =
            |bytes: &[u8], expected| assert_eq!(kdf_iterations(bytes), expected, "{bytes:x?}");
        check(&[], 0);
        check(&[4, 1, 9, 2, 2, 8, 0], 2048);
        check(&[0x30, 7, 4, 1, 9, 2, 2, 8, 0], 2048);
        check(&[4, 9, 0x30, 7, 4, 1, 9, 2, 2, 8, 0], 2048);
        check(&[4, 8, 0x30, 7, 4, 1, 9, 2, 2, 8, 0], 0);
        check(&[2, 1, 9, 2, 2, 8, 0], 0);
        check(&[4, 0, 2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0], u64::MAX);
        check(&[0x30; 1000], 0);
    }

    #[test]
    fn real_stores_are_within_the_limit() {
        let check = |store: &[u8], expected| assert_eq!(kdf_iterations(store), expected);
        check(include_bytes!("../../../tests/fixtures/p12/ec.p12"), 2048);
        check(
            include_bytes!("../../../tests/fixtures/p12/openssl11.p12"),
            2048,
        );
        check(
            include_bytes!("../../../tests/fixtures/p12/keytool-one.p12"),
            10_000,
        );
        check(
            include_bytes!("../../../tests/fixtures/p12/keytool-old.p12"),
            100_000,
        );
    }
}
