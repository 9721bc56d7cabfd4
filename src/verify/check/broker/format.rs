//! Formatting for the broker checks: dates, durations, lists, closest names.

use jiff::Timestamp;

pub(super) const DAY: i64 = 24 * 60 * 60;
/// Longer lists end in "and N more".
const MAX_LISTED: usize = 4;

/// `2026-11-24 12:00 UTC`
pub(super) fn moment(seconds: Option<i64>) -> String {
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let text = moment.map(|moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string());
    text.unwrap_or_else(|| "an unreadable date".to_owned())
}

/// `3 days`, `5 hours`, `2 minutes`
pub(super) fn format_duration(seconds: i64) -> String {
    let (count, unit) = match seconds.abs() {
        seconds @ DAY.. => (seconds / DAY, "day"),
        seconds @ 3600.. => (seconds / 3600, "hour"),
        seconds => (seconds / 60, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
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

/// The entry that takes the fewest changes of letters to become `wanted`.
pub(super) fn closest<'a>(wanted: &str, entries: &'a [String]) -> Option<&'a String> {
    entries.iter().min_by_key(|entry| distance(wanted, entry))
}

/// Levenshtein's distance, in letters, for names of at most a few hundred.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(300).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().take(300).enumerate() {
        let mut diagonal = std::mem::replace(&mut row, vec![line + 1]);
        for (column, against) in other.iter().enumerate() {
            let above = diagonal.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let left = row.last().copied().unwrap_or(usize::MAX - 1);
            let corner = diagonal.get(column).copied().unwrap_or(usize::MAX - 1);
            row.push(
                (corner + usize::from(letter != *against))
                    .min(above + 1)
                    .min(left + 1),
            );
        }
        diagonal.clear();
    }
    row.last().copied().unwrap_or_default()
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
    fn the_closest_name_takes_the_fewest_changes() {
        let check = |wanted, expected: &str| {
            let names = [
                "broker-0.ditto.live",
                "broker-1.ditto.live",
                "*.ditto.cloud",
            ]
            .map(str::to_owned);
            assert_eq!(closest(wanted, &names).map(String::as_str), Some(expected));
        };
        check("broker-1.dito.live", "broker-1.ditto.live");
        check("x.ditto.cloud", "*.ditto.cloud");
        assert_eq!(closest("a", &[]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn durations_and_dates() {
        let check = |seconds, expected| assert_eq!(format_duration(seconds), expected);
        check(3 * DAY + 5, "3 days");
        check(-DAY, "1 day");
        check(7200, "2 hours");
        check(59, "0 minutes");
        assert_eq!(moment(Some(0)), "1970-01-01 00:00 UTC");
        assert_eq!(moment(None), "an unreadable date");
        assert_eq!(quote_first_line(b"HTTP/1.1 400\r\nx"), "HTTP/1.1 400");
        assert_eq!(quote_first_line(b"\x15\x03A"), "\\x15\\x03A");
    }
}
