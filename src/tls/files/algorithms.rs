//! The algorithms and keys in a PKCS#12 store (RFC 7292, RFC 8018, RFC 9879), read without its password: to name an
//! algorithm that OpenSSL refuses, and to find every key.

use openssl::asn1::Asn1Object;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::symm::Cipher;

use crate::tls::der::{Element, INTEGER, OBJECT, OCTETS, SEQUENCE, elements};

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const ENVELOPED_DATA: &str = "1.2.840.113549.1.7.3";
const KEY_BAG: &str = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG: &str = "1.2.840.113549.1.12.10.1.2";
const SAFE_CONTENTS_BAG: &str = "1.2.840.113549.1.12.10.1.6";

const PBMAC1: &str = "1.2.840.113549.1.5.14";
const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";
const SCRYPT: &str = "1.3.6.1.4.1.11591.4.11";
/// The older schemes: those of PKCS#12 and of PKCS#5 version 1, each with a number at its end.
const OLD_SCHEMES: [&str; 2] = ["1.2.840.113549.1.12.1.", "1.2.840.113549.1.5."];
/// HMAC with MD5, SHA-1 and SHA-2; and with SHA-3.
const HMACS: &str = "1.2.840.113549.2.";
const SHA3_HMACS: std::ops::RangeInclusive<u64> = 13..=16;
const SHA3_HMAC: &str = "2.16.840.1.101.3.4.2.";

/// OpenSSL's limits (`p12_mutl.c`, `pbe_scrypt.c`).
const PBMAC1_KEY_BYTES: std::ops::RangeInclusive<u64> = 20..=64;
const MAX_SCRYPT_BYTES: u64 = 32 << 20;
/// Levels of nested bags that are searched for keys.
const MAX_DEPTH: usize = 8;

/// A private key in a part of the store that is not encrypted as a whole.
pub(super) enum KeyBag<'a> {
    /// PKCS#8.
    Plain(&'a [u8]),
    /// Encrypted PKCS#8.
    Encrypted(&'a [u8]),
}

/// The MAC of a store, if OpenSSL refuses it whatever the password; follows "uses ".
pub(super) fn refused_mac(store: &[u8]) -> Option<String> {
    let mac = children(&first(store)?).nth(2)?;
    let digest_info = children(&mac).next()?;
    let algorithm = Algorithm::parse(&children(&digest_info).next()?)?;
    if algorithm.id != PBMAC1 {
        let digest = nid(&algorithm.id).and_then(MessageDigest::from_nid);
        return digest
            .is_none()
            .then(|| format!("a MAC with the digest {}", name(&algorithm.id)));
    }
    let mut parts = children(&algorithm.parameters?);
    let derivation = Algorithm::parse(&parts.next()?)?;
    let scheme = Algorithm::parse(&parts.next()?)?;
    let why = if derivation.id == PBKDF2 {
        let derivation = Pbkdf2::parse(&derivation.parameters?)?;
        match derivation.key_bytes {
            None => Some("without a key length".to_owned()),
            Some(bytes) if !PBMAC1_KEY_BYTES.contains(&bytes) => Some(format!(
                "with a key of {bytes} bytes (OpenSSL accepts {} to {})",
                PBMAC1_KEY_BYTES.start(),
                PBMAC1_KEY_BYTES.end()
            )),
            Some(_) => derivation.refused_function(),
        }
    } else {
        Some(format!("with the key derivation {}", name(&derivation.id)))
    };
    let why = why.or_else(|| {
        let refused = !is_hmac(&scheme.id);
        refused.then(|| format!("with the algorithm {}", name(&scheme.id)))
    });
    why.map(|why| format!("a MAC of the type PBMAC1 {why}"))
}

/// The first encryption in a store that OpenSSL refuses whatever the password; follows "uses ".
pub(super) fn refused_encryption(store: &[u8]) -> Option<String> {
    parts(store)
        .into_iter()
        .find_map(|(id, content)| match id.as_str() {
            ENVELOPED_DATA => Some("encryption for a public key instead of a password".to_owned()),
            ENCRYPTED_DATA => {
                let info = children(&content).find(|one| one.tag == SEQUENCE)?;
                refused_scheme(&Algorithm::parse(&children(&info).nth(1)?)?)
            }
            _ => bags(&content, MAX_DEPTH)
                .into_iter()
                .find_map(|(id, value)| {
                    let algorithm = children(&value).next().filter(|_| id == SHROUDED_KEY_BAG)?;
                    refused_scheme(&Algorithm::parse(&algorithm)?)
                }),
        })
}

/// The encryption of a PKCS#8 key, if OpenSSL refuses it whatever the password; follows "uses ".
pub(super) fn refused_key_encryption(pkcs8: &[u8]) -> Option<String> {
    let algorithm = children(&first(pkcs8)?).next()?;
    refused_scheme(&Algorithm::parse(&algorithm)?)
}

/// Every key outside the encrypted parts, in the order of the file.
pub(super) fn key_bags(store: &[u8]) -> Vec<KeyBag<'_>> {
    let mut found = Vec::new();
    for (_, content) in parts(store).into_iter().filter(|(id, _)| id == DATA) {
        for (id, value) in bags(&content, MAX_DEPTH) {
            match id.as_str() {
                KEY_BAG => found.push(KeyBag::Plain(value.whole)),
                SHROUDED_KEY_BAG => found.push(KeyBag::Encrypted(value.whole)),
                _ => {}
            }
        }
    }
    found
}

/// The parts of a store: the type of each, and its content.
fn parts(store: &[u8]) -> Vec<(String, Element<'_>)> {
    let safe = first(store).and_then(|store| typed(&children(&store).nth(1)?));
    let Some((_, octets)) = safe else {
        return Vec::new();
    };
    let list = first(octets.content).into_iter();
    list.flat_map(|list| children(&list))
        .filter_map(|part| typed(&part))
        .collect()
}

/// The type and the value of each bag in the octets of a part.
fn bags<'a>(octets: &Element<'a>, levels: usize) -> Vec<(String, Element<'a>)> {
    let list = match octets.tag {
        OCTETS => first(octets.content),
        _ => Some(*octets),
    };
    let mut found = Vec::new();
    for bag in list.into_iter().flat_map(|list| children(&list)) {
        match (typed(&bag), levels.checked_sub(1)) {
            (Some((id, value)), Some(levels)) if id == SAFE_CONTENTS_BAG => {
                found.extend(bags(&value, levels));
            }
            (Some(bag), _) => found.push(bag),
            (None, _) => {}
        }
    }
    found
}

/// An object identifier, and the value in the explicit tag after it.
fn typed<'a>(sequence: &Element<'a>) -> Option<(String, Element<'a>)> {
    let mut fields = children(sequence);
    let id = fields.next().filter(|id| id.tag == OBJECT)?;
    Some((dotted(id.content), first(fields.next()?.content)?))
}

fn refused_scheme(scheme: &Algorithm<'_>) -> Option<String> {
    if scheme.id != PBES2 {
        let known = OLD_SCHEMES.iter().any(|start| scheme.id.starts_with(start));
        return (!known).then(|| format!("the encryption {}", name(&scheme.id)));
    }
    let mut parts = children(&scheme.parameters?);
    let derivation = Algorithm::parse(&parts.next()?)?;
    let encryption = Algorithm::parse(&parts.next()?)?;
    let Some(cipher) = nid(&encryption.id).and_then(Cipher::from_nid) else {
        return Some(format!("the cipher {}", name(&encryption.id)));
    };
    let parameters = derivation.parameters?;
    match derivation.id.as_str() {
        PBKDF2 => {
            let derivation = Pbkdf2::parse(&parameters)?;
            let key_bytes = derivation
                .key_bytes
                .filter(|bytes| *bytes != cipher.key_len() as u64);
            let length = key_bytes.map(|bytes| {
                let cipher = name(&encryption.id);
                format!("a key of {bytes} bytes for the cipher {cipher}")
            });
            length.or_else(|| Some(format!("PBKDF2 {}", derivation.refused_function()?)))
        }
        SCRYPT => refused_scrypt(&parameters),
        other => Some(format!("the key derivation {}", name(other))),
    }
}

/// `scrypt` needs memory that its parameters state (RFC 7914).
fn refused_scrypt(parameters: &Element<'_>) -> Option<String> {
    let mut numbers = children(parameters)
        .filter(|one| one.tag == INTEGER)
        .map(|one| number(one.content));
    let (cost, block, parallel) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let blocks = cost.saturating_add(2).saturating_add(parallel);
    let bytes = blocks.saturating_mul(128).saturating_mul(block);
    (bytes > MAX_SCRYPT_BYTES).then(|| {
        format!(
            "the key derivation scrypt with N={cost}, r={block}, p={parallel}, which needs {} MiB (OpenSSL allows {})",
            bytes >> 20,
            MAX_SCRYPT_BYTES >> 20
        )
    })
}

/// An algorithm identifier with its parameters.
struct Algorithm<'a> {
    id: String,
    parameters: Option<Element<'a>>,
}

impl<'a> Algorithm<'a> {
    fn parse(sequence: &Element<'a>) -> Option<Algorithm<'a>> {
        let mut fields = children(sequence);
        let id = fields.next().filter(|id| id.tag == OBJECT)?;
        Some(Algorithm {
            id: dotted(id.content),
            parameters: fields.next(),
        })
    }
}

/// The parameters of PBKDF2 that OpenSSL can refuse.
struct Pbkdf2 {
    key_bytes: Option<u64>,
    /// The pseudorandom function; `None` for the default, HMAC with SHA-1.
    function: Option<String>,
}

impl Pbkdf2 {
    fn parse(parameters: &Element<'_>) -> Option<Pbkdf2> {
        let fields: Vec<Element<'_>> = children(parameters).collect();
        let [_, _, rest @ ..] = fields.as_slice() else {
            return None;
        };
        let key_bytes = rest.iter().find(|one| one.tag == INTEGER);
        let function = rest.iter().find(|one| one.tag == SEQUENCE);
        Some(Pbkdf2 {
            key_bytes: key_bytes.map(|one| number(one.content)),
            function: function.and_then(|one| Some(Algorithm::parse(one)?.id)),
        })
    }

    fn refused_function(&self) -> Option<String> {
        let function = self.function.as_ref().filter(|id| !is_hmac(id))?;
        Some(format!("with the pseudorandom function {}", name(function)))
    }
}

fn is_hmac(id: &str) -> bool {
    let last = |start: &str| id.strip_prefix(start)?.parse::<u64>().ok();
    last(HMACS).is_some_and(|number| (6..=13).contains(&number))
        || last(SHA3_HMAC).is_some_and(|number| SHA3_HMACS.contains(&number))
}

/// OpenSSL's name of an algorithm, or its number.
fn name(id: &str) -> String {
    let found = nid(id).and_then(|nid| nid.long_name().ok());
    found.map_or_else(|| id.to_owned(), str::to_owned)
}

fn nid(id: &str) -> Option<Nid> {
    let nid = Asn1Object::from_str(id).ok()?.nid();
    (nid != Nid::UNDEF).then_some(nid)
}

/// The numbers of an object identifier, with dots between them.
fn dotted(content: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number: u64 = 0;
    for byte in content {
        number = number
            .saturating_mul(128)
            .saturating_add(u64::from(byte & 0x7f));
        if byte & 0x80 == 0 {
            // The first two numbers are encoded as one.
            let arc = (number / 40).min(2);
            if numbers.is_empty() {
                numbers.push(arc);
                number -= arc * 40;
            }
            numbers.push(number);
            number = 0;
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}

/// The value of an unsigned integer.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(256).saturating_add(u64::from(*digit))
    })
}

fn first(bytes: &[u8]) -> Option<Element<'_>> {
    elements(bytes).next()
}

fn children<'a>(parent: &Element<'a>) -> impl Iterator<Item = Element<'a>> + use<'a> {
    elements(parent.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_have_dots() {
        let check = |content: &[u8], expected: &str| assert_eq!(dotted(content), expected);
        check(&[], "");
        check(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1], DATA);
        check(&[0x88, 0x37], "2.999");
        check(&[0x55, 0x1d], "2.5.29");
        check(&[0xff], "");
    }

    #[test]
    fn names_are_those_of_openssl() {
        assert_eq!(name("2.16.840.1.101.3.4.2.1"), "sha256");
        assert_eq!(name("1.2.3.4.5"), "1.2.3.4.5");
    }

    #[test]
    fn scrypt_may_need_more_memory_than_openssl_allows() {
        let check = |cost: &[u8], expected: Option<&str>| {
            let cost = [&[2, u8::try_from(cost.len()).unwrap_or_default()], cost].concat();
            let content = [&[4, 1, 9], cost.as_slice(), &[2, 1, 8, 2, 1, 1]].concat();
            let whole = Element {
                tag: SEQUENCE,
                content: &content,
                whole: &content,
            };
            let found = refused_scrypt(&whole);
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(
                found
                    .unwrap_or_default()
                    .contains(expected.unwrap_or_default())
            );
        };
        check(&[0x40, 0], None);
        check(
            &[0x00, 0x80, 0],
            Some("N=32768, r=8, p=1, which needs 32 MiB"),
        );
        check(&[0x10, 0, 0], Some("needs 1024 MiB (OpenSSL allows 32)"));
        check(&[0x7f; 9], Some("which needs"));
    }

    #[test]
    fn algorithms_of_real_stores_are_not_refused() {
        for store in [
            &include_bytes!("../../../tests/fixtures/p12/ec.p12")[..],
            include_bytes!("../../../tests/fixtures/p12/openssl11.p12"),
            include_bytes!("../../../tests/fixtures/p12/keytool-old.p12"),
            include_bytes!("../../../tests/fixtures/p12/keytool-user.p12"),
            include_bytes!("../../../tests/fixtures/p12/no-mac.p12"),
        ] {
            assert_eq!(refused_mac(store), None);
            assert_eq!(refused_encryption(store), None);
        }
    }
}
