//! Base64 text to bytes, whatever its line ends, its padding and the place where it was cut off.
//! What the bytes are is left to others.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Nothing if any other character is in the text.
pub(in crate::tls) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut letters: Vec<u8> = text.bytes().collect();
    letters.retain(|letter| !letter.is_ascii_whitespace());
    // Text that was cut off anywhere is to be told as cut off, not as something unknown.
    letters.truncate(letters.len() - usize::from(letters.len() % 4 == 1));
    let rules = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, rules).decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_decoded() {
        let check = |text, expected: Option<&[u8]>| {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
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
