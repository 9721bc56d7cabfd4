//! Percent-encoding of collection names as file names, injective even if the file system ignores case.

use std::fmt::Write as _;

/// Extension of the encoded name.
const EXTENSION: &str = ".ndjson";
/// The longest encoded name: file systems allow 255 bytes, and some are needed for suffixes.
const MAX_NAME_BYTES: usize = 180;

/// The file name of a collection. Lower case letters, digits and `-` are unchanged, also `_` and `.` after the first
/// byte; each other byte becomes `%41`. A name that is too long is truncated, and a hash of the whole name is appended.
#[must_use]
pub fn file_name(collection: &str) -> String {
    let mut name = String::with_capacity(collection.len() + EXTENSION.len());
    for (at, byte) in collection.bytes().enumerate() {
        let plain = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => true,
            b'_' | b'.' => at > 0,
            _ => false,
        };
        if plain {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02x}");
        }
    }
    if name.is_empty() {
        // The encoding of another name never is a single percent sign.
        name.push('%');
    }
    if name.len() > MAX_NAME_BYTES {
        let mut sum = crate::tls::Sha256::default();
        sum.add(collection.as_bytes());
        name.truncate(MAX_NAME_BYTES - 66);
        // The encoding of a shorter name never contains two percent signs in a row.
        let _ = write!(name, "%%{}", sum.digits());
    }
    // Windows reserves these names for devices, with any extension.
    let stem = name.split('.').next().unwrap_or_default();
    let number = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
    let numbered = number
        .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if numbered || ["con", "prn", "aux", "nul"].contains(&stem) {
        let first = name.remove(0);
        name.insert_str(0, &format!("%{:02x}", u32::from(first)));
    }
    name + EXTENSION
}

#[cfg(test)]
mod tests {
    use super::file_name;
    use proptest::prelude::*;

    /// Decodes a name that was not cut.
    fn decode(file: &str) -> Option<String> {
        let mut rest = file.strip_suffix(".ndjson").filter(|rest| *rest != "%")?;
        let mut bytes = Vec::new();
        while let Some(first) = rest.bytes().next() {
            let (byte, length) = match first {
                b'%' => (u8::from_str_radix(rest.get(1..3)?, 16).ok()?, 3),
                plain => (plain, 1),
            };
            bytes.push(byte);
            rest = rest.get(length..)?;
        }
        String::from_utf8(bytes).ok()
    }

    #[test]
    fn names() {
        for (collection, expected) in [
            ("cars", "cars.ndjson"),
            ("CARS", "%43%41%52%53.ndjson"),
            ("..", "%2e..ndjson"),
            (".", "%2e.ndjson"),
            ("a/b", "a%2fb.ndjson"),
            ("a%2fb", "a%252fb.ndjson"),
            ("a\\b:c", "a%5cb%3ac.ndjson"),
            ("tab\t\0", "tab%09%00.ndjson"),
            ("ä", "%c3%a4.ndjson"),
            ("order_lines.v2", "order_lines.v2.ndjson"),
            ("_x", "%5fx.ndjson"),
            ("con", "%63on.ndjson"),
            ("com1.x", "%63om1.x.ndjson"),
            ("com10", "com10.ndjson"),
            ("manifest.json", "manifest.json.ndjson"),
            ("a ", "a%20.ndjson"),
        ] {
            assert_eq!(file_name(collection), expected, "{collection}");
            assert_eq!(decode(expected).as_deref(), Some(collection));
        }
        let (one, other) = ("x".repeat(500), "x".repeat(501));
        assert!(file_name(&one).len() < 200 && file_name(&one) != file_name(&other));
    }

    proptest! {
        #[test]
        fn file_names_are_unique_and_stay_in_the_folder(one in any::<String>(), other in any::<String>()) {
            let (a, b) = (file_name(&one), file_name(&other));
            prop_assert_eq!(a.to_lowercase() == b.to_lowercase(), one == other);
            prop_assert!(a.len() < 200 && !a.starts_with('.') && !a.contains(['/', '\\', ':', '\0', ' ']));
            if !a.contains("%%") && !one.is_empty() {
                let back = decode(&a);
                prop_assert_eq!(back.as_deref(), Some(one.as_str()));
            }
        }
    }
}
