//! Asks until there is a good answer at or above the floor: pauses, retries, and the rule for 404.
//! What is asked, and what the rows are, is the walk's business.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::bigpeer::{
    Answer, ApiError, Backoff, Client, Collected, Find, Kind, Nobody, Query, Rows,
};

/// How long the server may think at first; every time-out doubles it.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that has never answered is given up sooner than one that has.
const FIRST_CONTACT: Duration = Duration::from_secs(5);
/// How long a pause sleeps before it looks whether the user wants to stop.
const NAP: Duration = Duration::from_millis(50);

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    /// A DQL statement.
    Dql(Query),
    /// A query of the interface before DQL.
    Find(Find),
}

impl Question {
    fn with(mut self, floor: Option<u64>, wait: Duration) -> Question {
        let (at_least, patience) = match &mut self {
            Question::Dql(query) => (&mut query.at_least, &mut query.patience),
            Question::Find(find) => (&mut find.at_least, &mut find.patience),
        };
        (*at_least, *patience) = (floor, Some(wait));
        self
    }

    fn ask(&self, client: &Client, rows: &mut dyn Rows) -> Result<Answer, ApiError> {
        match self {
            Question::Dql(query) => client.execute(query, rows),
            Question::Find(find) => client.find(find, rows),
        }
    }
}

/// Why a walk ended early.
#[derive(Debug)]
pub enum Stop {
    /// The user pressed Ctrl-C, or another walk has failed for good.
    Interrupted,
    /// The server, with what was being done.
    Api(String, ApiError),
    /// The disk, with what was being done.
    Disk(String, std::io::Error),
}

/// What happens, for whoever shows it.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Documents in files or on their way there.
    pub documents: AtomicU64,
    /// How many documents the server counted in the collections begun so far.
    pub total: AtomicU64,
    /// Requests so far.
    pub requests: AtomicU64,
    /// Requests that had to be repeated.
    pub retries: AtomicU64,
    /// Why the last one was, and the collection that was begun last.
    words: Mutex<(Option<String>, String)>,
}

impl Pulse {
    /// The reason of the last retry, once.
    pub fn take_trouble(&self) -> Option<String> {
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

    fn trouble(&self, words: String) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.lock().0 = Some(words);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<String>, String)> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks one server on behalf of all walks.
pub struct Asker {
    client: Client,
    floor: Option<u64>,
    deadline: Duration,
    stop: Arc<AtomicBool>,
    pulse: Arc<Pulse>,
    /// The floor was collected: it is proven by the answers' own transactions instead.
    collected: AtomicBool,
    answered: AtomicBool,
}

impl Asker {
    /// Asks at or above `floor`, and gives up after `deadline` without progress.
    #[must_use]
    pub fn new(
        client: Client,
        floor: Option<u64>,
        deadline: Duration,
        stop: Arc<AtomicBool>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Asker {
            client,
            floor,
            deadline,
            stop,
            pulse,
            collected: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        }
    }

    /// What is shown to people.
    #[must_use]
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
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
    pub fn is_collected(&self) -> bool {
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

    /// One attempt; an answer below the floor is an error that another attempt may heal.
    ///
    /// # Errors
    /// [`ApiError`]; [`Asker::recover`] knows what then.
    pub fn once(
        &self,
        question: &Question,
        attempts: &Attempts,
        rows: &mut dyn Rows,
    ) -> Result<Answer, ApiError> {
        let floor = self.floor.filter(|_| !self.is_collected());
        let patience = (PATIENCE * (1 << attempts.timeouts.min(6))).min(self.deadline);
        self.pulse.requests.fetch_add(1, Ordering::Relaxed);
        let answer = question
            .clone()
            .with(floor, patience)
            .ask(&self.client, rows)?;
        self.answered.store(true, Ordering::Relaxed);
        match (self.floor, answer.transaction_id) {
            (Some(floor), Some(at)) if at < floor => Err(below(at, floor)),
            (Some(floor), None) if self.is_collected() => Err(ApiError::new(
                Kind::Behind,
                format!(
                    "the server does not say at which transaction it answered, which has to be {floor} or later"
                ),
            )),
            _ => Ok(answer),
        }
    }

    /// A question whose answer is small, asked until it is there.
    ///
    /// # Errors
    /// [`Stop`] once no attempt can help any more.
    pub fn ask(&self, doing: &str, question: &Question) -> Result<(Answer, Vec<Vec<u8>>), Stop> {
        let mut attempts = self.attempts();
        loop {
            let mut rows = Collected::default();
            match self.once(question, &attempts, &mut rows) {
                Ok(answer) => return Ok((answer, rows.rows)),
                Err(error) => self.recover(doing, question, error, &mut attempts)?,
            }
        }
    }

    /// Waits until another attempt is due; `probe` is a cheap question for the case of a 404.
    ///
    /// # Errors
    /// [`Stop`] where no attempt can help, or the deadline has come.
    pub fn recover(
        &self,
        doing: &str,
        probe: &Question,
        error: ApiError,
        attempts: &mut Attempts,
    ) -> Result<(), Stop> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stop::Interrupted);
        }
        let mut error = error;
        if matches!(error.kind, Kind::NotFound) && self.floor.is_some() && !self.is_collected() {
            if self.probe(doing, probe, &error)? {
                return Ok(());
            }
            error.kind = Kind::Behind;
        }
        let Some(wish) = error.retry() else {
            return Err(Stop::Api(doing.to_owned(), error));
        };
        attempts.timeouts += u32::from(matches!(error.kind, Kind::TimedOut));
        let hopeless = matches!(error.kind, Kind::Unreachable)
            && !self.answered.load(Ordering::Relaxed)
            && attempts.backoff.without_progress() > FIRST_CONTACT;
        let Some(pause) = attempts.backoff.pause(wish).filter(|_| !hopeless) else {
            return Err(Stop::Api(doing.to_owned(), error));
        };
        self.pulse.trouble(format!("{doing}: {error}"));
        self.sleep(pause)
    }

    /// Asks once without the header: whether the wanted transaction is past, and only its record was collected.
    fn probe(&self, doing: &str, probe: &Question, error: &ApiError) -> Result<bool, Stop> {
        let probe = probe.clone().with(None, PATIENCE);
        self.pulse.requests.fetch_add(1, Ordering::Relaxed);
        match probe.ask(&self.client, &mut Nobody) {
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
                Err(Stop::Api(doing.to_owned(), ApiError { words, ..without }))
            }
            Err(_) => Ok(false),
        }
    }

    fn sleep(&self, pause: Duration) -> Result<(), Stop> {
        let started = Instant::now();
        while started.elapsed() < pause {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Stop::Interrupted);
            }
            std::thread::sleep(NAP.min(pause.saturating_sub(started.elapsed())));
        }
        Ok(())
    }
}

/// How one question went so far.
pub struct Attempts {
    backoff: Backoff,
    timeouts: u32,
}

fn below(at: u64, floor: u64) -> ApiError {
    ApiError::new(
        Kind::Behind,
        format!("the server answered at transaction {at}, and {floor} is wanted"),
    )
}
