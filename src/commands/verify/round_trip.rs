//! `--round-trip`: writes a document through the HTTP API, waits for its event, removes it, waits for that event.
//! The only part of `verify` that writes; it says so before, and removes what it wrote also after Ctrl-C or a failure.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Run;
use super::kafka::Asked;
use crate::bigpeer::{Answer, ApiError, Client, Kind, Nobody, Query, quoted_name};
use crate::event::{self, Op};
use crate::kafka::inspect::{QueryError, ReadItem};
use crate::record::Place;
use crate::util::exit::Exit;
use crate::verify::check::{Check, Fault};

const NAME: &str = "round-trip";
/// How long an event may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long the API may take to write.
const PATIENCE: Duration = Duration::from_secs(10);

impl Run<'_, '_> {
    /// The round trip, if both of its ends work.
    pub(super) fn round_trip(
        &mut self,
        collection: &str,
        client: Option<Client>,
        asked: Option<&Asked>,
    ) -> Result<(), Exit> {
        let (Some(client), Some(asked)) = (client, asked) else {
            self.add(Check::skip(NAME, "it needs the topic and the HTTP API"));
            return Ok(());
        };
        let millis = self.context.env.now.timestamp().as_millisecond();
        let trip = Trip {
            client,
            asked,
            collection,
            id: format!("ditto-cdc-verify-{millis}-{}", std::process::id()),
        };
        self.context.out.note(&format!(
            "--round-trip: writing one document with the _id {} into {collection} through {}, and removing it again",
            trip.id,
            trip.client.address()
        ));
        self.names.push((
            crate::verify::check::redact::Name::Collection,
            collection.to_owned(),
        ));
        self.names
            .push((crate::verify::check::redact::Name::Id, trip.id.clone()));
        let checks = trip.go();
        self.add_all(checks);
        self.interrupted()
    }
}

/// One document's way there and back.
struct Trip<'a> {
    client: Client,
    asked: &'a Asked,
    collection: &'a str,
    id: String,
}

/// An event that was waited for.
struct Met {
    after: Duration,
    txn: Option<u64>,
}

/// Where to read on, by partition.
type Positions = BTreeMap<i32, i64>;

impl Trip<'_> {
    fn go(&self) -> Vec<Check> {
        let mut positions: Positions = self.asked.ends().into_iter().collect();
        let started = Instant::now();
        let written = self.write();
        if let Err(error) = &written
            && never_arrived(&error.kind)
        {
            return vec![self.api_failed("writing", error)];
        }
        let inserted = match &written {
            Ok(_) => self.wait(&mut positions, &[Op::Insert, Op::Update], started),
            Err(_) => Ok(None),
        };
        // Whatever happened, also Ctrl-C: what was written is removed.
        let started = Instant::now();
        let removed = self.remove();
        let mut checks = vec![match &written {
            Ok(answer) => self.judge("written", answer, &inserted),
            Err(error) => self.api_failed("writing", error),
        }];
        match &removed {
            Err(error) => checks.push(self.left_behind(error)),
            Ok(answer) if matches!(inserted, Ok(Some(_))) => {
                let met = self.wait(&mut positions, &[Op::Remove], started);
                checks.push(self.judge("removed", answer, &met));
            }
            Ok(_) => checks.push(Check::pass(
                NAME,
                format!("the document {} is removed again", self.id),
            )),
        }
        checks
    }

    fn write(&self) -> Result<Answer, ApiError> {
        let statement = format!(
            "INSERT INTO {} DOCUMENTS (:doc)",
            quoted_name(self.collection)
        );
        let document = json!({
            "_id": self.id,
            "madeBy": "ditto-cdc verify --round-trip",
            "note": "made for a moment to see whether changes arrive; it may be removed",
        });
        self.execute(statement, ("doc", document.to_string()))
    }

    fn remove(&self) -> Result<Answer, ApiError> {
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
    ) -> Result<Answer, ApiError> {
        let query = Query {
            args: vec![argument],
            patience: Some(PATIENCE),
            ..Query::new(statement)
        };
        self.client.execute(&query, &mut Nobody)
    }

    /// Reads until an event of the document that did one of these comes, or nothing came for too long.
    fn wait(
        &self,
        positions: &mut Positions,
        ops: &[Op],
        started: Instant,
    ) -> Result<Option<Met>, QueryError> {
        let starts: Vec<(i32, i64)> = positions.iter().map(|(id, at)| (*id, *at)).collect();
        let mut met = None;
        self.asked.inspector.read(&starts, LIMIT, &mut |seen| {
            let ReadItem::Record(record) = seen else {
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
            met = Some(Met {
                after: started.elapsed(),
                txn: event.txn_id.map(|txn| txn.0),
            });
            ControlFlow::Break(())
        })?;
        Ok(met)
    }

    fn is_ours(&self, event: &event::Event<'_>) -> bool {
        let wanted = json!(self.id).to_string();
        event.collection.as_deref() == Some(self.collection)
            && event.id().is_some_and(|id| id == wanted.as_bytes())
    }

    fn judge(&self, done: &str, answer: &Answer, met: &Result<Option<Met>, QueryError>) -> Check {
        let collection = self.collection;
        match met {
            Err(refused) => self.asked.scope().refused(NAME, refused, &[]),
            Ok(None) => Check::fail_answer(
                NAME,
                format!("a document was {done} in {collection}, and no event of it came within {} s", LIMIT.as_secs()),
            )
            .with_fault(Fault::E7)
            .fix("check in the portal that the data bridge's sources cover this collection, and that url and topic belong to the same app"),
            Ok(Some(met)) => {
                let after = met.after.as_secs_f64();
                let (agree, words) = agreement(answer.transaction_id, met.txn);
                let check = Check::pass(
                    NAME,
                    format!("the event of the document {done} in {collection} came after {after:.2} s; {words}"),
                );
                check
                    .detail("document", self.id.as_str())
                    .detail(done, true)
                    .detail("seconds", after)
                    .detail("txnId", met.txn)
                    .detail("transactionId", answer.transaction_id)
                    .detail("transactionsAgree", agree)
            }
        }
    }

    fn api_failed(&self, doing: &str, error: &ApiError) -> Check {
        let what = format!("{doing} a document in {}: {}", self.collection, error.why());
        let check = match error.kind {
            Kind::RefusedKey | Kind::Forbidden => Check::fail(NAME, Fault::F1, what),
            _ => Check::fail_answer(NAME, what),
        };
        let check = match error.fix() {
            Some(fix) => check.fix(fix),
            None => check,
        };
        if error.words.is_empty() {
            check
        } else {
            check.raw(&error.words)
        }
    }

    fn left_behind(&self, error: &ApiError) -> Check {
        let statement = format!(
            "DELETE FROM {} WHERE _id = '{}'",
            quoted_name(self.collection),
            self.id
        );
        let check = self.api_failed("removing", error);
        check.fix(format!(
            "the document is still there; remove it: {statement}"
        ))
    }
}

/// Whether the server certainly has no document from us.
fn never_arrived(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::TimedOut | Kind::Cut | Kind::Busy { .. } | Kind::Failed | Kind::TooLarge
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
            format!("the API speaks of transaction {api}, the event of {event}"),
        ),
        _ => (None, "not both tell their transaction".to_owned()),
    }
}
