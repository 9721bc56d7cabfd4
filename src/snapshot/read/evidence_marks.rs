//! Which documents of the stream's evidence a collection's pages contain.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::page_id::id_of;
use crate::snapshot::stream_evidence::{CollectionEvidence, StreamEvidence};
use crate::util::mutex::lock;

/// The evidence, and the documents of it that were written, by collection.
#[derive(Debug, Default)]
pub struct WrittenEvidence {
    /// The evidence.
    pub evidence: StreamEvidence,
    written: Mutex<HashMap<String, HashSet<u32>>>,
}

/// The marks of one collection. Those of a page count when it is committed.
#[derive(Debug, Default)]
pub struct EvidenceMarks {
    all: Option<(Arc<WrittenEvidence>, String)>,
    page: Vec<u32>,
    committed: HashSet<u32>,
}

impl WrittenEvidence {
    /// Without marks yet.
    #[must_use]
    pub fn new(evidence: StreamEvidence) -> WrittenEvidence {
        WrittenEvidence {
            evidence,
            written: Mutex::default(),
        }
    }

    /// Whether the documents with these numbers are in the collection that was read last.
    #[must_use]
    pub fn written(&self, collection: &str) -> HashSet<u32> {
        lock(&self.written)
            .get(collection)
            .cloned()
            .unwrap_or_default()
    }
}

impl EvidenceMarks {
    /// No marks of a collection yet.
    #[must_use]
    pub fn new(all: &Arc<WrittenEvidence>, collection: &str) -> EvidenceMarks {
        let has_any = all.evidence.collection(collection).is_some();
        EvidenceMarks {
            all: has_any.then(|| (Arc::clone(all), collection.to_owned())),
            ..EvidenceMarks::default()
        }
    }

    fn evidence(&self) -> Option<&CollectionEvidence> {
        let (all, collection) = self.all.as_ref()?;
        all.evidence.collection(collection)
    }

    /// Begins a page; the marks of one that was not committed are void.
    pub(super) fn begin_page(&mut self) {
        self.page.clear();
    }

    /// Notes a document of the page.
    pub(super) fn note(&mut self, id: &[u8]) {
        let index = self.evidence().and_then(|evidence| evidence.index_of(id));
        self.page.extend(index);
    }

    /// Commits the page.
    pub(super) fn commit_page(&mut self) {
        self.committed.extend(self.page.drain(..));
    }

    /// Removes all marks, because the pages are discarded.
    pub(super) fn clear(&mut self) {
        self.page.clear();
        self.committed.clear();
    }

    /// Marks the documents in the first `length` bytes of a file, which an earlier run has written.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn scan_file(&mut self, path: &Path, length: u64) -> io::Result<()> {
        if self.all.is_none() {
            return Ok(());
        }
        let mut lines = BufReader::new(File::open(path)?.take(length));
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            if let Some(id) = id_of(line.trim_ascii_end()) {
                self.note(id);
            }
            line.clear();
        }
        self.commit_page();
        Ok(())
    }

    /// Marks the documents whose ids `read` passes, which an earlier run has written. `read` is not called without evidence
    /// of this collection.
    ///
    /// # Errors
    /// The errors of `read`.
    pub fn scan_ids(
        &mut self,
        read: impl FnOnce(&mut dyn FnMut(&[u8])) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.all.is_none() {
            return Ok(());
        }
        read(&mut |id| self.note(id))?;
        self.commit_page();
        Ok(())
    }

    /// Hands over the marks at the end of the collection.
    pub fn finish(self) {
        if let Some((all, collection)) = self.all {
            lock(&all.written).insert(collection, self.committed);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::snapshot::stream_evidence::{DocumentEvent, EventPlace};

    #[test]
    fn only_committed_pages_and_the_scanned_part_of_a_file_are_marked() {
        let mut evidence = StreamEvidence::default();
        for number in 0..5 {
            evidence.note_event(&DocumentEvent {
                collection: "a",
                id: Some(number.to_string().as_bytes()),
                txn_id: Some(1),
                is_present: Some(true),
                place: EventPlace {
                    partition: 0,
                    offset: number,
                    time_ms: None,
                },
            });
        }
        let all = Arc::new(WrittenEvidence::new(evidence));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, "{\"n\":1,\"_id\":0}\n{\"_id\":7}\n{\"_id\":4}\n").unwrap();
        let mut marks = EvidenceMarks::new(&all, "a");
        marks.scan_file(&path, 26).unwrap();
        marks.begin_page();
        marks.note(b"1");
        marks.commit_page();
        marks.begin_page();
        marks.note(b"2");
        marks.begin_page();
        marks.note(b"3");
        marks.note(b"8");
        marks.commit_page();
        marks.finish();
        let mut written: Vec<u32> = all.written("a").into_iter().collect();
        written.sort_unstable();
        assert_eq!(written, [0, 1, 3]);
        let mut marks = EvidenceMarks::new(&all, "a");
        marks
            .scan_ids(|take| {
                take(b"2");
                take(b"9");
                Ok(())
            })
            .unwrap();
        marks.finish();
        assert_eq!(all.written("a"), [2].into());
        // The collection is read again, and its pages are discarded.
        let mut marks = EvidenceMarks::new(&all, "a");
        marks.note(b"4");
        marks.commit_page();
        marks.clear();
        marks.finish();
        assert!(all.written("a").is_empty());
    }
}
