//! The file of one collection while it is filled: rows of a page that failed are taken back, kept pages stay.
//! What a page is, and whether it failed, is decided by the walk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::{self, JoinHandle};

use super::journal::Mark;
use super::sums::Sums;
use crate::tls::Sha256;

/// So many bytes are written together.
const BUFFER: usize = 256 << 10;

/// Once so much was kept, the system is asked to bring it to the disk while more is read.
const FLUSH_EVERY: u64 = 32 << 20;

/// A file of rows, one a line.
pub struct Store {
    file: File,
    buffer: Vec<u8>,
    sums: Sums,
    /// Bytes so far, those in the buffer too.
    length: u64,
    /// What of them is there for good.
    kept: u64,
    /// How far the file was flushed or is being flushed; `None` where nobody will look for it after a power cut.
    flushed: Option<u64>,
    flush: Option<JoinHandle<io::Result<()>>>,
}

impl Store {
    /// A new file, or an old one from its beginning.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path) -> io::Result<Store> {
        Store::new(File::create(path)?, Sha256::default(), Some(0))
    }

    /// A file that nobody else sees and nobody has to remove.
    ///
    /// # Errors
    /// What the disk says.
    pub fn hidden() -> io::Result<Store> {
        Store::new(tempfile::tempfile()?, Sha256::default(), None)
    }

    fn new(file: File, sum: Sha256, flushed: Option<u64>) -> io::Result<Store> {
        Ok(Store {
            file,
            buffer: Vec::with_capacity(BUFFER + BUFFER / 4),
            sums: Sums::start(sum)?,
            length: 0,
            kept: 0,
            flushed,
            flush: None,
        })
    }

    /// Goes on with a file behind the last of these marks that the file still agrees with; how many marks that are.
    ///
    /// # Errors
    /// What the disk says.
    pub fn resume(path: &Path, marks: &[Mark]) -> io::Result<(Store, usize)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let (sum, length, agreed) = agreed(&file, marks)?;
        let mut store = Store::new(file, sum, Some(length))?;
        (store.length, store.kept) = (length, length);
        store.take_back()?;
        Ok((store, agreed))
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            return self.write();
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(&self.buffer) {
            self.buffer.clear();
            return Err(error);
        }
        self.buffer = self.sums.add(std::mem::take(&mut self.buffer))?;
        Ok(())
    }

    /// What was added since the last mark stays.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&mut self) -> io::Result<Mark> {
        self.write()?;
        let sum = self.sums.keep()?;
        self.kept = self.length;
        self.flush_beside()?;
        Ok(Mark {
            length: self.length,
            sum,
        })
    }

    /// Begins to flush what is kept, so that little is left to do at the end.
    fn flush_beside(&mut self) -> io::Result<()> {
        let due = self
            .flushed
            .is_some_and(|flushed| self.kept.saturating_sub(flushed) >= FLUSH_EVERY);
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
        (self.flush, self.flushed) = (Some(flush), Some(self.kept));
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
        self.buffer.clear();
        self.file.set_len(self.kept)?;
        self.file.seek(SeekFrom::Start(self.kept))?;
        self.length = self.kept;
        self.sums.forget()
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&mut self) -> io::Result<()> {
        self.kept = 0;
        self.flushed = self.flushed.map(|_| 0);
        self.take_back()?;
        self.sums.clear()
    }

    /// A second handle on the file, at its beginning.
    ///
    /// # Errors
    /// What the disk says.
    pub fn reader(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
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
    let (mut piece, mut length) = (vec![0; BUFFER], 0);
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
        let mut store = Store::create(&path).unwrap();
        let mut marks = Vec::new();
        for page in ["one\n", "two\n", "three\n"] {
            store.add(b"half a page").unwrap();
            store.take_back().unwrap();
            store.add(page.as_bytes()).unwrap();
            marks.push(store.keep().unwrap());
        }
        store.add(&vec![b'x'; 3 * BUFFER]).unwrap();
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
            let (mut store, found) = Store::resume(&path, &marks).unwrap();
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
}
