//! The rows of one page on their way into the collection's file: each is checked for its id and written as it came.
//! Which page is asked for, and what becomes of it, is decided by the walk.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::id_scanner::IdFinder;
use crate::bigpeer::Rows;
use crate::json::{self, Watch};
use crate::snapshot::document_id::{Key, Type};
use crate::snapshot::write::Store;

/// What is known of the order of a page's ids.
pub enum Order {
    /// All are of this type, each behind the one before it.
    Keyset(Type),
    /// Any: every id is remembered, as eight bytes.
    Seen(Box<Seen>),
}

/// The ids that were met.
#[derive(Default)]
pub struct Seen {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// `false` where the id was met before.
    fn insert(&mut self, key: &Key) -> bool {
        self.hashes.insert(self.hasher.hash_one(key))
    }
}

/// Takes the rows of a page.
pub struct Page<'s> {
    store: &'s mut Store,
    order: &'s mut Order,
    counter: &'s AtomicU64,
    /// The last id so far, raw; that of the page before it at first.
    pub last: Option<Vec<u8>>,
    /// How many documents of each type, in the order of [`Type::ALL`].
    pub by_type: [u64; 5],
    /// How many documents.
    pub documents: u64,
    /// Why the page cannot be true.
    pub fault: Option<String>,
    /// The first row repeats the last one of the page before and is not written.
    pub overlap: bool,
    /// When the first row came.
    pub first: Option<Instant>,
    /// Ids of this page, to be forgotten with it.
    met: Vec<u64>,
    finder: Option<IdFinder>,
}

impl<'s> Page<'s> {
    /// A page behind the id `last`; with `overlap` it begins with that id once more.
    pub fn new(
        store: &'s mut Store,
        order: &'s mut Order,
        counter: &'s AtomicU64,
        last: Option<Vec<u8>>,
        overlap: bool,
    ) -> Self {
        Page {
            store,
            order,
            counter,
            last,
            by_type: [0; 5],
            documents: 0,
            fault: None,
            overlap,
            first: None,
            met: Vec::new(),
            finder: None,
        }
    }

    /// Forgets the page: it is going to be asked for again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn forget(self) -> io::Result<()> {
        self.counter.fetch_sub(self.documents, Ordering::Relaxed);
        if let Order::Seen(seen) = self.order {
            for hash in &self.met {
                seen.hashes.remove(hash);
            }
        }
        self.store.take_back()
    }

    fn row(&mut self, row: &[u8]) -> io::Result<()> {
        let Some(id) = id_of(row) else {
            return self.fail("a document has no _id".to_owned());
        };
        if std::mem::take(&mut self.overlap) {
            return self.overlapping(id);
        }
        self.id(id)?;
        self.write(row)?;
        self.store.add(b"\n")
    }

    fn overlapping(&mut self, id: &[u8]) -> io::Result<()> {
        let last = self.last.as_deref().and_then(Key::of);
        if last.is_some() && last == Key::of(id) {
            return Ok(());
        }
        self.fail("documents moved between two pages".to_owned())
    }

    /// One document a line: a line end can only stand between values, where a blank says the same.
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
            Order::Keyset(kind) => {
                let kind = *kind;
                let advances = self
                    .last
                    .as_deref()
                    .is_none_or(|last| advances(kind, last, id));
                if !advances || !is_of(kind, id) {
                    let (id, last) = (text(id), self.last.as_deref().map(text).unwrap_or_default());
                    return self.fail(format!(
                        "the id {id} came behind {last} in a page of ids of type {}",
                        kind.name()
                    ));
                }
                kind
            }
            Order::Seen(seen) => {
                let Some(key) = Key::of(id) else {
                    let id = text(id);
                    return self.fail(format!("{id} is no id"));
                };
                if !seen.insert(&key) {
                    let id = text(id);
                    return self.fail(format!("the id {id} came twice"));
                }
                self.met.push(seen.hasher.hash_one(&key));
                key.kind()
            }
        };
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(id);
        if let Some(count) = self.by_type.get_mut(kind as usize) {
            *count += 1;
        }
        self.documents += 1;
        self.counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// What is left of the answer is not worth reading.
    fn fail(&mut self, why: String) -> io::Result<()> {
        self.fault = Some(why);
        Err(io::Error::other("the page cannot be true"))
    }

    /// A row of megabytes, piece by piece: it is written before its id is known, and taken back with the page.
    fn piece(&mut self, mut finder: IdFinder, bytes: &[u8], last: bool) -> io::Result<()> {
        finder.look(bytes);
        if !self.overlap {
            self.write(bytes)?;
        }
        if !last {
            self.finder = Some(finder);
            return Ok(());
        }
        let Some(id) = finder.found() else {
            return self.fail("a document has no _id".to_owned());
        };
        if std::mem::take(&mut self.overlap) {
            return self.overlapping(&id);
        }
        self.id(&id)?;
        self.store.add(b"\n")
    }
}

impl Rows for Page<'_> {
    fn part(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
        if self.first.is_none() {
            self.first = Some(Instant::now());
        }
        match self.finder.take() {
            None if last => self.row(bytes),
            None => self.piece(IdFinder::default(), bytes, last),
            Some(finder) => self.piece(finder, bytes, last),
        }
    }
}

/// The raw `_id` of a document.
fn id_of(row: &[u8]) -> Option<&[u8]> {
    // So nearly every document begins.
    const FIRST: &[u8] = br#"{"_id":""#;
    if !row.starts_with(FIRST) {
        return id_behind_others(row);
    }
    let start = FIRST.len() - 1;
    row.get(start..json::value_end(row, start)?)
}

fn id_behind_others(row: &[u8]) -> Option<&[u8]> {
    struct Find<'a>(Option<&'a [u8]>);
    impl<'a> Watch<'a> for Find<'a> {
        fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
            if !json::says(key, "_id") {
                return ControlFlow::Continue(());
            }
            self.0 = Some(value);
            ControlFlow::Break(())
        }
    }
    let mut find = Find(None);
    let _ = json::skim(row, &mut find)?;
    find.0
}

/// Whether an id stands behind another one of the same type.
fn advances(kind: Type, last: &[u8], id: &[u8]) -> bool {
    if kind == Type::String {
        // Without escapes, which are rare, nothing is copied.
        return json::content(last) < json::content(id);
    }
    match (Key::of(last), Key::of(id)) {
        (Some(last), Some(id)) => last < id,
        _ => false,
    }
}

fn is_of(kind: Type, id: &[u8]) -> bool {
    match id.first() {
        Some(b'"') => kind == Type::String,
        Some(b'[') => kind == Type::Array,
        Some(b'{') => kind == Type::Object,
        Some(b't' | b'f') => kind == Type::Boolean,
        _ => kind == Type::Integer,
    }
}

/// An id for people, not too long.
fn text(id: &[u8]) -> String {
    let text = String::from_utf8_lossy(id);
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.into_owned(),
    }
}
