//! Files that cannot be opened: each is refused in words, and stays as it is.

use super::*;

fn refused(place: &Place, identity: &Identity, why: &str) {
    let before = std::fs::read(&place.path).ok();
    let failure = open(&place.path, identity).unwrap_err();
    assert_eq!(failure.class, FailureClass::Setup, "{failure:?}");
    assert!(failure.what.contains(why), "{}", failure.what);
    assert_eq!(std::fs::read(&place.path).ok(), before);
}

fn sql(place: &Place, sql: &str) {
    let database = rusqlite::Connection::open(&place.path).unwrap();
    database.execute_batch(sql).unwrap();
}

#[test]
fn files_of_others_are_refused_unchanged() {
    for (setup, why) in [
        ("CREATE TABLE t (a)", "of another program"),
        ("PRAGMA user_version = 1", "of another program"),
        ("PRAGMA application_id = 5", "of another program"),
    ] {
        let place = Place::new();
        sql(&place, setup);
        refused(&place, &identity(), why);
        assert!(MirrorReader::open(&place.path).is_err());
    }
    let place = Place::new();
    for text in [
        "not a database at all",
        "SQLite format 3\0 and then nothing of it",
    ] {
        std::fs::write(&place.path, text.repeat(100)).unwrap();
        refused(&place, &identity(), "not a SQLite database");
        assert!(MirrorReader::open(&place.path).is_err());
    }
}

#[test]
fn a_newer_version_is_refused() {
    let place = Place::new();
    drop(place.open());
    sql(&place, "PRAGMA user_version = 999");
    refused(&place, &identity(), "has version 999");
    let failure = MirrorReader::open(&place.path).err().unwrap();
    assert!(failure.what.contains("has version 999"), "{}", failure.what);
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_copy() {
    let place = Place::new();
    let mut file = place.open();
    load(&file, &[("cars", &[r#"{"_id":"a"}"#])], Some(3));
    let snapshot = manifest(vec![collection("cars", 1, Some(3))], None, 7);
    file.swap(&snapshot, MirrorState::Current).unwrap();
    drop(file);
    let whole = std::fs::read(&place.path).unwrap();
    for cut in [1000, 5000, whole.len() / 2] {
        std::fs::write(&place.path, &whole[..cut]).unwrap();
        let failure = open(&place.path, &identity()).unwrap_err();
        assert_eq!(failure.class, FailureClass::Setup);
    }
    std::fs::write(&place.path, &whole).unwrap();
    sql(&place, "UPDATE ditto_snapshots SET manifest = '{'");
    refused(
        &place,
        &identity(),
        "the manifest in ditto_snapshots is damaged",
    );
}

#[test]
fn a_copy_of_something_else_is_refused_and_learns_nothing() {
    type Change = fn(&mut Identity);
    let changes: [(Change, &str); 4] = [
        (
            |one| one.server.push('x'),
            "server: https://example.com in the file, https://example.comx in this run",
        ),
        (
            |one| one.cluster = Some("c2".to_owned()),
            "Kafka cluster: c1 in the file, c2",
        ),
        (
            |one| one.topic.push('x'),
            "topic: events in the file, eventsx",
        ),
        (
            |one| one.patterns.push("a*".to_owned()),
            r#"collections: all in the file, ["a*"] in this run"#,
        ),
    ];
    let place = Place::new();
    let file = place.open();
    load(&file, &[("cars", &[r#"{"_id":"a"}"#])], Some(3));
    drop(file);
    for (change, why) in changes {
        let mut other = identity();
        change(&mut other);
        refused(&place, &other, why);
        // A file without documents takes the new setting.
        let empty = Place::new();
        drop(empty.open());
        drop(open(&empty.path, &other).unwrap());
        load(&open(&empty.path, &other).unwrap(), &[("cars", &[])], None);
        assert!(open(&empty.path, &identity()).is_err());
    }
    // A file without a cluster id does not take it from a refused one.
    let place = Place::new();
    let mut unknown = identity();
    unknown.cluster = None;
    load(
        &open(&place.path, &unknown).unwrap(),
        &[("cars", &[])],
        None,
    );
    let mut other = identity();
    (other.cluster, other.topic) = (Some("c9".to_owned()), "other".to_owned());
    open(&place.path, &other).unwrap_err();
    drop(place.open());
    assert_eq!(
        place.reader().meta("cluster").unwrap().as_deref(),
        Some("c1")
    );
}

#[test]
fn a_second_writer_is_refused_and_a_link_is_the_same_file() {
    let place = Place::new();
    let file = place.open();
    refused(&place, &identity(), "another ditto-cdc (process ");
    let link = place.path.with_file_name("link.db");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&place.path, &link).unwrap();
        let failure = open(&link, &identity()).unwrap_err();
        assert!(
            failure.what.contains("another ditto-cdc"),
            "{}",
            failure.what
        );
    }
    drop(file);
    drop(place.open());
    std::fs::write(beside(&place.path, ".lock"), "a file of the user").unwrap();
    refused(&place, &identity(), "is not a lock file");
}

#[test]
fn folders_and_missing_or_read_only_ones_are_named() {
    let place = Place::new();
    let folder = place.path.parent().unwrap();
    let refuse = |path: PathBuf, why: &str| {
        let failure = open(&path, &identity()).unwrap_err();
        assert_eq!(failure.class, FailureClass::Setup);
        assert!(failure.what.contains(why), "{}", failure.what);
    };
    refuse(folder.to_owned(), "it is a folder");
    refuse(folder.join("none/copy.db"), "there is no such folder");
    // Not even root can create a file there.
    #[cfg(target_os = "linux")]
    refuse(PathBuf::from("/sys/copy.db"), "");
    let failure = MirrorReader::open(&place.path).err().unwrap();
    assert!(failure.what.contains("does not exist"), "{}", failure.what);
}
