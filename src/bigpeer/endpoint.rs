//! URL of the HTTP API. Rejects URLs that would send the key unencrypted.

use reqwest::Url;

/// The version of the API in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// `/api/v5`
    #[default]
    V5,
    /// `/api/v4`
    V4,
}

/// The address of a Big Peer's app, without the part that begins with `/api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
}

impl Endpoint {
    /// Parses a URL: with or without `https://` (the portal shows none), with or without the path of the API.
    ///
    /// # Errors
    /// What is wrong and how to fix it; neither quotes a password of the URL.
    pub fn parse(text: &str) -> Result<Endpoint, (String, String)> {
        let text = text.trim();
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        // A password with a `/`, `?` or `#` would be parsed as a path, query or fragment.
        if text.contains('@') {
            return Err((
                "cannot use the url: it contains a user name or password".to_owned(),
                "remove the part before the `@`; the HTTP API uses an API key (--api-key-file)"
                    .to_owned(),
            ));
        }
        let mut url = Url::parse(&whole).map_err(|why| not_an_address(&format!("{why}")))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(not_an_address("it has no host"));
        }
        remove_final_dot(&mut url);
        url.set_query(None);
        url.set_fragment(None);
        let path = without_interface(url.path()).to_owned();
        url.set_path(&path);
        let endpoint = Endpoint { url };
        endpoint.check_encryption()?;
        Ok(endpoint)
    }

    /// The key must not be sent unencrypted, not even to a server that would redirect to https.
    fn check_encryption(&self) -> Result<(), (String, String)> {
        match self.url.scheme() {
            "https" => Ok(()),
            "http" if self.is_loopback() => Ok(()),
            "http" => Err((
                format!(
                    "refusing to send the API key to {self}: http:// would send it unencrypted"
                ),
                format!(
                    "use {}",
                    self.to_string().replacen("http://", "https://", 1)
                ),
            )),
            scheme => Err(not_an_address(&format!("{scheme}:// is not https://"))),
        }
    }

    /// Whether the address is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let ip: Option<std::net::IpAddr> = address.parse().ok();
        host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
    }

    /// The host: a name or an IP address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port; by default that of the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// The URL of DQL statements.
    #[must_use]
    pub fn execute(&self, version: Version) -> String {
        match version {
            Version::V5 => format!("{self}/api/v5/store/execute"),
            Version::V4 => format!("{self}/api/v4/store/execute"),
        }
    }

    /// The URL of queries for servers without DQL.
    #[must_use]
    pub fn find(&self) -> String {
        format!("{self}/api/v4/store/find")
    }
}

/// The URL without a slash at its end.
impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

/// Certificates and SNI (RFC 6066, section 3) contain names without a dot at the end, but the TLS library sends and
/// compares a name as it is written.
fn remove_final_dot(url: &mut Url) {
    let host = url.host_str().and_then(|host| host.strip_suffix('.'));
    if let Some(host) = host.map(str::to_owned) {
        // The host stays if the rest is none, such as for `..`.
        let _ = url.set_host(Some(&host));
    }
}

/// Cuts off the path of the API, for a URL that was copied from a request.
fn without_interface(path: &str) -> &str {
    let cut = path
        .find("/api/")
        .or_else(|| path.strip_suffix("/api").map(str::len));
    path.get(..cut.unwrap_or(path.len()))
        .unwrap_or(path)
        .trim_end_matches('/')
}

fn not_an_address(why: &str) -> (String, String) {
    (
        format!("cannot use the url: {why}"),
        "copy the Cloud URL Endpoint from the Ditto portal, with the app's id after the host"
            .to_owned(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn common_spellings_of_a_url_are_accepted() {
        for (text, expected) in [
            (
                "x.cloud.dittolive.app/a-1",
                "https://x.cloud.dittolive.app/a-1",
            ),
            ("https://x.cloud.ditto.live", "https://x.cloud.ditto.live"),
            ("https://x.cloud.ditto.live/", "https://x.cloud.ditto.live"),
            (" HTTPS://X.ditto.live/a-1/ ", "https://x.ditto.live/a-1"),
            ("https://x/a/api/v5/store/execute", "https://x/a"),
            ("x/a/api/v4/store/find?x=1#y", "https://x/a"),
            ("x/a/api", "https://x/a"),
            ("https://X.ditto.live./a", "https://x.ditto.live/a"),
            ("x.ditto.live.:8443/a", "https://x.ditto.live:8443/a"),
            ("http://localhost.:1/a", "http://localhost:1/a"),
            ("x/apis", "https://x/apis"),
            ("localhost:18082/a", "https://localhost:18082/a"),
            ("http://localhost:18082/a", "http://localhost:18082/a"),
            ("http://127.9.8.7:1/a", "http://127.9.8.7:1/a"),
            ("http://[::1]:1/a", "http://[::1]:1/a"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.to_string(), expected, "{text}");
            assert_eq!(
                endpoint.execute(Version::V5),
                format!("{expected}/api/v5/store/execute")
            );
        }
    }

    #[test]
    fn urls_that_are_invalid_or_would_expose_the_key_are_rejected() {
        for (text, part) in [
            ("http://x.cloud.ditto.live/a", "unencrypted"),
            ("http://localhost.evil.example/a", "unencrypted"),
            ("http://127.0.0.1.evil.example/a", "unencrypted"),
            ("http://10.0.0.1/a", "unencrypted"),
            ("https://me:hunter2@x/a", "contains a user name or password"),
            ("me:hunter2@x/a", "contains a user name or password"),
            (
                "https://me:12/hunter2@x/a",
                "contains a user name or password",
            ),
            (
                "https://me:12?hunter2@x/a",
                "contains a user name or password",
            ),
            ("ftp://x/a", "is not https"),
            ("", "cannot use the url"),
            ("https://", "cannot use the url"),
            ("file:///etc/passwd", "cannot use the url"),
        ] {
            let (what, fix) = Endpoint::parse(text).unwrap_err();
            assert!(what.contains(part), "{text}: {what}");
            assert!(!what.contains("hunter2") && !fix.contains("hunter2"));
        }
    }
}
