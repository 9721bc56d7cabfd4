//! A capture in order of time: what is in order already is read as it is; anything else is indexed first, and its records
//! are read by their places. Memory is bounded, whatever the file's size.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::order_check::{FileOrder, OrderCheck, check_lines};
use super::partition_keys::{PartitionKeys, is_placed};
use super::read::read_at;
use super::stored_records::{Copies, StoredRecords};
use super::time_index::{Entry, StoredAt, TimeIndex, TimeIndexBuilder};
use super::{
    Capture, LineSearch, NoPart, Splitter, complete_record, encoding, format, payload_only, plain,
    shown_name,
};
use crate::record::time_order::TxnOf;
use crate::record::{Failure, FailureClass, Place, Progress, Record, Source, SourceItem};

/// A capture none of whose first records says its partition and time keeps its order.
const PROBED_RECORDS: usize = 64;
/// Memory for the index of all captures of a run, in bytes; larger indexes are in a temporary file.
const INDEX_BYTES: usize = 12 << 20;
/// Memory for the blocks that are read of all captures of a run, in bytes.
const CACHE_BYTES: usize = 12 << 20;
/// A file is waited for without a limit; Ctrl-C ends the wait.
const WAIT: Duration = Duration::from_secs(1);

/// A capture whose records are in order of time over all its partitions: by time, then by transaction, then by partition;
/// inside a partition in the order of the file. Standard input and pipes keep their order, because they may be live, and so
/// do captures without partitions or times.
pub struct OrderedCapture {
    path: PathBuf,
    txn_of: TxnOf,
    /// Number of captures that share the memory.
    sharing: usize,
    interrupt: Arc<AtomicBool>,
    /// In the order of the file, until another order is known.
    capture: Capture,
    is_decided: bool,
    /// Leaves out lines that cannot matter.
    search: Option<LineSearch>,
    sorted: Option<Sorted>,
}

/// Records by their places.
struct Sorted {
    index: TimeIndex,
    records: StoredRecords,
    /// Why the file could not be read to its end.
    failure: Option<Failure>,
    /// The current record, and its line.
    bytes: Vec<u8>,
    line: u64,
    /// Length of the records so far and of all, in bytes.
    delivered: u64,
    total: u64,
}

impl OrderedCapture {
    /// Opens a file, or standard input for `-`. `sharing` is the number of captures that are open at the same time.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be opened.
    pub fn open(
        path: &Path,
        txn_of: TxnOf,
        sharing: usize,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<OrderedCapture, Failure> {
        let capture = Capture::open(path, Arc::clone(interrupt))?;
        let is_file = path.as_os_str() != "-" && path.is_file();
        Ok(OrderedCapture {
            path: path.to_owned(),
            txn_of,
            sharing: sharing.max(1),
            interrupt: Arc::clone(interrupt),
            capture,
            is_decided: !is_file,
            search: None,
            sorted: None,
        })
    }

    /// As [`Capture::skip_lines`]; only the lines that are left are put in order.
    pub fn skip_lines(&mut self, search: LineSearch) {
        if self.is_decided {
            self.capture.skip_lines(search);
        } else {
            self.search = Some(search);
        }
    }

    /// The file's name, as users know it.
    pub(super) fn shown_name(&self) -> &str {
        shown_name(&self.capture.name)
    }

    /// A message about the way in which the capture is read.
    pub(super) fn next_notice(&mut self) -> Option<String> {
        self.capture.notices.pop_front()
    }

    /// The bytes of the next record, or why there is none.
    pub(super) fn part(&mut self, wait: Duration) -> Result<Range<usize>, NoPart> {
        if !self.is_decided {
            self.decide()?;
            self.is_decided = true;
            if let Some(message) = self.next_notice() {
                return Err(NoPart::Notice(message));
            }
        }
        let Some(sorted) = &mut self.sorted else {
            return self.capture.part(wait);
        };
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(NoPart::Interrupted);
        }
        match sorted.next() {
            Ok(Some(part)) => Ok(part),
            Ok(None) => Err(sorted.failure.take().map_or(NoPart::End, NoPart::Failed)),
            Err(error) => Err(NoPart::Failed(sorting_failure(&self.path, &error))),
        }
    }

    /// The record of these bytes.
    pub(super) fn record(&mut self, part: Range<usize>) -> Record<'_> {
        match &self.sorted {
            None => self.capture.record(part),
            Some(sorted) => {
                let here = Place::line(&self.capture.name, sorted.line);
                let bytes = sorted.bytes.as_slice();
                complete_record(bytes, here).unwrap_or_else(|| payload_only(bytes, here))
            }
        }
    }

    /// Finds the order of the file, and sorts its records if it is not in order of time.
    fn decide(&mut self) -> Result<(), NoPart> {
        let mut probe = self.open_again()?;
        if !has_places(&mut probe)? {
            if let Some(search) = self.search.take() {
                self.capture.skip_lines(search);
            }
            return Ok(());
        }
        // The lines that are left are few: they are sorted at once.
        if self.search.is_some() {
            return self.sort();
        }
        let order = match self.check_as_lines(&probe) {
            Ok(FileOrder::Unproven) => self.check_in_turn()?,
            // A file that cannot be read is reported when it is shown.
            Err(_) => FileOrder::InTime,
            Ok(order) => order,
        };
        match order {
            FileOrder::InTime => Ok(()),
            FileOrder::Interrupted => Err(NoPart::Interrupted),
            FileOrder::Unproven => self.sort(),
        }
    }

    fn open_again(&self) -> Result<Capture, NoPart> {
        Capture::open(&self.path, Arc::clone(&self.interrupt)).map_err(NoPart::Failed)
    }

    /// Fast, if the file is neither encoded nor of another shape.
    fn check_as_lines(&self, probe: &Capture) -> io::Result<FileOrder> {
        let file = File::open(&self.path)?;
        if !matches!(probe.splitter, Splitter::Lines) || !is_plain(&file)? {
            return Ok(FileOrder::Unproven);
        }
        let length = file.metadata()?.len();
        check_lines(&file, length, self.txn_of, &self.interrupt)
    }

    /// Record by record.
    fn check_in_turn(&self) -> Result<FileOrder, NoPart> {
        let mut capture = self.open_again()?;
        let mut check = OrderCheck::new(self.txn_of);
        loop {
            match capture.part(WAIT) {
                Ok(part) => {
                    if !check.follows(&capture.record(part)) {
                        return Ok(FileOrder::Unproven);
                    }
                }
                Err(NoPart::Idle | NoPart::Notice(_)) => {}
                Err(NoPart::Interrupted) => return Ok(FileOrder::Interrupted),
                // What comes before a fault is in order; the fault is reported when that is shown.
                Err(NoPart::End | NoPart::Failed(_)) => return Ok(FileOrder::InTime),
            }
        }
    }

    /// Replaces the capture by its records in order of time.
    fn sort(&mut self) -> Result<(), NoPart> {
        self.capture = self.open_again()?;
        if let Some(search) = self.search.take() {
            self.capture.skip_lines(search);
        }
        let failed = |error: io::Error| NoPart::Failed(sorting_failure(&self.path, &error));
        let file = File::open(&self.path).map_err(failed)?;
        let mut indexing = Indexing {
            is_plain: is_plain(&file).map_err(failed)?,
            keys: PartitionKeys::new(self.txn_of),
            index: TimeIndexBuilder::new(INDEX_BYTES / self.sharing),
            copies: Copies::default(),
            line: Vec::new(),
            total: 0,
        };
        let failure = loop {
            match self.capture.part(WAIT) {
                Ok(part) => indexing.add(&mut self.capture, part).map_err(failed)?,
                Err(NoPart::Idle) => {}
                Err(NoPart::Notice(message)) => self.capture.notices.push_back(message),
                Err(NoPart::End) => break None,
                // The records before the fault are shown, then the fault.
                Err(NoPart::Failed(failure)) => break Some(failure),
                Err(NoPart::Interrupted) => return Err(NoPart::Interrupted),
            }
        };
        let cache_bytes = CACHE_BYTES / self.sharing;
        let sorted = indexing.finish(file, failure, cache_bytes);
        self.sorted = Some(sorted.map_err(failed)?);
        Ok(())
    }
}

impl Source for OrderedCapture {
    fn next(&mut self, wait: Duration) -> SourceItem<'_> {
        if let Some(message) = self.next_notice() {
            return NoPart::Notice(message).into();
        }
        match self.part(wait) {
            Ok(part) => SourceItem::Record(self.record(part)),
            Err(reason) => reason.into(),
        }
    }

    /// As of a [`Capture`]; of a sorted one, in bytes of its records.
    fn progress(&self) -> Progress {
        let read = self.capture.progress();
        match &self.sorted {
            None => read,
            Some(sorted) => Progress {
                done: sorted.delivered,
                total: Some(sorted.total),
            },
        }
    }
}

impl Sorted {
    /// Reads the next record.
    fn next(&mut self) -> io::Result<Option<Range<usize>>> {
        let Some(entry) = self.index.next()? else {
            return Ok(None);
        };
        self.records.read(entry.at, &mut self.bytes)?;
        self.line = entry.line;
        self.delivered += self.bytes.len() as u64;
        Ok(Some(0..self.bytes.len()))
    }
}

/// Indexes the records of a capture.
struct Indexing {
    /// The file has the bytes that are read from it: neither compressed nor UTF-16.
    is_plain: bool,
    keys: PartitionKeys,
    index: TimeIndexBuilder,
    copies: Copies,
    /// A record in the capture format.
    line: Vec<u8>,
    /// Length of all records, in bytes.
    total: u64,
}

impl Indexing {
    /// Adds the next record. One that is understood alone is read from the file again; others are copied.
    fn add(&mut self, capture: &mut Capture, part: Range<usize>) -> io::Result<()> {
        let at = StoredAt {
            copied: false,
            offset: capture.lines.offset_of(&part),
            length: part.len(),
        };
        let line = capture.number;
        let is_complete =
            complete_record(capture.lines.get(part.clone()), Place::Unknown).is_some();
        let record = capture.record(part);
        let at = if self.is_plain && is_complete {
            at
        } else {
            self.line.clear();
            format::write(&record, &mut self.line)?;
            self.copies.add(self.line.trim_ascii_end())?
        };
        self.total += at.length as u64;
        let key = self.keys.next(&record);
        self.index.push(Entry { key, at, line })
    }

    fn finish(
        self,
        file: File,
        failure: Option<Failure>,
        cache_bytes: usize,
    ) -> io::Result<Sorted> {
        let partitions = self.keys.count();
        Ok(Sorted {
            index: self.index.build()?,
            records: StoredRecords::new(file, self.copies, partitions, cache_bytes)?,
            failure,
            bytes: Vec::new(),
            line: 0,
            delivered: 0,
            total: self.total,
        })
    }
}

/// Whether one of the first records says its partition and time.
fn has_places(capture: &mut Capture) -> Result<bool, NoPart> {
    let mut left = PROBED_RECORDS;
    while left > 0 {
        match capture.part(WAIT) {
            Ok(part) => {
                if is_placed(&capture.record(part)) {
                    return Ok(true);
                }
                left -= 1;
            }
            Err(NoPart::Idle | NoPart::Notice(_)) => {}
            Err(NoPart::Interrupted) => return Err(NoPart::Interrupted),
            Err(NoPart::End | NoPart::Failed(_)) => break,
        }
    }
    Ok(false)
}

/// Whether a file is read without decoding it.
fn is_plain(file: &File) -> io::Result<bool> {
    let mut head = [0; 16];
    let length = read_at(file, &mut head, 0)?;
    Ok(encoding::is_plain(head.get(..length).unwrap_or_default()))
}

/// The index, a copy or a place of a record could not be written or read.
fn sorting_failure(path: &Path, error: &io::Error) -> Failure {
    let name = path.to_string_lossy();
    let folder = std::env::temp_dir();
    Failure {
        class: FailureClass::Read,
        what: format!(
            "cannot show the capture {name} in order of time, with temporary files in {}: {}",
            folder.display(),
            plain(error)
        ),
        fix: Some(
            "set TMPDIR to a folder with more space, or use --order arrival, which needs no temporary file".to_owned(),
        ),
        raw: Some(error.to_string()),
    }
}

#[cfg(test)]
#[path = "tests/ordered.rs"]
mod tests;
