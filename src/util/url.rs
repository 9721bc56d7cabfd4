//! A URL that may contain a password: `Debug` and `Display` show neither user, password, query nor fragment.

use std::borrow::Cow;
use std::fmt;

/// What is shown if it is ambiguous where a password ends.
const HIDDEN: &str = "(hidden)";

/// A URL as typed, possibly without a scheme.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedUrl(String);

impl TypedUrl {
    /// Wraps a URL.
    #[must_use]
    pub fn new(url: String) -> Self {
        TypedUrl(url)
    }

    /// The URL with its secrets, for a parser.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TypedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Display for TypedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

/// A text in which each URL is shown as [`TypedUrl`] does.
#[must_use]
pub fn hide_secrets(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let ends_url = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    let pieces = text.split_inclusive(ends_url).map(|piece| {
        let url = piece.trim_end_matches(|c: char| ends_url(c) || ").,;:".contains(c));
        let start = url.find("://").map(|at| scheme_start(url, at));
        match start {
            Some(start) => {
                let (before, url_only) = url.split_at(start);
                let after = &piece[url.len()..];
                Cow::Owned(format!("{before}{}{after}", shown(url_only)))
            }
            None => Cow::Borrowed(piece),
        }
    });
    Cow::Owned(pieces.collect())
}

/// Where the scheme begins that ends at `end`.
fn scheme_start(text: &str, end: usize) -> usize {
    let scheme = text[..end].trim_end_matches(is_scheme);
    scheme.len()
}

fn is_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-.".contains(c)
}

/// Scheme, host, port and path. An `@` behind the authority may be a part of a password with a `/`, `?` or `#`, which
/// would end the authority too early, so that everything after the scheme is hidden.
fn shown(url: &str) -> String {
    let scheme = url
        .find("://")
        .filter(|at| url[..*at].chars().all(is_scheme));
    let (scheme, rest) = url.split_at(scheme.map_or(0, |at| at + "://".len()));
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if path.contains('@') {
        return format!("{scheme}{HIDDEN}");
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    format!("{scheme}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neither_user_nor_password_nor_query_is_shown() {
        for (url, expected) in [
            ("https://x.example/a-1", "https://x.example/a-1"),
            ("x.example:443/a-1", "x.example:443/a-1"),
            ("https://me:hunter2@x/a", "https://x/a"),
            ("me:hunter2@x/a", "x/a"),
            ("https:me:hunter2@x/a", "x/a"),
            ("https://me:hun@ter2@x/a", "https://x/a"),
            ("https://me:hunt/er2@x/a", "https://(hidden)"),
            ("https://me:hunt?er2@x/a", "https://(hidden)"),
            ("https://me:hunt#er2@x/a", "https://(hidden)"),
            ("https:\\\\me:hunter2@x/a", "(hidden)"),
            ("https://x/a?key=hunter2#hunter2", "https://x/a"),
            ("me:hunter2@x/a?b=https://y", "x/a"),
            ("", ""),
        ] {
            let typed = TypedUrl::new(url.to_owned());
            assert_eq!(typed.to_string(), expected, "{url}");
            assert_eq!(format!("{typed:?}"), expected);
        }
    }

    #[test]
    fn urls_inside_a_text() {
        for (text, expected) in [
            ("no url: a@b?c", "no url: a@b?c"),
            (
                "failed for url (https://me:hunter2@x/a?k=hunter2).",
                "failed for url (https://x/a).",
            ),
            (
                "proxy http://me:hunter2@p:3128 and 'https://x/a?b' end",
                "proxy http://p:3128 and 'https://x/a' end",
            ),
            (
                "ssl://kafka:443/bootstrap: it",
                "ssl://kafka:443/bootstrap: it",
            ),
        ] {
            assert_eq!(hide_secrets(text), expected);
        }
    }

    proptest! {
        #[test]
        fn a_password_is_never_shown(before in "[a-z:/@?#%]{0,6}", after in "[a-z:/@?#%]{0,6}", scheme in any::<bool>()) {
            let scheme = if scheme { "https://" } else { "" };
            let url = format!("{scheme}me:{before}hunter2{after}@x.example/a");
            let text = format!("failed: {url} today");
            prop_assert!(!TypedUrl::new(url).to_string().contains("hunter2"));
            prop_assert!(scheme.is_empty() || !hide_secrets(&text).contains("hunter2"));
        }
    }
}
