//! A process that is killed at random moments of a load, a swap and changes: what it leaves is always one state of the
//! server, with the offset that belongs to it, and the next process continues.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::snapshot::write::journal::Entry;

/// The file of the process that is killed.
const PATH_VARIABLE: &str = "DITTO_CDC_TEST_MIRROR";
const NAMES: [&str; 3] = ["cars", "CARS", "orders"];
const KEYS: u64 = 40;
/// Documents of a page, changes of a commit, and transactions between two loads.
const PAGE: usize = 4;
const COMMIT: u64 = 7;
const BETWEEN_LOADS: u64 = 300;

/// The document that a transaction changes: its collection, key and text; no text if it removes it.
fn transaction(txn: u64) -> (&'static str, String, Option<String>) {
    let name = NAMES[usize::try_from(txn % 3).unwrap()];
    let key = 100 + txn * 7 % KEYS;
    let text = format!(
        r#"{{"_id":{key},"txn":{txn},"text":"{}"}}"#,
        "x".repeat(200)
    );
    (
        name,
        key.to_string(),
        (!txn.is_multiple_of(5)).then_some(text),
    )
}

/// A collection at a transaction: keys and documents in the order of the keys.
fn state_at(name: &str, txn: u64) -> Vec<(String, String)> {
    let mut state = BTreeMap::new();
    // Later transactions change each document again.
    for txn in txn.saturating_sub(3 * KEYS).max(1)..=txn {
        let (of, key, text) = transaction(txn);
        match text {
            _ if of != name => {}
            Some(text) => drop(state.insert(key, text)),
            None => drop(state.remove(&key)),
        }
    }
    state.into_iter().collect()
}

/// The offset is the number of transactions that the copy contains.
fn stored(positions: &[Position]) -> Option<u64> {
    let position = positions.first()?;
    Some(u64::try_from(position.next_offset).unwrap())
}

fn position_at(txn: u64) -> Position {
    position(i64::try_from(txn).unwrap())
}

/// The process that is killed. Without its variable, there is nothing to do.
#[test]
#[ignore = "started by the other test of this module"]
fn child() {
    let Some(path) = std::env::var_os(PATH_VARIABLE) else {
        return;
    };
    let mut file = open(&PathBuf::from(path), &identity()).unwrap();
    let mut txn = stored(&file.positions().unwrap()).unwrap_or(30);
    let indexes = NAMES.map(|name| Index::parse(&format!("{name}(txn, text)")).unwrap());
    super::indexes::add(&mut file, &indexes);
    loop {
        let head = file.resume_state().unwrap().head().cloned();
        let until = match head {
            Some(head) => stored(&head.positions).unwrap(),
            None => txn,
        };
        load_at(&mut file, until);
        txn = until;
        for _ in 0..BETWEEN_LOADS {
            txn += 1;
            let (name, key, text) = transaction(txn);
            file.apply(&change(name, &key, text.as_deref(), txn))
                .unwrap();
            if txn.is_multiple_of(COMMIT) {
                file.commit(&[position_at(txn)]).unwrap();
            }
        }
        file.commit(&[position_at(txn)]).unwrap();
    }
}

/// Starts a load at a transaction, or continues it, and swaps.
fn load_at(file: &mut MirrorFile, txn: u64) {
    let resume = file.resume_state().unwrap();
    let staging = file.staging().unwrap();
    if resume.head().is_none() {
        staging.add(&Entry::Head(head(position_at(txn)))).unwrap();
    }
    let mut parts = Vec::new();
    for name in NAMES {
        let all = state_at(name, txn);
        let pages = resume.collection(name).pages;
        let last = pages.last().and_then(|page| page.last.clone());
        let mut store = staging.store(name).unwrap();
        let rest: Vec<_> = all
            .iter()
            .filter(|(key, _)| Some(key) > last.as_ref())
            .collect();
        for rows in rest.chunks(PAGE) {
            for (_, text) in rows {
                store.add(text.as_bytes()).unwrap();
                store.add(b"\n").unwrap();
            }
            let last = rows.last().map(|(key, _)| key.as_str());
            let count = u64::try_from(rows.len()).unwrap();
            store.commit_page(page(last, Some(txn), count)).unwrap();
        }
        store.finish().unwrap();
        parts.push(collection(
            name,
            u64::try_from(all.len()).unwrap(),
            Some(txn),
        ));
    }
    staging.close().unwrap();
    let mut snapshot = manifest(parts, Some(txn), 0);
    snapshot.positions = vec![position_at(txn)];
    file.swap(&snapshot, MirrorState::CatchingUp).unwrap();
}

#[test]
fn what_a_killed_process_leaves_is_a_state_of_the_server() {
    let place = Place::new();
    let mut reached = Vec::new();
    let mut in_loads = 0;
    // On a busy machine, a process comes less far in a round.
    for round in 0..400_u64 {
        let is_far = reached.last() > Some(&Some(100));
        if round >= 40 && is_far && in_loads > 0 {
            break;
        }
        let mut child = start(&place);
        std::thread::sleep(Duration::from_millis(5 + round * 37 % 61));
        assert!(
            child.try_wait().unwrap().is_none(),
            "the child process failed"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        reached.push(check(&place));
        in_loads += usize::from(place.open().resume_state().unwrap().valid > 0);
    }
    assert!(reached.is_sorted(), "{reached:?}");
    assert!(reached.last() > Some(&Some(100)), "{reached:?}");
    assert!(in_loads > 0, "no kill was in a load");
}

fn start(place: &Place) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "mirror::tests::killed::child",
            "--ignored",
            "--nocapture",
        ])
        .env(PATH_VARIABLE, &place.path)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Checks a file that a killed process has left; returns the transaction of its content.
fn check(place: &Place) -> Option<u64> {
    let file = place.open();
    let intact: String = file
        .database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(intact, "ok");
    let txn = stored(&file.positions().unwrap());
    let reader = place.reader();
    for name in NAMES {
        let expected = txn.map(|txn| state_at(name, txn)).unwrap_or_default();
        assert_eq!(documents(&reader, name), expected, "{name} at {txn:?}");
    }
    let tables = number(&file, "SELECT count(*) FROM ditto_collections");
    let indexes =
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'ditto_index_%' AND type = 'index'";
    assert_eq!(number(&file, indexes), tables, "each table has its index");
    check_load(&file);
    txn
}

/// The rows of an interrupted load are those of the pages in its journal.
fn check_load(file: &MirrorFile) {
    let resume = file.resume_state().unwrap();
    let sql = "SELECT id FROM ditto_load_tables WHERE collection = ?1";
    for name in NAMES {
        let pages = resume.collection(name).pages;
        let counts = pages.iter().flat_map(|page| &page.by_type);
        let in_journal: u64 = counts.map(|(_, count)| count).sum();
        let table: Result<i64, _> = file.database.query_row(sql, [name], |row| row.get(0));
        let rows = table.map_or(0, |table| {
            number(file, &format!("SELECT count(*) FROM ditto_load_{table}"))
        });
        assert_eq!(rows.cast_unsigned(), in_journal, "{name}");
    }
}
