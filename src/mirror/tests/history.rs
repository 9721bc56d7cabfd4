//! The history: what was applied is read back, with the document before each change.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What an event says: the transaction, and the documents before and after it.
type Said = (u64, Option<String>, Option<String>);

/// The document of a number; none for 0.
fn document(number: u8) -> Option<String> {
    (number > 0).then(|| format!(r#"{{"_id":1,"n":{number}}}"#))
}

fn op(before: Option<&String>, after: Option<&String>) -> &'static str {
    match (before, after) {
        (None, _) => "insert",
        (_, None) => "remove",
        _ => "update",
    }
}

fn text(json: Option<Vec<u8>>) -> Option<String> {
    json.map(|json| String::from_utf8(json).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The document before is often that of the change before it, and not always: then a change was missed.
    #[test]
    fn each_change_has_the_document_that_its_event_had_before_it(
        steps in vec((0..4_u8, 0..4_u8, any::<bool>(), 1..3_u8), 1..40)
    ) {
        let place = Place::new();
        let mut file = place.open();
        file.keep_history(true).unwrap();
        let mut expected: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        let mut last: BTreeMap<String, u8> = BTreeMap::new();
        for (txn, (before, after, continues, key)) in (1..).zip(steps) {
            let key = key.to_string();
            let before = last.get(&key).copied().filter(|_| continues).unwrap_or(before);
            let (old, new) = (document(before), document(after));
            if old.is_none() && new.is_none() {
                continue;
            }
            last.insert(key.clone(), after);
            file.apply(&Change {
                before: old.as_deref().map(str::as_bytes),
                op: op(old.as_ref(), new.as_ref()),
                ..change("cars", &key, new.as_deref(), txn)
            }).unwrap();
            expected.entry(key).or_default().push((txn, old, new));
        }
        file.commit(&[]).unwrap();
        let reader = place.reader();
        let said = |row: HistoryRow| (row.txn, text(row.before), text(row.document));
        for (key, expected) in &expected {
            let rows = reader.changes_of("cars", key).map(|row| said(row.unwrap()));
            prop_assert_eq!(&rows.collect::<Vec<_>>(), expected);
        }
        let mut all: Vec<Said> = expected.into_values().flatten().collect();
        all.sort();
        prop_assert_eq!(reader.changes().map(|row| said(row.unwrap())).collect::<Vec<_>>(), all);
        prop_assert!(reader.changes_of("people", "1").next().is_none());
    }
}

/// Rows are read in batches.
#[test]
fn a_long_history_is_read_completely() {
    let place = Place::new();
    let mut file = place.open();
    file.keep_history(true).unwrap();
    for txn in 1..=1_000 {
        let key = (txn % 2).to_string();
        let change = change("cars", &key, Some("{}"), txn);
        file.apply(&change).unwrap();
    }
    file.commit(&[]).unwrap();
    let reader = place.reader();
    assert_eq!(reader.changes().count(), 1_000);
    assert_eq!(reader.history_length().unwrap(), 1_000);
    let txns = reader.changes_of("cars", "1").map(|row| row.unwrap().txn);
    assert!(txns.eq((1..=1_000).filter(|txn| txn % 2 == 1)));
}

#[test]
fn a_snapshot_and_a_run_without_history_start_it_anew() {
    let place = Place::new();
    let mut file = place.open();
    let start = || place.reader().history_start(0).unwrap();
    let start = || start().map(|start| start.txn);
    let mut txn = 10;
    let mut apply = |file: &mut MirrorFile| {
        txn += 1;
        file.apply(&change("cars", "1", Some("{}"), txn)).unwrap();
        file.commit(&[]).unwrap();
    };
    apply(&mut file);
    assert_eq!(start(), None);
    file.keep_history(true).unwrap();
    assert_eq!(start(), None);
    apply(&mut file);
    apply(&mut file);
    assert_eq!(start(), Some(12));
    // The next run goes on.
    file.keep_history(true).unwrap();
    apply(&mut file);
    assert_eq!(start(), Some(12));
    // A run in between did not keep it.
    file.keep_history(false).unwrap();
    apply(&mut file);
    assert_eq!(start(), None);
    file.keep_history(true).unwrap();
    apply(&mut file);
    assert_eq!(start(), Some(16));
    assert_eq!(place.reader().history_start(1).unwrap(), None);
    load(&file, &[("cars", &[r#"{"_id":1}"#])], Some(20));
    let snapshot = manifest(vec![collection("cars", 1, Some(20))], Some(20), 7);
    file.swap(&snapshot, MirrorState::Current).unwrap();
    assert_eq!(start(), None);
    file.apply(&change("cars", "1", Some("{}"), 30)).unwrap();
    file.commit(&[]).unwrap();
    assert_eq!(start(), Some(30));
}
