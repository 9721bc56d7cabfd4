//! PEM text to certificates and a key, block by block; what stands between the blocks is ignored.
//! What the blocks should be is left to the callers.

use std::cell::Cell;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::base64_text;
use super::contents::{Contents, Trouble};
use super::rounds::{MOST, most_rounds};
use crate::util::secret::Secret;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Whether there is a block at all.
pub(in crate::tls) fn is_pem(text: &str) -> bool {
    text.contains(BEGIN)
}

/// Opens all certificates and the first key; the password is for an encrypted key.
pub(in crate::tls) fn open(text: &str, password: Option<&Secret>) -> Result<Contents, Trouble> {
    let mut contents = Contents::default();
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
fn blocks(text: &str) -> impl Iterator<Item = Result<(&str, &str), Trouble>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, start) = rest.split_at_checked(rest.find(BEGIN)?)?;
        let Some((label, end)) = extent(start) else {
            rest = "";
            return Some(Err(Trouble::TruncatedPem));
        };
        let (block, behind) = start.split_at_checked(end)?;
        rest = behind;
        Some(Ok((label, block)))
    })
}

/// The label of the block that starts here, and where the block ends.
fn extent(start: &str) -> Option<(&str, usize)> {
    let (label, _) = start.strip_prefix(BEGIN)?.split_once(DASHES)?;
    let last = format!("{DASHES}END {label}{DASHES}");
    Some((label, start.find(&last)? + last.len()))
}

fn private_key(block: &str, password: Option<&Secret>) -> Result<PKey<Private>, Trouble> {
    if rounds(block) > MOST {
        return Err(Trouble::TooManyRounds);
    }
    let asked = Cell::new(false);
    // Without a callback OpenSSL would ask on the terminal.
    let answer = |space: &mut [u8]| {
        asked.set(true);
        let password = password.map_or("", Secret::expose).as_bytes();
        let place = space
            .get_mut(..password.len())
            .ok_or_else(ErrorStack::get)?;
        place.copy_from_slice(password);
        Ok(password.len())
    };
    PKey::private_key_from_pem_callback(block.as_bytes(), answer).map_err(|error| {
        if asked.get() {
            Trouble::refused(&error, password)
        } else {
            unreadable(&error)
        }
    })
}

/// None are seen in the older form, whose headers are no Base64 and whose rounds are fixed.
fn rounds(block: &str) -> u64 {
    let body = block.split(DASHES).nth(2).and_then(base64_text::decode);
    body.map_or(0, |body| most_rounds(&body))
}

fn unreadable(error: &ErrorStack) -> Trouble {
    Trouble::Unreadable(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_anything() {
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
    fn rounds_of_a_sealed_key_are_seen() {
        let sealed = include_str!("../../../tests/fixtures/p12/user-sealed.pem");
        let label = |(label, _): &(&str, &str)| *label == "ENCRYPTED PRIVATE KEY";
        let key = blocks(sealed).map(Result::unwrap).find(label);
        assert_eq!(rounds(key.unwrap().1), 2048);
    }
}
