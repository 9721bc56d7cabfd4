//! Fuzzes captures: any bytes can be read, in one piece or in small ones, with the same records.

#![no_main]

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use ditto_cdc::capture::Capture;
use ditto_cdc::record::{Source, SourceItem};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (whole, pieces) = (read(bytes, usize::MAX), read(bytes, 7));
    // How much of damaged data is decoded depends on the pieces.
    assert_eq!(whole.is_some(), pieces.is_some());
    if let (Some(whole), Some(pieces)) = (whole, pieces) {
        // The layout of console lines is inferred from the lines that are there, so only the number is the same.
        assert_eq!(whole.len(), pieces.len());
    }
});

struct Pieces(io::Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(into.len());
        self.0.read(&mut into[..length])
    }
}

/// The payloads; `None` if reading failed.
fn read(bytes: &[u8], piece: usize) -> Option<Vec<Option<Vec<u8>>>> {
    let reader = Box::new(Pieces(io::Cursor::new(bytes.to_vec()), piece));
    let mut capture = Capture::from_reader("f", reader, Arc::default()).expect("a thread");
    let mut payloads = Vec::new();
    loop {
        match capture.next(Duration::from_secs(20)) {
            SourceItem::Record(record) => payloads.push(record.payload.map(Vec::from)),
            SourceItem::Notice(_) => {}
            SourceItem::End => return Some(payloads),
            SourceItem::Failed(_) => return None,
            item => panic!("{item:?}"),
        }
    }
}
