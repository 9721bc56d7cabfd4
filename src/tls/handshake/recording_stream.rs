//! Recording stream: a socket with a deadline that records the bytes received during a handshake.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// More than any handshake; later bytes are not recorded.
const MAX_RECORDED_BYTES: usize = 256 * 1024;

/// Foreign servers usually send their reply in several packets.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(300);

/// A TCP connection with a deadline.
pub(super) struct RecordingStream {
    socket: TcpStream,
    deadline: Instant,
    received: Vec<u8>,
    /// Bytes sent before the first were received.
    first_sent: usize,
}

impl RecordingStream {
    pub(super) fn new(socket: TcpStream, deadline: Instant) -> RecordingStream {
        RecordingStream {
            socket,
            deadline,
            received: Vec::new(),
            first_sent: 0,
        }
    }

    /// Sets the deadline of later reads and writes.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// The first received bytes.
    pub(super) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Number of bytes sent before the first were received: the client hello.
    pub(super) fn first_sent(&self) -> usize {
        self.first_sent
    }

    /// Reads once more, for at most [`DRAIN_TIMEOUT`].
    pub(super) fn drain(&mut self) {
        self.deadline = self.deadline.min(Instant::now() + DRAIN_TIMEOUT);
        let mut rest = [0; 256];
        // A closed connection has no further bytes.
        let _ = self.read(&mut rest);
    }

    fn record(&mut self, bytes: &[u8]) {
        let space = MAX_RECORDED_BYTES.saturating_sub(self.received.len());
        self.received.extend(bytes.iter().take(space));
    }
}

/// Time until a deadline.
///
/// # Errors
/// `TimedOut` after the deadline.
fn time_left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// Maps `WouldBlock`, the timeout of Unix sockets, to `TimedOut`: OpenSSL would retry after `WouldBlock`.
fn normalize_timeout(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Read for RecordingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket
            .set_read_timeout(Some(time_left(self.deadline)?))?;
        let count = self.socket.read(buffer).map_err(normalize_timeout)?;
        self.record(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

impl Write for RecordingStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket
            .set_write_timeout(Some(time_left(self.deadline)?))?;
        let count = self.socket.write(bytes).map_err(normalize_timeout)?;
        if self.received.is_empty() {
            self.first_sent += count;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
