//! Standard output of a test.

use std::io::{self, Write};

use super::Output;

/// Output up to a capacity, after which its reader has closed it.
pub(super) struct Sink {
    written: Vec<u8>,
    capacity: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let accepted = bytes.len().min(self.capacity - self.written.len());
        if accepted == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.extend_from_slice(&bytes[..accepted]);
        Ok(accepted)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// Standard output that accepts this many bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Output {
        let sink = Sink {
            written: Vec::new(),
            capacity,
        };
        Output {
            sink: Some(sink),
            ..Output::new(false, true, true)
        }
    }

    /// What was flushed to [`Output::with_capacity`].
    pub(crate) fn written(&self) -> &[u8] {
        self.sink.as_ref().map_or(&[], |sink| &sink.written)
    }
}
