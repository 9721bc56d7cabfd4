//! What a mirror is a copy of. Another server, topic or scope would mix two copies in one file.

use rusqlite::Connection;

use super::error::setup;
use super::meta;
use crate::record::Failure;

/// What a mirror is a copy of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The address of the Big Peer, without any key.
    pub server: String,
    /// The id of the Kafka cluster, if its brokers send it.
    pub cluster: Option<String>,
    /// The topic's name.
    pub topic: String,
    /// The patterns of `--collection`, as typed; empty for all collections.
    pub patterns: Vec<String>,
}

impl Identity {
    /// Stores the identity in a file without documents, or compares it with the one that is stored. A cluster id that is
    /// missing on one side is not compared.
    pub(super) fn check(&self, database: &Connection, name: &str) -> Result<(), Failure> {
        let failed = |error: &rusqlite::Error| super::error::failure("open", name, error);
        // One that is refused stores nothing.
        let transaction = database.unchecked_transaction();
        let transaction = transaction.map_err(|error| failed(&error))?;
        let patterns = meta::words(&self.patterns);
        let wanted = [
            ("server", "server", Some(self.server.as_str())),
            ("cluster", "Kafka cluster", self.cluster.as_deref()),
            ("topic", "topic", Some(self.topic.as_str())),
            ("collections", "collections", Some(patterns.as_str())),
        ];
        // A first run may have failed because of a wrong setting, which must not stay.
        let is_empty = is_empty(&transaction).map_err(|error| failed(&error))?;
        for (key, noun, value) in wanted {
            let Some(value) = value else { continue };
            match meta::get(database, key).map_err(|error| failed(&error))? {
                Some(stored) if stored != value && !is_empty => {
                    return Err(different(name, noun, &stored, value));
                }
                Some(stored) if stored == value => {}
                _ => meta::set(database, key, value).map_err(|error| failed(&error))?,
            }
        }
        transaction.commit().map_err(|error| failed(&error))
    }
}

/// Whether the file has neither a snapshot nor a part of one.
fn is_empty(database: &Connection) -> rusqlite::Result<bool> {
    let sql =
        "SELECT NOT EXISTS (SELECT 1 FROM ditto_snapshots UNION ALL SELECT 1 FROM ditto_load)";
    database.query_row(sql, [], |row| row.get(0))
}

fn different(name: &str, noun: &str, stored: &str, now: &str) -> Failure {
    setup(
        format!(
            "the mirror {name} is a copy of something else. {noun}: {stored} in the file, {now} in this run"
        ),
        "use another file for this copy, or the settings that the file was made with (SELECT * FROM ditto_meta)",
    )
}
