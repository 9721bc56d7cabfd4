//! A mirror as the copy: one state of the file, also while `mirror` writes it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::copy::{
    AuditedCopy, CollectionCopy, CopyFacts, EqualRun, Match, Version, starts_with_line,
};
use super::row_set::RowSet;
use super::sameness::Sameness;
use crate::json;
use crate::mirror::{MirrorReader, TableScan};
use crate::record::{Failure, FailureClass};
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::manifest::Position;
use crate::snapshot::write::keyed_page::key_of;
use crate::util::mutex::lock;

/// How often connections of one state are tried to get: between two of them, a running mirror may commit.
const MAX_ATTEMPTS: u32 = 200;

/// Readers that are not in use. All of them see the same state.
type Readers = Arc<Mutex<Vec<MirrorReader>>>;

/// A mirror.
pub(super) struct MirrorCopy {
    readers: Readers,
    /// What the last snapshot has shown, also about documents that it did not have.
    snapshot: SnapshotIndex,
}

impl MirrorCopy {
    /// Opens a mirror for a number of threads.
    ///
    /// # Errors
    /// A [`Failure`] if the file is no mirror, cannot be read, or has no complete snapshot.
    pub fn open(path: &Path, threads: usize) -> Result<(MirrorCopy, CopyFacts), Failure> {
        let (readers, positions) = readers_of_one_state(path, threads.max(1))?;
        let name = path.display().to_string();
        let reader = readers.first();
        let manifest = reader.map(MirrorReader::manifest).transpose()?.flatten();
        let Some(manifest) = manifest else {
            return Err(Failure {
                class: FailureClass::Setup,
                what: format!(
                    "the mirror {name} has no documents yet: its first load has not ended"
                ),
                fix: Some(format!("run ditto-cdc mirror {name} --until end")),
                raw: None,
            });
        };
        let collections = reader.map(MirrorReader::collections).transpose()?;
        let gap = reader.map(MirrorReader::open_gap).transpose()?.flatten();
        let facts = CopyFacts {
            gap: gap.map(|_| format!("the mirror {name} is behind a gap in the stream")),
            name,
            manifest,
            positions,
            collections: collections
                .unwrap_or_default()
                .into_iter()
                .map(|(collection, _)| collection)
                .collect(),
        };
        let copy = MirrorCopy {
            readers: Arc::new(Mutex::new(readers)),
            snapshot: SnapshotIndex::new(&facts.manifest),
        };
        Ok((copy, facts))
    }
}

/// Connections that see the same state of the file, and its offsets.
fn readers_of_one_state(
    path: &Path,
    count: usize,
) -> Result<(Vec<MirrorReader>, Vec<Position>), Failure> {
    let readers = (0..count).map(|_| MirrorReader::open(path));
    let readers: Vec<MirrorReader> = readers.collect::<Result<_, Failure>>()?;
    for _ in 0..MAX_ATTEMPTS {
        readers.iter().try_for_each(MirrorReader::begin)?;
        let positions = readers.iter().map(MirrorReader::positions);
        let mut positions: Vec<Vec<Position>> = positions.collect::<Result<_, Failure>>()?;
        // Each commit of a running mirror changes the offsets.
        if positions.windows(2).all(|pair| pair.first() == pair.last()) {
            return Ok((readers, positions.pop().unwrap_or_default()));
        }
        readers.iter().try_for_each(MirrorReader::end)?;
    }
    Err(Failure {
        class: FailureClass::Read,
        what: format!(
            "the mirror {} changes too quickly to be read at one moment",
            path.display()
        ),
        fix: Some("try again, or give --jobs 1".to_owned()),
        raw: None,
    })
}

impl AuditedCopy for MirrorCopy {
    fn open(&self, collection: &str) -> io::Result<Box<dyn CollectionCopy>> {
        let reader = lock(&self.readers).pop();
        let reader = reader.ok_or_else(|| io::Error::other("every connection is in use"))?;
        let scan = TableScan::new(reader, collection)?;
        Ok(Box::new(MirrorTable {
            readers: Arc::clone(&self.readers),
            scan: Some(scan),
            matched: RowSet::default(),
            head: None,
            strays: 0,
            document: Vec::new(),
        }))
    }

    fn version(&self, collection: &str, key: &str, _: Option<u64>) -> io::Result<Version> {
        let readers = lock(&self.readers);
        let reader = readers.first().ok_or_else(closed)?;
        let failed = |failure: Failure| io::Error::other(failure.what);
        let row = reader.document(collection, key).map_err(failed)?;
        let txn = match &row {
            Some(row) => row.txn,
            None => reader.removed_by(collection, key).map_err(failed)?,
        };
        Ok(Version {
            document: row.map(|row| row.document),
            // As in mirror, which applies no event that the snapshot contains already.
            txn: txn.max(self.snapshot.read_at(collection, key.as_bytes())),
        })
    }
}

/// The table of one collection.
struct MirrorTable {
    readers: Readers,
    /// `None` only while it is dropped.
    scan: Option<TableScan>,
    matched: RowSet,
    /// The row at which the scan has stopped.
    head: Option<i64>,
    /// Documents one after the other that were not where the scan was.
    strays: u32,
    document: Vec<u8>,
}

impl CollectionCopy for MirrorTable {
    fn skip_equal(&mut self, lines: &[u8]) -> io::Result<EqualRun> {
        let scan = self.scan.as_mut().ok_or_else(closed)?;
        let (mut run, matched) = (EqualRun::default(), &mut self.matched);
        self.head = scan.walk(&mut |row| {
            let rest = lines.get(run.bytes..).unwrap_or_default();
            let is_equal = starts_with_line(rest, row.document) && is_key_of(row.key, row.document);
            if is_equal {
                run.add(row.document);
                matched.insert(row.rowid);
            }
            is_equal
        })?;
        if run.documents > 0 {
            self.strays = 0;
        }
        Ok(run)
    }

    fn compare(&mut self, key: &str, document: &[u8]) -> io::Result<Match> {
        let scan = self.scan.as_mut().ok_or_else(closed)?;
        self.document.clear();
        let Some(rowid) = scan.find(key, &mut self.document)? else {
            return Ok(Match::Missing);
        };
        self.matched.insert(rowid);
        self.strays = if self.head == Some(rowid) {
            0
        } else {
            self.strays + 1
        };
        // One row that was inserted later is elsewhere in the table; several show that the scan is at the wrong place.
        if self.strays != 1 {
            scan.seek_after(rowid);
        }
        Ok(Match::Found {
            sameness: Sameness::of(&self.document, document),
            place: rowid.cast_unsigned(),
        })
    }

    fn for_each_unmatched(
        &mut self,
        take: &mut dyn FnMut(u64, &str) -> io::Result<()>,
    ) -> io::Result<()> {
        let scan = self.scan.as_ref().ok_or_else(closed)?;
        if scan.count()? == self.matched.len() {
            return Ok(());
        }
        let matched = &self.matched;
        scan.for_each_key(&mut |rowid, key| {
            if matched.contains(rowid) {
                return Ok(());
            }
            take(rowid.cast_unsigned(), key)
        })
    }

    fn restart(&mut self) -> io::Result<()> {
        self.matched.clear();
        self.head = None;
        self.strays = 0;
        if let Some(scan) = &mut self.scan {
            scan.seek_after(i64::MIN);
        }
        Ok(())
    }
}

impl Drop for MirrorTable {
    fn drop(&mut self) {
        if let Some(scan) = self.scan.take() {
            lock(&self.readers).push(scan.into_reader());
        }
    }
}

/// Whether a key is that of a document, which mostly has the same bytes.
fn is_key_of(key: &[u8], document: &[u8]) -> bool {
    json::field(document, "_id") == Some(key)
        || key_of(document).is_ok_and(|own| own.as_bytes() == key)
}

fn closed() -> io::Error {
    io::Error::other("the mirror is closed")
}
