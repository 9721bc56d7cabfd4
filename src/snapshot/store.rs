//! The file of one collection while it is filled: rows of a page that failed are taken back, kept pages stay.
//! What a page is, and whether it failed, is decided by the walk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::journal::Mark;
use crate::tls::Sha256;

/// So many bytes are written together.
const BUFFER: usize = 256 << 10;

/// A file of rows, one a line.
pub struct Store {
    file: File,
    buffer: Vec<u8>,
    sum: Sha256,
    /// Bytes so far, those in the buffer too.
    length: u64,
    kept: Kept,
}

/// What is there for good.
struct Kept {
    sum: Sha256,
    length: u64,
}

impl Store {
    /// A new file, or an old one from its beginning.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path) -> io::Result<Store> {
        Ok(Store::new(File::create(path)?))
    }

    /// A file that nobody else sees and nobody has to remove.
    ///
    /// # Errors
    /// What the disk says.
    pub fn hidden() -> io::Result<Store> {
        Ok(Store::new(tempfile::tempfile()?))
    }

    fn new(file: File) -> Store {
        Store {
            file,
            buffer: Vec::with_capacity(BUFFER + BUFFER / 4),
            sum: Sha256::default(),
            length: 0,
            kept: Kept {
                sum: Sha256::default(),
                length: 0,
            },
        }
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
        let mut store = Store::new(file);
        let mut agreed = 0;
        for mark in marks {
            if !store.hash_up_to(mark.length)? || store.sum.digits() != mark.sum {
                break;
            }
            store.kept = Kept {
                sum: store.sum.clone(),
                length: store.length,
            };
            agreed += 1;
        }
        store.take_back()?;
        Ok((store, agreed))
    }

    /// Reads on to a place; `false` where the file is shorter.
    fn hash_up_to(&mut self, length: u64) -> io::Result<bool> {
        let mut piece = vec![0; BUFFER];
        while self.length < length {
            let wanted = usize::try_from(length - self.length)
                .unwrap_or(BUFFER)
                .min(BUFFER);
            let count = self
                .file
                .read(piece.get_mut(..wanted).unwrap_or_default())?;
            if count == 0 {
                return Ok(false);
            }
            self.sum.add(piece.get(..count).unwrap_or_default());
            self.length += count as u64;
        }
        Ok(true)
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
        self.sum.add(&self.buffer);
        let written = self.file.write_all(&self.buffer);
        self.buffer.clear();
        written
    }

    /// What was added since the last mark stays.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&mut self) -> io::Result<Mark> {
        self.write()?;
        self.kept = Kept {
            sum: self.sum.clone(),
            length: self.length,
        };
        Ok(Mark {
            length: self.length,
            sum: self.sum.digits(),
        })
    }

    /// Forgets what was added since the last mark.
    ///
    /// # Errors
    /// What the disk says.
    pub fn take_back(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.file.set_len(self.kept.length)?;
        self.file.seek(SeekFrom::Start(self.kept.length))?;
        self.sum = self.kept.sum.clone();
        self.length = self.kept.length;
        Ok(())
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&mut self) -> io::Result<()> {
        self.kept = Kept {
            sum: Sha256::default(),
            length: 0,
        };
        self.take_back()
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
        self.file.sync_all()?;
        Ok(mark)
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
