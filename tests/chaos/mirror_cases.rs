//! Single cases of a mirror: records that cannot be applied, a gap without a transaction, and a topic that was created again.

use std::path::PathBuf;
use std::time::Duration;

use ditto_cdc::mirror::{MirrorReader, MirrorState};
use serde_json::{Value, json};

use crate::Servers;
use crate::support::kafka::Message;
use crate::support::program::{Output, run};

/// Generous: a requery waits three seconds for late events.
const TIMEOUT: Duration = Duration::from_secs(60);
const COLLECTION: &str = "cars";

/// A topic with one partition, the engine, and a mirror in a folder.
struct Case<'s> {
    servers: &'s Servers<'s>,
    topic: String,
    folder: tempfile::TempDir,
}

impl Case<'_> {
    /// The engine has one document, which the mirror has loaded.
    fn new<'s>(servers: &'s Servers<'s>, name: &str) -> Case<'s> {
        servers.front.reset();
        let topic = format!("open-mirror-{name}");
        servers.kafka.create_topic(&topic, 2, &[]);
        let case = Case {
            servers,
            topic,
            folder: tempfile::tempdir().unwrap(),
        };
        case.insert("before");
        let loaded = case.mirror(&[]);
        assert_eq!(loaded.status, Some(0), "{}", loaded.stderr);
        case
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }

    /// Inserts a document into the engine, and writes its event.
    fn insert(&self, id: &str) {
        let document = json!({"_id": id, "n": 1});
        self.servers
            .front
            .insert(COLLECTION, std::slice::from_ref(&document));
        self.publish(&json!({
            "txnId": self.servers.front.txn(), "type": "documentChanged", "collection": COLLECTION,
            "change": {"method": "upsert", "oldValue": null, "newValue": document},
        }));
    }

    fn publish(&self, event: &Value) {
        self.publish_text(&event.to_string());
    }

    fn publish_text(&self, payload: &str) {
        let message = Message::to(0, payload.to_owned());
        self.servers.kafka.produce(&self.topic, [message]);
    }

    fn mirror(&self, arguments: &[&str]) -> Output {
        let file = self.file().display().to_string();
        let arguments = [&["mirror", &file, "--until", "end"], arguments].concat();
        run(&self.servers.env(&self.topic), &arguments, TIMEOUT)
    }

    fn keys(&self) -> Vec<String> {
        let reader = MirrorReader::open(&self.file()).unwrap();
        let rows = reader.documents(COLLECTION);
        rows.map(|row| row.unwrap().key).collect()
    }
}

/// A record that cannot be applied stops every run at its offset, until the user skips it.
pub fn unreadable_records_stop_the_mirror(servers: &Servers<'_>) {
    let change = json!({"method": "upsert", "oldValue": null, "newValue": {"_id": "bad"}});
    let event = |txn: Value| json!({"txnId": txn, "type": "documentChanged", "collection": COLLECTION, "change": change});
    for (name, payload, can_be_skipped) in [
        ("garbage", "not JSON".to_owned(), true),
        ("undated", event(Value::Null).to_string(), true),
        ("high", event(json!(u64::MAX)).to_string(), false),
    ] {
        let case = Case::new(servers, name);
        case.publish_text(&payload);
        case.insert("after");
        for _ in 0..2 {
            let stopped = case.mirror(&[]);
            assert_eq!(stopped.status, Some(1), "{name}: {}", stopped.stderr);
            assert_eq!(case.keys(), ["\"before\""], "{name}");
            let reader = MirrorReader::open(&case.file()).unwrap();
            let state = reader.state().unwrap().unwrap().state;
            assert_eq!(state, MirrorState::CatchingUp, "{name}");
        }
        if can_be_skipped {
            let skipped = case.mirror(&["--skip-unreadable"]);
            assert_eq!(skipped.status, Some(4), "{name}: {}", skipped.stderr);
            assert!(
                skipped.stderr.contains("partition 0 offset 1"),
                "{name}: {}",
                skipped.stderr
            );
            assert_eq!(case.keys(), ["\"after\"", "\"before\""], "{name}");
        }
    }
}

/// A new snapshot resolves a gap without a transaction, and one of a topic that was created again.
pub fn gaps_without_a_transaction_are_resolved(servers: &Servers<'_>) {
    let both = ["\"after\"", "\"before\""];
    let case = Case::new(servers, "unnumbered");
    let lost = json!({"_id": "after", "n": 1});
    servers
        .front
        .insert(COLLECTION, std::slice::from_ref(&lost));
    case.publish(&json!({"type": "requeryRequired", "documents": []}));
    for _ in 0..2 {
        let mended = case.mirror(&[]);
        assert_eq!(mended.status, Some(0), "{}", mended.stderr);
        assert_eq!(case.keys(), both);
    }
    let case = Case::new(servers, "recreated");
    servers.kafka.delete_topic(&case.topic);
    servers
        .front
        .insert(COLLECTION, std::slice::from_ref(&lost));
    servers.kafka.create_topic(&case.topic, 1, &[]);
    case.publish(&json!({"type": "other"}));
    for _ in 0..2 {
        let mended = case.mirror(&[]);
        assert_eq!(mended.status, Some(0), "{}", mended.stderr);
        assert_eq!(case.keys(), both);
    }
}

/// A copy is made although the announcement of a gap is gone, and an older event of a document in the gap is not.
pub fn an_announcement_that_retention_removed_is_no_contradiction(servers: &Servers<'_>) {
    let case = Case::new(servers, "unannounced");
    case.insert("lost");
    let delete = json!({"statement": "DELETE FROM cars WHERE _id = 'lost'", "args": {}});
    servers.front.control("execute", &delete);
    let announcement = json!({"type": "requeryRequired", "txnID": servers.front.txn()});
    let message = Message::to(1, announcement.to_string());
    servers.kafka.produce(&case.topic, [message]);
    servers.kafka.delete_records(&case.topic, 1, 1);
    case.insert("after");
    let mended = case.mirror(&[]);
    assert_eq!(mended.status, Some(0), "{}", mended.stderr);
    assert_eq!(case.keys(), ["\"after\"", "\"before\""]);
}
