//! Replaces the live tables by those that a load has filled, in one transaction.

use std::collections::BTreeMap;

use rusqlite::{Connection, ErrorCode, params};

use super::error::unfit;
use super::gaps;
use super::history;
use super::index_build::{self, INDEX_PREFIX};
use super::load;
use super::meta::{self, MirrorState};
use super::names::quoted;
use super::open::{MirrorFile, begin, write_position};
use super::rows::{to_integer, to_txn};
use super::schema;
use super::table_store::{IDS_OF_BYTES, has_ids_of_bytes};
use super::tables::{assign_table, live_tables, table_of};
use super::writer::staging_name;
use crate::record::{Failure, FailureClass};
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::manifest::{Collection, Manifest};
use crate::state::Coverage;
use crate::util::time::now_millis;

/// Snapshots whose manifests are kept.
const KEPT_SNAPSHOTS: i64 = 10;

/// What a swap did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swapped {
    /// Number of documents.
    pub documents: u64,
    /// Collections that no longer exist.
    pub gone: Vec<String>,
    /// Indexes and triggers that the user has created and that could not be created again, for example those of a
    /// collection that is gone.
    pub lost: Vec<String>,
    /// Number of gaps that the snapshot has resolved.
    pub resolved: usize,
    /// Number of gaps that it has not: the state is then `behind a gap`.
    pub unresolved: usize,
}

impl MirrorFile {
    /// Replaces all tables by those of the finished load, and with them the offsets, the manifest and the state, in one
    /// transaction. Gaps and tombstones that the snapshot covers are resolved.
    ///
    /// # Errors
    /// A [`Failure`] of the class `Gap` if the snapshot is not proven to be complete, is one of other collections, does not
    /// say what became of a collection of the copy, or is not what the load has read. A [`Failure`] of the file. The old
    /// copy is then unchanged, and nothing since the last commit is in the file. The same holds after an interrupt, which can
    /// come while indexes are made.
    pub fn swap(&mut self, manifest: &Manifest, state: MirrorState) -> Result<Swapped, Failure> {
        self.rollback();
        if let Some(why) = self.refusal(manifest)? {
            let what = format!(
                "the snapshot cannot replace the mirror {}: {why}",
                self.name
            );
            return Err(Failure {
                class: FailureClass::Gap,
                ..unfit(what, "start again; the old copy is unchanged")
            });
        }
        let snapshot = SnapshotIndex::new(manifest);
        let swapped = self.interruptible(|database| swap(database, (manifest, &snapshot), state));
        let swapped = swapped.map_err(|error| self.give_up(&error))?;
        self.tables.clear();
        self.snapshot = snapshot;
        Ok(swapped)
    }

    /// Why a snapshot is no proven copy of what the mirror contains; `None` if it is.
    fn refusal(&self, manifest: &Manifest) -> Result<Option<String>, Failure> {
        let failed = |error: &rusqlite::Error| super::error::failure("read", &self.name, error);
        let stored = meta::get(&self.database, "collections").map_err(|error| failed(&error))?;
        let of_snapshot = meta::words(&manifest.scope.patterns);
        if !manifest.complete
            || manifest.scope.condition.is_some()
            || stored.as_deref() != Some(&of_snapshot)
        {
            return Ok(Some(
                "it is not proven to contain every document".to_owned(),
            ));
        }
        if let Some(one) = manifest.collections.iter().find(|one| has_bytes(one)) {
            return Ok(Some(format!("the collection {}: {IDS_OF_BYTES}", one.name)));
        }
        refusal_of_tables(&self.database, manifest).map_err(|error| failed(&error))
    }
}

/// Why the tables and the manifest do not agree.
fn refusal_of_tables(
    database: &Connection,
    manifest: &Manifest,
) -> rusqlite::Result<Option<String>> {
    for (collection, _) in live_tables(database)? {
        if find(manifest, &collection).is_none() && !is_gone(manifest, &collection) {
            return Ok(Some(format!(
                "it does not say whether the collection {collection} still exists"
            )));
        }
    }
    let staged = staged(database)?;
    for collection in &manifest.collections {
        let read = match staged.get(&collection.name) {
            None => 0,
            Some(table) => {
                let sql = format!("SELECT count(*) FROM {}", staging_name(*table));
                database.query_row(&sql, [], |row| row.get::<_, i64>(0))?
            }
        };
        if read.cast_unsigned() != collection.documents {
            return Ok(Some(format!(
                "its collection {} has {} documents, and {read} are in the file",
                collection.name, collection.documents
            )));
        }
    }
    Ok(None)
}

fn find<'m>(manifest: &'m Manifest, collection: &str) -> Option<&'m Collection> {
    let mut all = manifest.collections.iter();
    all.find(|one| one.name == collection)
}

/// Whether a collection that a snapshot does not contain is proven to no longer exist. One that was selected by its name
/// only, or that the server has not listed, is not.
fn is_gone(manifest: &Manifest, collection: &str) -> bool {
    let known = manifest.scope.known.as_ref();
    let is_known = |known: &Vec<String>| known.iter().any(|one| one == collection);
    known.map_or(manifest.scope.whole_app, |known| !is_known(known))
}

fn has_bytes(collection: &Collection) -> bool {
    let counts = [&collection.census_before, &collection.census_after];
    let mut counts = counts.into_iter().flatten().map(|count| &count.by_type);
    has_ids_of_bytes(&collection.by_type) || counts.any(has_ids_of_bytes)
}

/// The tables of the load, by collection.
fn staged(database: &Connection) -> rusqlite::Result<BTreeMap<String, i64>> {
    let tables = load::tables(database)?.into_iter();
    Ok(tables
        .map(|(table, collection)| (collection.to_string(), table))
        .collect())
}

fn swap(
    database: &Connection,
    (manifest, snapshot): (&Manifest, &SnapshotIndex),
    state: MirrorState,
) -> rusqlite::Result<Swapped> {
    begin(database)?;
    let mut swapped = Swapped {
        documents: manifest.collections.iter().map(|one| one.documents).sum(),
        ..Swapped::default()
    };
    replace_tables(database, manifest, &mut swapped)?;
    database.execute("DELETE FROM ditto_offsets", [])?;
    for position in &manifest.positions {
        write_position(database, position)?;
    }
    store_manifest(database, manifest, swapped.documents)?;
    drop_tombstones(database, snapshot)?;
    history::note_snapshot(database)?;
    (swapped.resolved, swapped.unresolved) = resolve_gaps(database, manifest)?;
    let resolved = "UPDATE ditto_problems SET resolved_at = ?1 WHERE resolved_at IS NULL";
    database.execute(resolved, [now_millis()])?;
    let state = if swapped.unresolved > 0 {
        MirrorState::BehindGap
    } else {
        state
    };
    meta::set_state(database, state)?;
    database.execute_batch("DELETE FROM ditto_load; DELETE FROM ditto_load_tables; COMMIT")?;
    Ok(swapped)
}

/// Replaces the tables, and notes what no longer exists.
///
/// Indexes and triggers of the user are created again. One that does not fit any more is removed with its table.
fn replace_tables(
    database: &Connection,
    manifest: &Manifest,
    swapped: &mut Swapped,
) -> rusqlite::Result<()> {
    let staged = staged(database)?;
    let of_user = additions(database)?;
    for (collection, table) in live_tables(database)? {
        database.execute_batch(&format!("DROP TABLE {}", quoted(&table)))?;
        if find(manifest, &collection).is_none() {
            database.execute(
                "DELETE FROM ditto_collections WHERE collection = ?1",
                [&collection],
            )?;
            swapped.gone.push(collection);
        }
    }
    for collection in &manifest.collections {
        let name = match table_of(database, &collection.name)? {
            Some(name) => name,
            None => assign_table(database, &collection.name)?,
        };
        match staged.get(&collection.name) {
            Some(table) => {
                let sql = format!(
                    "ALTER TABLE {} RENAME TO {}",
                    staging_name(*table),
                    quoted(&name)
                );
                database.execute_batch(&sql)?;
            }
            None => schema::create_table(database, &name)?,
        }
        // After the rows: faster than with each row.
        index_build::complete(database, &collection.name, &name)?;
    }
    for (collection, table) in &staged {
        if find(manifest, collection).is_none() {
            database.execute_batch(&format!("DROP TABLE IF EXISTS {}", staging_name(*table)))?;
        }
    }
    for (name, sql) in of_user {
        match database.execute_batch(&sql) {
            Ok(()) => {}
            Err(error) if does_not_fit(&error) => swapped.lost.push(name),
            // The transaction may have ended, for example on a full disk.
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a statement does not fit the new tables: a column or a table is missing, or values are not unique.
fn does_not_fit(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqlInputError { .. })
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation)
        )
}

/// The indexes and triggers of the user in the collections' tables, each with its statement.
fn additions(database: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = database.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
         AND substr(name, 1, length(?1)) <> ?1
         AND tbl_name COLLATE NOCASE IN (SELECT table_name FROM ditto_collections) ORDER BY type, name",
    )?;
    let rows = statement.query_map([INDEX_PREFIX], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn store_manifest(
    database: &Connection,
    manifest: &Manifest,
    documents: u64,
) -> rusqlite::Result<()> {
    let text = serde_json::to_string(manifest)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    database.execute(
        "INSERT INTO ditto_snapshots (documents, manifest, stored_at) VALUES (?1, ?2, ?3)",
        params![to_integer(documents), text, now_millis()],
    )?;
    let oldest = database.last_insert_rowid() - KEPT_SNAPSHOTS;
    database.execute("DELETE FROM ditto_snapshots WHERE id <= ?1", [oldest])?;
    Ok(())
}

/// Removes the tombstones of removals that the snapshot contains.
fn drop_tombstones(database: &Connection, snapshot: &SnapshotIndex) -> rusqlite::Result<()> {
    let mut find = database.prepare("SELECT collection, key, txn FROM ditto_tombstones")?;
    let mut delete =
        database.prepare("DELETE FROM ditto_tombstones WHERE collection = ?1 AND key = ?2")?;
    let rows = find.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
        ))
    })?;
    let rows: Vec<(String, String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    for (collection, key, txn) in rows {
        if snapshot.contains(&collection, key.as_bytes(), to_txn(txn)) {
            delete.execute([collection, key])?;
        }
    }
    Ok(())
}

/// Marks the gaps that the snapshot resolves; returns how many it does and does not resolve.
fn resolve_gaps(database: &Connection, manifest: &Manifest) -> rusqlite::Result<(usize, usize)> {
    let topic = manifest
        .positions
        .first()
        .map_or("", |position| &position.topic);
    // The scope of the snapshot is that of the mirror.
    let coverage = Coverage {
        whole_app: true,
        ..Coverage::new(manifest, topic)
    };
    let (mut resolved, mut unresolved) = (0, 0);
    for (id, mut gap) in gaps::open(database)? {
        if gap.resolve(&coverage) {
            database.execute(
                "UPDATE ditto_gaps SET resolved_at = ?2 WHERE id = ?1",
                [id, now_millis()],
            )?;
            resolved += 1;
        } else {
            unresolved += 1;
        }
    }
    Ok((resolved, unresolved))
}
