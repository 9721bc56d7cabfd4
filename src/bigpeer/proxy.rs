//! The proxy that the environment sets for HTTPS, to name it if it does not connect to the server. The HTTP library
//! reads the same variables and returns neither the proxy's address nor the variable.

use std::ffi::OsString;
use std::fmt;

use crate::util::env;
use crate::util::url::TypedUrl;

/// The HTTP library takes the first variable of a row that is set, and the second row if the first has no proxy.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];
/// Schemes of a proxy; the HTTP library passes over a variable with another one.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
/// How the HTTP library's messages about proxies begin.
const TUNNEL_ERROR: &str = "tunnel error: ";
const SOCKS_ERROR: &str = "error connecting to socks proxy";

/// A proxy that does not connect to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyError {
    reason: Reason,
    /// The proxy without user and password; `None` if the environment names none.
    proxy: Option<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// 407 to CONNECT.
    LoginRequired,
    /// Another status than 200 to CONNECT, or no valid response.
    Refused,
    /// No connection to the proxy itself.
    Unreachable,
}

impl ProxyError {
    /// From the messages of an error and of its causes; `None` if it is not about a proxy.
    pub(super) fn from_messages<'a>(
        messages: impl IntoIterator<Item = &'a str>,
    ) -> Option<ProxyError> {
        let reason = messages.into_iter().find_map(Reason::from_message)?;
        Some(ProxyError {
            reason,
            proxy: configured(env::variable),
        })
    }

    /// Whether another attempt gets the same answer.
    pub(super) fn is_permanent(&self) -> bool {
        self.reason == Reason::LoginRequired
    }

    /// What to do next.
    pub(super) fn fix(&self) -> &'static str {
        match self.reason {
            Reason::LoginRequired => {
                "put the proxy's user and password into that variable (http://USER:PASSWORD@HOST:PORT), or name the server in NO_PROXY to connect without the proxy"
            }
            Reason::Refused => {
                "ask the proxy's administrator to allow this host and port, or name the server in NO_PROXY to connect without the proxy"
            }
            Reason::Unreachable => {
                "check the proxy's address in that variable, or unset it to connect without a proxy"
            }
        }
    }
}

impl Reason {
    fn from_message(message: &str) -> Option<Reason> {
        if message.starts_with(SOCKS_ERROR) {
            return Some(Reason::Refused);
        }
        Some(match message.strip_prefix(TUNNEL_ERROR)? {
            "proxy authorization required" => Reason::LoginRequired,
            "failed to create underlying connection" => Reason::Unreachable,
            _ => Reason::Refused,
        })
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the proxy")?;
        if let Some((variable, address)) = &self.proxy {
            write!(f, " {address} (set by {variable})")?;
        }
        f.write_str(match self.reason {
            Reason::LoginRequired => " requires a login (HTTP 407)",
            Reason::Refused => " refuses to connect to the server",
            Reason::Unreachable => " does not respond",
        })
    }
}

/// The variable and the address of the proxy.
fn configured(variable: impl Fn(&str) -> Option<OsString>) -> Option<(&'static str, String)> {
    let first = |names: &[&'static str; 2]| {
        let set = names
            .iter()
            .find_map(|name| Some((*name, variable(name)?)))?;
        let address = TypedUrl::new(set.1.to_str()?.trim().to_owned()).to_string();
        Some((set.0, address.trim_end_matches('/').to_owned()))
            .filter(|(_, address)| is_proxy(address))
    };
    VARIABLES.iter().find_map(first)
}

fn is_proxy(address: &str) -> bool {
    match address.split_once("://") {
        Some((scheme, host)) => {
            let known = |name: &&str| name.eq_ignore_ascii_case(scheme);
            !host.is_empty() && SCHEMES.iter().any(known)
        }
        None => !address.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_the_one_that_the_library_uses() {
        let check = |set: &[(&str, &str)], expected: Option<(&'static str, &str)>| {
            let found = configured(|name| {
                let found = set.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| OsString::from(value))
            });
            let found = found.as_ref().map(|(name, text)| (*name, text.as_str()));
            assert_eq!(found, expected, "{set:?}");
        };
        let (a, b) = ("http://proxy.example:3128/", "socks5://b.example:1080");
        check(&[], None);
        check(&[("HTTP_PROXY", a)], None);
        let a_only = Some(("HTTPS_PROXY", "http://proxy.example:3128"));
        check(
            &[("HTTPS_PROXY", a), ("https_proxy", b), ("ALL_PROXY", b)],
            a_only,
        );
        check(&[("https_proxy", b)], Some(("https_proxy", b)));
        check(
            &[("HTTPS_PROXY", ""), ("all_proxy", b)],
            Some(("all_proxy", b)),
        );
        check(
            &[("HTTPS_PROXY", "ftp://a"), ("ALL_PROXY", b)],
            Some(("ALL_PROXY", b)),
        );
        // The library takes the first variable that is set, even if it is empty.
        check(&[("HTTPS_PROXY", ""), ("https_proxy", a)], None);
        let secret = "http://me:hunter2@proxy.example:3128";
        check(
            &[("ALL_PROXY", secret)],
            Some(("ALL_PROXY", "http://proxy.example:3128")),
        );
        let secret = "me:hunter2@proxy.example:3128";
        check(
            &[("ALL_PROXY", secret)],
            Some(("ALL_PROXY", "proxy.example:3128")),
        );
    }

    #[test]
    fn only_messages_about_a_proxy_name_one() {
        let check = |message: &str, expected: Option<Reason>| {
            let found = ProxyError::from_messages(["client error (Connect)", message]);
            assert_eq!(found.map(|error| error.reason), expected, "{message}");
        };
        check(
            "tunnel error: proxy authorization required",
            Some(Reason::LoginRequired),
        );
        check("tunnel error: unsuccessful", Some(Reason::Refused));
        check(
            "tunnel error: unexpected end of file",
            Some(Reason::Refused),
        );
        let unreachable = "tunnel error: failed to create underlying connection";
        check(unreachable, Some(Reason::Unreachable));
        check("error connecting to socks proxy", Some(Reason::Refused));
        check("tcp connect error", None);
    }
}
