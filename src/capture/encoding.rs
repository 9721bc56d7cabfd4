//! Recognises compressed and UTF-16 input by its first bytes, and decodes it while it is read.

use std::fmt;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::read::read;
use super::utf16::Utf16Reader;
use crate::util::sqlite_file::SIGNATURE;

/// Size of the first read, which is longer than every signature.
const FIRST_READ_BYTES: usize = 64 << 10;
/// Limit of the memory of one zstd frame: 128 MiB, as the `zstd` command has it.
const MAX_ZSTD_WINDOW_LOG: u32 = 27;
/// Encodings inside each other, such as UTF-16 in gzip.
const MAX_LAYERS: usize = 3;

/// A reader of a capture in a thread.
pub(super) type Reader = Box<dyn Read + Send>;

/// A problem of encoded input.
#[derive(Debug)]
pub(super) enum EncodingError {
    /// An encoding that is recognised, but not read.
    Unsupported {
        /// The name of the format.
        format: &'static str,
        /// A command that writes the decoded bytes to its standard output; the file name follows.
        command: &'static str,
    },
    /// A `SQLite` database, such as a mirror.
    Database,
    /// The data of a compressed capture ends before its end mark.
    Incomplete(&'static str),
    /// A zstd frame needs more memory than the limit.
    LargeWindow,
    /// The data of a compressed capture is damaged.
    Damaged(&'static str, String),
}

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodingError::Unsupported { format, .. } => write!(f, "it is a {format} file"),
            EncodingError::Database => f.write_str("it is a SQLite database"),
            EncodingError::Incomplete(format) => {
                write!(
                    f,
                    "the {format} data ends too early: the file is incomplete"
                )
            }
            EncodingError::LargeWindow => {
                f.write_str("a zstd frame needs more than 128 MiB of memory")
            }
            EncodingError::Damaged(format, why) => {
                write!(f, "the {format} data is damaged ({why})")
            }
        }
    }
}

impl std::error::Error for EncodingError {}

/// An encoding, detected by the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Zstd,
    Utf16 {
        big_endian: bool,
    },
    /// A format that is not read: its name, and a command that decodes it.
    Unsupported(&'static str, &'static str),
    /// A `SQLite` database.
    Database,
}

const UTF16_LITTLE: Encoding = Encoding::Utf16 { big_endian: false };
const UTF16_BIG: Encoding = Encoding::Utf16 { big_endian: true };

/// The first bytes of formats.
const SIGNATURES: &[(&[u8], Encoding)] = &[
    (b"\x1f\x8b", Encoding::Gzip),
    (b"\x28\xb5\x2f\xfd", Encoding::Zstd),
    (b"\xff\xfe", UTF16_LITTLE),
    (b"\xfe\xff", UTF16_BIG),
    (SIGNATURE, Encoding::Database),
    (b"BZh", Encoding::Unsupported("bzip2", "bzip2 -dc")),
    (b"\xfd7zXZ\0", Encoding::Unsupported("xz", "xz -dc")),
    (b"PK\x03\x04", Encoding::Unsupported("zip", "unzip -p")),
    (b"\x04\x22\x4d\x18", Encoding::Unsupported("lz4", "lz4 -dc")),
    (
        b"7z\xbc\xaf\x27\x1c",
        Encoding::Unsupported("7z", "7z x -so"),
    ),
];

/// The encoding of input that begins like this; `None` if more bytes are needed.
fn recognise(head: &[u8], ended: bool) -> Option<Encoding> {
    let mut signatures = SIGNATURES.iter();
    if let Some((_, encoding)) = signatures.find(|(signature, _)| head.starts_with(signature)) {
        return Some(*encoding);
    }
    match head {
        // A skippable zstd frame, with which some programs begin.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Encoding::Zstd),
        // ASCII in UTF-16 without a byte order mark.
        [1..0x80, 0, ..] => Some(UTF16_LITTLE),
        [0, 1..0x80, ..] => Some(UTF16_BIG),
        _ if !ended && is_part_of_signature(head) => None,
        _ => Some(Encoding::Plain),
    }
}

/// Whether input that begins like this is read without decoding it.
pub(super) fn is_plain(head: &[u8]) -> bool {
    recognise(head, true) == Some(Encoding::Plain)
}

fn is_part_of_signature(head: &[u8]) -> bool {
    let mut signatures = SIGNATURES.iter();
    head.len() < 2
        || matches!(head, [0x50..=0x5f, 0x2a] | [0x50..=0x5f, 0x2a, 0x4d])
        || signatures.any(|(signature, _)| signature.starts_with(head))
}

/// A reader of the decoded bytes.
pub(super) struct Decoded {
    /// The reader.
    pub reader: Reader,
    /// A message about a conversion, if there was one.
    pub note: Option<&'static str>,
}

/// Reads the first bytes, and decodes the rest if these are encoded. `compressed` counts the bytes of a compressed
/// input that were read so far; it stays 0 for any other.
///
/// # Errors
/// I/O errors of the reader, and an [`EncodingError`] in them.
pub(super) fn decode(reader: Reader, compressed: &Arc<AtomicU64>) -> io::Result<Decoded> {
    let mut decoded = Decoded { reader, note: None };
    for _ in 0..MAX_LAYERS {
        let (encoding, whole) = peek(decoded.reader)?;
        decoded.reader = match encoding {
            Encoding::Plain => {
                decoded.reader = Box::new(whole);
                return Ok(decoded);
            }
            Encoding::Gzip => {
                let input = BufReader::new(Counting::new(whole, compressed));
                Box::new(Checked::new("gzip", MultiGzDecoder::new(input)))
            }
            Encoding::Zstd => {
                let input = Counting::new(whole, compressed);
                let mut frames = zstd::stream::read::Decoder::new(input)?;
                frames.window_log_max(MAX_ZSTD_WINDOW_LOG)?;
                Box::new(Checked::new("zstd", frames))
            }
            Encoding::Utf16 { big_endian } => {
                decoded.note = Some(
                    "is UTF-16, as PowerShell's > writes it, and is read as UTF-8; that > may have changed characters other than ASCII before",
                );
                Box::new(Utf16Reader::new(whole, big_endian))
            }
            Encoding::Database => return Err(io::Error::other(EncodingError::Database)),
            Encoding::Unsupported(format, command) => {
                return Err(io::Error::other(EncodingError::Unsupported {
                    format,
                    command,
                }));
            }
        };
    }
    Ok(decoded)
}

type Whole = Chain<Cursor<Vec<u8>>, Reader>;

/// The encoding, and a reader of all bytes.
fn peek(mut reader: Reader) -> io::Result<(Encoding, Whole)> {
    let (mut head, mut length) = (vec![0; FIRST_READ_BYTES], 0);
    let encoding = loop {
        let room = head.get_mut(length..).unwrap_or_default();
        let count = read(&mut reader, room)?;
        length += count;
        let ended = count == 0;
        let known = head.get(..length).unwrap_or_default();
        if let Some(encoding) = recognise(known, ended) {
            break encoding;
        }
    };
    head.truncate(length);
    Ok((encoding, Cursor::new(head).chain(reader)))
}

/// Counts the bytes that were read.
struct Counting<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R> Counting<R> {
    fn new(inner: R, count: &Arc<AtomicU64>) -> Self {
        let count = Arc::clone(count);
        Counting { inner, count }
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Turns the errors of a decoder into an [`EncodingError`].
struct Checked<R> {
    format: &'static str,
    decoder: R,
}

impl<R> Checked<R> {
    fn new(format: &'static str, decoder: R) -> Self {
        Checked { format, decoder }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(into).map_err(|error| {
            let why = error.to_string();
            let problem = match error.kind() {
                io::ErrorKind::Interrupted => return error,
                io::ErrorKind::UnexpectedEof => EncodingError::Incomplete(self.format),
                _ if why.contains("too much memory") => EncodingError::LargeWindow,
                // An I/O error of the input has a system error code.
                _ if error.raw_os_error().is_some() => return error,
                _ => EncodingError::Damaged(self.format, why),
            };
            io::Error::other(problem)
        })
    }
}

#[cfg(test)]
#[path = "tests/encoding.rs"]
mod tests;
