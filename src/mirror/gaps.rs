//! `ditto_gaps` and `ditto_problems`: what is missing in the copy, and what was skipped.

use rusqlite::{Connection, params};

use crate::record::Failure;
use crate::state::Gap;
use crate::util::time::now_millis;

use super::error::{failure, too_high};
use super::open::MirrorFile;
use super::rows::{to_integer, to_txn};

/// A gap in the stream that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundGap<'a> {
    /// What is missing and why, as a sentence.
    pub reason: &'a str,
    /// Whether it is a `requeryRequired` event.
    pub announced: bool,
    /// The transaction of that event.
    pub txn: Option<u64>,
    /// The partition, and the first offset after the gap.
    pub after: Option<(i32, i64)>,
}

/// A record that was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem<'a> {
    /// The partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// Why it cannot be applied.
    pub reason: &'a str,
}

impl MirrorFile {
    /// Notes a gap in the open transaction.
    ///
    /// # Errors
    /// A [`Failure`]; nothing since the last commit is then in the file.
    pub fn note_gap(&mut self, gap: &FoundGap<'_>) -> Result<(), Failure> {
        let txn = gap
            .txn
            .map(|txn| to_integer(txn).ok_or_else(|| too_high(txn)))
            .transpose()?;
        self.write(|database| {
            let mut statement = database.prepare_cached(
                "INSERT INTO ditto_gaps (reason, announced, txn, partition, after_offset, found_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let (partition, after) = gap.after.unzip();
            statement.execute(params![
                gap.reason,
                gap.announced,
                txn,
                partition,
                after,
                now_millis()
            ])?;
            Ok(())
        })
    }

    /// Notes a skipped record in the open transaction. The copy is incomplete until the next snapshot.
    ///
    /// # Errors
    /// A [`Failure`]; nothing since the last commit is then in the file.
    pub fn note_problem(&mut self, problem: &Problem<'_>) -> Result<(), Failure> {
        self.write(|database| {
            let mut statement = database.prepare_cached(
                "INSERT INTO ditto_problems (partition, offset, reason, found_at) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let Problem { partition, offset, reason } = *problem;
            statement.execute(params![partition, offset, reason, now_millis()])?;
            Ok(())
        })
    }

    /// The gaps that no snapshot has resolved yet, as one.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn open_gap(&self) -> Result<Option<Gap>, Failure> {
        open_as_one(&self.database).map_err(|error| failure("read", &self.name, &error))
    }

    /// The number of skipped records since the last snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn open_problems(&self) -> Result<u64, Failure> {
        open_problems(&self.database).map_err(|error| failure("read", &self.name, &error))
    }
}

/// The number of skipped records since the last snapshot.
pub(super) fn open_problems(database: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM ditto_problems WHERE resolved_at IS NULL";
    let count: i64 = database.query_row(sql, [], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// The number of gaps that snapshots have resolved, and when the last one was, in milliseconds since 1970.
pub(super) fn resolved(database: &Connection) -> rusqlite::Result<(u64, Option<i64>)> {
    let sql = "SELECT count(resolved_at), max(resolved_at) FROM ditto_gaps";
    let count = |count: i64| count.cast_unsigned();
    database.query_row(sql, [], |row| Ok((count(row.get(0)?), row.get(1)?)))
}

/// The unresolved gaps, each with its row.
pub(super) fn open(database: &Connection) -> rusqlite::Result<Vec<(i64, Gap)>> {
    let mut statement = database.prepare(
        "SELECT id, announced, txn, partition, after_offset FROM ditto_gaps WHERE resolved_at IS NULL ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        let announced: bool = row.get(1)?;
        let txn_id = row.get::<_, Option<i64>>(2)?.map(to_txn);
        let after = row
            .get::<_, Option<i32>>(3)?
            .zip(row.get::<_, Option<i64>>(4)?);
        let gap = Gap {
            announced: u64::from(announced),
            unnumbered: u64::from(announced && txn_id.is_none()),
            lost: u64::from(!announced),
            txn_id,
            after: after.into_iter().collect(),
            ..Gap::default()
        };
        Ok((row.get(0)?, gap))
    })?;
    rows.collect()
}

/// The unresolved gaps as one.
pub(super) fn open_as_one(database: &Connection) -> rusqlite::Result<Option<Gap>> {
    let gaps = open(database)?.into_iter().map(|(_, gap)| gap);
    Ok(gaps.reduce(|mut all, gap| {
        all.add(gap);
        all
    }))
}
