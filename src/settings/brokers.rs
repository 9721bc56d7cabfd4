//! Normalization of the broker list: blanks, URL schemes, missing ports.
//! Unambiguous mistakes are corrected with a warning; others are errors.

use super::{Origin, SettingsError};

/// The port of the ingress of Ditto's brokers.
const INGRESS_PORT: u16 = 443;
/// Kafka's default port, for brokers without TLS.
const KAFKA_PORT: u16 = 9092;

/// A normalized list of brokers, with warnings about corrections.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokerList {
    pub list: String,
    pub warnings: Vec<String>,
}

/// Parses the setting. Entries on several lines of a properties file need a port, as in Java: without one, they may be
/// anything that a forgotten backslash made a part of the list.
///
/// # Errors
/// [`SettingsError`] if an entry is not the address of a broker. It quotes no entry that may contain a secret.
pub(super) fn parse_setting(
    text: &str,
    tls: bool,
    origin: &Origin,
) -> Result<BrokerList, SettingsError> {
    let refused = |why| {
        let fix = "write host:port as the Ditto portal shows the endpoint";
        Err(SettingsError::unusable("list of brokers", origin, why, fix))
    };
    if !origin.spans_lines() {
        return match foreign_text(text) {
            Some(why) => refused(why),
            None => parse(text, tls),
        };
    }
    let has_port = |entry: &str| {
        let port = entry.trim().rsplit_once(':');
        entry.trim().is_empty() || port.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    };
    match parse(text, tls) {
        Ok(brokers) if text.split(',').all(has_port) => Ok(brokers),
        _ => refused("an entry is not host:port"),
    }
}

/// Whether another line of a file, which may be a password, became a part of the list. Its text is not repeated.
fn foreign_text(text: &str) -> Option<&'static str> {
    // Line ends and tabs are reported as separators.
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let is_foreign = text.contains('=') || text.contains(is_control);
    is_foreign.then_some("an entry contains `=` or a control character, but an address has none")
}

/// Parses a comma-separated list of brokers.
///
/// # Errors
/// [`SettingsError`] if an entry is not the address of a broker.
fn parse(text: &str, tls: bool) -> Result<BrokerList, SettingsError> {
    if let Some(why) = foreign_text(text) {
        return Err(error(why));
    }
    let mut warnings = Vec::new();
    let mut list = Vec::new();
    if let Some(mark) = other_separator(text) {
        return Err(error(&format!(
            "{mark} does not separate brokers; commas do (host:port,host:port)"
        )));
    }
    for entry in text.split(',').map(str::trim).filter(|e| !e.is_empty()) {
        let address = without_scheme(entry, &mut warnings).map_err(|why| error(&why))?;
        list.push(with_port(address, tls, &mut warnings).map_err(|why| error(&why))?);
    }
    if list.is_empty() {
        return Err(error("the list is empty"));
    }
    let list = list.join(",");
    Ok(BrokerList { list, warnings })
}

/// Normalizes a list of brokers, with TLS's default port.
///
/// # Errors
/// [`SettingsError`] if an entry is not the address of a broker.
pub fn normalize_brokers(text: &str) -> Result<String, SettingsError> {
    parse(text, true).map(|brokers| brokers.list)
}

/// The mark other than a comma with which a list is separated.
fn other_separator(text: &str) -> Option<&'static str> {
    let marks = [
        (';', "a semicolon"),
        ('|', "a vertical bar"),
        ('\n', "a line end"),
        ('\r', "a line end"),
        (' ', "a blank"),
        ('\t', "a tab"),
    ];
    let separates = |entry: &str, mark: char| {
        let parts = entry.split(mark).filter(|part| !part.trim().is_empty());
        parts.count() > 1
    };
    let mut entries = text.split(',').map(str::trim);
    entries.find_map(|entry| {
        let mark = marks.iter().find(|(mark, _)| separates(entry, *mark));
        mark.map(|(_, name)| *name)
    })
}

fn error(why: &str) -> SettingsError {
    SettingsError {
        what: format!("cannot read the brokers: {why}"),
        fix: "write host:port as the Ditto portal shows the endpoint; separate several with commas"
            .to_owned(),
        ..SettingsError::default()
    }
}

fn without_scheme<'a>(entry: &'a str, warnings: &mut Vec<String>) -> Result<&'a str, String> {
    if entry.contains('@') {
        // The entry is not repeated, because the part before the `@` may be a password.
        return Err("an entry contains `@`, but a Kafka address has no user name".to_owned());
    }
    if entry.contains(['?', '#']) {
        // Nor is a query, which may contain a key.
        return Err("an entry contains `?` or `#`, but a Kafka address has no query".to_owned());
    }
    let address = entry.split_once("://").map_or(entry, |(_, rest)| rest);
    let address = address.trim_end_matches('/');
    if address.contains('/') {
        return Err(format!(
            "`{entry}` has a path, but the address of a broker has none"
        ));
    }
    if address != entry {
        warnings.push(format!(
            "brokers: `{entry}` is written like a URL; using `{address}`"
        ));
    }
    Ok(address)
}

fn with_port(address: &str, tls: bool, warnings: &mut Vec<String>) -> Result<String, String> {
    let (host, port) = split(address)?;
    let legal = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, ';' | '"' | '\'');
    if host.is_empty() || !host.chars().all(legal) {
        return Err(format!("`{address}` is not host:port"));
    }
    if let Some(odd) = host.chars().find(|c| !c.is_ascii()) {
        return Err(format!(
            "`{odd}` in `{address}` is not ASCII; write the name in its ASCII form (xn--...), with an ASCII colon and dots"
        ));
    }
    let host = without_final_dot(host, warnings);
    if host.ends_with('.') {
        return Err(format!("`{host}` is not a host name"));
    }
    let Some(port) = port else {
        let (port, whose) = default_port(tls);
        warnings.push(format!(
            "brokers: `{address}` has no port; using {port}, {whose}"
        ));
        return Ok(format!("{host}:{port}"));
    };
    match port.parse::<u16>() {
        Ok(number) if number > 0 => Ok(format!("{host}:{number}")),
        _ => Err(format!(
            "`{port}` in `{address}` is not a port (1 to 65535)"
        )),
    }
}

/// Certificates and SNI (RFC 6066, section 3) contain names without a dot at the end, but the client library sends and
/// compares a name as it is written.
fn without_final_dot<'a>(host: &'a str, warnings: &mut Vec<String>) -> &'a str {
    match host.strip_suffix('.') {
        Some(name) if !name.is_empty() && !name.ends_with('.') => {
            warnings.push(format!(
                "brokers: `{host}` ends with a dot, which certificates do not contain; using `{name}`"
            ));
            name
        }
        _ => host,
    }
}

fn default_port(tls: bool) -> (u16, &'static str) {
    if tls {
        (INGRESS_PORT, "the port of Ditto's ingress")
    } else {
        (KAFKA_PORT, "Kafka's usual port without TLS")
    }
}

/// Splits into host (with its brackets) and port.
fn split(address: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(end) = address.rfind(']') {
        let (host, rest) = address.split_at(end + 1);
        return match (host.starts_with('['), rest) {
            (true, "") => Ok((host, None)),
            (true, rest) if rest.starts_with(':') => Ok((host, rest.strip_prefix(':'))),
            _ => Err(format!("`{address}` is not [address]:port")),
        };
    }
    match address.split_once(':') {
        None => Ok((address, None)),
        Some((_, port)) if port.contains(':') => Err(format!(
            "`{address}` looks like an IPv6 address; write it in brackets, such as [::1]:9093"
        )),
        Some((host, port)) => Ok((host, Some(port))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let check = |text: &str, expected: Option<(&str, usize)>| {
            let got = parse(text, true).ok();
            let got = got.as_ref().map(|m| (m.list.as_str(), m.warnings.len()));
            assert_eq!(got, expected, "{text}");
        };
        check("a:443", Some(("a:443", 0)));
        check(" a:443 , b:9093,", Some(("a:443,b:9093", 0)));
        check("a", Some(("a:443", 1)));
        check("a,b:1,c", Some(("a:443,b:1,c:443", 2)));
        check("https://a", Some(("a:443", 2)));
        check("kafka://a:9093/", Some(("a:9093", 1)));
        check("SSL://a:9093", Some(("a:9093", 1)));
        check("a:443/", Some(("a:443", 1)));
        check("[::1]:9093", Some(("[::1]:9093", 0)));
        check("[::1]", Some(("[::1]:443", 1)));
        check("a.example.:443", Some(("a.example:443", 1)));
        check("ssl://a.example./", Some(("a.example:443", 3)));
        check("a.example.", Some(("a.example:443", 2)));
        check("a:1,,b:2,", Some(("a:1,b:2", 0)));
        check("a:1 ,\n b:2", Some(("a:1,b:2", 0)));
        for refused in [
            "",
            " , ",
            "::1",
            "[::1",
            "::1]",
            "x[::1]:1",
            "[::1]9093",
            "a:",
            "a:0",
            "a:65536",
            "a:x",
            ":443",
            "a:1 b:2",
            "a:1;b:2",
            "https://a/app",
            "https://",
            "me:pw@a:443",
            "https://a:443?key=x",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            (
                "a:1;b:2",
                "a semicolon does not separate brokers; commas do",
            ),
            ("a:1;", "`a:1;`"),
            ("x:1,a:1 b:2", "a blank does not separate"),
            ("a:1\nb:2", "a line end does not separate"),
            ("a:1\r\nb:2", "a line end does not separate"),
            ("a:1|b:2", "a vertical bar does not separate"),
            ("b\u{fc}cher.example:1", "`\u{fc}`"),
            ("a\u{ff1a}443", "ASCII colon"),
            ("a:0", "1 to 65535"),
            ("a:70000", "1 to 65535"),
            ("::1:9093", "in brackets"),
            ("..:1", "`..`"),
        ] {
            let error = parse(text, true).err().map(|error| error.what);
            let message = error.unwrap_or_default();
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn without_tls_the_port_is_kafkas() {
        let list = parse("a", false).map(|brokers| brokers.list);
        assert_eq!(list.ok().as_deref(), Some("a:9092"));
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let said = format!("{:?}", parse("kafka://me:hunter2@a:443", true));
        assert!(said.contains('@') && !said.contains("hunter2"), "{said}");
    }
}
