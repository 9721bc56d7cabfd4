//! Checks whether a capture is in order of time already, before anything of it is shown: an older record may stand at its
//! end. A plain file is read in slices by several threads, which look at the fields before each payload only.

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::partition_keys::{PartitionKeys, SortKey, is_placed};
use super::read::read_at;
use super::{BYTE_ORDER_MARK, complete_record, content};
use crate::record::time_order::TxnOf;
use crate::record::{Place, Record};

/// More threads wait for memory.
const MAX_THREADS: usize = 4;
/// A shorter slice is not worth a thread.
const MIN_SLICE_BYTES: u64 = 4 << 20;
/// Fits the second-level cache.
const READ_BYTES: usize = 256 << 10;

/// The order of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileOrder {
    /// By time.
    InTime,
    /// Not by time, or it cannot be seen without reading in the order of the file.
    Unproven,
    /// The check was interrupted.
    Interrupted,
}

/// Compares each record with the one before it.
pub(super) struct OrderCheck {
    keys: PartitionKeys,
    first: Option<SortKey>,
    last: Option<SortKey>,
}

impl OrderCheck {
    pub fn new(txn_of: TxnOf) -> OrderCheck {
        OrderCheck {
            keys: PartitionKeys::new(txn_of),
            first: None,
            last: None,
        }
    }

    /// Whether the next record comes after the one before it.
    pub fn follows(&mut self, record: &Record<'_>) -> bool {
        let key = self.keys.next(record);
        let follows = self.last.is_none_or(|last| last <= key);
        self.first.get_or_insert(key);
        self.last = Some(key);
        follows
    }
}

/// Checks a plain file of this length that has one record in a line.
///
/// # Errors
/// I/O errors of the file.
pub(super) fn check_lines(
    file: &File,
    length: u64,
    txn_of: TxnOf,
    interrupt: &AtomicBool,
) -> io::Result<FileOrder> {
    let ended = AtomicBool::new(false);
    let ranges = slices(length);
    let results: Vec<io::Result<Option<OrderCheck>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = ranges
            .into_iter()
            .map(|range| {
                let slice = Slice {
                    file,
                    range,
                    txn_of,
                    stops: [&ended, interrupt],
                };
                scope.spawn(move || slice.check())
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().ok();
        threads
            .into_iter()
            .map(|thread| join(thread).unwrap_or(Ok(None)))
            .collect()
    });
    if interrupt.load(Ordering::Relaxed) {
        return Ok(FileOrder::Interrupted);
    }
    let mut last = None;
    for result in results {
        let Some(check) = result? else {
            return Ok(FileOrder::Unproven);
        };
        // All before it are at most `last`, so that the keys of this slice are those of the whole file.
        if check.first.is_some() && check.first < last {
            return Ok(FileOrder::Unproven);
        }
        last = check.last.or(last);
    }
    Ok(FileOrder::InTime)
}

/// Ranges of bytes, one for each thread.
fn slices(length: u64) -> Vec<Range<u64>> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let most = length.div_ceil(MIN_SLICE_BYTES).max(1);
    let count = (cores.min(MAX_THREADS) as u64).min(most);
    let bound = |at: u64| length / count * at;
    (0..count)
        .map(|at| {
            bound(at)..if at + 1 == count {
                length
            } else {
                bound(at + 1)
            }
        })
        .collect()
}

/// The lines that begin in a range of the file.
struct Slice<'a> {
    file: &'a File,
    range: Range<u64>,
    txn_of: TxnOf,
    stops: [&'a AtomicBool; 2],
}

impl Slice<'_> {
    /// `None` if the lines are not in order, or if one does not say its place; the other threads stop then.
    fn check(&self) -> io::Result<Option<OrderCheck>> {
        let checked = self.check_all();
        if !matches!(checked, Ok(Some(_))) {
            self.stops[0].store(true, Ordering::Relaxed);
        }
        checked
    }

    fn check_all(&self) -> io::Result<Option<OrderCheck>> {
        let mut check = OrderCheck::new(self.txn_of);
        let mut buffer = vec![0; READ_BYTES];
        // One byte before the slice says whether a line begins with it.
        let mut at = self.range.start.saturating_sub(1);
        let mut skip_line = self.range.start > 0;
        let mut filled = 0;
        loop {
            if self.stops.iter().any(|stop| stop.load(Ordering::Relaxed)) {
                return Ok(None);
            }
            if filled == buffer.len() {
                buffer.resize(2 * filled, 0);
            }
            let room = buffer.get_mut(filled..).unwrap_or_default();
            let count = read_at(self.file, room, at + filled as u64)?;
            filled += count;
            let known = buffer.get(..filled).unwrap_or_default();
            let mut start = 0;
            while let Some(rest) = known.get(start..).filter(|rest| !rest.is_empty()) {
                let end = match memchr::memchr(b'\n', rest) {
                    Some(end) => end + 1,
                    None if count == 0 => rest.len(),
                    None => break,
                };
                if at + start as u64 >= self.range.end {
                    return Ok(Some(check));
                }
                let line = rest.get(..end).unwrap_or_default();
                if !std::mem::take(&mut skip_line)
                    && !line_follows(line, at + start as u64, &mut check)
                {
                    return Ok(None);
                }
                start += end;
            }
            if count == 0 {
                return Ok(Some(check));
            }
            at += start as u64;
            buffer.copy_within(start..filled, 0);
            filled -= start;
        }
    }
}

/// Whether a line says its place, and comes after the one before it.
fn line_follows(line: &[u8], offset: u64, check: &mut OrderCheck) -> bool {
    let mark = line.strip_prefix(BYTE_ORDER_MARK).filter(|_| offset == 0);
    let Some(bytes) = content(mark.unwrap_or(line)) else {
        return true;
    };
    match complete_record(bytes, Place::Unknown) {
        Some(record) if is_placed(&record) => check.follows(&record),
        _ => false,
    }
}
