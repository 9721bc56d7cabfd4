//! The document whose history is wanted.

use crate::event::{DocumentSearch, Event, IdFilter};
use crate::record::Record;
use crate::snapshot::document_id::DocumentId;

/// The document that the user typed.
#[derive(Debug)]
pub(super) struct Wanted {
    pub collection: String,
    pub id: String,
    filter: IdFilter,
    search: DocumentSearch,
}

impl Wanted {
    pub fn new(collection: &str, id: &str) -> Wanted {
        let filter = IdFilter::new(id);
        Wanted {
            collection: collection.to_owned(),
            id: id.to_owned(),
            search: DocumentSearch::new(&filter),
            filter,
        }
    }

    /// The ids that are meant, as canonical JSON.
    pub fn keys(&self) -> Vec<String> {
        let ids = self.filter.ids().into_iter();
        let id = |raw: String| DocumentId::parse(raw.as_bytes());
        ids.filter_map(id).map(|id| id.json()).collect()
    }

    /// Finds the lines of a capture that can have an event of the document, or a gap; `None` if any line can.
    pub fn search(&self) -> Option<DocumentSearch> {
        self.search.is_selective().then(|| self.search.clone())
    }

    /// Which of the documents an event belongs to: 0 for a string as the id, 1 for another type.
    pub fn document(&self, event: &Event<'_>) -> Option<usize> {
        let id = event.id()?;
        let is_wanted =
            event.collection.as_deref() == Some(&self.collection) && self.filter.matches(id);
        is_wanted.then(|| usize::from(!id.starts_with(b"\"")))
    }

    /// Whether the document of an event has the id, in any collection.
    pub fn has_id(&self, event: &Event<'_>) -> bool {
        event.id().is_some_and(|id| self.filter.matches(id))
    }

    /// Whether a payload can be an event of the document, or a gap.
    pub fn may_matter(&self, payload: &[u8]) -> bool {
        self.search.may_matter(payload)
    }

    /// Whether a record that is no event may have been one of the document.
    pub fn may_be_in(&self, record: &Record<'_>) -> bool {
        let parts = [record.payload.as_deref(), record.key.as_deref()];
        let mut parts = parts.into_iter().flatten();
        parts.any(|bytes| self.search.may_be_in(bytes))
    }
}
