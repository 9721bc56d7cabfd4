//! The folder of a snapshot as the copy.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::copy::{
    AuditedCopy, CollectionCopy, CopyFacts, EqualRun, Match, Version, starts_with_line,
};
use super::sameness::Sameness;
use crate::record::Failure;
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::manifest::{Collection, Manifest};
use crate::snapshot::rows::{self, Rows};
use crate::snapshot::write::keyed_page::key_of;

/// A snapshot that `requery --output DIR` has written.
pub(super) struct FolderCopy {
    folder: PathBuf,
    manifest: Manifest,
    read_at: SnapshotIndex,
}

impl FolderCopy {
    /// Opens a folder.
    ///
    /// # Errors
    /// A [`Failure`] if it has no snapshot.
    pub fn open(folder: &Path) -> Result<(FolderCopy, CopyFacts), Failure> {
        let manifest = Manifest::read(folder)?;
        let facts = CopyFacts {
            name: folder.display().to_string(),
            positions: manifest.positions.clone(),
            collections: manifest
                .collections
                .iter()
                .map(|one| one.name.clone())
                .collect(),
            manifest: manifest.clone(),
            gap: None,
        };
        let copy = FolderCopy {
            folder: folder.to_owned(),
            read_at: SnapshotIndex::new(&manifest),
            manifest,
        };
        Ok((copy, facts))
    }
}

impl AuditedCopy for FolderCopy {
    fn open(&self, collection: &str) -> io::Result<Box<dyn CollectionCopy>> {
        let collection = self.manifest.collection(collection);
        let file = collection.map(|one| FolderFile::open(&self.folder, one));
        Ok(match file.transpose()? {
            Some(file) => Box::new(file),
            None => Box::new(NoDocuments),
        })
    }

    fn version(&self, collection: &str, key: &str, place: Option<u64>) -> io::Result<Version> {
        let file = self.manifest.collection(collection);
        let path = file.and_then(|one| rows::path(&self.folder, one));
        let document = match (path, place) {
            (Some(path), Some(offset)) => Some(line_at(&mut open(&path)?, offset)?),
            _ => None,
        };
        Ok(Version {
            document,
            txn: self.read_at.read_at(collection, key.as_bytes()),
        })
    }
}

/// A collection that the snapshot does not have.
struct NoDocuments;

impl CollectionCopy for NoDocuments {
    fn skip_equal(&mut self, _: &[u8]) -> io::Result<EqualRun> {
        Ok(EqualRun::default())
    }

    fn compare(&mut self, _: &str, _: &[u8]) -> io::Result<Match> {
        Ok(Match::Missing)
    }

    fn for_each_unmatched(
        &mut self,
        _: &mut dyn FnMut(u64, &str) -> io::Result<()>,
    ) -> io::Result<()> {
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A row of a file.
#[derive(Default)]
struct Row {
    place: u64,
    document: Vec<u8>,
}

/// The file of one collection.
struct FolderFile {
    folder: PathBuf,
    collection: Collection,
    rows: Rows,
    /// The next row.
    head: Option<Row>,
    /// Rows that were passed and not compared.
    passed: BTreeMap<u64, String>,
    /// Where each key is; made when the first row is not where it was expected.
    index: Option<KeyIndex>,
}

impl FolderFile {
    fn open(folder: &Path, collection: &Collection) -> io::Result<FolderFile> {
        let rows = Rows::open(folder, collection);
        let mut file = FolderFile {
            folder: folder.to_owned(),
            collection: collection.clone(),
            rows: rows.map_err(other)?,
            head: None,
            passed: BTreeMap::new(),
            index: None,
        };
        file.advance()?;
        Ok(file)
    }

    fn advance(&mut self) -> io::Result<()> {
        let mut head = self.head.take().unwrap_or_default();
        if let Some(row) = self.rows.next_row().map_err(other)? {
            head.place = row.offset;
            head.document.clear();
            head.document.extend_from_slice(row.document);
            self.head = Some(head);
        }
        Ok(())
    }

    fn find(&mut self, key: &str) -> io::Result<Option<(u64, Vec<u8>)>> {
        let index = match self.index.take() {
            Some(index) => index,
            None => KeyIndex::new(&self.folder, &self.collection)?,
        };
        let index = self.index.insert(index);
        let Some(path) = rows::path(&self.folder, &self.collection) else {
            return Ok(None);
        };
        index.find(&path, key)
    }
}

impl CollectionCopy for FolderFile {
    fn skip_equal(&mut self, lines: &[u8]) -> io::Result<EqualRun> {
        let mut run = EqualRun::default();
        while let Some(head) = &self.head
            && starts_with_line(lines.get(run.bytes..).unwrap_or_default(), &head.document)
        {
            run.add(&head.document);
            self.advance()?;
        }
        Ok(run)
    }

    fn compare(&mut self, key: &str, document: &[u8]) -> io::Result<Match> {
        if let Some(head) = &self.head
            && key_of(&head.document)? == key
        {
            let found = Match::Found {
                sameness: Sameness::of(&head.document, document),
                place: head.place,
            };
            self.advance()?;
            return Ok(found);
        }
        let Some((place, own)) = self.find(key)? else {
            return Ok(Match::Missing);
        };
        // Those before it are not on the server, or come later.
        while let Some(head) = &self.head
            && head.place <= place
        {
            self.passed.insert(head.place, key_of(&head.document)?);
            self.advance()?;
        }
        self.passed.remove(&place);
        Ok(Match::Found {
            sameness: Sameness::of(&own, document),
            place,
        })
    }

    fn for_each_unmatched(
        &mut self,
        take: &mut dyn FnMut(u64, &str) -> io::Result<()>,
    ) -> io::Result<()> {
        for (place, key) in &self.passed {
            take(*place, key)?;
        }
        while let Some(head) = &self.head {
            take(head.place, &key_of(&head.document)?)?;
            self.advance()?;
        }
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        let index = self.index.take();
        *self = FolderFile::open(&self.folder, &self.collection)?;
        self.index = index;
        Ok(())
    }
}

/// Where the rows of a file are: a hash of each key, with the place of the row, in the order of the hashes.
struct KeyIndex {
    hasher: RandomState,
    rows: Vec<(u64, u64)>,
}

impl KeyIndex {
    fn new(folder: &Path, collection: &Collection) -> io::Result<KeyIndex> {
        let hasher = RandomState::new();
        let mut places = Vec::new();
        let mut rows = Rows::open(folder, collection).map_err(other)?;
        while let Some(row) = rows.next_row().map_err(other)? {
            places.push((hasher.hash_one(key_of(row.document)?), row.offset));
        }
        places.sort_unstable();
        Ok(KeyIndex {
            hasher,
            rows: places,
        })
    }

    fn find(&self, path: &Path, key: &str) -> io::Result<Option<(u64, Vec<u8>)>> {
        let hash = self.hasher.hash_one(key);
        let start = self.rows.partition_point(|(other, _)| *other < hash);
        let candidates = self.rows.iter().skip(start);
        let mut file = None;
        for (_, place) in candidates.take_while(|(other, _)| *other == hash) {
            let file = match &mut file {
                Some(file) => file,
                None => file.insert(open(path)?),
            };
            let document = line_at(file, *place)?;
            if key_of(&document)? == key {
                return Ok(Some((*place, document)));
            }
        }
        Ok(None)
    }
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    File::open(path).map(BufReader::new)
}

/// The row at a place of a file.
fn line_at(file: &mut BufReader<File>, place: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(place))?;
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(line)
}

fn other(failure: Failure) -> io::Error {
    io::Error::other(failure.what)
}
