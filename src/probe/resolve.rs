//! Name resolution with a timeout, which the system's resolver lacks.

use std::collections::HashSet;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::facts::{AddressFamily, ResolveError, Target};

/// All addresses in the resolver's order.
///
/// # Errors
/// [`ResolveError`] if the name has no usable address.
pub(super) fn resolve(
    target: &Target,
    family: AddressFamily,
    timeout: Duration,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let name = (without_brackets(&target.host).to_owned(), target.port);
    // A resolver that hangs blocks its thread until the program ends.
    let started = thread::Builder::new().spawn(move || {
        let found = (name.0.as_str(), name.1).to_socket_addrs();
        let _ = sender.send(found.map(Vec::from_iter).map_err(|error| error.to_string()));
    });
    started.map_err(|error| ResolveError::Failed(error.to_string()))?;
    let found = receiver
        .recv_timeout(timeout)
        .map_err(|_| ResolveError::Timeout(timeout))?;
    let mut found = found.map_err(ResolveError::Failed)?;
    let mut seen = HashSet::new();
    found.retain(|address| is_allowed(family, address) && seen.insert(*address));
    if found.is_empty() {
        return Err(ResolveError::OtherFamily);
    }
    Ok(found)
}

fn is_allowed(family: AddressFamily, address: &SocketAddr) -> bool {
    match family {
        AddressFamily::Any => true,
        AddressFamily::V4 => address.is_ipv4(),
        AddressFamily::V6 => address.is_ipv6(),
    }
}

/// Without the brackets of an IPv6 address.
fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}
