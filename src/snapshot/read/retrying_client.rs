//! HTTP client with retries: repeats a request until there is a response at or after the minimum transaction.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::bigpeer::{
    ApiError, ApiErrorKind, Backoff, Client, CollectedRows, Find, IgnoreRows, Query, QueryResponse,
    RowSink,
};
use crate::util::mutex::lock;

/// First response timeout; each timeout doubles it.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// Deadline of a server that has never responded.
const FIRST_CONTACT_TIMEOUT: Duration = Duration::from_secs(5);
/// Interval at which a pause checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Number of different warnings of the server that are shown.
const MAX_WARNINGS: usize = 50;

/// A request of either interface.
#[derive(Debug, Clone)]
pub enum Request {
    /// A DQL statement.
    Dql(Query),
    /// A query of the interface before DQL.
    Find(Find),
}

impl Request {
    fn with(mut self, min_txn: Option<u64>, wait: Duration) -> Request {
        let (at_least, timeout) = match &mut self {
            Request::Dql(query) => (&mut query.at_least, &mut query.timeout),
            Request::Find(find) => (&mut find.at_least, &mut find.timeout),
        };
        (*at_least, *timeout) = (min_txn, Some(wait));
        self
    }

    fn query(&self, client: &Client, rows: &mut dyn RowSink) -> Result<QueryResponse, ApiError> {
        match self {
            Request::Dql(query) => client.execute(query, rows),
            Request::Find(find) => client.find(find, rows),
        }
    }
}

/// Why a read ended early.
#[derive(Debug)]
pub enum StopReason {
    /// The user pressed Ctrl-C, or another read has failed.
    Interrupted,
    /// The action that failed, and an error of the server.
    Api(String, ApiError),
    /// The action that failed, and an error of the disk.
    Disk(String, std::io::Error),
}

/// Counters and the last error, for the progress display.
#[derive(Debug, Default)]
pub struct RequestStatus {
    /// Documents received.
    pub documents: AtomicU64,
    /// Documents that the server counted in the collections started so far.
    pub total: AtomicU64,
    /// Repeated requests.
    pub retries: AtomicU64,
    /// The reason of the last retry, and the collection that was started last.
    last: Mutex<(Option<String>, String)>,
    warnings: Mutex<Warnings>,
}

/// Warnings of the server.
#[derive(Debug, Default)]
struct Warnings {
    /// Each text that was shown or is to be shown, at most [`MAX_WARNINGS`].
    known: BTreeSet<String>,
    /// Those that are to be shown.
    new: Vec<String>,
}

impl RequestStatus {
    /// Takes the reason of the last retry.
    pub fn take_error(&self) -> Option<String> {
        self.lock().0.take()
    }

    /// Notes the server's warnings on a response; each text is shown once.
    pub fn warn(&self, doing: &str, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        let mut warnings = lock(&self.warnings);
        for text in texts {
            let warning = format!("{doing}: the server warns: {text}");
            if warnings.known.len() < MAX_WARNINGS && warnings.known.insert(warning.clone()) {
                warnings.new.push(warning);
            }
        }
    }

    /// Takes the warnings that are not shown yet.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.warnings).new)
    }

    /// The collection that was started last; empty before the first.
    pub fn current(&self) -> String {
        self.lock().1.clone()
    }

    /// Notes that a collection is started, with its number of documents.
    pub fn begin(&self, collection: &str, documents: u64) {
        self.total.fetch_add(documents, Ordering::Relaxed);
        collection.clone_into(&mut self.lock().1);
    }

    fn set_error(&self, reason: String) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.lock().0 = Some(reason);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<String>, String)> {
        lock(&self.last)
    }
}

/// The client of all reads of a run.
pub struct RetryingClient {
    client: Client,
    min_txn: Option<u64>,
    deadline: Duration,
    stop: Arc<AtomicBool>,
    status: Arc<RequestStatus>,
    /// The server has garbage-collected the minimum transaction: each response's own transaction is checked instead.
    min_txn_expired: AtomicBool,
    has_responded: AtomicBool,
}

impl RetryingClient {
    /// A client for responses at or after `min_txn`, which gives up after `deadline` without progress.
    #[must_use]
    pub fn new(
        client: Client,
        min_txn: Option<u64>,
        deadline: Duration,
        stop: Arc<AtomicBool>,
        status: Arc<RequestStatus>,
    ) -> Self {
        RetryingClient {
            client,
            min_txn,
            deadline,
            stop,
            status,
            min_txn_expired: AtomicBool::new(false),
            has_responded: AtomicBool::new(false),
        }
    }

    /// The counters and the last error.
    #[must_use]
    pub fn status(&self) -> &Arc<RequestStatus> {
        &self.status
    }

    /// Whether the server has garbage-collected the minimum transaction.
    fn is_min_txn_expired(&self) -> bool {
        self.min_txn_expired.load(Ordering::Relaxed)
    }

    /// The retry state of a new request.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        Attempts {
            backoff: Backoff::new(self.deadline),
            timeouts: 0,
        }
    }

    /// One attempt; a response before the minimum transaction is a retriable error.
    ///
    /// # Errors
    /// [`ApiError`]; see [`RetryingClient::recover`].
    pub fn attempt(
        &self,
        request: &Request,
        attempts: &Attempts,
        rows: &mut dyn RowSink,
    ) -> Result<QueryResponse, ApiError> {
        let min_txn = self.min_txn.filter(|_| !self.is_min_txn_expired());
        let timeout = (RESPONSE_TIMEOUT * (1 << attempts.timeouts.min(6))).min(self.deadline);
        let response = request
            .clone()
            .with(min_txn, timeout)
            .query(&self.client, rows)?;
        self.has_responded.store(true, Ordering::Relaxed);
        match (self.min_txn, response.transaction_id) {
            (Some(min_txn), Some(at)) if at < min_txn => Err(below_min_txn(at, min_txn)),
            (Some(min_txn), None) if self.is_min_txn_expired() => Err(ApiError::new(
                ApiErrorKind::TransactionNotReached,
                format!(
                    "the response has no transaction id; it must be at transaction {min_txn} or later"
                ),
            )),
            _ => Ok(response),
        }
    }

    /// A request with a small response, retried until it succeeds.
    ///
    /// # Errors
    /// [`StopReason`] for a fatal error.
    pub fn query(
        &self,
        doing: &str,
        request: &Request,
    ) -> Result<(QueryResponse, Vec<Vec<u8>>), StopReason> {
        self.query_each(doing, &|| request.clone())
    }

    /// As [`RetryingClient::query`], with a request that differs each time.
    ///
    /// # Errors
    /// [`StopReason`] for a fatal error.
    pub fn query_each(
        &self,
        doing: &str,
        next_request: &dyn Fn() -> Request,
    ) -> Result<(QueryResponse, Vec<Vec<u8>>), StopReason> {
        let mut attempts = self.attempts();
        loop {
            let mut rows = CollectedRows::default();
            match self.attempt(&next_request(), &attempts, &mut rows) {
                Ok(response) => {
                    self.status.warn(doing, &response.warnings);
                    return Ok((response, rows.rows));
                }
                Err(error) => self.recover(doing, &next_request(), error, &mut attempts)?,
            }
        }
    }

    /// Waits for the next attempt; `probe` is a cheap request that decides about a 404.
    ///
    /// # Errors
    /// [`StopReason`] for a fatal error, or after the deadline.
    pub fn recover(
        &self,
        doing: &str,
        probe: &Request,
        error: ApiError,
        attempts: &mut Attempts,
    ) -> Result<(), StopReason> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(StopReason::Interrupted);
        }
        let mut error = error;
        if matches!(error.kind, ApiErrorKind::NotFound)
            && self.min_txn.is_some()
            && !self.is_min_txn_expired()
        {
            if self.probe(doing, probe, &error)? {
                return Ok(());
            }
            error.kind = ApiErrorKind::TransactionNotReached;
        }
        let Some(requested_pause) = error.retry() else {
            return Err(StopReason::Api(doing.to_owned(), error));
        };
        attempts.timeouts += u32::from(matches!(error.kind, ApiErrorKind::TimedOut));
        let never_reached = matches!(
            error.kind,
            ApiErrorKind::Unreachable | ApiErrorKind::Proxy(_)
        ) && !self.has_responded.load(Ordering::Relaxed)
            && attempts.backoff.elapsed() > FIRST_CONTACT_TIMEOUT;
        let Some(pause) = attempts
            .backoff
            .pause(requested_pause)
            .filter(|_| !never_reached)
        else {
            return Err(StopReason::Api(doing.to_owned(), error));
        };
        self.status.set_error(format!("{doing}: {error}"));
        self.sleep(pause)
    }

    /// Sends one request without the header: whether the server is past the minimum transaction, and has only
    /// garbage-collected it.
    fn probe(&self, doing: &str, probe: &Request, error: &ApiError) -> Result<bool, StopReason> {
        let probe = probe.clone().with(None, RESPONSE_TIMEOUT);
        match probe.query(&self.client, &mut IgnoreRows) {
            Ok(response) => {
                self.has_responded.store(true, Ordering::Relaxed);
                let reached = response
                    .transaction_id
                    .is_some_and(|at| Some(at) >= self.min_txn);
                self.min_txn_expired.fetch_or(reached, Ordering::Relaxed);
                Ok(reached)
            }
            // The 404 is not about the transaction.
            Err(without) if matches!(without.kind, ApiErrorKind::NotFound) => {
                let message = error.message.clone();
                Err(StopReason::Api(
                    doing.to_owned(),
                    ApiError { message, ..without },
                ))
            }
            Err(_) => Ok(false),
        }
    }

    fn sleep(&self, pause: Duration) -> Result<(), StopReason> {
        let started = Instant::now();
        while started.elapsed() < pause {
            if self.stop.load(Ordering::Relaxed) {
                return Err(StopReason::Interrupted);
            }
            std::thread::sleep(POLL_INTERVAL.min(pause.saturating_sub(started.elapsed())));
        }
        Ok(())
    }
}

/// The attempts of one request.
pub struct Attempts {
    backoff: Backoff,
    timeouts: u32,
}

fn below_min_txn(at: u64, min_txn: u64) -> ApiError {
    ApiError::new(
        ApiErrorKind::TransactionNotReached,
        format!("the response is at transaction {at}; it must be at {min_txn} or later"),
    )
}
