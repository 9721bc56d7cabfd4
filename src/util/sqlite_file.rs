//! Recognises `SQLite` files by their first bytes, whatever they are called.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first bytes of every `SQLite` file.
pub const SIGNATURE: &[u8] = b"SQLite format 3\0";

/// Whether a path is a regular file with these first bytes.
#[must_use]
pub fn is_sqlite(path: &Path) -> bool {
    // A pipe or a device must not be read twice.
    if !path.is_file() {
        return false;
    }
    let mut start = [0; SIGNATURE.len()];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok_and(|()| start == SIGNATURE)
}
