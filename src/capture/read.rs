//! One read of a reader; a signal in between does not count.

use std::io::{self, Read};

/// Reads once.
///
/// # Errors
/// I/O errors of the reader.
pub(super) fn read(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
