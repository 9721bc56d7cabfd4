//! Tests of `--round-trip` with a small HTTP server that writes events to the embedded broker.

use std::sync::Arc;
use std::time::Duration;

use ditto_cdc::kafka::embedded::ProducerRecord;
use serde_json::Value;

use crate::api::{Answer, Api, JSON, dql};
use crate::report::{stage, verify};
use crate::support::program::Running;
use crate::support::stage::{Stage, TOPIC};

const TIMEOUT: Duration = Duration::from_secs(30);

/// How the server handles a write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// Sends events.
    Faithful,
    /// Sends no events.
    Silent,
    /// Rejects the removal.
    KeepsDocuments,
}

fn peer(stage: &Arc<Stage>, kind: Peer) -> Api {
    let stage = Arc::clone(stage);
    Api::start(move |body| answer(&stage, kind, body))
}

fn answer(stage: &Stage, kind: Peer, body: &str) -> Answer {
    let request: Value = serde_json::from_str(body).unwrap();
    let statement = request["statement"].as_str().unwrap();
    let args = &request["args"];
    if statement == "INSERT INTO `cars` DOCUMENTS (:doc)" {
        if kind != Peer::Silent {
            let change = format!(
                "{{\"method\":\"upsert\",\"oldValue\":null,\"newValue\":{}}}",
                args["doc"]
            );
            publish(stage, 200, &change);
        }
        return dql(200);
    }
    if statement == "DELETE FROM `cars` WHERE _id = :id" {
        if kind == Peer::KeepsDocuments {
            return (403, JSON, "{\"message\":\"may not remove\"}".to_owned());
        }
        if kind != Peer::Silent {
            let change = format!(
                "{{\"method\":\"remove\",\"value\":{{\"_id\":{}}}}}",
                args["id"]
            );
            publish(stage, 201, &change);
        }
        return dql(201);
    }
    dql(100)
}

fn publish(stage: &Stage, txn: u64, change: &str) {
    let event = format!(
        "{{\"txnId\":{txn},\"type\":\"documentChanged\",\"collection\":\"cars\",\"change\":{change}}}"
    );
    let record = ProducerRecord {
        topic: TOPIC,
        payload: Some(event.as_bytes()),
        ..ProducerRecord::default()
    };
    stage.broker.produce(&record).unwrap();
    stage.broker.flush().unwrap();
}

fn env(stage: &Stage, api: &Api) -> Vec<(&'static str, String)> {
    [&stage.env()[..], &api.env()].concat()
}

#[test]
fn there_and_back() {
    let stage = Arc::new(stage());
    let api = peer(&stage, Peer::Faithful);
    let report = verify(&env(&stage, &api), &["--round-trip", "cars"]);
    report.ended(0);
    let trips = report.checks("round-trip");
    assert_eq!(trips.len(), 2, "{trips:#?}");
    for (trip, txn) in trips.iter().zip([200, 201]) {
        assert_eq!(trip["details"]["transactionsAgree"], true, "{trip:#}");
        assert_eq!(trip["details"]["txnId"], txn);
        assert!(trip["details"]["seconds"].as_f64().unwrap() < 30.0);
    }
    let messages = &report.output.stderr;
    assert!(
        messages.contains("writing one document") && messages.contains("cars"),
        "{messages}"
    );
}

#[test]
fn a_document_that_stays_is_named() {
    let stage = Arc::new(stage());
    let api = peer(&stage, Peer::KeepsDocuments);
    let report = verify(&env(&stage, &api), &["--round-trip", "cars"]);
    report.ended(3).has(
        "round-trip",
        "fail",
        Some("F1"),
        "removing a document in cars",
    );
    let fixes: Vec<&str> = report
        .checks("round-trip")
        .iter()
        .filter_map(|one| one["fix"].as_str())
        .collect();
    assert!(
        fixes
            .iter()
            .any(|fix| fix.contains("DELETE FROM `cars` WHERE _id = 'ditto-cdc-verify-")),
        "{fixes:?}"
    );
}

#[test]
fn it_cleans_up_after_ctrl_c() {
    let stage = Arc::new(stage());
    let api = peer(&stage, Peer::Silent);
    let mut running = Running::start(&env(&stage, &api), &["verify", "--round-trip", "cars"]);
    running.wait_for_words(&["writing one document"], TIMEOUT);
    while !api.requests().iter().any(|body| body.contains("INSERT")) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = running.interrupt();
    assert_eq!(output.status, Some(130));
    let removed = |body: &String| body.contains("DELETE FROM `cars`");
    assert!(api.requests().iter().any(removed), "{:?}", api.requests());
}

#[test]
fn without_the_api_it_is_skipped() {
    let stage = stage();
    let report = verify(&stage.env(), &["--round-trip", "cars"]);
    report.ended(0).has("round-trip", "skip", None, "HTTP API");
}
