//! Name resolution with a timeout, which the system's resolver lacks.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
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
    remove_unroutable(&mut found, has_route);
    if found.is_empty() {
        return Err(ResolveError::OtherFamily);
    }
    Ok(found)
}

/// Removes addresses of a family to which this machine has no route, if others remain: like the client library, which
/// sets `AI_ADDRCONFIG`.
fn remove_unroutable(addresses: &mut Vec<SocketAddr>, has_route: impl Fn(&SocketAddr) -> bool) {
    let routable = addresses.iter().copied().filter(has_route);
    let routable: Vec<SocketAddr> = routable.collect();
    if !routable.is_empty() {
        *addresses = routable;
    }
}

/// Connecting a UDP socket looks up the route and sends nothing.
fn has_route(address: &SocketAddr) -> bool {
    let any = match address {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0));
    socket.and_then(|socket| socket.connect(address)).is_ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_without_a_route_are_removed_if_others_remain() {
        let four = SocketAddr::from(([192, 0, 2, 1], 443));
        let six = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 443));
        let check = |has_route: fn(&SocketAddr) -> bool, expected: &[SocketAddr]| {
            let mut addresses = vec![six, four];
            remove_unroutable(&mut addresses, has_route);
            assert_eq!(addresses, expected);
        };
        check(SocketAddr::is_ipv4, &[four]);
        check(SocketAddr::is_ipv6, &[six]);
        check(|_| true, &[six, four]);
        check(|_| false, &[six, four]);
        assert!(has_route(&SocketAddr::from(([127, 0, 0, 1], 1))));
    }
}
