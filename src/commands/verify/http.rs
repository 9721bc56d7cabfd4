//! Check of the HTTP API with one read-only statement, concurrent with the broker checks.
//! The API key is never sent to a server whose certificate is not valid.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::kafka;
use super::run::VerifyRun;
use crate::bigpeer::{
    ApiError, ApiErrorKind, Client, Endpoint, IgnoreRows, Query, QueryResponse, Version,
};
use crate::settings::Settings;
use crate::util::exit::Exit;
use crate::verify::check::http::{ApiSettings, NAME, check_response, unusable_url};
use crate::verify::check::{Check, Status};

/// Limit for the response, including the connection.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Interval of the checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Supported by all servers, and cheap.
const STATEMENT: &str = "SELECT * FROM system:collections LIMIT 1";

type ApiResult = Result<QueryResponse, ApiError>;

/// A request in flight.
pub(super) struct PendingRequest {
    client: Client,
    key_origin: String,
    started: Instant,
    answer: Receiver<ApiResult>,
}

/// The request, or why there is none.
pub(super) enum ApiRequest {
    /// The request was sent.
    Sent(PendingRequest),
    /// The check that gives the reason.
    NotSent(Box<Check>),
}

impl PendingRequest {
    /// Sends the request, if URL and API key are set.
    pub(super) fn start(settings: &Settings) -> ApiRequest {
        let not_sent = |check: Check| ApiRequest::NotSent(Box::new(check));
        let Some(url) = &settings.url else {
            return not_sent(Check::skip(NAME, "no url is set"));
        };
        let endpoint = match Endpoint::parse(url.value.expose()) {
            Ok(endpoint) => endpoint,
            Err((what, fix)) => return not_sent(unusable_url(url.value.expose(), what, fix)),
        };
        if let Some(wrong) = settings.key_to_untrusted_url() {
            return not_sent(unusable_url(url.value.expose(), wrong.what, wrong.fix));
        }
        let Some(key) = &settings.api_key else {
            return not_sent(Check::skip(NAME, "no API key is set"));
        };
        let key_origin = key.origin.to_string();
        match Client::new(endpoint.clone(), key.value.clone(), Version::default()) {
            Ok(client) => ApiRequest::Sent(PendingRequest::send(client, key_origin)),
            Err(error) => {
                let address = endpoint.to_string();
                let api = ApiSettings {
                    address: &address,
                    key_origin: &key_origin,
                };
                not_sent(check_response(api, &Err(error), None))
            }
        }
    }

    fn send(client: Client, key_origin: String) -> PendingRequest {
        let (send, answer) = mpsc::channel();
        let sender_client = client.clone();
        // The thread ends at the timeout; if the run has ended before, the result is dropped.
        thread::spawn(move || drop(send.send(query(&sender_client))));
        PendingRequest {
            client,
            key_origin,
            started: Instant::now(),
            answer,
        }
    }
}

fn query(client: &Client) -> ApiResult {
    let query = Query {
        timeout: Some(TIMEOUT),
        ..Query::new(STATEMENT)
    };
    let answer = client.execute(&query, &mut IgnoreRows);
    match &answer {
        // Misdirected Request and Too Early are about the connection, not about the request.
        Err(error) if matches!(error.status, Some(421 | 425)) => {
            client.execute(&query, &mut IgnoreRows)
        }
        _ => answer,
    }
}

impl VerifyRun<'_, '_> {
    /// Checks the response. Returns the client if the check did not fail.
    pub(super) fn http(
        &mut self,
        request: ApiRequest,
        stream: Option<&kafka::TopicInspection>,
    ) -> Result<Option<Client>, Exit> {
        let request = match request {
            ApiRequest::NotSent(check) => {
                self.add(*check);
                return Ok(None);
            }
            ApiRequest::Sent(request) => request,
        };
        let newest = stream.and_then(|stream| stream.newest_txn);
        let mut answer = self.await_answer(&request)?;
        if is_behind(&answer, newest) {
            // The first request was sent before the stream was read, so its response may be older.
            let again = PendingRequest::send(request.client.clone(), request.key_origin.clone());
            answer = self.await_answer(&again)?;
        }
        let address = request.client.address();
        let api = ApiSettings {
            address: &address,
            key_origin: &request.key_origin,
        };
        let check = check_response(api, &answer, newest);
        let usable = matches!(check.status, Status::Pass | Status::Warn);
        self.add(check);
        Ok(usable.then_some(request.client))
    }

    fn await_answer(&self, request: &PendingRequest) -> Result<ApiResult, Exit> {
        loop {
            match request.answer.recv_timeout(POLL_INTERVAL) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => return Ok(Err(timed_out())),
                Err(RecvTimeoutError::Timeout) => self.interrupted()?,
            }
            if request.started.elapsed() > TIMEOUT + POLL_INTERVAL
                || self.remaining_time().is_zero()
            {
                return Ok(Err(timed_out()));
            }
        }
    }
}

fn timed_out() -> ApiError {
    ApiError::new(
        ApiErrorKind::TimedOut,
        format!("no response within {} s", TIMEOUT.as_secs()),
    )
}

fn is_behind(answer: &ApiResult, newest: Option<u64>) -> bool {
    let here = answer
        .as_ref()
        .ok()
        .and_then(|answer| answer.transaction_id);
    matches!((here, newest), (Some(here), Some(newest)) if here < newest)
}
