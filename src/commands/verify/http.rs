//! One harmless statement to the HTTP API, asked while the brokers are looked at.
//! What the answer means is decided in `check::http`; the key goes to no server whose certificate failed.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::Run;
use super::kafka;
use crate::bigpeer::{Answer, ApiError, Base, Client, Kind, Nobody, Query, Version};
use crate::settings::Settings;
use crate::util::exit::Exit;
use crate::verify::check::http::{NAME, Place, judge, unusable};
use crate::verify::check::{Check, Status};

/// How long the API may take, connecting included.
const LIMIT: Duration = Duration::from_secs(5);
/// How often Ctrl-C is looked at.
const SLICE: Duration = Duration::from_millis(100);
/// Reads next to nothing and every server knows it.
const STATEMENT: &str = "SELECT * FROM system:collections LIMIT 1";

type Outcome = Result<Answer, ApiError>;

/// A question on its way.
pub(super) struct Asked {
    client: Client,
    key_origin: String,
    started: Instant,
    answer: Receiver<Outcome>,
}

/// Why nothing was asked.
pub(super) enum Start {
    /// On its way.
    Asked(Asked),
    /// The check that says why not.
    Not(Box<Check>),
}

impl Asked {
    /// Sends the question, if there is an address and a key to send.
    pub(super) fn start(settings: &Settings) -> Start {
        let not = |check: Check| Start::Not(Box::new(check));
        let Some(url) = &settings.url else {
            return not(Check::skip(NAME, "no url is set"));
        };
        let base = match Base::parse(&url.value) {
            Ok(base) => base,
            Err((what, fix)) => return not(unusable(&url.value, what, fix)),
        };
        if let Some(wrong) = settings.misdirected_key() {
            return not(unusable(&url.value, wrong.what, wrong.fix));
        }
        let Some(key) = &settings.api_key else {
            return not(Check::skip(NAME, "no API key is set"));
        };
        let key_origin = key.origin.to_string();
        match Client::new(base.clone(), key.value.clone(), Version::default()) {
            Ok(client) => Start::Asked(Asked::send(client, key_origin)),
            Err(error) => {
                let address = base.to_string();
                let place = Place {
                    address: &address,
                    key_origin: &key_origin,
                };
                not(judge(place, &Err(error), None))
            }
        }
    }

    fn send(client: Client, key_origin: String) -> Asked {
        let (send, answer) = mpsc::channel();
        let asking = client.clone();
        // It ends with its limit; nobody listens if the run ended before.
        thread::spawn(move || drop(send.send(ask(&asking))));
        Asked {
            client,
            key_origin,
            started: Instant::now(),
            answer,
        }
    }
}

fn ask(client: &Client) -> Outcome {
    let query = Query {
        patience: Some(LIMIT),
        ..Query::new(STATEMENT)
    };
    client.execute(&query, &mut Nobody)
}

impl Run<'_, '_> {
    /// Judges the answer; a client for what comes later, where all is well.
    pub(super) fn http(
        &mut self,
        start: Start,
        stream: Option<&kafka::Asked>,
    ) -> Result<Option<Client>, Exit> {
        let asked = match start {
            Start::Not(check) => {
                self.add(*check);
                return Ok(None);
            }
            Start::Asked(asked) => asked,
        };
        let newest = stream.and_then(|stream| stream.newest_txn);
        let mut answer = self.await_answer(&asked)?;
        if is_behind(&answer, newest) {
            // The question was asked before the stream was read.
            let again = Asked::send(asked.client.clone(), asked.key_origin.clone());
            answer = self.await_answer(&again)?;
        }
        let address = asked.client.address();
        let place = Place {
            address: &address,
            key_origin: &asked.key_origin,
        };
        let check = judge(place, &answer, newest);
        let usable = matches!(check.status, Status::Pass | Status::Warn);
        self.add(check);
        Ok(usable.then_some(asked.client))
    }

    fn await_answer(&self, asked: &Asked) -> Result<Outcome, Exit> {
        loop {
            match asked.answer.recv_timeout(SLICE) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => return Ok(Err(silent())),
                Err(RecvTimeoutError::Timeout) => self.interrupted()?,
            }
            if asked.started.elapsed() > LIMIT + SLICE || self.left().is_zero() {
                return Ok(Err(silent()));
            }
        }
    }
}

fn silent() -> ApiError {
    ApiError::new(
        Kind::TimedOut,
        format!("no answer within {} s", LIMIT.as_secs()),
    )
}

fn is_behind(answer: &Outcome, newest: Option<u64>) -> bool {
    let here = answer
        .as_ref()
        .ok()
        .and_then(|answer| answer.transaction_id);
    matches!((here, newest), (Some(here), Some(newest)) if here < newest)
}
