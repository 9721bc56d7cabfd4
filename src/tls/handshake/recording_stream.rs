//! A socket with a deadline that records the bytes received during a handshake.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// More than any handshake; later bytes are not recorded.
const MAX_RECORDED_BYTES: usize = 256 * 1024;

const LINGER: Duration = Duration::from_millis(300);

/// A TCP connection under a deadline.
pub(in crate::tls) struct RecordingStream {
    socket: TcpStream,
    deadline: Instant,
    received: Vec<u8>,
}

impl RecordingStream {
    pub(in crate::tls) fn new(socket: TcpStream, deadline: Instant) -> RecordingStream {
        RecordingStream {
            socket,
            deadline,
            received: Vec::new(),
        }
    }

    /// Until when reads and writes may take from now on.
    pub(in crate::tls) fn until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// The first received bytes.
    pub(in crate::tls) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Reads what arrives within a moment, because foreign servers mostly send more.
    pub(in crate::tls) fn drain(&mut self) {
        self.deadline = self.deadline.min(Instant::now() + LINGER);
        let mut rest = [0; 256];
        // Its end is as good as silence here.
        let _ = self.read(&mut rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_RECORDED_BYTES.saturating_sub(self.received.len());
        self.received.extend(bytes.iter().take(room));
    }
}

/// Time until a deadline.
///
/// # Errors
/// `TimedOut` after the deadline.
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

impl Read for RecordingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(left(self.deadline)?))?;
        let count = self.socket.read(buffer).map_err(late)?;
        self.keep(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Write for RecordingStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(left(self.deadline)?))?;
        self.socket.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
