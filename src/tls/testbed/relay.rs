//! TLS-to-plain relay of one connection: after the handshake, two threads copy bytes between a client and a plain TCP
//! port.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use openssl::ssl::{ErrorCode, SslAcceptor, SslStream};

use super::listener::shut;
use crate::util::mutex::lock;

/// Limits how long a client that sends nothing blocks its thread.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const CHUNK_BYTES: usize = 64 * 1024;

/// OpenSSL's transport over the client's socket. During the handshake it reads from the socket; after it, only from
/// memory, so that the session is never locked while waiting.
pub(super) struct MemoryTransport {
    socket: TcpStream,
    received: Vec<u8>,
    handshake: bool,
}

impl Read for MemoryTransport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.handshake {
            return self.socket.read(buffer);
        }
        if self.received.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = self.received.as_slice().read(buffer)?;
        self.received.drain(..count);
        Ok(count)
    }
}

impl Write for MemoryTransport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

type Session = Mutex<SslStream<MemoryTransport>>;

/// Performs the handshake. `None` if the client was rejected, after OpenSSL sent an alert.
pub(super) fn handshake(
    client: TcpStream,
    acceptor: &SslAcceptor,
) -> Option<SslStream<MemoryTransport>> {
    client.set_read_timeout(Some(HANDSHAKE_TIMEOUT)).ok()?;
    client.set_nodelay(true).ok()?;
    let transport = MemoryTransport {
        socket: client,
        received: Vec::new(),
        handshake: true,
    };
    let mut session = acceptor.accept(transport).ok()?;
    let transport = session.get_mut();
    transport.handshake = false;
    transport.socket.set_read_timeout(None).ok()?;
    Some(session)
}

/// Copies bytes in both directions until one side closes, then closes both sockets.
pub(super) fn forward(session: SslStream<MemoryTransport>, socket: &TcpStream, target: SocketAddr) {
    let Ok(plain) = TcpStream::connect(target) else {
        return;
    };
    let _ = plain.set_nodelay(true);
    let session = Mutex::new(session);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = encrypt(&plain, &session);
            shut(socket);
        });
        let _ = decrypt(socket, &session, &plain);
        shut(&plain);
        // Unblocks the other thread if the client no longer reads.
        shut(socket);
    });
}

fn decrypt(mut socket: &TcpStream, session: &Session, mut plain: &TcpStream) -> io::Result<()> {
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    let mut clear = Vec::new();
    loop {
        let count = socket.read(&mut chunk)?;
        let received = chunk.get(..count).unwrap_or_default();
        if received.is_empty() {
            return Ok(());
        }
        let result = decrypt_records(&mut lock(session), received, &mut clear);
        plain.write_all(&clear)?;
        clear.clear();
        result?;
    }
}

/// Appends the decrypted bytes of `received` to `clear`.
///
/// # Errors
/// A TLS error, or the client's orderly close.
fn decrypt_records(
    session: &mut SslStream<MemoryTransport>,
    received: &[u8],
    clear: &mut Vec<u8>,
) -> io::Result<()> {
    session.get_mut().received.extend_from_slice(received);
    let mut chunk = [0_u8; 16 * 1024];
    loop {
        match session.ssl_read(&mut chunk) {
            Ok(count) => clear.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.code() == ErrorCode::WANT_READ => return Ok(()),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

fn encrypt(mut plain: &TcpStream, session: &Session) -> io::Result<()> {
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    loop {
        let count = plain.read(&mut chunk)?;
        let received = chunk.get(..count).unwrap_or_default();
        if received.is_empty() {
            let _ = lock(session).shutdown();
            return Ok(());
        }
        lock(session).write_all(received)?;
    }
}
