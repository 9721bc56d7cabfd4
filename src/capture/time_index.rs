//! Where each record of a capture is, sorted by time in bounded memory: sorted runs go to a temporary file, and are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use super::partition_keys::SortKey;
use super::read::read_at;
use crate::record::time_order::TimeKey;

/// Size of an entry in the temporary file.
const ENTRY_BYTES: usize = 48;
/// Memory of the buffers of all runs, in bytes.
const BUFFER_BYTES: usize = 4 << 20;
/// Number of entries of a buffer, if there are few runs.
const MAX_BUFFERED: usize = 1024;

/// The place of a record's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredAt {
    /// In the temporary file instead of the capture.
    pub copied: bool,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// In bytes.
    pub length: usize,
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: SortKey,
    pub at: StoredAt,
    /// Its line in the capture, counted from 1.
    pub line: u64,
}

impl Entry {
    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let (time, partition) = self.key;
        let mut bytes = [0; ENTRY_BYTES];
        let mut fields = bytes.chunks_exact_mut(8);
        let numbers = [
            time.millis().cast_unsigned(),
            time.txn(),
            u64::from(partition.cast_unsigned()) << 1 | u64::from(self.at.copied),
            self.at.offset,
            self.at.length as u64,
            self.line,
        ];
        for number in numbers {
            if let Some(field) = fields.next() {
                field.copy_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Entry> {
        let (fields, _) = bytes.as_chunks::<8>();
        let &[millis, txn, partition, offset, length, line] = fields else {
            return None;
        };
        let number = u64::from_le_bytes;
        let partition_and_copied = number(partition);
        let partition = u32::try_from(partition_and_copied >> 1).ok()?;
        Some(Entry {
            key: (
                TimeKey::new(number(millis).cast_signed(), number(txn)),
                partition.cast_signed(),
            ),
            at: StoredAt {
                copied: partition_and_copied & 1 == 1,
                offset: number(offset),
                length: usize::try_from(number(length)).ok()?,
            },
            line: number(line),
        })
    }
}

/// Collects entries in the order of the file.
pub(super) struct TimeIndexBuilder {
    entries: Vec<Entry>,
    /// Number of entries in memory.
    capacity: usize,
    runs: Vec<Range<u64>>,
    written: Option<BufWriter<File>>,
}

impl TimeIndexBuilder {
    /// Holds at most this many bytes of entries in memory.
    pub fn new(max_bytes: usize) -> TimeIndexBuilder {
        TimeIndexBuilder {
            entries: Vec::new(),
            capacity: (max_bytes / size_of::<Entry>()).max(1),
            runs: Vec::new(),
            written: None,
        }
    }

    /// Adds the next record of the file.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        if self.entries.len() == self.capacity {
            self.write_run()?;
        }
        self.entries.push(entry);
        Ok(())
    }

    fn write_run(&mut self) -> io::Result<()> {
        self.entries.sort_by_key(|entry| entry.key);
        let file = match &mut self.written {
            Some(file) => file,
            none => none.insert(BufWriter::new(tempfile::tempfile()?)),
        };
        for entry in &self.entries {
            file.write_all(&entry.to_bytes())?;
        }
        let start = self.runs.last().map_or(0, |run| run.end);
        let length = (self.entries.len() * ENTRY_BYTES) as u64;
        self.runs.push(start..start + length);
        self.entries.clear();
        Ok(())
    }

    /// All entries by time; equal ones in the order of the file.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn build(mut self) -> io::Result<TimeIndex> {
        if self.written.is_some() {
            self.write_run()?;
        }
        let Some(file) = self.written else {
            self.entries.sort_by_key(|entry| entry.key);
            return Ok(TimeIndex::InMemory(self.entries.into_iter()));
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let buffered = BUFFER_BYTES / self.runs.len().max(1) / ENTRY_BYTES;
        let buffered = buffered.clamp(16, MAX_BUFFERED);
        let mut merged = MergedRuns {
            heads: BinaryHeap::with_capacity(self.runs.len()),
            runs: Vec::with_capacity(self.runs.len()),
            file,
        };
        for (at, left) in self.runs.into_iter().enumerate() {
            merged.runs.push(Run {
                left,
                buffer: Vec::with_capacity(buffered * ENTRY_BYTES),
                read: 0,
            });
            merged.advance(at)?;
        }
        Ok(TimeIndex::Merged(merged))
    }
}

/// The entries of a capture by time.
pub(super) enum TimeIndex {
    /// All of them.
    InMemory(std::vec::IntoIter<Entry>),
    /// Runs in a temporary file.
    Merged(MergedRuns),
}

impl TimeIndex {
    /// The next entry.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        match self {
            TimeIndex::InMemory(entries) => Ok(entries.next()),
            TimeIndex::Merged(runs) => runs.next(),
        }
    }
}

/// Sorted runs in a file, and the next entry of each.
pub(super) struct MergedRuns {
    file: File,
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<Head>>,
}

/// The next entry of a run. Of equal keys, the earlier run comes first.
struct Head {
    run: usize,
    entry: Entry,
}

impl Head {
    fn order(&self) -> (SortKey, usize) {
        (self.entry.key, self.run)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// A part of the file, read in buffers.
struct Run {
    /// What is not in the buffer yet.
    left: Range<u64>,
    buffer: Vec<u8>,
    /// Number of bytes of the buffer that were read.
    read: usize,
}

impl MergedRuns {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        let Some(Reverse(Head { run, entry })) = self.heads.pop() else {
            return Ok(None);
        };
        self.advance(run)?;
        Ok(Some(entry))
    }

    /// Makes the next entry of a run known.
    fn advance(&mut self, at: usize) -> io::Result<()> {
        let Some(run) = self.runs.get_mut(at) else {
            return Ok(());
        };
        if run.read == run.buffer.len() {
            run.fill(&self.file)?;
        }
        let bytes = run.buffer.get(run.read..).unwrap_or_default();
        let bytes = bytes.get(..ENTRY_BYTES);
        run.read += ENTRY_BYTES;
        if let Some(entry) = bytes.and_then(Entry::from_bytes) {
            self.heads.push(Reverse(Head { run: at, entry }));
        }
        Ok(())
    }
}

impl Run {
    fn fill(&mut self, file: &File) -> io::Result<()> {
        let left = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        self.buffer.resize(left.min(self.buffer.capacity()), 0);
        let count = read_at(file, &mut self.buffer, self.left.start)?;
        if count < self.buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left.start += count as u64;
        self.read = 0;
        Ok(())
    }
}
