//! Incremental SHA-256.

use std::fmt::Write as _;

use openssl::sha;

/// An unfinished digest. A clone continues independently.
#[derive(Clone, Default)]
pub struct Sha256(sha::Sha256);

impl Sha256 {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far, as 64 hexadecimal digits.
    #[must_use]
    pub fn digits(&self) -> String {
        let sum = self.0.clone().finish();
        sum.iter().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Sha256;

    #[test]
    fn the_digest_of_abc_is_that_of_the_standard() {
        let mut sum = Sha256::default();
        sum.add(b"a");
        let copy = sum.clone();
        sum.add(b"bc");
        assert_eq!(
            sum.digits(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            copy.digits(),
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        );
    }
}
