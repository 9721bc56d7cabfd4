//! Decrypts TLS 1.3 handshake records (RFC 8446, 5.2 and 7.1) of our own connection, whose secret OpenSSL exports.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead};

const TAG_BYTES: usize = 16;
const VECTOR_BYTES: usize = 12;

/// Opens records in the order in which they were sent.
pub(in crate::tls) struct RecordDecryptor {
    cipher: Cipher,
    key: Vec<u8>,
    vector: Vec<u8>,
    count: u64,
}

impl RecordDecryptor {
    /// Nothing for a cipher that TLS 1.3 does not use by default.
    pub(in crate::tls) fn new(secret: &[u8], cipher: u16) -> Option<RecordDecryptor> {
        let (cipher, digest, key_bytes) = match cipher {
            0x1301 => (Cipher::aes_128_gcm(), MessageDigest::sha256(), 16),
            0x1302 => (Cipher::aes_256_gcm(), MessageDigest::sha384(), 32),
            0x1303 => (Cipher::chacha20_poly1305(), MessageDigest::sha256(), 32),
            _ => return None,
        };
        Some(RecordDecryptor {
            cipher,
            key: expand(secret, digest, "key", key_bytes).ok()?,
            vector: expand(secret, digest, "iv", VECTOR_BYTES).ok()?,
            count: 0,
        })
    }

    /// `None` for records that were not encrypted with this secret.
    pub(in crate::tls) fn open(&mut self, header: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
        let text = encrypted.len().checked_sub(TAG_BYTES)?;
        let (text, tag) = encrypted.split_at_checked(text)?;
        let mut vector = self.vector.clone();
        let count = self.count.to_be_bytes();
        for (byte, mask) in vector.iter_mut().rev().zip(count.iter().rev()) {
            *byte ^= mask;
        }
        self.count += 1;
        decrypt_aead(self.cipher, &self.key, Some(&vector), header, text, tag).ok()
    }
}

/// HKDF-Expand-Label for at most one digest's length: one round of HMAC.
fn expand(
    secret: &[u8],
    digest: MessageDigest,
    label: &str,
    bytes: usize,
) -> Result<Vec<u8>, ErrorStack> {
    let label = format!("tls13 {label}");
    let lengths = [bytes, label.len()].map(|length| u8::try_from(length).unwrap_or_default());
    let mut info = vec![0, lengths[0], lengths[1]];
    info.extend(label.as_bytes());
    info.extend([0, 1]);
    let key = PKey::hmac(secret)?;
    let mut out = Signer::new(digest, &key)?.sign_oneshot_to_vec(&info)?;
    out.truncate(bytes);
    Ok(out)
}
