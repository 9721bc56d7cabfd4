//! What a mirror contains: the state of the copy, and the size of its collections.

/// A copy of a Big Peer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopySummary {
    /// The address of the Big Peer.
    pub server: Option<String>,
    /// The topic's name.
    pub topic: Option<String>,
    /// How current the copy is, as one of the words of `ditto_meta`, and since when, in milliseconds since 1970.
    pub state: Option<(String, i64)>,
    /// When the last snapshot was complete, in milliseconds since 1970.
    pub snapshot: Option<i64>,
    /// Number of gaps that no snapshot has resolved yet, and of those that one has.
    pub gaps: (u64, u64),
    /// Number of records that were skipped since the last snapshot.
    pub skipped: u64,
    /// The next offset of each partition.
    pub offsets: Vec<(i32, i64)>,
    /// The collections by name.
    pub collections: Vec<CopiedCollection>,
    /// Whether it keeps changes.
    pub has_history: bool,
}

impl CopySummary {
    /// Number of all documents.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.collections.iter().map(|one| one.documents).sum()
    }
}

/// A collection of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopiedCollection {
    /// Its name: any string.
    pub name: String,
    /// Number of documents.
    pub documents: u64,
    /// Bytes of all documents.
    pub bytes: u64,
    /// Bytes of the largest document.
    pub largest: u64,
    /// When the last change was, in milliseconds since 1970; `None` if all documents come from a snapshot.
    pub changed_at: Option<i64>,
}
