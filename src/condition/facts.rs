//! Inputs of a condition: the event's envelope and its documents.

/// The inputs of a condition. Documents are raw JSON; a missing one is `None`, and so is `null`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The collection's name.
    pub collection: Option<&'a str>,
    /// `change.method`
    pub method: Option<&'a str>,
    /// The operation: `insert`, `update` or `remove`.
    pub op: Option<&'a str>,
    /// The transaction's number.
    pub txn_id: Option<u64>,
    /// The document before the change.
    pub old: Option<&'a [u8]>,
    /// The document after the change.
    pub new: Option<&'a [u8]>,
}

impl<'a> Facts<'a> {
    /// The document of a bare name: the new one, else the removed one.
    #[must_use]
    pub fn document(&self) -> Option<&'a [u8]> {
        self.new.or(self.old)
    }
}
