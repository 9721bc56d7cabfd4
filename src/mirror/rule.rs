//! The rule by which a change is applied or is a duplicate; pure.

/// What a mirror has for one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// Neither a row nor a tombstone.
    Nothing,
    /// A row, with the transaction that it shows; `None` if that is unknown.
    Row(Option<i64>),
    /// A tombstone, with the transaction of the removal.
    Tombstone(i64),
}

/// Whether a change of this transaction is applied. One that is not newer than what is stored is a duplicate; a row of an
/// unknown transaction takes every change.
pub(super) fn is_newer(stored: Stored, txn: i64) -> bool {
    match stored {
        Stored::Nothing | Stored::Row(None) => true,
        Stored::Row(Some(shown)) => shown < txn,
        Stored::Tombstone(removed) => removed < txn,
    }
}
