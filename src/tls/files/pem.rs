//! PEM parser. It reads what Java's Kafka client reads, and what shells and editors make of PEM: line ends that became
//! blanks, the letters `\\n` or nothing, header attributes (RFC 1421), and text around the blocks.

use std::borrow::Cow;
use std::cell::Cell;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};

use super::pkcs12::{
    MAX_ITERATIONS, OpenError, StoreContents, kdf_iterations, load_legacy_provider,
};
use super::{algorithms, certificates};
use crate::util::secret::Secret;

/// Any number of dashes is valid around a label, as in Java.
const BEGIN: &str = "-BEGIN ";
const END: &str = "-END ";
const LINE_LETTERS: usize = 64;
const UNKNOWN_PEM_CIPHER: &str = "an unknown cipher in the DEK-Info header of its key";

/// Whether the text has a block.
pub(super) fn is_pem(text: &str) -> bool {
    text.contains(BEGIN)
}

/// Opens all certificates and keys; the password is for an encrypted key.
pub(super) fn open(text: &str, password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    let mut contents = StoreContents::default();
    for block in blocks(text) {
        let block = block?;
        if block.label.ends_with("PRIVATE KEY") {
            contents.keys.push(private_key(&block, password)?);
        } else if ["CERTIFICATE", "PKCS7", "CMS"]
            .iter()
            .any(|end| block.label.ends_with(end))
        {
            let der = decode_base64(&block.base64).unwrap_or_default();
            let found = certificates::from_der(&der);
            contents
                .certificates
                .extend(found.map_err(|error| unreadable(&error))?);
        }
    }
    Ok(contents)
}

/// A block, which may contain a key; printed by tests only.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
struct Block {
    /// The words after `BEGIN`.
    label: String,
    /// The header attributes of an encrypted key, one per line.
    headers: String,
    base64: String,
}

impl Block {
    /// Any white space, or the letters `\n`, can stand for a line end.
    fn new(label: String, body: &str) -> Block {
        let body = if body.contains('\\') {
            Cow::Owned(
                body.replace("\\r", "\n")
                    .replace("\\n", "\n")
                    .replace('\\', ""),
            )
        } else {
            Cow::Borrowed(body)
        };
        let is_line_end = |c: char| c == '\n' || c == '\r';
        let (attributes, data) = if body.trim().contains(is_line_end) {
            let lines: Vec<&str> = body.split(is_line_end).collect();
            split_headers(&lines, |line| line.contains(':'))
        } else {
            let words: Vec<&str> = body.split_whitespace().collect();
            // A header's name and its value are two words.
            let mut is_value = false;
            split_headers(&words, |word| {
                let is_header = word.ends_with(':') || is_value;
                is_value = word.ends_with(':');
                is_header
            })
        };
        Block {
            label,
            headers: encryption_headers(&attributes),
            base64: data.split_whitespace().collect(),
        }
    }

    /// The block as OpenSSL reads it.
    fn pem(&self) -> String {
        let Block { label, headers, .. } = self;
        let mut text = format!("-----BEGIN {label}-----\n{headers}");
        for line in self.base64.as_bytes().chunks(LINE_LETTERS) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text + &format!("-----END {label}-----\n")
    }
}

/// The header parts, and the others, joined by blanks.
fn split_headers(parts: &[&str], mut is_header: impl FnMut(&str) -> bool) -> (String, String) {
    let (headers, data): (Vec<&str>, Vec<&str>) = parts.iter().partition(|part| is_header(part));
    (headers.join(" "), data.join(" "))
}

/// The two headers of an encrypted key that OpenSSL needs; Java skips all headers.
fn encryption_headers(attributes: &str) -> String {
    let mut words = attributes.split_whitespace();
    let mut lines = String::new();
    while let Some(name) = words.next() {
        if let ("Proc-Type:" | "DEK-Info:", Some(value)) = (name, words.clone().next()) {
            lines.extend([name, " ", value, "\n"]);
        }
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

/// Each block, whatever stands between them.
fn blocks(text: &str) -> impl Iterator<Item = Result<Block, OpenError>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, start) = rest.split_once(BEGIN)?;
        let Some((label, body, after)) = extent(start) else {
            rest = "";
            return Some(Err(OpenError::TruncatedPem));
        };
        rest = after;
        Some(Ok(Block::new(label, body)))
    })
}

/// The label of the block whose label starts here, its body, and the text after it.
fn extent(start: &str) -> Option<(String, &str, &str)> {
    let (label, body) = start.split_once('-')?;
    let label = words(label);
    let body = body.trim_start_matches('-');
    let mut from = 0;
    loop {
        let at = from + body.get(from..)?.find(END)?;
        let end = body.get(at + END.len()..)?;
        let (last, after) = end.split_once('-')?;
        if words(last) == label {
            let content = body.get(..at)?.trim_end_matches('-');
            return Some((label, content, after));
        }
        from = at + END.len();
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn private_key(block: &Block, password: Option<&Secret>) -> Result<PKey<Private>, OpenError> {
    let iterations = iterations(block);
    if iterations > MAX_ITERATIONS {
        return Err(OpenError::TooManyIterations(iterations));
    }
    load_legacy_provider();
    let pem = Secret::new(block.pem());
    let was_prompted = Cell::new(false);
    // Without a callback OpenSSL would prompt on the terminal.
    let callback = |buffer: &mut [u8]| {
        was_prompted.set(true);
        let password = password.map_or("", Secret::expose).as_bytes();
        let target = buffer
            .get_mut(..password.len())
            .ok_or_else(ErrorStack::get)?;
        target.copy_from_slice(password);
        Ok(password.len())
    };
    PKey::private_key_from_pem_callback(pem.expose().as_bytes(), callback).map_err(|error| {
        let raw = error.to_string();
        let refused = decode_base64(&block.base64)
            .and_then(|der| algorithms::refused_key_encryption(&der))
            .filter(|_| was_prompted.get());
        if let Some(what) = refused {
            OpenError::UnsupportedEncryption(what, raw)
        } else if was_prompted.get() {
            OpenError::password_error(&error, password)
        } else if raw.contains("unsupported encryption") {
            OpenError::UnsupportedEncryption(UNKNOWN_PEM_CIPHER.to_owned(), raw)
        } else {
            OpenError::Unreadable(raw)
        }
    })
}

/// 0 for the older form, whose data are not DER and whose iteration count is fixed.
fn iterations(block: &Block) -> u64 {
    let body = decode_base64(&block.base64);
    body.map_or(0, |body| kdf_iterations(&body))
}

fn unreadable(error: &ErrorStack) -> OpenError {
    OpenError::Unreadable(error.to_string())
}

/// Decodes Base64 text with any line ends and padding, possibly truncated; `None` if it has any other character.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut letters: Vec<u8> = text.bytes().collect();
    letters.retain(|letter| !letter.is_ascii_whitespace());
    // Text that was truncated anywhere should be reported as truncated, not as unknown.
    letters.truncate(letters.len() - usize::from(letters.len() % 4 == 1));
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config).decode(letters).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let check = |text, expected: &[&str]| {
            let labels =
                blocks(text).map(|block| block.map_or("(cut)".to_owned(), |one| one.label));
            assert_eq!(labels.collect::<Vec<_>>(), expected, "{text}");
        };
        check("", &[]);
        check("-----BEGIN A-----\n-----END A-----", &["A"]);
        check(
            "x -----BEGIN A-----y-----END A----------BEGIN B-----z-----END B-----",
            &["A", "B"],
        );
        check("-----BEGIN A-----x-----END B-----", &["(cut)"]);
        check(
            "-----BEGIN A-----x-----BEGIN B-----x-----END A-----",
            &["A"],
        );
        check("-----BEGIN A", &["(cut)"]);
        check("---BEGIN  A B---x---END A  B-", &["A B"]);
        check("-----BEGIN A-----x-----END A", &["(cut)"]);
    }

    #[test]
    fn line_ends_can_be_anything() {
        let lines = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A\n\nAAAA\nBBBB\n";
        let expected = Block {
            label: "A".to_owned(),
            headers: "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A\n\n".to_owned(),
            base64: "AAAABBBB".to_owned(),
        };
        for end in [
            "\n", "\r\n", "\r", " ", "  ", "\t", "\\n", "\\r\\n", "\\n\n",
        ] {
            let body = lines.replace('\n', end);
            assert_eq!(Block::new("A".to_owned(), &body), expected, "{body:?}");
        }
        let plain = Block::new("A".to_owned(), "AAAABBBB");
        assert_eq!(
            (plain.headers, plain.base64),
            (String::new(), expected.base64)
        );
    }

    #[test]
    fn only_headers_that_decrypt_are_kept() {
        let block = Block::new("A".to_owned(), "\nComment: two words\nAAAA\n");
        assert_eq!(block.pem(), "-----BEGIN A-----\nAAAA\n-----END A-----\n");
        let long = Block::new("A".to_owned(), &"x".repeat(65));
        assert_eq!(long.pem().lines().count(), 4);
    }

    #[test]
    fn the_iterations_of_an_encrypted_key_are_found() {
        let encrypted = include_str!("../../../tests/fixtures/p12/user-sealed.pem");
        let label = |block: &Block| block.label == "ENCRYPTED PRIVATE KEY";
        let key = blocks(encrypted).map(Result::unwrap).find(label);
        assert_eq!(iterations(&key.unwrap()), 2048);
    }

    #[test]
    fn base64_is_decoded_even_if_truncated() {
        let check = |text, expected: Option<&[u8]>| {
            assert_eq!(decode_base64(text).as_deref(), expected, "{text}");
        };
        check("MDEy", Some(b"012"));
        check("MD\r\nE y\n", Some(b"012"));
        check("MDEyMw==", Some(b"0123"));
        check("MDEyMw", Some(b"0123"));
        check("MDEyM", Some(b"012"));
        check("MDE-", None);
        check("", Some(b""));
    }
}
