//! PEM parser. Text between the blocks is ignored.

use std::cell::Cell;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::pkcs12::{MAX_ITERATIONS, OpenError, StoreContents, kdf_iterations};
use crate::util::secret::Secret;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Whether the text has a block.
pub(super) fn is_pem(text: &str) -> bool {
    text.contains(BEGIN)
}

/// Opens all certificates and the first key; the password is for an encrypted key.
pub(super) fn open(text: &str, password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    let mut contents = StoreContents::default();
    for block in blocks(text) {
        let (label, block) = block?;
        if label.ends_with("CERTIFICATE") {
            let found = X509::from_pem(block.as_bytes());
            contents
                .certificates
                .push(found.map_err(|error| unreadable(&error))?);
        } else if label.ends_with("PRIVATE KEY") && contents.key.is_none() {
            contents.key = Some(private_key(block, password)?);
        }
    }
    Ok(contents)
}

/// Each block with its label, from the first dash to the last.
fn blocks(text: &str) -> impl Iterator<Item = Result<(&str, &str), OpenError>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, start) = rest.split_at_checked(rest.find(BEGIN)?)?;
        let Some((label, end)) = extent(start) else {
            rest = "";
            return Some(Err(OpenError::TruncatedPem));
        };
        let (block, after) = start.split_at_checked(end)?;
        rest = after;
        Some(Ok((label, block)))
    })
}

/// The label of the first block, and the offset of its end.
fn extent(start: &str) -> Option<(&str, usize)> {
    let (label, _) = start.strip_prefix(BEGIN)?.split_once(DASHES)?;
    let last = format!("{DASHES}END {label}{DASHES}");
    Some((label, start.find(&last)? + last.len()))
}

fn private_key(block: &str, password: Option<&Secret>) -> Result<PKey<Private>, OpenError> {
    if iterations(block) > MAX_ITERATIONS {
        return Err(OpenError::TooManyIterations);
    }
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
    PKey::private_key_from_pem_callback(block.as_bytes(), callback).map_err(|error| {
        if was_prompted.get() {
            OpenError::password_error(&error, password)
        } else {
            unreadable(&error)
        }
    })
}

/// 0 for the older form, whose headers are not Base64 and whose iteration count is fixed.
fn iterations(block: &str) -> u64 {
    let body = block.split(DASHES).nth(2).and_then(decode_base64);
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
            let labels = blocks(text).map(|block| block.map_or("(cut)", |(label, _)| label));
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
    }

    #[test]
    fn the_iterations_of_an_encrypted_key_are_found() {
        let encrypted = include_str!("../../../tests/fixtures/p12/user-sealed.pem");
        let label = |(label, _): &(&str, &str)| *label == "ENCRYPTED PRIVATE KEY";
        let key = blocks(encrypted).map(Result::unwrap).find(label);
        assert_eq!(iterations(key.unwrap().1), 2048);
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
