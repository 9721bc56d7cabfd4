//! Row sink of one page: checks ids, order and duplicates, and writes the rows unchanged.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::evidence_marks::EvidenceMarks;
use super::id_scanner::IdScanner;
use super::page_id::id_of;
use crate::bigpeer::RowSink;
use crate::json;
use crate::snapshot::document_id::{CountByType, DocumentId, IdType};
use crate::snapshot::write::PageStore;
use crate::util::text::truncate;

/// Maximum length of an id in a message.
const MAX_ID_CHARS: usize = 80;

/// The order of a page's ids, and the state that its check needs.
pub enum PageOrder {
    /// All ids have this type and are ascending.
    Keyset(IdType),
    /// Any order: a hash of each id detects duplicates.
    SeenIds(Box<SeenIds>),
}

/// Hashes of all ids so far, 8 bytes each.
#[derive(Default)]
pub struct SeenIds {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl SeenIds {
    /// `false` if the id is a duplicate.
    fn insert(&mut self, key: &DocumentId) -> bool {
        self.hashes.insert(self.hasher.hash_one(key))
    }
}

/// Checks and stores the rows of a page.
pub struct PageRows<'s> {
    store: &'s mut dyn PageStore,
    order: &'s mut PageOrder,
    marks: &'s mut EvidenceMarks,
    counter: &'s AtomicU64,
    /// The last id so far, raw; at the start, that of the previous page.
    pub last: Option<Vec<u8>>,
    /// Number of documents of each type.
    pub by_type: CountByType,
    /// Number of documents.
    pub documents: u64,
    /// Why the page is not valid.
    pub fault: Option<String>,
    /// The first row must repeat the last one of the previous page; it is not written.
    pub overlap: bool,
    /// Time of the first row.
    pub first: Option<Instant>,
    /// Hashes of this page's ids, to be removed if the page is discarded.
    inserted: Vec<u64>,
    scanner: Option<IdScanner>,
}

impl<'s> PageRows<'s> {
    /// A page after the id `last`; with `overlap` it starts with that id again.
    pub fn new(
        store: &'s mut dyn PageStore,
        (order, marks): (&'s mut PageOrder, &'s mut EvidenceMarks),
        counter: &'s AtomicU64,
        last: Option<Vec<u8>>,
        overlap: bool,
    ) -> Self {
        marks.begin_page();
        PageRows {
            store,
            order,
            marks,
            counter,
            last,
            by_type: CountByType::default(),
            documents: 0,
            fault: None,
            overlap,
            first: None,
            inserted: Vec::new(),
            scanner: None,
        }
    }

    /// Rolls the page back, so that it can be requested again.
    ///
    /// # Errors
    /// I/O errors of the store.
    pub fn discard(self) -> io::Result<()> {
        self.counter.fetch_sub(self.documents, Ordering::Relaxed);
        if let PageOrder::SeenIds(seen) = self.order {
            for hash in &self.inserted {
                seen.hashes.remove(hash);
            }
        }
        self.store.rollback()
    }

    fn row(&mut self, row: &[u8]) -> io::Result<()> {
        let Some(id) = id_of(row) else {
            return self.fail("a document has no _id".to_owned());
        };
        if std::mem::take(&mut self.overlap) {
            return self.check_overlap(id);
        }
        self.id(id)?;
        self.write(row)?;
        self.store.add(b"\n")
    }

    fn check_overlap(&mut self, id: &[u8]) -> io::Result<()> {
        let last = self.last.as_deref().and_then(DocumentId::parse);
        if last.is_some() && last == DocumentId::parse(id) {
            return Ok(());
        }
        self.fail("documents moved between two pages".to_owned())
    }

    /// Writes one document per line: a line end in JSON is only valid between tokens, so that a blank can replace it.
    fn write(&mut self, row: &[u8]) -> io::Result<()> {
        if memchr::memchr2(b'\n', b'\r', row).is_none() {
            return self.store.add(row);
        }
        let blank = |byte: &u8| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                *byte
            }
        };
        let row: Vec<u8> = row.iter().map(blank).collect();
        self.store.add(&row)
    }

    fn id(&mut self, id: &[u8]) -> io::Result<()> {
        let kind = match self.order {
            PageOrder::Keyset(kind) => {
                let kind = *kind;
                let is_after = self
                    .last
                    .as_deref()
                    .is_none_or(|last| is_after(kind, last, id));
                if !is_after && self.last.as_deref().is_some_and(|last| is_same(last, id)) {
                    return self.fail(twice(id));
                }
                if !is_after || !has_type(kind, id) {
                    let (id, last) = (
                        shortened(id),
                        self.last.as_deref().map(shortened).unwrap_or_default(),
                    );
                    return self.fail(format!(
                        "the id {id} follows {last} in a page of ids of type {}",
                        kind.name()
                    ));
                }
                kind
            }
            PageOrder::SeenIds(seen) => {
                let Some(key) = DocumentId::parse(id) else {
                    let id = shortened(id);
                    return self.fail(format!("{id} is not a valid id"));
                };
                if !seen.insert(&key) {
                    return self.fail(twice(id));
                }
                self.inserted.push(seen.hasher.hash_one(&key));
                key.id_type()
            }
        };
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(id);
        if let Some(count) = self.by_type.get_mut(kind as usize) {
            *count += 1;
        }
        self.marks.note(id);
        self.documents += 1;
        self.counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Marks the page as invalid; the rest of the response is then not read.
    fn fail(&mut self, why: String) -> io::Result<()> {
        self.fault = Some(why);
        Err(io::Error::other("the page is not valid"))
    }

    /// Takes a part of a large row: it is written before its id is known, and rolled back with the page.
    fn row_part(&mut self, mut scanner: IdScanner, bytes: &[u8], last: bool) -> io::Result<()> {
        scanner.scan(bytes);
        if !self.overlap {
            self.write(bytes)?;
        }
        if !last {
            self.scanner = Some(scanner);
            return Ok(());
        }
        let Some(id) = scanner.id() else {
            return self.fail("a document has no _id".to_owned());
        };
        if std::mem::take(&mut self.overlap) {
            return self.check_overlap(&id);
        }
        self.id(&id)?;
        self.store.add(b"\n")
    }
}

impl RowSink for PageRows<'_> {
    fn part(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
        if self.first.is_none() {
            self.first = Some(Instant::now());
        }
        match self.scanner.take() {
            None if last => self.row(bytes),
            None => self.row_part(IdScanner::default(), bytes, last),
            Some(scanner) => self.row_part(scanner, bytes, last),
        }
    }
}

/// Whether an id comes after another one of the same type.
fn is_after(kind: IdType, last: &[u8], id: &[u8]) -> bool {
    if kind == IdType::String {
        // Copies only strings with escapes, which are rare.
        return json::unescaped(last) < json::unescaped(id);
    }
    match (DocumentId::parse(last), DocumentId::parse(id)) {
        (Some(last), Some(id)) => last < id,
        _ => false,
    }
}

fn has_type(kind: IdType, id: &[u8]) -> bool {
    match id.first() {
        Some(b'"') => kind == IdType::String,
        Some(b'[') if kind == IdType::Binary => {
            DocumentId::parse(id).is_some_and(|id| id.may_be_binary())
        }
        Some(b'[') => kind == IdType::Array,
        Some(b'{') => kind == IdType::Object,
        Some(b't' | b'f') => kind == IdType::Boolean,
        _ => kind == IdType::Integer,
    }
}

fn is_same(one: &[u8], other: &[u8]) -> bool {
    let one = DocumentId::parse(one);
    one.is_some() && one == DocumentId::parse(other)
}

/// The message for an id that occurs twice.
fn twice(id: &[u8]) -> String {
    let shown = shortened(id);
    if !id.contains(&b'[') {
        return format!("the id {shown} occurs twice");
    }
    format!(
        "the id {shown} occurs twice: the server repeated a document, or one id contains bytes, which JSON prints like the array of numbers in the other"
    )
}

/// An id, shortened for a message.
fn shortened(id: &[u8]) -> String {
    truncate(&String::from_utf8_lossy(id), MAX_ID_CHARS).into_owned()
}
