//! A change, as it is applied and kept.

/// A change of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The collection.
    pub collection: &'a str,
    /// The id as canonical JSON: `DocumentId::json`.
    pub key: &'a str,
    /// The document before the change as the event says, as raw JSON; `None` if there was none.
    pub before: Option<&'a [u8]>,
    /// The document after the change, as raw JSON; `None` if it was removed.
    pub document: Option<&'a [u8]>,
    /// The transaction.
    pub txn: u64,
    /// When the record was written, in milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// The record's partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// The method of the event, for the history.
    pub op: &'a str,
}
