//! The column of headers: names and values, separated by `headers.separator`, which can be in values too.

/// What the tool prints instead of headers.
pub(super) const NO_HEADERS: &[u8] = b"NO_HEADERS";
/// `headers.separator` besides its default.
const SEPARATORS: &[&[u8]] = &[b", ", b"; ", b";", b" | ", b"|", b"&"];

/// The ends of the parts of a column of headers; each next part has a name and a colon.
pub(super) fn ends_of_parts<'c>(
    column: &'c [u8],
    separator: &'c [u8],
) -> impl Iterator<Item = usize> + 'c {
    let cuts = memchr::memmem::find_iter(column, separator);
    let next_part = move |cut: &usize| {
        let after = column.get(cut + separator.len()..).unwrap_or_default();
        let end = memchr::memmem::find(after, separator).unwrap_or(after.len());
        is_header(after.get(..end).unwrap_or_default())
    };
    cuts.filter(next_part).chain([column.len()])
}

/// Whether text can be one header: a name without blanks, and a colon.
fn is_header(text: &[u8]) -> bool {
    memchr::memchr(b':', text)
        .and_then(|colon| text.get(..colon))
        .is_some_and(|name| !name.is_empty() && !name.iter().any(u8::is_ascii_whitespace))
}

/// The separator that splits a column into headers only; the default if none does.
pub(super) fn headers_separator(column: &[u8]) -> &'static [u8] {
    let splits = |separator: &&&[u8]| {
        let mut parts = 0;
        let mut start = 0;
        for cut in memchr::memmem::find_iter(column, **separator).chain([column.len()]) {
            if !is_header(column.get(start..cut).unwrap_or_default()) {
                return false;
            }
            start = cut + separator.len();
            parts += 1;
        }
        parts > 1
    };
    let default: &[u8] = b",";
    let found = SEPARATORS.iter().find(splits);
    match found {
        Some(separator) if *separator == b", " || !splits(&&default) => separator,
        _ => default,
    }
}

/// Whether a column can be headers.
pub(super) fn looks_like_headers(column: &[u8]) -> bool {
    let colon = memchr::memchr(b':', column);
    column == NO_HEADERS || (!column.starts_with(b"{") && colon.is_some_and(|at| at > 0))
}
