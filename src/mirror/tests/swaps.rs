//! What a swap replaces, resolves, keeps and refuses.

use super::*;

const ONE: &[&str] = &[r#"{"_id":"a"}"#];

/// A mirror with the documents `a` in each collection.
fn copy_of(place: &Place, names: &[&str]) -> MirrorFile {
    let mut file = place.open();
    swap_to(&mut file, names, 10).unwrap();
    file
}

fn swap_to(file: &mut MirrorFile, names: &[&str], txn: u64) -> Result<Swapped, Failure> {
    let loaded: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, ONE)).collect();
    load(file, &loaded, Some(txn));
    let parts = names.iter().map(|name| collection(name, 1, Some(txn)));
    let snapshot = manifest(parts.collect(), Some(txn), 7);
    file.swap(&snapshot, MirrorState::CatchingUp)
}

#[test]
fn collections_that_are_gone_are_removed_and_others_keep_the_names_of_their_tables() {
    let place = Place::new();
    let mut file = copy_of(&place, &["cars", "CARS", "old"]);
    let tables = tables(&file);
    let swapped = swap_to(&mut file, &["CARS", "new"], 20).unwrap();
    assert_eq!(swapped.gone, ["cars", "old"]);
    let now = super::tables(&file);
    assert_eq!(now.len(), 2);
    assert_eq!(now["CARS"], tables["CARS"]);
    assert_eq!(now["new"], "new");
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'ditto%'";
    assert_eq!(number(&file, sql), 2, "no table is left over");
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'ditto_load_%' AND name <> 'ditto_load_tables'";
    assert_eq!(number(&file, sql), 0);
}

#[test]
fn a_collection_that_is_merely_not_listed_stays() {
    for (known, is_gone) in [
        (None, false),
        (Some(vec!["cars".to_owned(), "old".to_owned()]), false),
        (Some(vec!["cars".to_owned()]), true),
    ] {
        let place = Place::new();
        let mut file = place.open_with(&["c*".to_owned(), "old".to_owned()]);
        let of_patterns = |parts, known| {
            let mut snapshot = manifest(parts, Some(10), 7);
            snapshot.scope.patterns = vec!["c*".to_owned(), "old".to_owned()];
            (snapshot.scope.whole_app, snapshot.scope.known) = (false, known);
            snapshot
        };
        load(&file, &[("cars", ONE), ("old", ONE)], Some(10));
        let both = vec![
            collection("cars", 1, Some(10)),
            collection("old", 1, Some(10)),
        ];
        let state = MirrorState::Current;
        file.swap(&of_patterns(both, None), state).unwrap();
        load(&file, &[("cars", ONE)], Some(10));
        let one = vec![collection("cars", 1, Some(10))];
        let swapped = file.swap(&of_patterns(one, known), state);
        assert_eq!(swapped.is_ok(), is_gone);
        assert_eq!(documents(&place.reader(), "old").is_empty(), is_gone);
    }
}

#[test]
fn a_snapshot_that_is_not_what_was_read_is_refused() {
    let place = Place::new();
    let mut file = copy_of(&place, &["cars"]);
    let parts = |documents| vec![collection("cars", documents, Some(20))];
    let refused = |file: &mut MirrorFile, snapshot: &Manifest, why: &str| {
        let failure = file.swap(snapshot, MirrorState::Current).unwrap_err();
        assert!(failure.what.contains(why), "{}", failure.what);
        assert_eq!(documents(&place.reader(), "cars").len(), 1);
        assert_eq!(file.positions().unwrap(), [position(7)]);
    };
    let nothing_read = manifest(parts(1), None, 9);
    refused(&mut file, &nothing_read, "has 1 documents, and 0 are in");
    load(&file, &[("cars", ONE)], Some(20));
    let more = manifest(parts(2), None, 9);
    refused(&mut file, &more, "has 2 documents, and 1 are in");
    let mut incomplete = manifest(parts(1), None, 9);
    incomplete.complete = false;
    refused(&mut file, &incomplete, "not proven");
    let mut with_condition = manifest(parts(1), None, 9);
    with_condition.scope.condition = Some("a = 1".to_owned());
    refused(&mut file, &with_condition, "not proven");
    let mut of_others = manifest(parts(1), None, 9);
    of_others.scope.patterns = vec!["c*".to_owned()];
    refused(&mut file, &of_others, "not proven");
    let mut of_bytes = manifest(parts(1), None, 9);
    of_bytes.collections[0].census_after = Some(census_of_bytes());
    refused(&mut file, &of_bytes, "ids are bytes");
    file.swap(&manifest(parts(1), None, 9), MirrorState::Current)
        .unwrap();
    assert_eq!(file.positions().unwrap(), [position(9)]);
}

#[test]
fn ids_of_bytes_are_refused_and_their_empty_page_is_not() {
    let place = Place::new();
    let file = place.open();
    let staging = file.staging().unwrap();
    let mut store = staging.store("cars").unwrap();
    let error = store.record_count(&census_of_bytes()).unwrap_err();
    assert!(error.to_string().contains("ids are bytes"), "{error}");
    let of_bytes = |count| PageEntry {
        kind: Some("binary".to_owned()),
        ..page(None, Some(3), count)
    };
    store.commit_page(of_bytes(0)).unwrap();
    store.add(b"{\"_id\":[97,98]}\n").unwrap();
    let error = store.commit_page(of_bytes(1)).unwrap_err();
    assert!(error.to_string().contains("ids are bytes"), "{error}");
    store.rollback().unwrap();
    store.finish().unwrap();
    store.for_each_key(&mut |key| panic!("{key:?}")).unwrap();
}

#[test]
fn tombstones_end_with_the_snapshot_that_contains_the_removal() {
    let place = Place::new();
    let mut file = copy_of(&place, &["cars"]);
    for (key, txn) in [(r#""x""#, 15), (r#""y""#, 25)] {
        file.apply(&change("cars", key, None, txn)).unwrap();
    }
    file.commit(&[position(8)]).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM ditto_tombstones"), 2);
    swap_to(&mut file, &["cars"], 20).unwrap();
    let left = "SELECT txn FROM ditto_tombstones";
    assert_eq!(number(&file, left), 25);
    for (key, txn, expected) in [
        (r#""x""#, 14, Applied::Duplicate),
        (r#""x""#, 20, Applied::Duplicate),
        (r#""y""#, 24, Applied::Duplicate),
        (r#""y""#, 26, Applied::Inserted),
        (r#""x""#, 21, Applied::Inserted),
    ] {
        let event = change("cars", key, Some("{}"), txn);
        assert_eq!(file.apply(&event).unwrap(), expected, "{key} {txn}");
    }
}

#[test]
fn a_gap_is_resolved_by_a_snapshot_that_is_late_enough() {
    let place = Place::new();
    let mut file = copy_of(&place, &["cars"]);
    for (reason, txn, after) in [("announced", Some(15), 5), ("lost", None, 6)] {
        let gap = FoundGap {
            reason,
            announced: txn.is_some(),
            txn,
            after: Some((0, after)),
        };
        file.note_gap(&gap).unwrap();
    }
    let problem = Problem {
        partition: 0,
        offset: 3,
        reason: "it is no event",
    };
    file.note_problem(&problem).unwrap();
    file.set_state(MirrorState::BehindGap).unwrap();
    file.commit(&[]).unwrap();
    assert_eq!(file.open_problems().unwrap(), 1);
    let swapped = swap_to(&mut file, &["cars"], 14).unwrap();
    assert_eq!((swapped.resolved, swapped.unresolved), (1, 1));
    assert_eq!(state(&file), MirrorState::BehindGap);
    assert_eq!(file.open_gap().unwrap().unwrap().txn_id, Some(15));
    assert_eq!(file.open_problems().unwrap(), 0);
    let swapped = swap_to(&mut file, &["cars"], 15).unwrap();
    assert_eq!((swapped.resolved, swapped.unresolved), (1, 0));
    assert_eq!(state(&file), MirrorState::CatchingUp);
    assert_eq!(file.open_gap().unwrap(), None);
}

#[test]
fn a_reader_sees_the_old_state_until_its_transaction_ends() {
    let place = Place::new();
    let mut file = copy_of(&place, &["cars", "old"]);
    let reader = place.reader();
    reader.begin().unwrap();
    load(&file, &[("cars", &[])], Some(20));
    let snapshot = manifest(vec![collection("cars", 0, Some(20))], None, 99);
    file.swap(&snapshot, MirrorState::Current).unwrap();
    file.apply(&change("cars", r#""z""#, Some("{}"), 30))
        .unwrap();
    file.commit(&[position(100)]).unwrap();
    let old = [("cars".to_owned(), 1), ("old".to_owned(), 1)];
    assert_eq!(reader.collections().unwrap(), old);
    assert_eq!(documents(&reader, "old").len(), 1);
    assert_eq!(reader.positions().unwrap(), [position(7)]);
    reader.end().unwrap();
    assert_eq!(reader.collections().unwrap(), [("cars".to_owned(), 1)]);
    assert_eq!(documents(&reader, "cars")[0].0, r#""z""#);
    assert_eq!(reader.positions().unwrap(), [position(100)]);
}

#[test]
fn a_view_of_the_user_survives_a_swap() {
    let place = Place::new();
    let mut file = copy_of(&place, &["cars"]);
    let database = rusqlite::Connection::open(&place.path).unwrap();
    database
        .execute_batch("CREATE VIEW ids AS SELECT id FROM cars")
        .unwrap();
    swap_to(&mut file, &["cars"], 20).unwrap();
    let id: String = database
        .query_row("SELECT id FROM ids", [], |row| row.get(0))
        .unwrap();
    assert_eq!(id, "a");
}

#[test]
fn indexes_and_triggers_of_the_user_are_created_again_or_named() {
    let place = Place::new();
    let mut file = copy_of(&place, &["Cars", "old"]);
    let database = rusqlite::Connection::open(&place.path).unwrap();
    database
        .execute_batch(
            "CREATE INDEX by_txn ON cars (txn);
             CREATE UNIQUE INDEX single ON cars (txn);
             CREATE INDEX by_old ON old (txn);
             CREATE TABLE log (key);
             CREATE TRIGGER logs AFTER INSERT ON cars BEGIN INSERT INTO log VALUES (new.key); END;
             CREATE INDEX own ON log (key);
             ALTER TABLE cars ADD COLUMN mine;
             CREATE INDEX by_mine ON cars (mine)",
        )
        .unwrap();
    let two: &[&str] = &[r#"{"_id":"a"}"#, r#"{"_id":"b"}"#];
    load(&file, &[("Cars", two)], Some(20));
    let snapshot = manifest(vec![collection("Cars", 2, Some(20))], None, 7);
    let swapped = file.swap(&snapshot, MirrorState::Current).unwrap();
    assert_eq!(swapped.lost, ["by_mine", "by_old", "single"]);
    let names = "SELECT group_concat(name, ' ' ORDER BY name) FROM sqlite_schema
        WHERE name IN ('by_txn', 'by_old', 'by_mine', 'logs', 'own')";
    let left: String = database.query_row(names, [], |row| row.get(0)).unwrap();
    assert_eq!(left, "by_txn logs own");
    file.apply(&change("Cars", r#""z""#, Some("{}"), 30))
        .unwrap();
    file.commit(&[]).unwrap();
    assert_eq!(number(&file, "SELECT count(*) FROM log"), 1);
}

#[test]
fn a_journal_that_cannot_be_read_discards_its_load() {
    let place = Place::new();
    let mut file = place.open();
    load(&file, &[("cars", ONE)], Some(10));
    file.database
        .execute_batch(
            "UPDATE ditto_load SET entry = '?' WHERE id = (SELECT max(id) FROM ditto_load)",
        )
        .unwrap();
    assert_eq!(file.resume_state().unwrap().lines.len(), 0);
    swap_to(&mut file, &["cars"], 20).unwrap();
    assert_eq!(documents(&place.reader(), "cars").len(), 1);
}

fn census_of_bytes() -> Census {
    Census {
        documents: 1,
        by_type: [("binary".to_owned(), 1)].into(),
        ..Census::default()
    }
}

fn state(file: &MirrorFile) -> MirrorState {
    file.state().unwrap().unwrap().state
}
