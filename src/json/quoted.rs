//! Any text as a JSON string: quotes, backslashes and control characters are escaped, the rest is copied byte for byte.

use fearless_simd::Simd;

use super::block::{BLOCK_BYTES, Block, padded, set_bits, with_widest_simd};

/// Bytes that are copied at once: short runs are more frequent than long ones, and a copy of fixed length is fast.
const COPY_BYTES: usize = 16;
/// A block with room after its end, so that each run can be copied in whole steps.
const SOURCE_BYTES: usize = BLOCK_BYTES + COPY_BYTES;
/// Room for an escaped block: escapes with a letter take two bytes.
const ESCAPED_BYTES: usize = 2 * BLOCK_BYTES + COPY_BYTES;
/// Escaped blocks are collected before they are appended.
const BUFFER_BYTES: usize = 1024;

/// Appends text in UTF-8 as a JSON string with its quotes.
pub fn push_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    with_widest_simd!(simd => push_escaped(simd, text, out));
    out.push(b'"');
}

#[inline(always)]
fn push_escaped(simd: impl Simd, text: &[u8], out: &mut Vec<u8>) {
    let rest = push_blocks(simd, text, out);
    for part in rest.chunks(BLOCK_BYTES) {
        let (mut source, mut target) = ([0; SOURCE_BYTES], [0; ESCAPED_BYTES]);
        let bytes = padded(part, b' ');
        source[..BLOCK_BYTES].copy_from_slice(&bytes);
        match escape(&source, escapes(simd, &bytes), part.len(), &mut target) {
            Some(length) => out.extend_from_slice(&target[..length]),
            None => push_slowly(part, out),
        }
    }
}

/// Appends the blocks that other bytes follow, and returns the rest.
#[inline(always)]
fn push_blocks<'t>(simd: impl Simd, text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let mut rest = text;
    if rest.len() < SOURCE_BYTES {
        return rest;
    }
    let (mut buffer, mut end) = ([0; BUFFER_BYTES], 0);
    while let (Some(source), Some((bytes, later))) =
        (rest.first_chunk(), rest.split_first_chunk::<BLOCK_BYTES>())
    {
        if end + ESCAPED_BYTES > BUFFER_BYTES {
            out.extend_from_slice(&buffer[..end]);
            end = 0;
        }
        let target = &mut buffer[end..end + ESCAPED_BYTES];
        if let Some(length) = escape(source, escapes(simd, bytes), BLOCK_BYTES, target) {
            end += length;
        } else {
            out.extend_from_slice(&buffer[..end]);
            end = 0;
            push_slowly(bytes, out);
        }
        rest = later;
    }
    out.extend_from_slice(&buffer[..end]);
    rest
}

/// The bytes that need an escape.
#[inline(always)]
fn escapes(simd: impl Simd, bytes: &[u8; BLOCK_BYTES]) -> u64 {
    let block = Block::load(simd, bytes);
    block.quote() | block.backslash() | block.control()
}

/// Escapes the first `length` bytes of a block; the length of the result, or `None` if an escape has no letter.
#[inline(always)]
fn escape(
    source: &[u8; SOURCE_BYTES],
    escapes: u64,
    length: usize,
    target: &mut [u8],
) -> Option<usize> {
    let (mut from, mut end) = (0, 0);
    for at in set_bits(escapes) {
        let letter = letter(source[at])?;
        copy_run(source, from, target, end, at - from);
        end += at - from;
        target[end..end + 2].copy_from_slice(&[b'\\', letter]);
        end += 2;
        from = at + 1;
    }
    copy_run(source, from, target, end, length - from);
    Some(end + length - from)
}

/// Copies `length` bytes, and some of those after them.
#[inline(always)]
fn copy_run(source: &[u8; SOURCE_BYTES], from: usize, target: &mut [u8], to: usize, length: usize) {
    let mut copied = 0;
    loop {
        let (from, to) = (from + copied, to + copied);
        target[to..to + COPY_BYTES].copy_from_slice(&source[from..from + COPY_BYTES]);
        copied += COPY_BYTES;
        if copied >= length {
            return;
        }
    }
}

/// Appends bytes with escapes of any length. JSON has such control characters nowhere.
#[cold]
fn push_slowly(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match letter(byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None if byte < b' ' => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            None => out.push(byte),
        }
    }
}

/// The letter after the backslash; `None` for control characters without one, and for what needs no escape.
#[inline(always)]
fn letter(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::push_quoted;

    fn check(text: &str) {
        let mut out = b"x".to_vec();
        push_quoted(text.as_bytes(), &mut out);
        let read = serde_json::from_slice::<String>(out.strip_prefix(b"x").unwrap_or_default());
        assert_eq!(read.ok().as_deref(), Some(text));
    }

    #[test]
    fn every_byte_in_every_place() {
        for c in (0..0x80_u8).map(char::from).chain(['é', '😀']) {
            for before in 0..70 {
                for after in [0, 1, 17, 64] {
                    check(&format!("{}{c}{}", "a".repeat(before), "b".repeat(after)));
                }
            }
        }
        check(&"\"".repeat(300));
        check(&"\u{1}\n".repeat(300));
    }

    #[test]
    fn only_required_escapes() {
        let mut out = Vec::new();
        push_quoted(
            "{\"a/é\":\"\\u0000\t\u{7f}\u{2028}\"}\r\n\u{1f}".as_bytes(),
            &mut out,
        );
        assert_eq!(
            String::from_utf8_lossy(&out),
            "\"{\\\"a/é\\\":\\\"\\\\u0000\\t\u{7f}\u{2028}\\\"}\\r\\n\\u001f\""
        );
    }

    proptest! {
        #[test]
        fn it_reads_back(text in "[\"\\\\a-c\\n\\t\\u{0}\\u{1f}é😀]{0,300}", other in any::<String>()) {
            check(&text);
            check(&other);
        }
    }
}
