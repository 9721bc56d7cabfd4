//! The size of the write-ahead log while readers come and go.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;
use crate::mirror::log_limit::LogLimit;

const MAX_LOG_BYTES: u64 = 1 << 20;

#[test]
fn readers_that_overlap_do_not_let_the_log_grow_without_limit() {
    let place = Place::new();
    let mut file = place.open();
    file.log_limit = LogLimit::with_size(&place.path, MAX_LOG_BYTES);
    let log = beside(&place.path, "-wal");
    let done = AtomicBool::new(false);
    let mut largest = 0;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let reader = place.reader();
                    reader.begin().unwrap();
                    thread::sleep(Duration::from_millis(15));
                    reader.end().unwrap();
                }
            });
        }
        let text = format!(r#"{{"_id":1,"text":"{}"}}"#, "x".repeat(50_000));
        for txn in 2..300 {
            let offset = i64::try_from(txn).unwrap();
            file.apply(&change("cars", "1", Some(&text), txn)).unwrap();
            file.commit(&[position(offset)]).unwrap();
            largest = std::fs::metadata(&log).unwrap().len().max(largest);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(largest < 3 * MAX_LOG_BYTES, "{largest}");
    assert_eq!(file.positions().unwrap()[0].next_offset, 299);
}

/// A reader that does not end is no error, and its state stays.
#[test]
fn a_long_read_transaction_delays_the_writer_but_stays_what_it_was() {
    let place = Place::new();
    let mut file = place.open();
    file.log_limit = LogLimit::with_size(&place.path, MAX_LOG_BYTES);
    let text = |txn: u64| format!(r#"{{"_id":1,"text":"{txn}{}"}}"#, "x".repeat(400_000));
    let mut put = |txn: u64| {
        let text = text(txn);
        file.apply(&change("cars", "1", Some(&text), txn)).unwrap();
        file.commit(&[]).unwrap();
    };
    put(1);
    let reader = place.reader();
    reader.begin().unwrap();
    (2..8).for_each(&mut put);
    assert_eq!(documents(&reader, "cars"), [("1".to_owned(), text(1))]);
    reader.end().unwrap();
    (8..12).for_each(&mut put);
    assert_eq!(documents(&reader, "cars"), [("1".to_owned(), text(11))]);
    let log = beside(&place.path, "-wal");
    assert!(std::fs::metadata(log).unwrap().len() < 2 * MAX_LOG_BYTES);
}
