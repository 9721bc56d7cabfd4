//! A step that fails in its middle leaves nothing: the file is as after the last commit.

use super::*;

const ONE: &[&str] = &[r#"{"_id":"a"}"#];

/// A mirror in which each later insert into a table of this program fails.
fn failing_at(place: &Place, table: &str, condition: &str) -> MirrorFile {
    let mut file = place.open();
    load(&file, &[("cars", ONE)], Some(10));
    let snapshot = manifest(vec![collection("cars", 1, Some(10))], None, 7);
    file.swap(&snapshot, MirrorState::Current).unwrap();
    let trigger = format!(
        "CREATE TRIGGER fails BEFORE INSERT ON {table} WHEN {condition}
         BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
    );
    file.database.execute_batch(&trigger).unwrap();
    file
}

/// The copy is that of [`failing_at`].
fn assert_unchanged(place: &Place) {
    let reader = place.reader();
    assert_eq!(reader.collections().unwrap(), [("cars".to_owned(), 1)]);
    assert_eq!(documents(&reader, "cars")[0].0, r#""a""#);
    assert_eq!(reader.positions().unwrap(), [position(7)]);
    assert_eq!(reader.state().unwrap().unwrap().state, MirrorState::Current);
}

#[test]
fn changes_without_their_offsets_are_not_in_the_file() {
    let place = Place::new();
    let mut file = failing_at(&place, "ditto_offsets", "new.next_offset = 9");
    let one = change("new", r#""z""#, Some("{}"), 20);
    file.apply(&one).unwrap();
    let failure = file.commit(&[position(9)]).unwrap_err();
    assert!(failure.raw.unwrap().contains("on purpose"));
    assert_unchanged(&place);
    assert_eq!(file.apply(&one).unwrap(), Applied::Inserted);
    file.commit(&[position(8)]).unwrap();
    assert_eq!(documents(&place.reader(), "new").len(), 1);
}

#[test]
fn a_page_without_its_line_of_the_journal_is_not_in_the_file() {
    let place = Place::new();
    let file = failing_at(&place, "ditto_load", "new.entry LIKE '%Page%'");
    let staging = file.staging().unwrap();
    let mut store = staging.store("cars").unwrap();
    store.add(b"{\"_id\":\"a\"}\n").unwrap();
    store.commit_page(page(None, Some(3), 1)).unwrap();
    store.finish().unwrap_err();
    let rows = "SELECT count(*) FROM ditto_load_1";
    assert_eq!(number(&file, rows), 0);
}

#[test]
fn a_swap_that_fails_leaves_the_old_copy_and_the_load() {
    for (table, condition) in [
        ("ditto_snapshots", "1"),
        ("ditto_offsets", "1"),
        ("ditto_collections", "new.collection = 'new'"),
    ] {
        let place = Place::new();
        let mut file = failing_at(&place, table, condition);
        load(&file, &[("new", &[r#"{"_id":"b"}"#])], Some(20));
        let snapshot = manifest(vec![collection("new", 1, Some(20))], None, 99);
        file.swap(&snapshot, MirrorState::CatchingUp).unwrap_err();
        assert_unchanged(&place);
        let old = change("cars", r#""a""#, Some("{}"), 10);
        assert_eq!(file.apply(&old).unwrap(), Applied::Duplicate);
        file.database.execute_batch("DROP TRIGGER fails").unwrap();
        file.swap(&snapshot, MirrorState::CatchingUp).unwrap();
        let now = place.reader().collections().unwrap();
        assert_eq!(now, [("new".to_owned(), 1)]);
    }
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let place = Place::new();
    let mut file = failing_at(&place, "ditto_meta", "0");
    let pages = number(&file, "PRAGMA page_count") + 5;
    let set = format!("PRAGMA max_page_count = {pages}");
    assert_eq!(number(&file, &set), pages);
    let text = format!(r#"{{"text":"{}"}}"#, "x".repeat(1_000_000));
    let failure = file
        .apply(&change("cars", "1", Some(&text), 20))
        .unwrap_err();
    assert!(failure.what.ends_with("the disk is full"), "{failure:?}");
    assert_unchanged(&place);
    file.apply(&change("cars", "1", Some("{}"), 20)).unwrap();
    file.commit(&[position(8)]).unwrap();
    assert_eq!(documents(&place.reader(), "cars").len(), 2);
}

#[test]
fn a_transaction_that_is_too_high_is_refused_alone() {
    let place = Place::new();
    let mut file = place.open();
    file.apply(&change("cars", "1", Some("{}"), 5)).unwrap();
    let highest = u64::try_from(i64::MAX).unwrap();
    for (txn, is_accepted) in [(u64::MAX, false), (highest + 1, false), (highest, true)] {
        let applied = file.apply(&change("cars", "2", Some("{}"), txn));
        assert_eq!(applied.is_ok(), is_accepted, "{txn}");
    }
    file.commit(&[position(8)]).unwrap();
    let rows: Vec<_> = place
        .reader()
        .documents("cars")
        .map(Result::unwrap)
        .collect();
    let txns: Vec<_> = rows.iter().map(|row| row.txn).collect();
    assert_eq!(txns, [Some(5), Some(highest)]);
}

#[test]
fn another_program_may_write_between_transactions() {
    let place = Place::new();
    let mut file = place.open();
    file.apply(&change("cars", "1", Some("{}"), 5)).unwrap();
    file.commit(&[position(8)]).unwrap();
    let other = rusqlite::Connection::open(&place.path).unwrap();
    other
        .execute_batch("CREATE TABLE Orders (mine); CREATE INDEX by_txn ON cars (txn)")
        .unwrap();
    // The user has that name now.
    file.apply(&change("orders", "1", Some("{}"), 6)).unwrap();
    file.apply(&change("BY_TXN", "1", Some("{}"), 6)).unwrap();
    file.commit(&[position(9)]).unwrap();
    let tables = tables(&file);
    assert_eq!(
        (&*tables["orders"], &*tables["BY_TXN"]),
        ("orders_2", "BY_TXN_2")
    );
    assert_eq!(documents(&place.reader(), "orders").len(), 1);
}

#[test]
fn a_reader_without_the_right_to_write_learns_why_it_needs_it() {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
    let error = rusqlite::Error::SqliteFailure(code, None);
    for (doing, said) in [
        ("read", "the right to write beside it"),
        ("write", "it is read-only"),
        ("open", "it is read-only"),
    ] {
        let failure = crate::mirror::error::failure(doing, "copy.db", &error);
        assert!(failure.what.contains(said), "{}", failure.what);
        assert_eq!(failure.class, FailureClass::Setup);
    }
}
