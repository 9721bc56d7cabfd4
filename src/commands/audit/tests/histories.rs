//! What is left after the stream is exactly what the copy with the stream does not have as the server.

use std::io;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::commands::audit::comparison::Doubt;
use crate::commands::audit::copy::{AuditedCopy, CollectionCopy, Version};
use crate::commands::audit::suspects::Suspects;
use crate::commands::snapshot_read::ChangeVisitor;
use crate::record::{Place, Record};

/// A copy of single documents.
struct FakeCopy(BTreeMap<String, Version>);

impl AuditedCopy for FakeCopy {
    fn open(&self, _: &str) -> io::Result<Box<dyn CollectionCopy>> {
        Err(io::Error::other("not used"))
    }

    fn version(&self, _: &str, key: &str, _: Option<u64>) -> io::Result<Version> {
        Ok(self.0.get(key).cloned().unwrap_or_default())
    }
}

fn document(value: u8) -> String {
    format!(r#"{{"_id":"a","value":{value}}}"#)
}

fn text(version: Option<&u8>) -> Option<Vec<u8>> {
    version.map(|value| document(*value).into_bytes())
}

/// The version at a transaction: the first one of a history is of transaction 1, the next of 2, and so on; `None` if it is
/// removed.
fn at(history: &[Option<u8>], txn: usize) -> Option<u8> {
    txn.checked_sub(1).and_then(|last| *history.get(last)?)
}

fn event(history: &[Option<u8>], txn: usize) -> String {
    match (at(history, txn - 1), at(history, txn)) {
        (old, Some(new)) => format!(
            r#"{{"txnId":{txn},"type":"documentChanged","collection":"cars","change":{{"method":"upsert","oldValue":{},"newValue":{}}}}}"#,
            old.map_or("null".to_owned(), document),
            document(new)
        ),
        (old, None) => format!(
            r#"{{"txnId":{txn},"type":"documentChanged","collection":"cars","change":{{"method":"remove","value":{}}}}}"#,
            document(old.unwrap_or_default())
        ),
    }
}

fn record(payload: &str, offset: i64) -> Record<'_> {
    Record {
        place: Place::Offset {
            topic: "events",
            partition: 0,
            offset,
        },
        time: None,
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: Some(payload.as_bytes().into()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_stream_explains_exactly_what_it_explains(
        history in vec(prop::option::of(0..3_u8), 1..8),
        copied in 0..8_usize,
        read_at in 0..8_usize,
        damage in prop::option::of(prop::option::of(0..3_u8)),
        seen in vec(0..8_usize, 0..20),
    ) {
        let (copied, read_at) = (copied.min(history.len()), read_at.min(history.len()));
        // A copy of this transaction, or damaged.
        let own = damage.unwrap_or(at(&history, copied));
        let version = Version {
            document: text(own.as_ref()),
            txn: Some(copied as u64),
        };
        let copy = FakeCopy([("\"a\"".to_owned(), version)].into());
        let doubt = Doubt {
            key: "\"a\"".to_owned(),
            place: None,
            server: text(at(&history, read_at).as_ref()),
            read_at: Some(read_at as u64),
        };
        let mut suspects = Suspects::new(vec![(NAME.to_owned(), doubt)], &copy, None, None).unwrap();
        suspects.compare(&copy).unwrap();
        // The stream after the copy, in order, with duplicates of any event before.
        let payloads: Vec<String> = (1..=history.len()).map(|txn| event(&history, txn)).collect();
        let mut delivered: Vec<usize> = Vec::new();
        for txn in copied + 1..=history.len() {
            delivered.push(txn);
            let duplicates = seen.iter().filter(|one| (1..=txn).contains(*one));
            delivered.extend(duplicates.take(2));
        }
        for (offset, txn) in delivered.iter().enumerate() {
            suspects.record(&record(&payloads[txn - 1], offset as i64));
        }
        suspects.compare(&copy).unwrap();
        prop_assert_eq!(&suspects.flaw, &None);
        let with_stream = if read_at > copied { at(&history, read_at) } else { own };
        let is_equal = read_at >= copied && with_stream == at(&history, read_at);
        prop_assert_eq!(suspects.open() == 0, is_equal, "{:?}", suspects.all);
        // Asked again at the newest transaction, nothing is undecided.
        let newest = text(at(&history, history.len()).as_ref());
        let suspect = &mut suspects.all[0];
        suspect.read_again(newest, Some(history.len() as u64));
        suspects.compare(&copy).unwrap();
        let with_stream = if history.len() > copied { at(&history, history.len()) } else { own };
        let is_equal = with_stream == at(&history, history.len());
        prop_assert_eq!(suspects.open() == 0, is_equal);
        prop_assert!(is_equal || suspects.all[0].sameness().is_some());
    }
}

#[test]
fn what_hides_changes_is_a_flaw() {
    for (payload, is_flaw) in [
        (r#"{"txnID":5,"type":"requeryRequired"}"#, false),
        (r#"{"txnID":6,"type":"requeryRequired"}"#, true),
        (r#"{"type":"requeryRequired"}"#, true),
        ("garbage", true),
        (r#"{"type":"heartbeat"}"#, false),
        (
            r#"{"type":"documentChanged","collection":"cars","change":{"method":"upsert","oldValue":null,"newValue":{"_id":"b"}}}"#,
            true,
        ),
        (
            r#"{"txnId":9,"type":"documentChanged","collection":"cars","change":{"method":"upsert","oldValue":null,"newValue":{"x":1}}}"#,
            true,
        ),
        (
            r#"{"txnId":9,"type":"documentChanged","change":{"method":"upsert","oldValue":null,"newValue":{"_id":"b"}}}"#,
            true,
        ),
        (
            r#"{"type":"documentChanged","collection":"other","change":{"method":"upsert","oldValue":null,"newValue":{"_id":"b"}}}"#,
            false,
        ),
    ] {
        let copy = FakeCopy(BTreeMap::new());
        let doubt = Doubt {
            key: "\"a\"".to_owned(),
            place: None,
            server: Some(b"{\"_id\":\"a\"}".to_vec()),
            read_at: Some(9),
        };
        let suspects = Suspects::new(vec![(NAME.to_owned(), doubt)], &copy, Some(5), None);
        let mut suspects = suspects.unwrap();
        suspects.record(&record(payload, 3));
        assert_eq!(
            suspects.flaw.is_some(),
            is_flaw,
            "{payload}: {:?}",
            suspects.flaw
        );
        assert_eq!(suspects.awaits_events(), !is_flaw);
    }
}
