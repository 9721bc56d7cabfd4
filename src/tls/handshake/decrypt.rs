//! TLS 1.3 record decryption (RFC 8446, 5.2 and 7.1) with the handshake secret that OpenSSL exports.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt_aead};

const TAG_BYTES: usize = 16;
const IV_BYTES: usize = 12;

/// Decrypts the records of one direction, in the order in which they were sent.
pub(super) struct RecordDecryptor {
    cipher: Cipher,
    key: Vec<u8>,
    iv: Vec<u8>,
    sequence_number: u64,
}

impl RecordDecryptor {
    /// `None` for a cipher that TLS 1.3 does not use by default.
    pub(super) fn new(secret: &[u8], cipher: u16) -> Option<RecordDecryptor> {
        let (cipher, digest, key_bytes) = match cipher {
            0x1301 => (Cipher::aes_128_gcm(), MessageDigest::sha256(), 16),
            0x1302 => (Cipher::aes_256_gcm(), MessageDigest::sha384(), 32),
            0x1303 => (Cipher::chacha20_poly1305(), MessageDigest::sha256(), 32),
            _ => return None,
        };
        Some(RecordDecryptor {
            cipher,
            key: expand(secret, digest, "key", key_bytes).ok()?,
            iv: expand(secret, digest, "iv", IV_BYTES).ok()?,
            sequence_number: 0,
        })
    }

    /// `None` for records that were not encrypted with this secret.
    pub(super) fn decrypt(&mut self, header: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
        let length = encrypted.len().checked_sub(TAG_BYTES)?;
        let (ciphertext, tag) = encrypted.split_at_checked(length)?;
        let mut nonce = self.iv.clone();
        let number = self.sequence_number.to_be_bytes();
        for (byte, mask) in nonce.iter_mut().rev().zip(number.iter().rev()) {
            *byte ^= mask;
        }
        self.sequence_number += 1;
        decrypt_aead(
            self.cipher,
            &self.key,
            Some(&nonce),
            header,
            ciphertext,
            tag,
        )
        .ok()
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
