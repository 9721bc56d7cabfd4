//! TLS-terminating proxy that requires a client certificate and forwards to a plain TCP port.

use std::io::Read;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;

use super::ca::TestCertificates;
use super::listener::{Listener, shut};
use super::relay::{forward, handshake};

/// Time for a rejected client to read the alert.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// A listening proxy. Dropping it closes every connection and waits for the threads.
pub struct TlsProxy(Listener);

impl TlsProxy {
    /// Listens on a free port of the loopback interface and forwards to `target`.
    ///
    /// # Errors
    /// If no port is free, or if OpenSSL rejects the certificates.
    pub fn start(certificates: &TestCertificates, target: SocketAddr) -> anyhow::Result<TlsProxy> {
        TlsProxy::start_at((Ipv4Addr::LOCALHOST, 0).into(), certificates, target)
    }

    /// Listens on an address and forwards to `target`.
    ///
    /// # Errors
    /// If the address is in use, or if OpenSSL rejects the certificates.
    pub fn start_at(
        listener: SocketAddr,
        certificates: &TestCertificates,
        target: SocketAddr,
    ) -> anyhow::Result<TlsProxy> {
        let acceptor =
            acceptor(certificates).context("preparing the TLS proxy of the embedded broker")?;
        let serve = move |client| serve(client, &acceptor, target);
        Ok(TlsProxy(Listener::start_at(listener, serve)?))
    }

    /// The address for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

fn acceptor(certificates: &TestCertificates) -> anyhow::Result<SslAcceptor> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_certificate(&certificates.broker().certificate)?;
    builder.set_private_key(&certificates.broker().key)?;
    let mut trusted = X509StoreBuilder::new()?;
    trusted.add_cert(certificates.clients_ca().clone())?;
    builder.set_verify_cert_store(trusted.build())?;
    builder.add_client_ca(certificates.clients_ca())?;
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    Ok(builder.build())
}

/// Serves one client. An error ends only this client's connection.
fn serve(client: TcpStream, acceptor: &SslAcceptor, target: SocketAddr) {
    let Ok(socket) = client.try_clone() else {
        return;
    };
    match handshake(client, acceptor) {
        Some(session) => forward(session, &socket, target),
        None => drain_and_close(&socket),
    }
    shut(&socket);
}

/// Reads the client's remaining bytes before closing: closing a socket with unread bytes resets the connection, and the
/// reset can overtake the alert.
fn drain_and_close(socket: &TcpStream) {
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.set_read_timeout(Some(CLOSE_TIMEOUT));
    let mut rest = [0_u8; 1024];
    let mut reader = socket;
    while matches!(reader.read(&mut rest), Ok(1..)) {}
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{self, Write};
    use std::net::TcpListener;
    use std::thread;

    use openssl::pkey::PKey;
    use openssl::ssl::SslConnector;
    use openssl::x509::X509;

    use super::*;
    use crate::tls::testbed::ca::CaOptions;

    /// An echo server.
    fn echo() -> SocketAddr {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            for client in socket.incoming().flatten() {
                let mut writer = client.try_clone().unwrap();
                thread::spawn(move || io::copy(&mut &client, &mut writer));
            }
        });
        address
    }

    fn connector(
        trust: &TestCertificates,
        user: Option<&TestCertificates>,
        version: SslVersion,
    ) -> SslConnector {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
        let ca = X509::from_pem(trust.cluster_pem().unwrap().as_bytes()).unwrap();
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(ca).unwrap();
        builder.set_cert_store(store.build());
        builder.set_min_proto_version(Some(version)).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
        if let Some(user) = user {
            let leaf = X509::from_pem(user.user_pem().unwrap().as_bytes()).unwrap();
            let key = user.user_key_pem().unwrap();
            let key = PKey::private_key_from_pem(key.expose().as_bytes()).unwrap();
            builder.set_certificate(&leaf).unwrap();
            builder.set_private_key(&key).unwrap();
        }
        builder.build()
    }

    /// The echo of `sent`, or OpenSSL's error.
    fn exchange(
        proxy: &TlsProxy,
        connector: &SslConnector,
        sent: &[u8],
    ) -> Result<Vec<u8>, String> {
        let socket = TcpStream::connect(proxy.address()).unwrap();
        let message = |error: &dyn std::error::Error| error.to_string();
        let mut session = connector
            .connect("127.0.0.1", socket)
            .map_err(|e| message(&e))?;
        session.write_all(sent).map_err(|e| message(&e))?;
        let mut echoed = vec![0; sent.len()];
        session.read_exact(&mut echoed).map_err(|e| message(&e))?;
        Ok(echoed)
    }

    #[test]
    fn only_certificates_of_the_clients_ca_are_accepted() {
        let ours = TestCertificates::new(&CaOptions::default()).unwrap();
        let foreign = TestCertificates::new(&CaOptions::default()).unwrap();
        let past = CaOptions {
            user_days: -30..-1,
            ..CaOptions::default()
        };
        let expired = TestCertificates::new(&past).unwrap();
        let proxy = TlsProxy::start(&ours, echo()).unwrap();
        let strict = TlsProxy::start(&expired, echo()).unwrap();
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            let check = |proxy, trust, user, expected: &str| {
                let got = exchange(proxy, &connector(trust, user, version), b"hello");
                let got = got.map_or_else(|e| e, |_| "echoed".to_owned());
                assert!(got.contains(expected), "{version:?}: {got}");
            };
            check(&proxy, &ours, Some(&ours), "echoed");
            check(&proxy, &ours, Some(&foreign), "alert");
            check(&proxy, &ours, None, "alert");
            check(&proxy, &foreign, Some(&ours), "certificate verify failed");
            check(
                &strict,
                &expired,
                Some(&expired),
                "alert certificate expired",
            );
        }
    }

    #[test]
    fn a_long_exchange_arrives_complete() {
        let ours = TestCertificates::new(&CaOptions::default()).unwrap();
        let proxy = TlsProxy::start(&ours, echo()).unwrap();
        let connector = connector(&ours, Some(&ours), SslVersion::TLS1_3);
        let sent: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        assert_eq!(exchange(&proxy, &connector, &sent).unwrap(), sent);
    }

    #[test]
    fn invalid_and_silent_clients_do_not_disturb_others_or_delay_the_end() {
        let ours = TestCertificates::new(&CaOptions::default()).unwrap();
        let proxy = TlsProxy::start(&ours, echo()).unwrap();
        let silent = TcpStream::connect(proxy.address()).unwrap();
        let mut noisy = TcpStream::connect(proxy.address()).unwrap();
        noisy.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let connector = connector(&ours, Some(&ours), SslVersion::TLS1_3);
        assert_eq!(exchange(&proxy, &connector, b"x").unwrap(), b"x");
        let start = std::time::Instant::now();
        drop(proxy);
        assert!(start.elapsed() < Duration::from_secs(3));
        drop(silent);
    }
}
