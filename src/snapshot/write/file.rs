//! The file of one collection while it is filled: rows of a page that failed are taken back, kept pages stay.
//! What a page is, and whether it failed, is decided by the walk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::thread::{self, JoinHandle};

use super::aligned_block::{ALIGNED, Block};
use super::hasher::Sums;
use super::journal::Mark;
use crate::tls::Sha256;

/// So much of a file is read at once.
const PIECE: usize = 256 << 10;

/// Once so much was kept, the system is asked to bring it to the disk while more is read.
const FLUSH_EVERY: u64 = 32 << 20;

/// A file of rows, one a line.
pub struct InFile {
    file: File,
    sums: Sums,
    /// What comes next; it begins with `tail`, or behind a full block.
    block: Block,
    /// What of the kept bytes did not fill a place of the disk: it is written once more with what follows.
    tail: Vec<u8>,
    /// Bytes so far, those in the block too.
    length: u64,
    /// What of them is there for good.
    kept: u64,
    /// How far the file was flushed or is being flushed.
    flushed: u64,
    flush: Option<JoinHandle<io::Result<()>>>,
}

impl InFile {
    /// A new file, or an old one from its beginning.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path) -> io::Result<InFile> {
        InFile::new(File::create(path)?, path, Sha256::default(), 0)
    }

    /// What is in the file up to `length` stays.
    fn new(mut file: File, path: &Path, sum: Sha256, length: u64) -> io::Result<InFile> {
        let mut tail = Vec::new();
        if length > 0 {
            file.seek(SeekFrom::Start(aligned(length)))?;
            let mut rest = (&mut file).take(length - aligned(length));
            rest.read_to_end(&mut tail)?;
        }
        let mut store = InFile {
            sums: Sums::start(sum, file.try_clone()?, path)?,
            file,
            block: Block::new(),
            tail,
            length,
            kept: length,
            flushed: length,
            flush: None,
        };
        store.take_back()?;
        Ok(store)
    }

    /// Goes on with a file behind the last of these marks that the file still agrees with; how many marks that are.
    ///
    /// # Errors
    /// What the disk says.
    pub fn resume(path: &Path, marks: &[Mark]) -> io::Result<(InFile, usize)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let (sum, length, agreed) = agreed(&file, marks)?;
        Ok((InFile::new(file, path, sum, length)?, agreed))
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What the disk says; of bytes that were added before, too.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        let mut rest = self.block.take(bytes);
        while self.block.is_full() {
            self.hand_on(&[])?;
            rest = self.block.take(rest);
        }
        Ok(())
    }

    /// Hands the block on. The next one begins with bytes that this one ends with.
    fn hand_on(&mut self, tail: &[u8]) -> io::Result<()> {
        let behind = self.block.offset + self.block.bytes().len() as u64 - tail.len() as u64;
        self.sums.add(&mut self.block)?;
        self.block.begin(behind, tail);
        Ok(())
    }

    /// What was added since the last mark stays.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&mut self) -> io::Result<Mark> {
        let tail = self.block.whole_and_rest().1.to_vec();
        if !self.block.fresh().is_empty() {
            self.hand_on(&tail)?;
        }
        let sum = self.sums.keep()?;
        (self.kept, self.tail) = (self.length, tail);
        self.flush_beside()?;
        Ok(Mark {
            length: self.length,
            sum,
        })
    }

    /// Begins to flush what is kept, so that little is left to do at the end.
    fn flush_beside(&mut self) -> io::Result<()> {
        let due = self.kept.saturating_sub(self.flushed) >= FLUSH_EVERY;
        if !due
            || self
                .flush
                .as_ref()
                .is_some_and(|flush| !flush.is_finished())
        {
            return Ok(());
        }
        self.end_flush()?;
        let file = self.file.try_clone()?;
        let flush = thread::Builder::new().spawn(move || file.sync_data())?;
        (self.flush, self.flushed) = (Some(flush), self.kept);
        Ok(())
    }

    /// An error is told once by the system: it must not be lost with the thread that met it.
    fn end_flush(&mut self) -> io::Result<()> {
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

    /// Forgets what was added since the last mark.
    ///
    /// # Errors
    /// What the disk says.
    pub fn take_back(&mut self) -> io::Result<()> {
        self.length = self.kept;
        self.block.begin(aligned(self.kept), &self.tail);
        self.sums.back(self.kept)
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&mut self) -> io::Result<()> {
        self.kept = 0;
        self.tail.clear();
        self.flushed = 0;
        self.take_back()
    }

    /// Flushes the file to the disk; its size and sum.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(&mut self) -> io::Result<Mark> {
        let mark = self.keep()?;
        self.end_flush()?;
        self.file.sync_all()?;
        Ok(mark)
    }
}

/// The last place before `length` that suits every disk.
fn aligned(length: u64) -> u64 {
    length - length % ALIGNED as u64
}

/// How many marks, from the first on, a file agrees with, the last one's length, and the sum up to there.
fn agreed(mut file: &File, marks: &[Mark]) -> io::Result<(Sha256, u64, usize)> {
    let (mut good, mut length) = (Sha256::default(), 0);
    for (number, mark) in marks.iter().enumerate() {
        let mut sum = good.clone();
        let grown = mark.length.saturating_sub(length);
        if hash(&mut file, grown, &mut sum)? < grown || sum.digits() != mark.sum {
            return Ok((good, length, number));
        }
        (good, length) = (sum, mark.length);
    }
    Ok((good, length, marks.len()))
}

/// Adds so many bytes to a sum; how many there were.
fn hash(file: &mut impl Read, wanted: u64, sum: &mut Sha256) -> io::Result<u64> {
    let (mut piece, mut length) = (vec![0; PIECE], 0);
    let mut part = file.take(wanted);
    loop {
        match part.read(&mut piece)? {
            0 => return Ok(length),
            count => {
                sum.add(piece.get(..count).unwrap_or_default());
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
    fn pages_are_kept_taken_back_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut store = InFile::create(&path).unwrap();
        let mut marks = Vec::new();
        for page in ["one\n", "two\n", "three\n"] {
            store.add(b"half a page").unwrap();
            store.take_back().unwrap();
            store.add(page.as_bytes()).unwrap();
            marks.push(store.keep().unwrap());
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
        for (damage, agreed, left) in cases {
            damage();
            let (mut store, found) = InFile::resume(&path, &marks).unwrap();
            assert_eq!(found, agreed);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), left);
            store.add(b"on\n").unwrap();
            let mark = store.finish().unwrap();
            let mut fresh = Sha256::default();
            fresh.add(&std::fs::read(&path).unwrap());
            assert_eq!(mark.sum, fresh.digits());
            assert_eq!(mark.length, left.len() as u64 + 3);
        }
    }

    /// Pages of every length around what a disk takes and what a block holds, some taken back, over several runs.
    #[test]
    fn lengths_that_suit_no_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let lengths = [
            1, 4095, 1, 4096, 4097, 8191, 0, 524_287, 524_288, 524_289, 1_500_000, 3,
        ];
        let (mut expected, mut marks) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let mut store = InFile::create(&path).unwrap();
            expected.clear();
            marks.clear();
            for (number, length) in lengths.into_iter().enumerate() {
                let byte = b'a' + u8::try_from(number).unwrap();
                store.add(&vec![b'-'; length * 2 + 1]).unwrap();
                store.take_back().unwrap();
                for piece in vec![byte; length].chunks(1000) {
                    store.add(piece).unwrap();
                }
                expected.extend(std::iter::repeat_n(byte, length));
                marks.push(store.keep().unwrap());
                if number % 3 == 1 {
                    store.add(b"half a page").unwrap();
                    drop(store);
                    let agreed;
                    (store, agreed) = InFile::resume(&path, &marks).unwrap();
                    assert_eq!(agreed, marks.len());
                }
            }
            let mark = store.finish().unwrap();
            assert!(std::fs::read(&path).unwrap() == expected);
            let mut fresh = Sha256::default();
            fresh.add(&expected);
            assert_eq!(mark.sum, fresh.digits());
        }
    }
}
