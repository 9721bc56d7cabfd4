//! A name's addresses, under a time limit of its own: the system's resolver has none that can be set.
//! Which of them answer is found out by others.

use std::collections::HashSet;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Family, Target, Unresolved};

/// All addresses in the resolver's order.
///
/// # Errors
/// [`Unresolved`], with the resolver's words.
pub(super) fn addresses(
    target: &Target,
    family: Family,
    limit: Duration,
) -> Result<Vec<SocketAddr>, Unresolved> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let name = (bare(&target.host).to_owned(), target.port);
    // A resolver that hangs keeps its thread; it ends with the program.
    let started = thread::Builder::new().spawn(move || {
        let found = (name.0.as_str(), name.1).to_socket_addrs();
        let _ = sender.send(found.map(Vec::from_iter).map_err(|error| error.to_string()));
    });
    started.map_err(|error| Unresolved::Failed(error.to_string()))?;
    let found = receiver
        .recv_timeout(limit)
        .map_err(|_| Unresolved::Silent(limit))?;
    let mut found = found.map_err(Unresolved::Failed)?;
    let mut seen = HashSet::new();
    found.retain(|address| allowed(family, address) && seen.insert(*address));
    if found.is_empty() {
        return Err(Unresolved::OtherFamily);
    }
    Ok(found)
}

fn allowed(family: Family, address: &SocketAddr) -> bool {
    match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    }
}

/// Without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}
