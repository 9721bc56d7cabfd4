//! The floor of `benches/mirror.sh`: what `SQLite` alone takes, with the table and the settings of a mirror, for rows and
//! changes that are in memory already. Prints the seconds.
//!
//! Usage: `mirror_floor load FILE MIRROR COUNT SIZE` inserts the documents of `serve.rs` into a new file, into a table like
//! that of the mirror. `mirror_floor changes MIRROR DOCUMENTS SIZE COUNT` applies changes to a mirror of them.
//! `mirror_floor events DOCUMENTS SIZE COUNT` prints these changes as events.

mod workload;

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Instant;

use rusqlite::{Connection, params};

/// Rows of a transaction of `load`: as many as in a page of 10 MiB of documents of 500 bytes.
const PAGE_ROWS: usize = 20_000;
/// Changes of a transaction.
const BATCH: usize = 1000;
/// Transactions below it are those of the server.
const FIRST_TXN: i64 = 1000;

/// A change: of ten, one inserts a document, one removes one, and the others update any of them.
struct Change {
    key: String,
    document: Option<Vec<u8>>,
    old: Option<Vec<u8>>,
    txn: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["load", file, mirror, count, size] => load(file, mirror, count.parse()?, size.parse()?),
        ["changes", mirror, documents, size, count] => apply(
            mirror,
            &changes(documents.parse()?, size.parse()?, count.parse()?),
        ),
        ["events", documents, size, count] => {
            print(&changes(documents.parse()?, size.parse()?, count.parse()?))
        }
        _ => Err("usage: mirror_floor load|changes|events …".into()),
    }
}

fn open(file: &str) -> rusqlite::Result<Connection> {
    let database = Connection::open(file)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA cache_size = -65536; PRAGMA synchronous = NORMAL;
         PRAGMA wal_autocheckpoint = 20000; PRAGMA temp_store = MEMORY",
    )?;
    Ok(database)
}

fn load(file: &str, mirror: &str, count: usize, size: usize) -> Result<(), Box<dyn Error>> {
    let table = "SELECT sql FROM sqlite_schema WHERE name = 'all'";
    let table: String = Connection::open(mirror)?.query_row(table, [], |row| row.get(0))?;
    let mut documents = Vec::with_capacity(count * size);
    for number in 0..count {
        workload::document(&mut documents, number, number, size);
    }
    let rows = documents.chunks(size).enumerate();
    let rows: Vec<(String, &str)> = rows
        .map(|(number, row)| Ok((key(number), std::str::from_utf8(row)?)))
        .collect::<Result<_, std::str::Utf8Error>>()?;
    let started = Instant::now();
    let mut database = open(file)?;
    database.execute_batch(&table)?;
    for page in rows.chunks(PAGE_ROWS) {
        let transaction = database.transaction()?;
        let mut insert = transaction
            .prepare_cached(r#"INSERT INTO "all" (key, doc, txn) VALUES (?1, ?2, 7)"#)?;
        for (key, document) in page {
            insert.execute(params![key, document])?;
        }
        drop(insert);
        transaction.commit()?;
    }
    drop(database);
    report(started)
}

fn apply(mirror: &str, changes: &[Change]) -> Result<(), Box<dyn Error>> {
    let texts = changes.iter().map(|change| {
        let document = change.document.as_deref().map(std::str::from_utf8);
        Ok((change, document.transpose()?))
    });
    let changes: Vec<(&Change, Option<&str>)> =
        texts.collect::<Result<_, std::str::Utf8Error>>()?;
    let started = Instant::now();
    let mut database = open(mirror)?;
    for (number, batch) in changes.chunks(BATCH).enumerate() {
        let transaction = database.transaction()?;
        let mut put = transaction.prepare_cached(
            r#"INSERT INTO "all" (key, doc, txn, changed_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (key) DO UPDATE SET doc = ?2, txn = ?3, changed_at = ?4 WHERE txn < ?3"#,
        )?;
        let mut remove =
            transaction.prepare_cached(r#"DELETE FROM "all" WHERE key = ?1 AND txn < ?2"#)?;
        for (Change { key, txn, .. }, document) in batch {
            match document {
                Some(document) => {
                    put.execute(params![key, document, txn, 1_700_000_000_000_i64])?
                }
                None => remove.execute(params![key, txn])?,
            };
        }
        transaction.execute(
            "INSERT OR REPLACE INTO ditto_offsets (topic, partition, next_offset) VALUES ('floor', 0, ?1)",
            [i64::try_from(number * BATCH)?],
        )?;
        drop((put, remove));
        transaction.commit()?;
    }
    drop(database);
    report(started)
}

fn print(changes: &[Change]) -> Result<(), Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for Change {
        document, old, txn, ..
    } in changes
    {
        write!(
            out,
            r#"{{"txnId":{txn},"type":"documentChanged","collection":"all","change":"#
        )?;
        match (old, document) {
            (Some(old), None) => {
                out.write_all(br#"{"method":"remove","value":"#)?;
                out.write_all(old)?;
            }
            (old, document) => {
                out.write_all(br#"{"method":"upsert","oldValue":"#)?;
                out.write_all(old.as_deref().unwrap_or(b"null"))?;
                out.write_all(br#","newValue":"#)?;
                out.write_all(document.as_deref().unwrap_or(b"null"))?;
            }
        }
        out.write_all(b"}}\n")?;
    }
    Ok(out.flush()?)
}

fn report(started: Instant) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(
        io::stdout(),
        "{:.3}",
        started.elapsed().as_secs_f64()
    )?)
}

fn key(number: usize) -> String {
    format!(r#""id-{number:09}""#)
}

fn changes(documents: usize, size: usize, count: usize) -> Vec<Change> {
    let json = |number, quantity| {
        let mut out = Vec::with_capacity(size);
        workload::document(&mut out, number, quantity, size);
        out
    };
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let changes = (0..count).map(|at| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let any = usize::try_from(dice >> 33).unwrap_or_default() % documents.max(1);
        let number = if at % 10 == 0 { documents + at } else { any };
        Change {
            key: key(number),
            document: (at % 10 != 1).then(|| json(number, at)),
            old: (at % 10 != 0).then(|| json(number, number)),
            txn: FIRST_TXN + i64::try_from(at).unwrap_or_default(),
        }
    });
    changes.collect()
}
