//! The client certificates that the brokers accept, from one handshake, to select a key before the connection.

use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::facts::{Credentials, Target, Timeouts};
use super::resolve;
use crate::tls::handshake::handshake;
use crate::tls::{AcceptedKeys, ClientConfig};

/// What the first broker that responds accepts. Addresses are tried in turn, as the client library does. `None` if no
/// broker requests a certificate.
#[must_use]
pub fn accepted_keys(
    targets: &[Target],
    credentials: &Credentials,
    timeouts: &Timeouts,
) -> Option<AcceptedKeys> {
    let config = credentials.tls.as_ref()?;
    let deadline = Instant::now() + timeouts.total;
    targets.iter().find_map(|target| {
        let left = deadline.saturating_duration_since(Instant::now());
        let limit = timeouts.resolve.min(left);
        let addresses = resolve::resolve(target, credentials.family, limit);
        let mut addresses = addresses.unwrap_or_default().into_iter();
        addresses.find_map(|address| from_address(address, target, config, timeouts, deadline))
    })
}

fn from_address(
    address: SocketAddr,
    target: &Target,
    config: &ClientConfig,
    timeouts: &Timeouts,
    deadline: Instant,
) -> Option<AcceptedKeys> {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = timeouts.connect.min(left);
    if timeout.is_zero() {
        return None;
    }
    let socket = TcpStream::connect_timeout(&address, timeout).ok()?;
    let until = deadline.min(Instant::now() + timeouts.handshake);
    let (made, _) = handshake(socket, &target.host, config, false, until);
    let request = made.certificate_request?;
    Some(AcceptedKeys {
        authorities: request.authorities,
        key_types: request.key_types,
    })
}
