//! Replaces the live tables by those that a load has filled, in one transaction.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::error::unfit;
use super::gaps;
use super::load;
use super::meta::{self, MirrorState};
use super::names::quoted;
use super::open::{MirrorFile, begin, write_position};
use super::rows::{to_integer, to_txn};
use super::schema;
use super::tables::{assign_table, table_of};
use super::writer::staging_name;
use crate::record::Failure;
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::document_id::{DocumentId, IdType};
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
    /// A [`Failure`] if the snapshot is not proven to be complete, or is one of other collections. A [`Failure`] of the
    /// file. The old copy is then unchanged, and nothing since the last commit is in the file.
    pub fn swap(&mut self, manifest: &Manifest, state: MirrorState) -> Result<Swapped, Failure> {
        self.check_scope(manifest)?;
        let snapshot = SnapshotIndex::new(manifest);
        let swapped = swap(&self.database, (manifest, &snapshot), state);
        let swapped = swapped.map_err(|error| self.give_up(&error))?;
        self.tables.clear();
        self.snapshot = snapshot;
        Ok(swapped)
    }

    fn check_scope(&self, manifest: &Manifest) -> Result<(), Failure> {
        let read = meta::get(&self.database, "collections");
        let stored = read.map_err(|error| super::error::failure("read", &self.name, &error))?;
        let of_snapshot = meta::words(&manifest.scope.patterns);
        if manifest.complete
            && manifest.scope.condition.is_none()
            && stored.as_deref() == Some(&of_snapshot)
        {
            return Ok(());
        }
        Err(unfit(
            format!(
                "the snapshot cannot replace the mirror {}: it is not proven to contain every document",
                self.name
            ),
            "start again; the old copy is unchanged",
        ))
    }
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
    swapped.gone = replace_tables(database, manifest)?;
    database.execute("DELETE FROM ditto_offsets", [])?;
    for position in &manifest.positions {
        write_position(database, position)?;
    }
    store_manifest(database, manifest, swapped.documents)?;
    drop_tombstones(database, snapshot)?;
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

/// Replaces the tables; returns the collections that no longer exist.
fn replace_tables(database: &Connection, manifest: &Manifest) -> rusqlite::Result<Vec<String>> {
    let staged: BTreeMap<String, i64> = load::tables(database)?
        .into_iter()
        .map(|(table, collection)| (collection.to_string(), table))
        .collect();
    let mut gone = Vec::new();
    for (collection, table) in live_tables(database)? {
        database.execute_batch(&format!("DROP TABLE {}", quoted(&table)))?;
        if !manifest
            .collections
            .iter()
            .any(|one| one.name == collection)
        {
            database.execute(
                "DELETE FROM ditto_collections WHERE collection = ?1",
                [&collection],
            )?;
            gone.push(collection);
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
        mark_ambiguous_ids(database, &name, collection)?;
    }
    for (collection, table) in &staged {
        if !manifest
            .collections
            .iter()
            .any(|one| one.name == *collection)
        {
            database.execute_batch(&format!("DROP TABLE IF EXISTS {}", staging_name(*table)))?;
        }
    }
    Ok(gone)
}

fn live_tables(database: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = database
        .prepare("SELECT collection, table_name FROM ditto_collections ORDER BY collection")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// In a collection with ids of bytes, an id that looks like bytes is as old as the older of its two readings.
fn mark_ambiguous_ids(
    database: &Connection,
    table: &str,
    collection: &Collection,
) -> rusqlite::Result<()> {
    if !collection.by_type.contains_key(IdType::Binary.name()) {
        return Ok(());
    }
    let table = quoted(table);
    let mut find = database.prepare(&format!(
        "SELECT rowid, key FROM {table} WHERE key GLOB '[[\"]*'"
    ))?;
    let mut update = database.prepare(&format!("UPDATE {table} SET txn = ?2 WHERE rowid = ?1"))?;
    let rows = find.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (rowid, key) in rows {
        if DocumentId::parse(key.as_bytes()).is_some_and(|id| id.may_be_binary()) {
            let read_at = collection.read_at(key.as_bytes()).and_then(to_integer);
            update.execute(params![rowid, read_at])?;
        }
    }
    Ok(())
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
