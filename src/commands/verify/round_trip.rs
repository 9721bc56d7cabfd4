//! `--round-trip`: writes a document through the HTTP API, waits for its event, removes it, waits for the remove event.
//! The document is also removed after a failure or Ctrl-C.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::json;

use super::kafka::TopicInspection;
use super::run::VerifyRun;
use crate::bigpeer::{
    ApiError, ApiErrorKind, Client, IgnoreRows, Query, QueryResponse, quoted_name,
};
use crate::event::{self, Op};
use crate::kafka::inspect::{QueryError, ReadItem};
use crate::record::Place;
use crate::util::exit::Exit;
use crate::verify::check::redact::NameKind;
use crate::verify::check::{Check, Fault};

const NAME: &str = "round-trip";
/// Limit for the arrival of an event.
const EVENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Limit for a write through the API.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

impl VerifyRun<'_, '_> {
    /// Runs the round trip, if the topic and the HTTP API work.
    pub(super) fn round_trip(
        &mut self,
        collection: &str,
        client: Option<Client>,
        inspection: Option<&TopicInspection>,
    ) -> Result<(), Exit> {
        let (Some(client), Some(inspection)) = (client, inspection) else {
            self.add(Check::skip(NAME, "it needs a working topic and HTTP API"));
            return Ok(());
        };
        let now_ms = self.context.env.now.timestamp().as_millisecond();
        let trip = RoundTrip {
            client,
            inspection,
            collection,
            id: format!("ditto-cdc-verify-{now_ms}-{}", std::process::id()),
        };
        self.context.out.note(&format!(
            "--round-trip: writing one document with the _id {} to {collection} through {}, then removing it",
            trip.id,
            trip.client.address()
        ));
        self.names
            .push((NameKind::Collection, collection.to_owned()));
        self.names.push((NameKind::Id, trip.id.clone()));
        let checks = trip.run();
        self.add_all(checks);
        self.interrupted()
    }
}

/// One round trip of a document.
struct RoundTrip<'a> {
    client: Client,
    inspection: &'a TopicInspection,
    collection: &'a str,
    id: String,
}

/// The arrival of the expected event.
struct EventArrival {
    after: Duration,
    txn: Option<u64>,
}

/// The next offset of each partition.
type Positions = BTreeMap<i32, i64>;

impl RoundTrip<'_> {
    fn run(&self) -> Vec<Check> {
        let mut positions: Positions = self.inspection.ends().into_iter().collect();
        let started = Instant::now();
        let written = self.write();
        if let Err(error) = &written
            && certainly_not_written(&error.kind)
        {
            return vec![self.api_failed("writing", error)];
        }
        let inserted = match &written {
            Ok(_) => self.wait_for_event(&mut positions, &[Op::Insert, Op::Update], started),
            Err(_) => Ok(None),
        };
        // The document is removed in any case, also after Ctrl-C.
        let started = Instant::now();
        let removed = self.remove();
        let mut checks = vec![match &written {
            Ok(answer) => self.event_check("written", answer, &inserted),
            Err(error) => self.api_failed("writing", error),
        }];
        match &removed {
            Err(error) => checks.push(self.cleanup_failed(error)),
            Ok(answer) if matches!(inserted, Ok(Some(_))) => {
                let arrival = self.wait_for_event(&mut positions, &[Op::Remove], started);
                checks.push(self.event_check("removed", answer, &arrival));
            }
            Ok(_) => checks.push(Check::pass(
                NAME,
                format!("the document {} was removed", self.id),
            )),
        }
        checks
    }

    fn write(&self) -> Result<QueryResponse, ApiError> {
        let statement = format!(
            "INSERT INTO {} DOCUMENTS (:doc)",
            quoted_name(self.collection)
        );
        let document = json!({
            "_id": self.id,
            "madeBy": "ditto-cdc verify --round-trip",
            "note": "written by a connection test; it may be removed",
        });
        self.execute(statement, ("doc", document.to_string()))
    }

    fn remove(&self) -> Result<QueryResponse, ApiError> {
        let statement = format!(
            "DELETE FROM {} WHERE _id = :id",
            quoted_name(self.collection)
        );
        self.execute(statement, ("id", json!(self.id).to_string()))
    }

    fn execute(
        &self,
        statement: String,
        argument: (&'static str, String),
    ) -> Result<QueryResponse, ApiError> {
        let query = Query {
            args: vec![argument],
            timeout: Some(WRITE_TIMEOUT),
            ..Query::new(statement)
        };
        self.client.execute(&query, &mut IgnoreRows)
    }

    /// Reads until an event of the document with one of these operations arrives, or until the timeout.
    fn wait_for_event(
        &self,
        positions: &mut Positions,
        ops: &[Op],
        started: Instant,
    ) -> Result<Option<EventArrival>, QueryError> {
        let starts: Vec<(i32, i64)> = positions.iter().map(|(id, at)| (*id, *at)).collect();
        let mut arrival = None;
        self.inspection
            .inspector
            .read(&starts, EVENT_TIMEOUT, &mut |item| {
                let ReadItem::Record(record) = item else {
                    return ControlFlow::Continue(());
                };
                if let Place::Offset {
                    partition, offset, ..
                } = record.place
                {
                    positions.insert(partition, offset + 1);
                }
                let Ok(event) = event::decode(record.payload.as_deref()) else {
                    return ControlFlow::Continue(());
                };
                if !self.is_ours(&event) || !ops.contains(&event.op()) {
                    return ControlFlow::Continue(());
                }
                arrival = Some(EventArrival {
                    after: started.elapsed(),
                    txn: event.txn_id.map(|txn| txn.0),
                });
                ControlFlow::Break(())
            })?;
        Ok(arrival)
    }

    fn is_ours(&self, event: &event::Event<'_>) -> bool {
        let wanted = json!(self.id).to_string();
        event.collection.as_deref() == Some(self.collection)
            && event.id().is_some_and(|id| id == wanted.as_bytes())
    }

    fn event_check(
        &self,
        done: &str,
        answer: &QueryResponse,
        arrival: &Result<Option<EventArrival>, QueryError>,
    ) -> Check {
        let collection = self.collection;
        match arrival {
            Err(error) => self.inspection.topic_context().query_failed(NAME, error, &[]),
            Ok(None) => Check::fail_response(
                NAME,
                format!("a document was {done} in {collection}, but its event did not arrive within {} s", EVENT_TIMEOUT.as_secs()),
            )
            .with_fault(Fault::E7)
            .fix("check in the portal that the data bridge's sources include this collection, and that url and topic belong to the same app"),
            Ok(Some(arrival)) => {
                let after = arrival.after.as_secs_f64();
                let (agree, words) = agreement(answer.transaction_id, arrival.txn);
                let check = Check::pass(
                    NAME,
                    format!("the event of the document {done} in {collection} arrived after {after:.2} s; {words}"),
                );
                check
                    .detail("document", self.id.as_str())
                    .detail(done, true)
                    .detail("seconds", after)
                    .detail("txnId", arrival.txn)
                    .detail("transactionId", answer.transaction_id)
                    .detail("transactionsAgree", agree)
            }
        }
    }

    fn api_failed(&self, doing: &str, error: &ApiError) -> Check {
        let what = format!(
            "{doing} a document in {}: {}",
            self.collection,
            error.summary()
        );
        let check = match error.kind {
            ApiErrorKind::RefusedKey | ApiErrorKind::Forbidden => {
                Check::fail(NAME, Fault::F1, what)
            }
            _ => Check::fail_response(NAME, what),
        };
        let check = match error.fix() {
            Some(fix) => check.fix(fix),
            None => check,
        };
        if error.message.is_empty() {
            check
        } else {
            check.raw(&error.message)
        }
    }

    fn cleanup_failed(&self, error: &ApiError) -> Check {
        let statement = format!(
            "DELETE FROM {} WHERE _id = '{}'",
            quoted_name(self.collection),
            self.id
        );
        let check = self.api_failed("removing", error);
        check.fix(format!(
            "the document still exists; remove it with: {statement}"
        ))
    }
}

/// Whether the error proves that the document was not written.
fn certainly_not_written(kind: &ApiErrorKind) -> bool {
    !matches!(
        kind,
        ApiErrorKind::TimedOut
            | ApiErrorKind::Truncated
            | ApiErrorKind::Busy { .. }
            | ApiErrorKind::Failed
            | ApiErrorKind::TooLarge
            | ApiErrorKind::Empty
            | ApiErrorKind::Encoded(_)
    )
}

fn agreement(api: Option<u64>, event: Option<u64>) -> (Option<bool>, String) {
    match (api, event) {
        (Some(api), Some(event)) if api == event => (
            Some(true),
            format!("API and event agree on transaction {api}"),
        ),
        (Some(api), Some(event)) => (
            Some(false),
            format!("the API reports transaction {api}, the event {event}"),
        ),
        _ => (
            None,
            "the API or the event has no transaction number".to_owned(),
        ),
    }
}
