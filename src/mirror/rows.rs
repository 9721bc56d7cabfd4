//! Values of columns: transactions and text.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

/// Bytes that are bound as text without copying. JSON was checked to be UTF-8 before.
pub(super) struct Text<'a>(pub &'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// A transaction as `SQLite`'s integer, which has a sign. `None` above 2^63 - 1.
pub(super) fn to_integer(txn: u64) -> Option<i64> {
    i64::try_from(txn).ok()
}

/// The transaction of a column. Only a change by hand makes it negative; it then counts as the oldest.
pub(super) fn to_txn(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}
