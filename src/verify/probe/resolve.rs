//! A name's addresses, under a time limit of its own: the system's resolver has none that can be set.
//! Which of them answer is found out by others.

use std::collections::HashSet;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::facts::{Family, ResolveError, Target};

/// All addresses in the resolver's order.
///
/// # Errors
/// [`ResolveError`], with the resolver's words.
pub(super) fn addresses(
    target: &Target,
    family: Family,
    limit: Duration,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let name = (without_brackets(&target.host).to_owned(), target.port);
    // A resolver that hangs keeps its thread; it ends with the program.
    let started = thread::Builder::new().spawn(move || {
        let found = (name.0.as_str(), name.1).to_socket_addrs();
        let _ = sender.send(found.map(Vec::from_iter).map_err(|error| error.to_string()));
    });
    started.map_err(|error| ResolveError::Failed(error.to_string()))?;
    let found = receiver
        .recv_timeout(limit)
        .map_err(|_| ResolveError::Timeout(limit))?;
    let mut found = found.map_err(ResolveError::Failed)?;
    let mut probed = HashSet::new();
    found.retain(|address| is_allowed(family, address) && probed.insert(*address));
    if found.is_empty() {
        return Err(ResolveError::OtherFamily);
    }
    Ok(found)
}

fn is_allowed(family: Family, address: &SocketAddr) -> bool {
    match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    }
}

/// Without the brackets of an IPv6 address.
fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}
