//! Principal: a certificate's subject as in Kafka's ACLs (RFC 2253), exactly as Java's `X500Principal.getName()`
//! formats it.

use openssl::x509::X509NameRef;

use crate::tls::der::{Element, elements};

/// The attribute types that Java writes by name; it writes all others as object identifier and hexadecimal value.
const NAMES: [(&str, &[u8]); 9] = [
    ("CN", &[0x55, 4, 3]),
    ("C", &[0x55, 4, 6]),
    ("L", &[0x55, 4, 7]),
    ("ST", &[0x55, 4, 8]),
    ("STREET", &[0x55, 4, 9]),
    ("O", &[0x55, 4, 10]),
    ("OU", &[0x55, 4, 11]),
    (
        "DC",
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
    ),
    (
        "UID",
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
    ),
];

/// `CN=user,O=…`: the relative distinguished names in reverse order.
pub(in crate::tls) fn principal(subject: &X509NameRef) -> String {
    let der = subject.to_der().unwrap_or_default();
    let mut parts: Vec<String> = elements(&der)
        .flat_map(|name| elements(name.content))
        .map(|part| format_rdn(part.content))
        .collect();
    parts.reverse();
    parts.join(",")
}

/// A relative distinguished name; it can have several attributes: `CN=a+UID=b`.
fn format_rdn(part: &[u8]) -> String {
    let attributes: Vec<String> = elements(part)
        .filter_map(|a| attribute(a.content))
        .collect();
    attributes.join("+")
}

fn attribute(pair: &[u8]) -> Option<String> {
    let mut pair = elements(pair);
    let (oid, value) = (pair.next()?, pair.next()?);
    let name = NAMES.iter().find(|(_, number)| *number == oid.content);
    Some(match (name, text(value)) {
        (Some((name, _)), Some(text)) => format!("{name}={}", escape(&text)),
        (Some((name, _)), None) => format!("{name}=#{}", hex(value.whole)),
        (None, _) => format!("{}=#{}", format_oid(oid.content), hex(value.whole)),
    })
}

fn text(value: Element<'_>) -> Option<String> {
    let bytes = value.content;
    let units = bytes
        .chunks_exact(2)
        .map(|b| b.iter().fold(0, |sum, b| sum << 8 | u16::from(*b)));
    match value.tag {
        // UTF8String, PrintableString, IA5String, GeneralString. Java does not decode a NumericString.
        0x0c | 0x13 | 0x16 | 0x1b => String::from_utf8(bytes.to_vec()).ok(),
        // TeletexString, which is read as Latin-1 in practice
        0x14 => Some(bytes.iter().copied().map(char::from).collect()),
        // BMPString
        0x1e => String::from_utf16(&units.collect::<Vec<u16>>()).ok(),
        _ => None,
    }
}

/// Java escapes `=` and `#` everywhere, and spaces and carriage returns at both ends.
fn escape(text: &str) -> String {
    let edge = [' ', '\r'];
    let inner = text.len() - text.trim_start_matches(edge).len()..text.trim_end_matches(edge).len();
    let mut out = String::new();
    for (index, letter) in text.char_indices() {
        if letter == '\0' {
            out.push_str("\\00");
            continue;
        }
        if ",=+<>#;\"\\".contains(letter) || !inner.contains(&index) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn format_oid(oid: &[u8]) -> String {
    let mut arcs = vec![];
    let mut arc = 0_u64;
    for byte in oid {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    // The first number encodes two arcs: 40 times the first, which is 0, 1 or 2, plus the second.
    let first = arcs.first().map_or(0, |both| (both / 40).min(2));
    if let Some(both) = arcs.first_mut() {
        *both -= 40 * first;
    }
    let rest: Vec<String> = arcs.iter().map(u64::to_string).collect();
    format!("{first}.{}", rest.join("."))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_formatted_as_by_java() {
        let check = |pair: &[u8], expected| {
            assert_eq!(attribute(pair).as_deref(), expected, "{pair:x?}");
        };
        check(&[6, 3, 0x55, 4, 3, 0x0c, 1, b'a'], Some("CN=a"));
        check(&[6, 3, 0x55, 4, 3, 0x14, 1, 0xe9], Some("CN=é"));
        check(&[6, 3, 0x55, 4, 3, 0x1e, 2, 0, b'a'], Some("CN=a"));
        check(&[6, 3, 0x55, 4, 3, 0x0c, 1, 0xff], Some("CN=#0c01ff"));
        check(&[6, 3, 0x55, 4, 3, 0x12, 1, b'1'], Some("CN=#120131"));
        check(&[6, 3, 0x55, 4, 5, 0x13, 1, b'3'], Some("2.5.4.5=#130133"));
        check(&[6, 3, 0x55, 4, 3], None);
    }

    /// Expected values from Java 17, which however decodes `BMPString` as UTF-8.
    #[test]
    fn values_are_escaped_as_by_java() {
        let check = |text, expected| assert_eq!(escape(text), expected, "{text:?}");
        check("a  b", "a  b");
        check(" user ", r"\ user\ ");
        check("  ", r"\ \ ");
        check("x\r", "x\\\r");
        check("\ta\n", "\ta\n");
        check("a\0b", r"a\00b");
        check("#1, é=+<>;\"\\", r#"\#1\, é\=\+\<\>\;\"\\"#);
        check("", "");
    }

    #[test]
    fn object_identifiers_are_written_with_dots() {
        let check = |number: &[u8], expected| assert_eq!(format_oid(number), expected);
        check(&[0x55, 4, 3], "2.5.4.3");
        check(
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
            "1.2.840.113549.1.9.1",
        );
        check(&[0x88, 0x37, 3], "2.999.3");
        check(&[], "0.");
    }
}
