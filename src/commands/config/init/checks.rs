//! Checks of single answers. No message repeats an answer: it may be a password that was typed at the wrong question.

use crate::bigpeer::Endpoint;
use crate::settings::normalize_brokers;
use crate::util::secret::Secret;

/// The longest name of a topic (Kafka's `Topic.MAX_NAME_LENGTH`); groups have no limit of their own.
const MAX_NAME_BYTES: usize = 249;

/// The list of brokers in its normal form.
///
/// # Errors
/// What is wrong.
pub(super) fn brokers(text: &str) -> Result<String, String> {
    // Elsewhere a missing port is added, but a password looks like a host without a port.
    let has_port = |entry: &str| {
        let port = entry.trim().trim_end_matches('/').rsplit_once(':');
        port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    let normal = normalize_brokers(text).ok();
    normal
        .filter(|_| text.split(',').all(has_port))
        .ok_or_else(|| "this is not host:port; copy the endpoint as the portal shows it".to_owned())
}

/// # Errors
/// What is wrong.
pub(super) fn topic(text: &str) -> Result<String, String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() {
        return Err("the topic must have a name".to_owned());
    }
    if !text.chars().all(is_legal) || matches!(text, "." | "..") || text.len() > MAX_NAME_BYTES {
        return Err(format!(
            "this is not the name of a topic: it has 1 to {MAX_NAME_BYTES} letters, digits, dots, `_` and `-`"
        ));
    }
    Ok(text.to_owned())
}

/// A prefix of group names; may be empty.
///
/// # Errors
/// What is wrong.
pub(super) fn group_prefix(text: &str) -> Result<String, String> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) || text.len() > MAX_NAME_BYTES {
        return Err("this is not a prefix: names of groups contain no blanks".to_owned());
    }
    Ok(text.to_owned())
}

/// The address of the HTTP API; may be empty.
///
/// # Errors
/// What is wrong.
pub(super) fn url(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    match Endpoint::parse(text) {
        Ok(endpoint) if endpoint.is_loopback() || endpoint.to_string().contains('.') => {
            Ok(text.to_owned())
        }
        Err(_) if text.starts_with("http://") => {
            Err("http:// would send the API key unencrypted; use https://".to_owned())
        }
        _ => Err(
            "this is not the address of an HTTP API; copy the Cloud URL Endpoint as the portal shows it"
                .to_owned(),
        ),
    }
}

/// An API key without white space around it.
///
/// # Errors
/// What is wrong.
pub(super) fn api_key(typed: &Secret) -> Result<Secret, String> {
    let key = typed.expose().trim();
    if key.is_empty() {
        return Err(
            "enter the API key, or go back with < and leave out the Cloud URL Endpoint".to_owned(),
        );
    }
    // Other characters are not allowed in an HTTP header.
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("this is not an API key: a key is one word of ASCII characters".to_owned());
    }
    Ok(Secret::new(key.to_owned()))
}

/// The name of a profile, which commands take as `--profile NAME`.
///
/// # Errors
/// What is wrong.
pub(super) fn profile_name(text: &str) -> Result<String, String> {
    let is_legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || text.starts_with('-') || !text.chars().all(is_legal) {
        return Err(
            "the name of a profile has letters, digits, dots, `_` and `-`, such as prod".to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A password that a person may type at any question.
    const PASSWORDS: [&str; 4] = ["Hunter2", "correct horse", "a=b", "p@ss:w0rd/?#"];

    fn check(
        parse: impl Fn(&str) -> Result<String, String>,
        accepted: &[(&str, &str)],
        refused: &[&str],
    ) {
        for (text, expected) in accepted {
            assert_eq!(parse(text).unwrap(), *expected, "{text}");
        }
        for text in refused {
            let why = parse(text).unwrap_err();
            assert!(text.trim().len() < 3 || !why.contains(text), "{why}");
        }
        for password in PASSWORDS {
            if let Err(why) = parse(password) {
                let part = |part: &str| part.len() > 2 && why.contains(part);
                assert!(!password.split([' ', ':', '@', '/']).any(part), "{why}");
            }
        }
    }

    #[test]
    fn endpoints_have_a_port() {
        check(
            brokers,
            &[
                ("a.example.com:443", "a.example.com:443"),
                ("a:1, b:2", "a:1,b:2"),
                ("[::1]:9092", "[::1]:9092"),
                ("https://a:443/", "a:443"),
            ],
            &[
                "",
                "Hunter2",
                "a.example.com",
                "a:0",
                "a:70000",
                "a:x",
                "a:1,b",
                ":443",
                "a b:1",
                "[::1]",
            ],
        );
    }

    #[test]
    fn topics_groups_urls_keys_and_profiles() {
        let long = "x".repeat(250);
        check(
            topic,
            &[("ditto.a_b-1", "ditto.a_b-1")],
            &["", "..", "a b", "a/b", "ä", &long],
        );
        check(
            group_prefix,
            &[("", ""), ("team-", "team-")],
            &["a b", "a\tb", &long],
        );
        check(
            url,
            &[
                ("", ""),
                ("app.cloud.example.com", "app.cloud.example.com"),
                ("https://app.example.com/api", "https://app.example.com/api"),
                ("http://127.0.0.1:80", "http://127.0.0.1:80"),
            ],
            &[
                "Hunter2",
                "http://app.example.com",
                "ftp://a.b",
                "https://",
                "https://u:p@a.b",
            ],
        );
        let key =
            |text: &str| api_key(&Secret::new(text.to_owned())).map(|key| key.expose().to_owned());
        check(key, &[(" abc ", "abc")], &["", " ", "a b", "kéy"]);
        check(
            profile_name,
            &[("prod", "prod"), ("eu.prod-1", "eu.prod-1")],
            &["", "-p", "a b", "a/b", "[x]"],
        );
    }
}
