//! How far the walk through one collection has come: what is in its file, and what that proves.
//! Which page comes next is decided by `walk`.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::page::{Order, Seen};
use crate::snapshot::document_id::{Key, Type};
use crate::snapshot::manifest::{Census, Collection, Place, cover};
use crate::snapshot::write::Store;
use crate::snapshot::write::journal;
use crate::snapshot::write::journal::Past;

/// Keeps finished pages: in a folder with a journal, or on standard output.
pub trait Keeper {
    /// The server has counted, before the walk.
    ///
    /// # Errors
    /// What the disk says.
    fn census(&mut self, census: &Census) -> io::Result<()>;

    /// A page is complete and stands at the end of the store.
    ///
    /// # Errors
    /// What the disk or the output says.
    fn kept(&mut self, store: &mut Store, page: &journal::Page) -> io::Result<()>;

    /// All pages so far are void. `false` where they cannot be taken back.
    ///
    /// # Errors
    /// What the disk says.
    fn again(&mut self, store: &mut Store) -> io::Result<bool>;
}

/// What one collection's file holds.
pub struct Course {
    pub(in crate::snapshot) store: Store,
    pub(in crate::snapshot) order: Order,
    /// The last id, raw; of the current type in a keyset walk.
    pub(in crate::snapshot) last: Option<Vec<u8>>,
    pub(in crate::snapshot) by_type: [u64; 5],
    pub(in crate::snapshot) pages: u64,
    places: Vec<Place>,
    lowest: Option<u64>,
    highest: Option<u64>,
    /// An answer did not say at which transaction it was given.
    pub(in crate::snapshot) unsaid: bool,
    bytes: u64,
    sum: String,
}

/// A page as it came.
pub(in crate::snapshot) struct Came {
    pub kind: Option<Type>,
    pub by_type: [u64; 5],
    pub last: Option<Vec<u8>>,
    pub transaction_id: Option<u64>,
    /// Nothing comes behind it.
    pub end: bool,
}

impl Course {
    /// Nothing has been read yet.
    #[must_use]
    pub fn new(store: Store) -> Course {
        Course {
            store,
            order: Order::Seen(Box::default()),
            last: None,
            by_type: [0; 5],
            pages: 0,
            places: Vec::new(),
            lowest: None,
            highest: None,
            unsaid: false,
            bytes: 0,
            sum: String::new(),
        }
    }

    /// Everything is void; the file has been emptied by its keeper.
    pub(in crate::snapshot) fn reset(&mut self, counter: &AtomicU64) -> io::Result<()> {
        counter.fetch_sub(self.documents(), Ordering::Relaxed);
        self.store.clear()?;
        self.order = Order::Seen(Box::<Seen>::default());
        self.last = None;
        self.by_type = [0; 5];
        self.pages = 0;
        self.places.clear();
        (self.lowest, self.highest, self.unsaid) = (None, None, false);
        Ok(())
    }

    /// Takes in what an earlier run has read; the types that are finished, and the one that is not with its last id.
    pub(in crate::snapshot) fn replay(&mut self, past: &Past, counter: &AtomicU64) {
        for page in &past.pages {
            let kind = page.kind.as_deref().and_then(Type::of_name);
            let mut by_type = [0; 5];
            for (name, count) in &page.by_type {
                if let Some(slot) =
                    Type::of_name(name).and_then(|kind| by_type.get_mut(kind as usize))
                {
                    *slot = *count;
                }
            }
            counter.fetch_add(by_type.iter().sum(), Ordering::Relaxed);
            self.count(&Came {
                kind,
                by_type,
                last: page.last.as_ref().map(|last| last.clone().into_bytes()),
                transaction_id: page.transaction_id,
                end: page.end,
            });
        }
    }

    /// Counts a page that is in the store; the journal's line about it.
    pub(in crate::snapshot) fn take(&mut self, came: &Came) -> io::Result<journal::Page> {
        let mark = self.store.keep()?;
        self.count(came);
        let named = Type::ALL.into_iter().zip(came.by_type);
        let named = named.filter(|(_, count)| *count > 0);
        Ok(journal::Page {
            kind: came.kind.map(|kind| kind.name().to_owned()),
            last: came
                .last
                .as_ref()
                .map(|last| String::from_utf8_lossy(last).into_owned()),
            end: came.end,
            by_type: named
                .map(|(kind, count)| (kind.name().to_owned(), count))
                .collect(),
            transaction_id: came.transaction_id,
            mark,
        })
    }

    fn count(&mut self, came: &Came) {
        self.pages += 1;
        for (all, page) in self.by_type.iter_mut().zip(came.by_type) {
            *all += page;
        }
        let at = came.transaction_id;
        self.unsaid |= at.is_none();
        self.lowest = self.lowest.into_iter().chain(at).min();
        self.highest = self.highest.into_iter().chain(at).max();
        self.last.clone_from(&came.last);
        if came.kind.is_some() {
            let key = came.last.as_deref().and_then(Key::of);
            let reached = key.as_ref().filter(|_| !came.end);
            if came.end || reached.is_some() {
                cover(&mut self.places, came.kind, reached, at);
            }
        }
    }

    /// How many documents of a type there are.
    pub(in crate::snapshot) fn of_type(&self, kind: Type) -> u64 {
        self.by_type.get(kind as usize).copied().unwrap_or(0)
    }

    /// How many documents there are.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.by_type.iter().sum()
    }

    /// Flushes the file.
    pub(in crate::snapshot) fn finish(&mut self) -> io::Result<()> {
        let mark = self.store.finish()?;
        (self.bytes, self.sum) = (mark.length, mark.sum);
        Ok(())
    }

    /// All pages were read at one transaction: they are one cut.
    pub(in crate::snapshot) fn is_one_cut(&self) -> bool {
        !self.unsaid && self.lowest == self.highest
    }

    /// What the manifest says of the collection. `elsewhere` is the transaction at which every place was read that no
    /// page names.
    pub(in crate::snapshot) fn collection(
        mut self,
        name: &str,
        way: String,
        elsewhere: Option<u64>,
    ) -> Collection {
        let by_type: BTreeMap<String, u64> = Type::ALL
            .into_iter()
            .map(|kind| (kind.name().to_owned(), self.of_type(kind)))
            .filter(|(_, count)| *count > 0)
            .collect();
        cover(&mut self.places, None, None, elsewhere);
        Collection {
            name: name.to_owned(),
            complete: false,
            why_not: Vec::new(),
            proof: None,
            documents: by_type.values().sum(),
            by_type,
            pages: self.pages,
            lowest_transaction_id: self.lowest,
            highest_transaction_id: self.highest,
            way,
            file: None,
            bytes: self.bytes,
            sha256: self.sum,
            census_before: None,
            census_after: None,
            places: self.places,
        }
    }

    /// The lowest transaction of all pages; `None` where one did not say its own.
    pub(in crate::snapshot) fn lowest(&self) -> Option<u64> {
        self.lowest.filter(|_| !self.unsaid)
    }
}
