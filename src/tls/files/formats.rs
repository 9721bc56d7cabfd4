//! Detects the format of a certificate file from its bytes, and opens it.

use std::borrow::Cow;

use super::certificates;
use super::pem;
use super::pkcs12::{self, OpenError, StoreContents};
use crate::tls::der;
use crate::util::secret::Secret;

const JKS: &[u8] = &[0xfe, 0xed, 0xfe, 0xed];
const JCEKS: &[u8] = &[0xce, 0xce, 0xce, 0xce];
const BYTE_ORDER_MARK: char = '\u{feff}';
const PEM: &[u8] = b"-----BEGIN ";
/// Prefixes of lines in a properties file.
const PROPERTIES: [&str; 4] = ["ssl.", "security.protocol", "bootstrap.servers", "group.id"];

/// Opens PKCS#12, PEM, a DER certificate, a PKCS#7 bundle, or any of them as Base64 text.
pub(super) fn open(bytes: &[u8], password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    if password.is_some_and(|password| password.expose().contains('\0')) {
        return Err(OpenError::NulInPassword);
    }
    match decode_base64(bytes) {
        Some(inner) => open_plain(&inner, password),
        None => open_plain(bytes, password),
    }
}

fn open_plain(bytes: &[u8], password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    if bytes.starts_with(JKS) {
        return Err(OpenError::Java("JKS"));
    }
    if bytes.starts_with(JCEKS) {
        return Err(OpenError::Java("JCEKS"));
    }
    match text(bytes) {
        Some(text) => open_text(trimmed(&text), password),
        None => open_binary(bytes, password),
    }
}

fn open_binary(bytes: &[u8], password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    let found = bytes.len();
    let claimed = der::claimed_bytes(bytes).filter(|_| is_der(bytes));
    if let Some(claimed) = claimed.filter(|claimed| *claimed > found) {
        return Err(OpenError::Truncated { claimed, found });
    }
    match certificates::from_der(bytes) {
        Ok(certificates) => Ok(StoreContents {
            certificates,
            keys: Vec::new(),
        }),
        Err(error) if certificates::is_pkcs7(bytes) => {
            Err(OpenError::Unreadable(error.to_string()))
        }
        Err(_) => pkcs12::open(bytes, password),
    }
}

fn open_text(text: &str, password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    if text.is_empty() {
        Err(OpenError::Empty)
    } else if pem::is_pem(text) {
        pem::open(text, password)
    } else if text.starts_with('<') {
        Err(OpenError::Html)
    } else if text.lines().any(is_property) {
        Err(OpenError::Properties)
    } else {
        // This fails, with the message of OpenSSL to search the web for.
        pkcs12::open(text.as_bytes(), password)
    }
}

/// Decodes UTF-8, or the UTF-16 of redirected PowerShell output. DER longer than 127 bytes is neither.
fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match bytes {
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes).map(Cow::Owned),
        // Text between PEM blocks may have any encoding.
        _ if is_der(bytes) || !holds_pem(bytes) => std::str::from_utf8(bytes).ok().map(Cow::from),
        _ => Some(String::from_utf8_lossy(bytes)),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, _) = bytes.as_chunks();
    String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>()).ok()
}

fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&der::SEQUENCE)
}

fn holds_pem(bytes: &[u8]) -> bool {
    bytes.windows(PEM.len()).any(|window| window == PEM)
}

/// Without a byte order mark and white space around the text.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches(BYTE_ORDER_MARK).trim()
}

fn is_property(line: &str) -> bool {
    let name = line.trim_start();
    PROPERTIES.iter().any(|start| name.starts_with(start)) && name.contains(['=', ':'])
}

/// Decodes Base64 text, the form of Kubernetes secrets, with and without line ends.
fn decode_base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let inner = pem::decode_base64(trimmed(&text(bytes)?))?;
    // A short word can be valid Base64 by chance.
    Some(inner).filter(|inner| is_known(inner))
}

fn is_known(bytes: &[u8]) -> bool {
    let starts = [&[der::SEQUENCE], JKS, JCEKS, PEM];
    starts.iter().any(|start| bytes.starts_with(start))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const STORES: [&[u8]; 7] = [
        include_bytes!("../../../tests/fixtures/p12/bouncy-castle.p12"),
        include_bytes!("../../../tests/fixtures/p12/ec.p12"),
        include_bytes!("../../../tests/fixtures/p12/no-mac.p12"),
        include_bytes!("../../../tests/fixtures/p12/keytool-plain.p12"),
        include_bytes!("../../../tests/fixtures/p12/keytool-two.p12"),
        include_bytes!("../../../tests/fixtures/p12/user-sealed.pem"),
        include_bytes!("../../../tests/fixtures/p12/ec.b64"),
    ];

    /// `user.pem` and `ec.b64` open; these cases are versions changed by an editor or a shell.
    #[test]
    fn text_opens_in_the_encodings_that_shells_and_editors_write() {
        let check = |bytes: &[u8]| {
            let contents = open(bytes, Some(&Secret::new("changeit".to_owned()))).unwrap();
            assert!(!contents.keys.is_empty());
        };
        let wide = |mark: &str, text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let text = format!("{mark}{text}");
            text.encode_utf16().flat_map(unit).collect()
        };
        let pem = include_str!("../../../tests/fixtures/p12/user-sealed.pem");
        let base64 = include_str!("../../../tests/fixtures/p12/ec.b64").replace('\n', "\r\n");
        for text in [pem, &base64] {
            check(&wide("\u{feff}", text, u16::to_le_bytes));
            check(&wide("\u{feff}", text, u16::to_be_bytes));
            check(format!("\u{feff}{text}").as_bytes());
        }
        check(&[b"issued by M\xfcller\n", pem.as_bytes()].concat());
    }

    proptest! {
        #[test]
        fn damaged_stores_open_or_are_refused(
            store in 0..STORES.len(),
            changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = STORES[store].to_vec();
            for (index, byte) in changes {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            let refused = open(&bytes, Some(&Secret::new("changeit".to_owned()))).is_err();
            // DER states its length, so a truncated store is always refused.
            let is_text = bytes.first() != Some(&der::SEQUENCE);
            prop_assert!(refused || is_text || !cut);
        }

        #[test]
        fn foreign_bytes_are_refused(bytes in vec(any::<u8>(), 0..300)) {
            prop_assert!(open(&bytes, None).is_err());
        }
    }
}
