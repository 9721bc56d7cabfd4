//! The file of one collection, with commit points after each page: a failed page is rolled back.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread::{self, JoinHandle};

use super::aligned_block::{ALIGNMENT, Block};
use super::journal::CommitPoint;
use super::threads::HashThread;
use crate::tls::Sha256;
use crate::util::private_file;

/// Size of the buffer that hashes an existing file.
const READ_BUFFER_BYTES: usize = 256 << 10;

/// A background flush starts after this many committed bytes.
const FLUSH_INTERVAL_BYTES: u64 = 32 << 20;

/// A file of rows, one per line.
pub struct CollectionFile {
    file: File,
    hasher: HashThread,
    /// The block that is being filled; it starts with `tail`, or after a full block.
    block: Block,
    /// Committed bytes after the last aligned offset: they are written again with the following bytes.
    tail: Vec<u8>,
    /// Length in bytes, including the block.
    length: u64,
    /// Committed bytes.
    committed: u64,
    /// Bytes that are flushed or being flushed.
    flushed: u64,
    flush: Option<JoinHandle<io::Result<()>>>,
}

impl CollectionFile {
    /// Creates a file, which only its owner may read; an existing one is removed.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn create(path: &Path) -> io::Result<CollectionFile> {
        CollectionFile::new(private_file::recreate(path)?, path, Sha256::default(), 0)
    }

    /// Continues a file whose first `length` bytes are committed.
    fn new(mut file: File, path: &Path, sum: Sha256, length: u64) -> io::Result<CollectionFile> {
        let mut tail = Vec::new();
        if length > 0 {
            file.seek(SeekFrom::Start(align_down(length)))?;
            let mut rest = (&mut file).take(length - align_down(length));
            rest.read_to_end(&mut tail)?;
        }
        let mut store = CollectionFile {
            hasher: HashThread::start(sum, file.try_clone()?, path)?,
            file,
            block: Block::new(),
            tail,
            length,
            committed: length,
            flushed: length,
            flush: None,
        };
        store.rollback()?;
        Ok(store)
    }

    /// Continues a file after the last commit point that its content matches; returns the number of matching points.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn resume(
        path: &Path,
        commit_points: &[CommitPoint],
    ) -> io::Result<(CollectionFile, usize)> {
        let file = private_file::open(path)?;
        let (sum, length, matching_commit_points) = matching_commit_points(&file, commit_points)?;
        Ok((
            CollectionFile::new(file, path, sum, length)?,
            matching_commit_points,
        ))
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// I/O errors of the file, including those of earlier bytes.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        let mut rest = self.block.take(bytes);
        while self.block.is_full() {
            self.submit_block(&[])?;
            rest = self.block.take(rest);
        }
        Ok(())
    }

    /// Submits the block to the hashing thread. The next block starts with `tail`, the last bytes of this one.
    fn submit_block(&mut self, tail: &[u8]) -> io::Result<()> {
        let next_offset = self.block.offset + self.block.bytes().len() as u64 - tail.len() as u64;
        self.hasher.add(&mut self.block)?;
        self.block.begin(next_offset, tail);
        Ok(())
    }

    /// Commits what was appended.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn commit(&mut self) -> io::Result<CommitPoint> {
        let tail = self.block.aligned_and_rest().1.to_vec();
        if !self.block.unhashed().is_empty() {
            self.submit_block(&tail)?;
        }
        let sum = self.hasher.commit()?;
        (self.committed, self.tail) = (self.length, tail);
        self.start_flush()?;
        Ok(CommitPoint {
            length: self.length,
            sum,
        })
    }

    /// Starts to flush committed bytes in the background, so that the final flush is short.
    fn start_flush(&mut self) -> io::Result<()> {
        let due = self.committed.saturating_sub(self.flushed) >= FLUSH_INTERVAL_BYTES;
        if !due
            || self
                .flush
                .as_ref()
                .is_some_and(|flush| !flush.is_finished())
        {
            return Ok(());
        }
        self.finish_flush()?;
        let file = self.file.try_clone()?;
        let flush = thread::Builder::new().spawn(move || file.sync_data())?;
        (self.flush, self.flushed) = (Some(flush), self.committed);
        Ok(())
    }

    /// Waits for the background flush. The system reports a flush error only once, so it must not be lost.
    fn finish_flush(&mut self) -> io::Result<()> {
        let Some(flush) = self.flush.take() else {
            return Ok(());
        };
        let died = |_| {
            Err(io::Error::other(
                "the thread that flushes the file has ended",
            ))
        };
        flush.join().unwrap_or_else(died)
    }

    /// Rolls back to the last commit point.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn rollback(&mut self) -> io::Result<()> {
        self.length = self.committed;
        self.block.begin(align_down(self.committed), &self.tail);
        self.hasher.rollback(self.committed)
    }

    /// Truncates the file.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn clear(&mut self) -> io::Result<()> {
        self.committed = 0;
        self.tail.clear();
        self.flushed = 0;
        self.rollback()
    }

    /// Flushes the file; returns its size and hash.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn finish(&mut self) -> io::Result<CommitPoint> {
        let commit_point = self.commit()?;
        self.finish_flush()?;
        self.file.sync_all()?;
        Ok(commit_point)
    }
}

/// The last aligned offset up to `length`.
fn align_down(length: u64) -> u64 {
    length - length % ALIGNMENT as u64
}

/// The number of commit points, from the first on, that a file's content matches, and the hash and length at the last
/// of them.
fn matching_commit_points(
    mut file: &File,
    commit_points: &[CommitPoint],
) -> io::Result<(Sha256, u64, usize)> {
    let (mut good, mut length) = (Sha256::default(), 0);
    for (number, commit_point) in commit_points.iter().enumerate() {
        let mut sum = good.clone();
        let grown = commit_point.length.saturating_sub(length);
        if hash(&mut file, grown, &mut sum)? < grown || sum.digits() != commit_point.sum {
            return Ok((good, length, number));
        }
        (good, length) = (sum, commit_point.length);
    }
    Ok((good, length, commit_points.len()))
}

/// Hashes up to `wanted` bytes; returns their number.
fn hash(file: &mut impl Read, wanted: u64, sum: &mut Sha256) -> io::Result<u64> {
    let (mut buffer, mut length) = (vec![0; READ_BUFFER_BYTES], 0);
    let mut part = file.take(wanted);
    loop {
        match part.read(&mut buffer)? {
            0 => return Ok(length),
            count => {
                sum.add(buffer.get(..count).unwrap_or_default());
                length += count as u64;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_committed_rolled_back_and_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut store = CollectionFile::create(&path).unwrap();
        let mut commit_points = Vec::new();
        for page in ["one\n", "two\n", "three\n"] {
            store.add(b"half a page").unwrap();
            store.rollback().unwrap();
            store.add(page.as_bytes()).unwrap();
            commit_points.push(store.commit().unwrap());
        }
        store.add(&vec![b'x'; 3 << 20]).unwrap();
        drop(store);
        let cases: [(&dyn Fn(), usize, &str); 4] = [
            (&|| (), 3, "one\ntwo\nthree\n"),
            (
                &|| std::fs::write(&path, "one\ntwo\nthreX\nrest").unwrap(),
                2,
                "one\ntwo\n",
            ),
            (&|| std::fs::write(&path, "one\n\0\0").unwrap(), 1, "one\n"),
            (&|| std::fs::remove_file(&path).unwrap(), 0, ""),
        ];
        for (damage, matching_commit_points, left) in cases {
            damage();
            let (mut store, found) = CollectionFile::resume(&path, &commit_points).unwrap();
            assert_eq!(found, matching_commit_points);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), left);
            store.add(b"on\n").unwrap();
            let commit_point = store.finish().unwrap();
            let mut fresh = Sha256::default();
            fresh.add(&std::fs::read(&path).unwrap());
            assert_eq!(commit_point.sum, fresh.digits());
            assert_eq!(commit_point.length, left.len() as u64 + 3);
        }
    }

    /// Pages of every length around an aligned unit and a block, some rolled back, over several runs.
    #[test]
    fn unaligned_lengths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let lengths = [
            1, 4095, 1, 4096, 4097, 8191, 0, 524_287, 524_288, 524_289, 1_500_000, 3,
        ];
        let (mut expected, mut commit_points) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let mut store = CollectionFile::create(&path).unwrap();
            expected.clear();
            commit_points.clear();
            for (number, length) in lengths.into_iter().enumerate() {
                let byte = b'a' + u8::try_from(number).unwrap();
                store.add(&vec![b'-'; length * 2 + 1]).unwrap();
                store.rollback().unwrap();
                for chunk in vec![byte; length].chunks(1000) {
                    store.add(chunk).unwrap();
                }
                expected.extend(std::iter::repeat_n(byte, length));
                commit_points.push(store.commit().unwrap());
                if number % 3 == 1 {
                    store.add(b"half a page").unwrap();
                    drop(store);
                    let matching_commit_points;
                    (store, matching_commit_points) =
                        CollectionFile::resume(&path, &commit_points).unwrap();
                    assert_eq!(matching_commit_points, commit_points.len());
                }
            }
            let commit_point = store.finish().unwrap();
            assert!(std::fs::read(&path).unwrap() == expected);
            let mut fresh = Sha256::default();
            fresh.add(&expected);
            assert_eq!(commit_point.sum, fresh.digits());
        }
    }
}
