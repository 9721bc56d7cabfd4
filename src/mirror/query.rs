//! A query of a mirror in SQL.

use rusqlite::types::ValueRef;

use super::reader::MirrorReader;
use crate::record::Failure;

impl MirrorReader {
    /// The rows of a query's answer, each as a line of values with `|` in between, like the program `sqlite3` prints them.
    ///
    /// # Errors
    /// A [`Failure`] if the query is not valid or the file cannot be read.
    pub fn query(&self, sql: &str) -> Result<Vec<String>, Failure> {
        self.lines(sql).map_err(|error| self.failed(&error))
    }

    fn lines(&self, sql: &str) -> rusqlite::Result<Vec<String>> {
        let mut statement = self.database.prepare(sql)?;
        let count = statement.column_count();
        let rows = statement.query_map([], |row| {
            let values = (0..count).map(|column| row.get_ref(column).map(text));
            Ok(values.collect::<rusqlite::Result<Vec<String>>>()?.join("|"))
        })?;
        rows.collect()
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
