//! Formatting for the broker checks: dates, durations, lists.

use crate::util::text::plural;
use crate::util::time::{DAY_SECONDS, format_utc};

/// Longer lists end in "and N more".
const MAX_LISTED: usize = 4;

/// `2026-11-24 12:00 UTC`
pub(super) fn format_date(seconds: Option<i64>) -> String {
    let text = seconds.and_then(format_utc);
    text.unwrap_or_else(|| "an unreadable date".to_owned())
}

/// `3 days`, `5 hours`, `2 minutes`
pub(super) fn format_duration(seconds: i64) -> String {
    let (count, unit) = match seconds.abs() {
        seconds @ DAY_SECONDS.. => (seconds / DAY_SECONDS, "day"),
        seconds @ 3600.. => (seconds / 3600, "hour"),
        seconds => (seconds / 60, "minute"),
    };
    plural(count, unit)
}

/// `a`, `a and b`, `a, b and c`, `a, b, c, d and 2 more`.
pub(super) fn format_list<T: AsRef<str>>(entries: &[T]) -> String {
    let mut shown: Vec<String> = entries
        .iter()
        .take(MAX_LISTED)
        .map(|one| one.as_ref().to_owned())
        .collect();
    if entries.len() > MAX_LISTED {
        shown.push(format!("{} more", entries.len() - MAX_LISTED));
    }
    match shown.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}

/// Up to 40 bytes of the first line; bytes outside printable ASCII as `\xNN`.
pub(super) fn quote_first_line(bytes: &[u8]) -> String {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let letter = |byte: &u8| match byte {
        b'\r' => String::new(),
        b' '..=b'~' => char::from(*byte).to_string(),
        other => format!("\\x{other:02x}"),
    };
    line.iter().take(40).map(letter).collect()
}

/// A TLS alert (RFC 8446, section 6.2): `TLS alert 45, "certificate expired"`.
pub(super) fn format_alert(number: u8) -> String {
    let name = match number {
        10 => "unexpected message",
        20 => "bad record MAC",
        22 => "record overflow",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "certificate revoked",
        45 => "certificate expired",
        46 => "certificate unknown",
        47 => "illegal parameter",
        48 => "unknown CA",
        49 => "access denied",
        50 => "decode error",
        51 => "decrypt error",
        70 => "protocol version",
        71 => "insufficient security",
        80 => "internal error",
        86 => "inappropriate fallback",
        90 => "user canceled",
        109 => "missing extension",
        110 => "unsupported extension",
        112 => "unrecognized name",
        115 => "unknown PSK identity",
        116 => "certificate required",
        120 => "no application protocol",
        _ => return format!("TLS alert {number}"),
    };
    format!("TLS alert {number}, \"{name}\"")
}

/// Whether the name of a CA looks like that of an intermediate CA.
pub(super) fn is_intermediate_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["intermediate", "issuing", "subordinate", "sub-ca", "sub ca"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_joined_with_commas_and_and() {
        let check = |entries: &[&str], expected| assert_eq!(format_list(entries), expected);
        check(&[], "none");
        check(&["a"], "a");
        check(&["a", "b"], "a and b");
        check(&["a", "b", "c"], "a, b and c");
        check(&["a", "b", "c", "d", "e", "f"], "a, b, c, d and 2 more");
    }

    #[test]
    fn durations_and_dates() {
        let check = |seconds, expected| assert_eq!(format_duration(seconds), expected);
        check(3 * DAY_SECONDS + 5, "3 days");
        check(-DAY_SECONDS, "1 day");
        check(7200, "2 hours");
        check(59, "0 minutes");
        assert_eq!(format_date(Some(0)), "1970-01-01 00:00 UTC");
        assert_eq!(format_date(None), "an unreadable date");
        assert_eq!(quote_first_line(b"HTTP/1.1 400\r\nx"), "HTTP/1.1 400");
        assert_eq!(quote_first_line(b"\x15\x03A"), "\\x15\\x03A");
    }
}
