//! HTTP client with retries: repeats a request until there is a response at or above the minimum transaction.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::bigpeer::{
    Answer, ApiError, Backoff, Client, Collected, Find, IgnoreRows, Kind, Query, Rows,
};

/// First response timeout; each timeout doubles it.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);
/// A server that has never responded is given up sooner than one that has.
const FIRST_CONTACT_TIMEOUT: Duration = Duration::from_secs(5);
/// Interval at which a pause checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A request of either interface.
#[derive(Debug, Clone)]
pub enum Request {
    /// A DQL statement.
    Dql(Query),
    /// A query of the interface before DQL.
    Find(Find),
}

impl Request {
    fn with(mut self, floor: Option<u64>, wait: Duration) -> Request {
        let (at_least, patience) = match &mut self {
            Request::Dql(query) => (&mut query.at_least, &mut query.timeout),
            Request::Find(find) => (&mut find.at_least, &mut find.timeout),
        };
        (*at_least, *patience) = (floor, Some(wait));
        self
    }

    fn query(&self, client: &Client, rows: &mut dyn Rows) -> Result<Answer, ApiError> {
        match self {
            Request::Dql(query) => client.execute(query, rows),
            Request::Find(find) => client.find(find, rows),
        }
    }
}

/// Why a walk ended early.
#[derive(Debug)]
pub enum StopReason {
    /// The user pressed Ctrl-C, or another walk has failed for good.
    Interrupted,
    /// An error of the server, with what was being done.
    Api(String, ApiError),
    /// An error of the disk, with what was being done.
    Disk(String, std::io::Error),
}

/// Counters and the last error, for the progress display.
#[derive(Debug, Default)]
pub struct RequestStatus {
    /// Documents in files or on their way there.
    pub documents: AtomicU64,
    /// Documents that the server counted in the collections started so far.
    pub total: AtomicU64,
    /// Requests so far.
    pub requests: AtomicU64,
    /// Requests that had to be repeated.
    pub retries: AtomicU64,
    /// Why the last one was, and the collection that was begun last.
    words: Mutex<(Option<String>, String)>,
}

impl RequestStatus {
    /// The reason of the last retry, once.
    pub fn take_error(&self) -> Option<String> {
        self.lock().0.take()
    }

    /// The collection that was begun last.
    pub fn current(&self) -> String {
        self.lock().1.clone()
    }

    /// A collection is begun.
    pub fn begin(&self, collection: &str, documents: u64) {
        self.total.fetch_add(documents, Ordering::Relaxed);
        collection.clone_into(&mut self.lock().1);
    }

    fn set_error(&self, words: String) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.lock().0 = Some(words);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<String>, String)> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks one server on behalf of all walks.
pub struct RetryingClient {
    client: Client,
    floor: Option<u64>,
    deadline: Duration,
    stop: Arc<AtomicBool>,
    status: Arc<RequestStatus>,
    /// The floor was collected: it is proven by the answers' own transactions instead.
    collected: AtomicBool,
    answered: AtomicBool,
}

impl RetryingClient {
    /// Asks at or above `floor`, and gives up after `deadline` without progress.
    #[must_use]
    pub fn new(
        client: Client,
        floor: Option<u64>,
        deadline: Duration,
        stop: Arc<AtomicBool>,
        status: Arc<RequestStatus>,
    ) -> Self {
        RetryingClient {
            client,
            floor,
            deadline,
            stop,
            status,
            collected: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        }
    }

    /// The counters and the last error.
    #[must_use]
    pub fn status(&self) -> &Arc<RequestStatus> {
        &self.status
    }

    /// The transaction that every answer has to have reached.
    #[must_use]
    pub fn floor(&self) -> Option<u64> {
        self.floor
    }

    /// The client, for questions outside the rules of the walk.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the floor's transaction was collected on the server.
    #[must_use]
    pub fn is_collecting_rows(&self) -> bool {
        self.collected.load(Ordering::Relaxed)
    }

    /// A fresh account of one question's attempts.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        Attempts {
            backoff: Backoff::new(self.deadline),
            timeouts: 0,
        }
    }

    /// One attempt; a response below the minimum transaction is a retriable error.
    ///
    /// # Errors
    /// [`ApiError`]; see [`RetryingClient::recover`].
    pub fn attempt(
        &self,
        question: &Request,
        attempts: &Attempts,
        rows: &mut dyn Rows,
    ) -> Result<Answer, ApiError> {
        let floor = self.floor.filter(|_| !self.is_collecting_rows());
        let patience = (RESPONSE_TIMEOUT * (1 << attempts.timeouts.min(6))).min(self.deadline);
        self.status.requests.fetch_add(1, Ordering::Relaxed);
        let answer = question
            .clone()
            .with(floor, patience)
            .query(&self.client, rows)?;
        self.answered.store(true, Ordering::Relaxed);
        match (self.floor, answer.transaction_id) {
            (Some(floor), Some(at)) if at < floor => Err(below_min_txn(at, floor)),
            (Some(floor), None) if self.is_collecting_rows() => Err(ApiError::new(
                Kind::Behind,
                format!(
                    "the server does not say at which transaction it answered, which has to be {floor} or later"
                ),
            )),
            _ => Ok(answer),
        }
    }

    /// A request with a small response, retried until it succeeds.
    ///
    /// # Errors
    /// [`StopReason`] for a fatal error.
    pub fn query(
        &self,
        doing: &str,
        question: &Request,
    ) -> Result<(Answer, Vec<Vec<u8>>), StopReason> {
        let mut attempts = self.attempts();
        loop {
            let mut rows = Collected::default();
            match self.attempt(question, &attempts, &mut rows) {
                Ok(answer) => return Ok((answer, rows.rows)),
                Err(error) => self.recover(doing, question, error, &mut attempts)?,
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
        if matches!(error.kind, Kind::NotFound)
            && self.floor.is_some()
            && !self.is_collecting_rows()
        {
            if self.probe(doing, probe, &error)? {
                return Ok(());
            }
            error.kind = Kind::Behind;
        }
        let Some(wish) = error.retry() else {
            return Err(StopReason::Api(doing.to_owned(), error));
        };
        attempts.timeouts += u32::from(matches!(error.kind, Kind::TimedOut));
        let hopeless = matches!(error.kind, Kind::Unreachable)
            && !self.answered.load(Ordering::Relaxed)
            && attempts.backoff.without_progress() > FIRST_CONTACT_TIMEOUT;
        let Some(pause) = attempts.backoff.pause(wish).filter(|_| !hopeless) else {
            return Err(StopReason::Api(doing.to_owned(), error));
        };
        self.status.set_error(format!("{doing}: {error}"));
        self.sleep(pause)
    }

    /// Asks once without the header: whether the wanted transaction is past, and only its record was collected.
    fn probe(&self, doing: &str, probe: &Request, error: &ApiError) -> Result<bool, StopReason> {
        let probe = probe.clone().with(None, RESPONSE_TIMEOUT);
        self.status.requests.fetch_add(1, Ordering::Relaxed);
        match probe.query(&self.client, &mut IgnoreRows) {
            Ok(answer) => {
                self.answered.store(true, Ordering::Relaxed);
                let met = answer
                    .transaction_id
                    .is_some_and(|at| Some(at) >= self.floor);
                self.collected.fetch_or(met, Ordering::Relaxed);
                Ok(met)
            }
            // It is not about the transaction at all.
            Err(without) if matches!(without.kind, Kind::NotFound) => {
                let words = error.words.clone();
                Err(StopReason::Api(
                    doing.to_owned(),
                    ApiError { words, ..without },
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

fn below_min_txn(at: u64, floor: u64) -> ApiError {
    ApiError::new(
        Kind::Behind,
        format!("the server answered at transaction {at}, and {floor} is wanted"),
    )
}
