//! A socket that keeps what the other side sent during a handshake, and that ends at a deadline.
//! What the bytes mean is left to `flight`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// More than any handshake takes; what is beyond is not kept.
const KEPT_BYTES: usize = 256 * 1024;

const LINGER: Duration = Duration::from_millis(300);

/// A TCP connection under a deadline.
pub(in crate::tls) struct Tap {
    socket: TcpStream,
    deadline: Instant,
    received: Vec<u8>,
}

impl Tap {
    pub(in crate::tls) fn new(socket: TcpStream, deadline: Instant) -> Tap {
        Tap {
            socket,
            deadline,
            received: Vec::new(),
        }
    }

    /// Until when reads and writes may take from now on.
    pub(in crate::tls) fn until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// The first bytes that the other side sent, as they came.
    pub(in crate::tls) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Reads what comes within a moment: whoever sends something foreign has mostly sent more of it.
    pub(in crate::tls) fn linger(&mut self) {
        self.deadline = self.deadline.min(Instant::now() + LINGER);
        let mut rest = [0; 256];
        // Its end is as good as silence here.
        let _ = self.read(&mut rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT_BYTES.saturating_sub(self.received.len());
        self.received.extend(bytes.iter().take(room));
    }
}

/// The time left until a deadline.
///
/// # Errors
/// `TimedOut` where nothing is left.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// A socket's timeout has two names; OpenSSL would take the other one for "try again".
fn late(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(left(self.deadline)?))?;
        let count = self.socket.read(buffer).map_err(late)?;
        self.keep(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(left(self.deadline)?))?;
        self.socket.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
