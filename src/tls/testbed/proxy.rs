//! TLS-terminating proxy: requires a client certificate, and forwards to a plain port.

use std::collections::HashMap;
use std::io::Read;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;

use super::ca::TestCertificates;
use super::relay::{forward, handshake, shut};
use crate::util::mutex::lock;

/// How long a refused client gets to read the alert.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// A listening front. Dropping it closes every connection and waits for the threads.
pub struct TlsProxy {
    address: SocketAddr,
    open: Arc<Open>,
    listener: Option<JoinHandle<()>>,
}

impl TlsProxy {
    /// Listens on a free port of the loopback interface and forwards to `target`.
    ///
    /// # Errors
    /// If no port is free, or if OpenSSL rejects the certificates.
    pub fn start(issued: &TestCertificates, target: SocketAddr) -> anyhow::Result<TlsProxy> {
        let acceptor =
            acceptor(issued).context("preparing the TLS front of the embedded broker")?;
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context("listening on a free port of 127.0.0.1")?;
        let address = socket.local_addr()?;
        let open = Arc::new(Open::default());
        let shared = Arc::clone(&open);
        let listener = thread::Builder::new()
            .name("tls-front".to_owned())
            .spawn(move || listen(&socket, &acceptor, target, &shared))?;
        Ok(TlsProxy {
            address,
            open,
            listener: Some(listener),
        })
    }

    /// The address for clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TlsProxy {
    fn drop(&mut self) {
        self.open.close();
        // Wakes the listener, which then sees that it is to stop.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(listener) = self.listener.take().filter(|_| woken) {
            // A thread that panicked has ended, which is all that is wanted here.
            let _ = listener.join();
        }
    }
}

/// The sockets that must be shut down when the front stops.
#[derive(Default)]
struct Open {
    stopping: AtomicBool,
    sockets: Mutex<HashMap<u64, TcpStream>>,
}

impl Open {
    fn close(&self) {
        let sockets = lock(&self.sockets);
        self.stopping.store(true, Ordering::SeqCst);
        for socket in sockets.values() {
            shut(socket);
        }
    }

    /// Registers a socket; `false` when the front is stopping.
    fn enter(&self, id: u64, socket: &TcpStream) -> bool {
        let mut sockets = lock(&self.sockets);
        match socket.try_clone() {
            Ok(clone) if !self.stopping.load(Ordering::SeqCst) => {
                sockets.insert(id, clone);
                true
            }
            _ => false,
        }
    }

    fn leave(&self, id: u64) {
        lock(&self.sockets).remove(&id);
    }
}

fn acceptor(issued: &TestCertificates) -> anyhow::Result<SslAcceptor> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_certificate(&issued.broker().certificate)?;
    builder.set_private_key(&issued.broker().key)?;
    let mut trusted = X509StoreBuilder::new()?;
    trusted.add_cert(issued.clients_ca().clone())?;
    builder.set_verify_cert_store(trusted.build())?;
    builder.add_client_ca(issued.clients_ca())?;
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    Ok(builder.build())
}

fn listen(socket: &TcpListener, acceptor: &SslAcceptor, target: SocketAddr, open: &Arc<Open>) {
    let mut clients: Vec<JoinHandle<()>> = Vec::new();
    for (id, client) in (0..).zip(socket.incoming()) {
        if open.stopping.load(Ordering::SeqCst) {
            break;
        }
        clients.retain(|thread| !thread.is_finished());
        let Ok(client) = client else { continue };
        let (acceptor, open) = (acceptor.clone(), Arc::clone(open));
        clients.push(thread::spawn(move || {
            if open.enter(id, &client) {
                serve(client, &acceptor, target);
            }
            open.leave(id);
        }));
    }
    for client in clients {
        let _ = client.join();
    }
}

/// One client from its first byte to its last. Whatever goes wrong ends this client only.
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

/// A socket closed with unread bytes is reset, and the reset can overtake the alert; so the client's remaining bytes
/// are read first.
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

    use openssl::pkey::PKey;
    use openssl::ssl::SslConnector;
    use openssl::x509::X509;

    use super::*;
    use crate::tls::testbed::ca::CaOptions;

    /// Answers every byte with itself.
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
        front: &TlsProxy,
        connector: &SslConnector,
        sent: &[u8],
    ) -> Result<Vec<u8>, String> {
        let socket = TcpStream::connect(front.address()).unwrap();
        let words = |error: &dyn std::error::Error| error.to_string();
        let mut session = connector
            .connect("127.0.0.1", socket)
            .map_err(|e| words(&e))?;
        session.write_all(sent).map_err(|e| words(&e))?;
        let mut echoed = vec![0; sent.len()];
        session.read_exact(&mut echoed).map_err(|e| words(&e))?;
        Ok(echoed)
    }

    #[test]
    fn only_the_clients_ca_opens_the_door() {
        let ours = TestCertificates::new(&CaOptions::default()).unwrap();
        let foreign = TestCertificates::new(&CaOptions::default()).unwrap();
        let past = CaOptions {
            user_days: -30..-1,
            ..CaOptions::default()
        };
        let expired = TestCertificates::new(&past).unwrap();
        let front = TlsProxy::start(&ours, echo()).unwrap();
        let strict = TlsProxy::start(&expired, echo()).unwrap();
        for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
            let check = |front, trust, user, expected: &str| {
                let got = exchange(front, &connector(trust, user, version), b"hello");
                let got = got.map_or_else(|e| e, |_| "echoed".to_owned());
                assert!(got.contains(expected), "{version:?}: {got}");
            };
            check(&front, &ours, Some(&ours), "echoed");
            check(&front, &ours, Some(&foreign), "alert");
            check(&front, &ours, None, "alert");
            check(&front, &foreign, Some(&ours), "certificate verify failed");
            check(
                &strict,
                &expired,
                Some(&expired),
                "alert certificate expired",
            );
        }
    }

    #[test]
    fn a_long_exchange_arrives_whole() {
        let ours = TestCertificates::new(&CaOptions::default()).unwrap();
        let front = TlsProxy::start(&ours, echo()).unwrap();
        let connector = connector(&ours, Some(&ours), SslVersion::TLS1_3);
        let sent: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        assert_eq!(exchange(&front, &connector, &sent).unwrap(), sent);
    }

    #[test]
    fn noise_and_silence_disturb_nobody_and_do_not_delay_the_end() {
        let ours = TestCertificates::new(&CaOptions::default()).unwrap();
        let front = TlsProxy::start(&ours, echo()).unwrap();
        let silent = TcpStream::connect(front.address()).unwrap();
        let mut noisy = TcpStream::connect(front.address()).unwrap();
        noisy.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let connector = connector(&ours, Some(&ours), SslVersion::TLS1_3);
        assert_eq!(exchange(&front, &connector, b"x").unwrap(), b"x");
        let start = std::time::Instant::now();
        drop(front);
        assert!(start.elapsed() < Duration::from_secs(3));
        drop(silent);
    }
}
