//! A load, a swap, changes, and what a reader sees of them.

use super::*;
use crate::snapshot::write::journal::Entry;

#[test]
fn a_copy_is_loaded_changed_and_read() {
    let place = Place::new();
    let mut file = place.open();
    assert_eq!(file.state().unwrap().unwrap().state, MirrorState::Loading);
    load(
        &file,
        &[
            ("cars", &[r#"{"_id":"a","n":1}"#, r#"{"_id":"b"}"#]),
            ("none", &[]),
        ],
        Some(10),
    );
    let mut reader = place.reader();
    assert_eq!(reader.collections().unwrap(), []);
    let parts = vec![
        collection("cars", 2, Some(10)),
        collection("none", 0, Some(10)),
    ];
    let swapped = file
        .swap(&manifest(parts, Some(5), 7), MirrorState::CatchingUp)
        .unwrap();
    assert_eq!((swapped.documents, swapped.unresolved), (2, 0));
    assert_eq!(file.positions().unwrap(), [position(7)]);
    assert_eq!(
        reader.collections().unwrap(),
        [("cars".to_owned(), 2), ("none".to_owned(), 0)]
    );
    for (change, expected) in [
        (
            change("cars", r#""a""#, Some(r#"{"_id":"a","n":0}"#), 9),
            Applied::Duplicate,
        ),
        (
            change("cars", r#""c""#, Some(r#"{"_id":"c"}"#), 10),
            Applied::Duplicate,
        ),
        (
            change("cars", r#""a""#, Some(r#"{"_id":"a","n":2}"#), 11),
            Applied::Updated,
        ),
        (change("cars", r#""b""#, None, 12), Applied::Removed),
        (
            change("cars", r#""b""#, Some(r#"{"_id":"b"}"#), 11),
            Applied::Duplicate,
        ),
        (
            change("new", r#""x""#, Some(r#"{"_id":"x"}"#), 3),
            Applied::Inserted,
        ),
    ] {
        assert_eq!(file.apply(&change).unwrap(), expected, "{change:?}");
    }
    assert_eq!(documents(&reader, "cars").len(), 2);
    file.commit(&[position(20)]).unwrap();
    let expected = [(r#""a""#.to_owned(), r#"{"_id":"a","n":2}"#.to_owned())];
    assert_eq!(documents(&reader, "cars"), expected);
    drop(file);
    reader = place.reader();
    assert_eq!(reader.positions().unwrap(), [position(20)]);
    assert_eq!(reader.collections().unwrap().len(), 3);
    let mut file = place.open();
    let repeated = change("cars", r#""zzz""#, None, 10);
    assert_eq!(file.apply(&repeated).unwrap(), Applied::Duplicate);
}

#[test]
fn a_load_is_continued_and_discarded() {
    let place = Place::new();
    let mut file = place.open();
    assert_eq!(file.resume_state().unwrap().valid, 0);
    let head = head(position(7));
    let staging = file.staging().unwrap();
    staging.add(&Entry::Head(head.clone())).unwrap();
    let mut store = staging.store("cars").unwrap();
    store.add(b"{\"_id\":\"a\"}\n{\"_i").unwrap();
    store.rollback().unwrap();
    store.add(b"{\"_id\":\"a\"}\n{\"_i").unwrap();
    store.add(b"d\":\"b\"}\n").unwrap();
    store.commit_page(page(Some("\"b\""), Some(3), 2)).unwrap();
    store.add(b"{\"_id\":\"c\"}\n").unwrap();
    drop(store);
    staging.close().unwrap();
    drop(file);
    file = place.open();
    let resume = file.resume_state().unwrap();
    assert_eq!(resume.head(), Some(&head));
    assert!(resume.valid > 0);
    assert_eq!(
        resume.collection("cars").pages,
        [page(Some("\"b\""), Some(3), 2)]
    );
    let staging = file.staging().unwrap();
    let mut store = staging.store("cars").unwrap();
    let keys = |store: &TableStore| {
        let mut keys = Vec::new();
        store
            .for_each_key(&mut |key| keys.push(String::from_utf8(key.to_vec()).unwrap()))
            .unwrap();
        keys
    };
    assert_eq!(keys(&store), ["\"a\"", "\"b\""]);
    store.add(b"{\"_id\":\"c\"}\n").unwrap();
    store.commit_page(page(None, Some(4), 1)).unwrap();
    assert_eq!(keys(&store).len(), 3);
    drop(store);
    staging.close().unwrap();
    file.swap(
        &manifest(vec![collection("cars", 3, Some(3))], None, 7),
        MirrorState::CatchingUp,
    )
    .unwrap();
    assert_eq!(documents(&place.reader(), "cars").len(), 3);
    assert_eq!(file.resume_state().unwrap().lines.len(), 0);
    load(&file, &[("cars", &[])], Some(9));
    file.discard_load().unwrap();
    assert_eq!(file.resume_state().unwrap().lines.len(), 0);
    assert_eq!(documents(&place.reader(), "cars").len(), 3);
}

#[test]
fn the_same_id_twice_is_an_error() {
    let place = Place::new();
    let file = place.open();
    let staging = file.staging().unwrap();
    let mut store = staging.store("cars").unwrap();
    store.add(b"{\"_id\":[97]}\n{\"_id\":[ 97 ]}\n").unwrap();
    store.commit_page(page(None, Some(3), 2)).unwrap();
    let error = store.finish().unwrap_err().to_string();
    assert!(
        error.starts_with("the server sent two documents of the collection cars with the same id"),
        "{error}"
    );
    assert!(store.restart().is_err(), "the error stays");
}
