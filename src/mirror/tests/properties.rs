//! Property tests: changes against a plain model, histories in any order, and names of tables.

use std::collections::{BTreeSet, HashMap};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NAMES: [&str; 2] = ["cars", "CARS"];

/// One step of a writer.
#[derive(Debug, Clone)]
enum Step {
    /// Collection, key, transaction, and whether the document exists after it.
    Event(usize, u8, u64, bool),
    Commit,
    Rollback,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..2_usize, 0..3_u8, 1..12_u64, any::<bool>())
            .prop_map(|(name, key, txn, is_present)| Step::Event(name, key, txn, is_present)),
        3 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Reopen),
    ]
}

/// What is known of each document: the transaction, and the document unless it was removed.
type Model = HashMap<(usize, u8), (u64, Option<String>)>;

/// The rows of a collection by the model.
fn rows(model: &Model, name: usize) -> Vec<(String, String)> {
    let of_name = model.iter().filter(|((of, _), _)| *of == name);
    let mut rows: Vec<_> = of_name
        .filter_map(|((_, key), (_, document))| Some((key.to_string(), document.clone()?)))
        .collect();
    rows.sort();
    rows
}

fn apply(model: &mut Model, at: (usize, u8), txn: u64, document: Option<&str>) -> Applied {
    let old = model.get(&at);
    if old.is_some_and(|(shown, _)| *shown >= txn) {
        return Applied::Duplicate;
    }
    let applied = match (old, document) {
        (_, None) => Applied::Removed,
        (Some((_, Some(_))), Some(_)) => Applied::Updated,
        _ => Applied::Inserted,
    };
    model.insert(at, (txn, document.map(str::to_owned)));
    applied
}

/// One transaction of a history: a document and whether it exists after it. Its number is its index, counted from 1.
type Transaction = (u8, bool);

/// The collection at a transaction.
fn state_at(history: &[Transaction], txn: usize) -> Vec<(String, String)> {
    let mut state = BTreeMap::new();
    for (at, (key, is_present)) in history.iter().take(txn).enumerate() {
        if *is_present {
            state.insert(key.to_string(), document(*key, at + 1));
        } else {
            state.remove(&key.to_string());
        }
    }
    state.into_iter().collect()
}

fn document(key: u8, txn: usize) -> String {
    format!(r#"{{"_id":{key},"txn":{txn}}}"#)
}

/// Applies transactions by their numbers.
fn deliver(file: &mut MirrorFile, history: &[Transaction], order: &[usize]) -> Vec<Applied> {
    let apply = |number: &usize| {
        let (key, is_present) = history[*number - 1];
        let document = is_present.then(|| document(key, *number));
        let txn = u64::try_from(*number).unwrap();
        let key = key.to_string();
        file.apply(&change("cars", &key, document.as_deref(), txn))
            .unwrap()
    };
    order.iter().map(apply).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn changes_and_their_offsets_are_those_of_a_plain_model(steps in vec(step(), 1..60)) {
        let place = Place::new();
        let mut file = place.open();
        file.keep_history(true).unwrap();
        let (mut model, mut stored) = (Model::new(), Model::new());
        let (mut done, mut offset, mut history, mut in_history) = (0, None, 0, 0);
        for step in steps {
            match step {
                Step::Event(name, key, txn, is_present) => {
                    let document = is_present.then(|| format!(r#"{{"_id":{key},"txn":{txn}}}"#));
                    let key_text = key.to_string();
                    let event = change(NAMES[name], &key_text, document.as_deref(), txn);
                    let applied = file.apply(&event).unwrap();
                    prop_assert_eq!(applied, apply(&mut model, (name, key), txn, document.as_deref()));
                    done += 1;
                    history += i64::from(applied != Applied::Duplicate);
                    continue;
                }
                Step::Commit => {
                    file.commit(&[position(done)]).unwrap();
                    stored.clone_from(&model);
                    (offset, in_history) = (Some(position(done)), history);
                }
                Step::Rollback => file.rollback(),
                Step::Reopen => {
                    drop(file);
                    file = place.open();
                    file.keep_history(true).unwrap();
                }
            }
            model.clone_from(&stored);
            history = in_history;
            let reader = place.reader();
            for (name, text) in NAMES.iter().enumerate() {
                prop_assert_eq!(documents(&reader, text), rows(&stored, name));
            }
            prop_assert_eq!(reader.positions().unwrap(), offset.clone().into_iter().collect::<Vec<_>>());
            prop_assert_eq!(number(&file, "SELECT count(*) FROM ditto_history"), in_history);
        }
    }

    #[test]
    fn a_history_in_any_order_with_snapshots_in_between_ends_in_the_last_state(
        history in vec((0..4_u8, any::<bool>()), 1..20),
        rounds in vec((vec(any::<prop::sample::Index>(), 0..15), any::<prop::sample::Index>()), 0..4),
        rest in any::<prop::sample::Index>(),
    ) {
        let place = Place::new();
        let mut file = place.open();
        let mut known = 0;
        for (order, at) in rounds {
            // Only what exists can be read; a later snapshot is of a later transaction.
            let order: Vec<usize> = order.iter().map(|index| 1 + index.index(history.len())).collect();
            deliver(&mut file, &history, &order);
            file.commit(&[]).unwrap();
            known += at.index(history.len() + 1 - known);
            let rows = state_at(&history, known);
            let texts: Vec<&str> = rows.iter().map(|(_, text)| text.as_str()).collect();
            let txn = u64::try_from(known).unwrap();
            load(&file, &[("cars", &texts)], Some(txn));
            let part = collection("cars", u64::try_from(rows.len()).unwrap(), Some(txn));
            file.swap(&manifest(vec![part], None, 0), MirrorState::CatchingUp).unwrap();
            prop_assert_eq!(documents(&place.reader(), "cars"), rows);
        }
        // Later transactions from any place on, then everything once more.
        let mut order: Vec<usize> = (known + 1..=history.len()).collect();
        if !order.is_empty() {
            let middle = rest.index(order.len());
            order.rotate_left(middle);
        }
        deliver(&mut file, &history, &order);
        let all: Vec<usize> = (1..=history.len()).collect();
        let again = deliver(&mut file, &history, &all);
        prop_assert!(again.iter().all(|applied| *applied == Applied::Duplicate));
        file.commit(&[]).unwrap();
        prop_assert_eq!(documents(&place.reader(), "cars"), state_at(&history, history.len()));
    }

    #[test]
    fn each_collection_has_a_table_of_its_own(names in vec(name(), 1..12)) {
        let place = Place::new();
        let mut file = place.open();
        for name in &names {
            let document = serde_json::to_string(name).unwrap();
            file.apply(&change(name, "1", Some(&document), 1)).unwrap();
        }
        file.commit(&[]).unwrap();
        drop(file);
        let mut file = place.open();
        let unique: BTreeSet<&String> = names.iter().collect();
        let tables = tables(&file);
        let folded: BTreeSet<String> = tables.values().map(|table| table.to_ascii_lowercase()).collect();
        prop_assert_eq!((tables.len(), folded.len()), (unique.len(), unique.len()));
        for (name, table) in &tables {
            let is_own = *name == *table || names.iter().any(|other| other != name && other.eq_ignore_ascii_case(name));
            prop_assert!(is_own || is_special(name), "{:?} is in {:?}", name, table);
            let expected = [("1".to_owned(), serde_json::to_string(name).unwrap())];
            prop_assert_eq!(documents(&place.reader(), name), expected);
            let applied = file.apply(&change(name, "1", None, 2)).unwrap();
            prop_assert_eq!(applied, Applied::Removed);
        }
    }
}

/// Whether `SQLite` or this program does not allow the name, or a suffix may have led to it.
fn is_special(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.is_empty()
        || lower.starts_with("sqlite_")
        || lower.starts_with("ditto_")
        || name.contains(['\0', '\u{2400}'])
        || name.chars().count() >= 200
        || name.contains('_')
}

fn name() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("a"),
        Just("A"),
        Just("_2"),
        Just("\""),
        Just("'"),
        Just("]"),
        Just("\0"),
        Just("é"),
        Just("É"),
        Just(" "),
        Just(";"),
        Just("\u{2400}"),
        Just("sqlite_"),
        Just("SQLite_"),
        Just("ditto_"),
        Just("Ditto_load_1"),
        Just("_"),
    ];
    prop_oneof![
        8 => vec(part, 0..4).prop_map(|parts| parts.concat()),
        1 => (199..202_usize).prop_map(|length| "é".repeat(length)),
        1 => Just("ditto_meta".to_owned()),
        1 => Just("sqlite_master".to_owned()),
        1 => Just("json_each".to_owned()),
    ]
}
