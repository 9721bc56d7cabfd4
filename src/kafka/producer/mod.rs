//! A transactional producer: records are visible to readers of committed records all together or not at all.

mod callbacks;
mod explain;
mod positions_topic;
mod target;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

pub use self::explain::WriteError;
pub use self::positions_topic::{last_value, make_compacted_topic};
pub use self::target::Target;

use self::callbacks::{Callbacks, ProducerEvent, record_bytes};
use self::explain::{explain, is_fenced, rejects_record};
use super::failure::{ErrorClass, classify, raw};
use super::outage::{OutageMonitor, PROBE_TIMEOUT};
use super::topic::{REFUSAL_TIMEOUT, ReadStopped, is_refusal, raw_of};
use crate::record::{Failure, FailureClass, Notice};

/// Bytes in the producer's queue above which the next record waits. One record may be larger.
const MAX_QUEUED_BYTES: usize = 8 << 20;
/// Timeout of the first connection, over all attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// One attempt of a request to the coordinator; short, because Ctrl-C is checked in between.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(500);
/// Timeout of a poll.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a transaction may still take after Ctrl-C.
const INTERRUPTED_TIMEOUT: Duration = Duration::from_secs(5);
/// Records between two polls for delivery reports.
const RECORDS_PER_POLL: usize = 256;
/// How long the reason of a failed transaction may take to arrive.
const REASON_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of the query for the cluster's id.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A record to write.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The key, which determines the partition.
    pub key: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
    /// Milliseconds since 1970-01-01 UTC; `None` is now.
    pub millis: Option<i64>,
}

/// Receives what happens to the connection while a call waits.
pub type ReportNotice<'r> = dyn FnMut(&Notice) + 'r;

/// A producer with one transaction at a time.
pub struct TransactionalProducer {
    producer: BaseProducer<Callbacks>,
    target: Target,
    transactional_id: String,
    interrupt: Arc<AtomicBool>,
    interrupted_at: Cell<Option<Instant>>,
    outage: RefCell<OutageMonitor>,
    is_open: bool,
    /// When the last transaction began.
    begun_at: Instant,
    unpolled: usize,
    /// The topic that was written to last.
    last_topic: String,
}

impl TransactionalProducer {
    /// Connects, and fences every earlier producer with this id: its open transaction is aborted.
    ///
    /// # Errors
    /// [`ReadStopped::Failed`] for a fatal error at once, and after 15 seconds at the latest.
    pub fn connect(
        target: Target,
        transactional_id: &str,
        interrupt: Arc<AtomicBool>,
        report: &mut ReportNotice<'_>,
    ) -> Result<TransactionalProducer, ReadStopped> {
        let config = target.producer_config(transactional_id);
        let callbacks = Callbacks::new(target.verbosity > 0);
        let producer = BaseProducer::from_config_and_context(&config, callbacks);
        let producer = producer.map_err(|error| Failure {
            class: FailureClass::Setup,
            what: "setting up the producer: a setting was refused".to_owned(),
            fix: Some("check the values given with -X to.…".to_owned()),
            raw: Some(raw_of(&error)),
        })?;
        let producer = TransactionalProducer {
            producer,
            target,
            transactional_id: transactional_id.to_owned(),
            interrupt,
            interrupted_at: Cell::new(None),
            outage: RefCell::default(),
            is_open: false,
            begun_at: Instant::now(),
            unpolled: 0,
            last_topic: String::new(),
        };
        producer.init(report)?;
        producer.outage.borrow_mut().on_answer();
        Ok(producer)
    }

    fn init(&self, report: &mut ReportNotice<'_>) -> Result<(), ReadStopped> {
        let started = Instant::now();
        let mut last = (RDKafkaErrorCode::OperationTimedOut, String::new());
        loop {
            match self.producer.init_transactions(ATTEMPT_TIMEOUT) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error)) if error.is_retriable() => {}
                Err(error) => {
                    let code = error.rdkafka_error_code();
                    let code = code.unwrap_or(RDKafkaErrorCode::Fail);
                    return Err(self.failure("connecting", code, &error.to_string()).into());
                }
            }
            self.producer.poll(POLL_TIMEOUT);
            while let Some(event) = self.producer.context().take() {
                match event {
                    ProducerEvent::Log(line) => report(&Notice::Log(line)),
                    ProducerEvent::Error(code, reason)
                        if classify(code, &reason) == ErrorClass::Fatal =>
                    {
                        return Err(self.failure("connecting", code, &reason).into());
                    }
                    ProducerEvent::Error(RDKafkaErrorCode::AllBrokersDown, _) => {}
                    ProducerEvent::Error(code, reason) => last = (code, reason),
                }
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(ReadStopped::Interrupted);
            }
            let is_refused = is_refusal(Some(&last)) && started.elapsed() > REFUSAL_TIMEOUT;
            if is_refused || started.elapsed() > CONNECT_TIMEOUT {
                return Err(self.failure("connecting", last.0, &last.1).into());
            }
        }
    }

    /// The id of the target cluster, if its brokers send it.
    #[must_use]
    pub fn cluster(&self) -> Option<String> {
        let id = self.producer.client().fetch_cluster_id(RESPONSE_TIMEOUT);
        id.filter(|id| !id.is_empty())
    }

    /// The target cluster.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Queues a record in the open transaction, or in a new one. `number` identifies it in an error. Waits while the
    /// queue is full.
    ///
    /// # Errors
    /// A [`WriteError`]; the transaction has to be aborted then.
    pub fn send(
        &mut self,
        record: &OutgoingRecord<'_>,
        number: usize,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        if !self.is_open {
            let begun = self.producer.begin_transaction();
            begun.map_err(|error| self.write_error("beginning a transaction", &error))?;
            self.is_open = true;
            self.begun_at = Instant::now();
        }
        self.poll_sometimes(report)?;
        if self.last_topic != record.topic {
            record.topic.clone_into(&mut self.last_topic);
        }
        let bytes = record_bytes(Some(record.key), Some(record.payload));
        while self.is_full(bytes) {
            self.wait("waiting for the brokers to store records", report)?;
        }
        let mut wanted = BaseRecord::with_opaque_to(record.topic, number)
            .key(record.key)
            .payload(record.payload);
        wanted.timestamp = record.millis;
        loop {
            match self.producer.send(wanted) {
                Ok(()) => {
                    self.producer.context().add_queued(bytes);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    wanted = back;
                    self.wait("waiting for the brokers to store records", report)?;
                }
                Err((error, _)) => return Err(self.send_error(&error, record.topic, number)),
            }
        }
    }

    fn is_full(&self, bytes: usize) -> bool {
        let queued = self.producer.context().queued_bytes();
        queued > 0 && queued + bytes > MAX_QUEUED_BYTES
    }

    fn poll_sometimes(&mut self, report: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        self.unpolled += 1;
        if self.unpolled < RECORDS_PER_POLL {
            return Ok(());
        }
        self.unpolled = 0;
        self.poll(Duration::ZERO, report)
    }

    /// Serves callbacks. To be called now and then if no record is sent.
    ///
    /// # Errors
    /// A [`WriteError`] if the transaction has failed.
    pub fn poll(&self, timeout: Duration, report: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        self.producer.poll(timeout);
        while let Some(event) = self.producer.context().take() {
            match event {
                ProducerEvent::Log(line) => report(&Notice::Log(line)),
                ProducerEvent::Error(code, reason) => self.on_error(code, &reason)?,
            }
        }
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            return Err(self.fatal(code, &reason));
        }
        match self.producer.context().undelivered() {
            Some(record) if self.is_open => Err(self.undelivered(&record)),
            _ => Ok(()),
        }
    }

    fn on_error(&self, code: RDKafkaErrorCode, reason: &str) -> Result<(), WriteError> {
        if code == RDKafkaErrorCode::Fatal || is_fenced(code) {
            let fatal = self.producer.client().fatal_error();
            let (code, reason) = fatal.unwrap_or((code, reason.to_owned()));
            return Err(self.fatal(code, &reason));
        }
        if classify(code, reason) == ErrorClass::Fatal {
            return Err(WriteError::Fatal(self.failure("writing", code, reason)));
        }
        let is_specific = code != RDKafkaErrorCode::AllBrokersDown;
        let mut outage = self.outage.borrow_mut();
        outage.on_error(reason, is_specific, Instant::now());
        Ok(())
    }

    /// Waits a moment for the brokers.
    fn wait(&self, doing: &str, report: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        self.poll(POLL_TIMEOUT, report)?;
        self.probe(report);
        if !self.interrupt.load(Ordering::Relaxed) {
            return Ok(());
        }
        let since = self.interrupted_at.get().unwrap_or_else(Instant::now);
        self.interrupted_at.set(Some(since));
        if since.elapsed() < INTERRUPTED_TIMEOUT {
            return Ok(());
        }
        report(&Notice::Log(format!(
            "{doing}: no answer, so the open transaction is left to be aborted"
        )));
        Err(WriteError::Interrupted)
    }

    /// After an error of a connection: probes whether a broker answers, and reports what changed.
    fn probe(&self, report: &mut ReportNotice<'_>) {
        let mut outage = self.outage.borrow_mut();
        if !outage.is_probe_due(Instant::now()) {
            return;
        }
        let client = self.producer.client();
        let answered = client.fetch_metadata(Some(&self.last_topic), PROBE_TIMEOUT);
        let notice = outage.on_probe(answered.is_ok(), Instant::now());
        drop(outage);
        if let Some(notice) = notice {
            report(&notice);
        }
    }

    /// Commits the open transaction, and waits until it is certain.
    ///
    /// # Errors
    /// A [`WriteError`]; the transaction has to be aborted then.
    pub fn commit(&mut self, report: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        const DOING: &str = "committing a transaction";
        if !self.is_open {
            return Ok(());
        }
        while self.producer.flush(POLL_TIMEOUT).is_err() {
            self.wait(DOING, report)?;
        }
        self.poll(Duration::ZERO, report)?;
        loop {
            match self.producer.commit_transaction(ATTEMPT_TIMEOUT) {
                Ok(()) => break,
                Err(error) if is_retriable(&error) => self.wait(DOING, report)?,
                Err(error) => return Err(self.write_error(DOING, &error)),
            }
        }
        self.is_open = false;
        let back = self.outage.borrow_mut().on_probe(true, Instant::now());
        if let Some(notice) = back {
            report(&notice);
        }
        Ok(())
    }

    /// Aborts the open transaction. Waits for the brokers, but not longer than a time if one is given.
    ///
    /// # Errors
    /// A [`WriteError`] that is not about a record.
    pub fn abort(
        &mut self,
        limit: Option<Duration>,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        const DOING: &str = "aborting a transaction";
        if !self.is_open {
            return Ok(());
        }
        self.is_open = false;
        let started = Instant::now();
        loop {
            match self.producer.abort_transaction(ATTEMPT_TIMEOUT) {
                Ok(()) => break,
                // Delivery reports of discarded records have to be served before it ends.
                Err(error)
                    if is_retriable(&error)
                        && limit.is_none_or(|limit| started.elapsed() < limit) =>
                {
                    self.wait(DOING, report)?;
                }
                Err(error) => return Err(self.write_error(DOING, &error)),
            }
        }
        self.producer.poll(Duration::ZERO);
        self.producer.context().forget_undelivered();
        Ok(())
    }

    fn send_error(&self, error: &KafkaError, topic: &str, number: usize) -> WriteError {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        if rejects_record(code) {
            let failure = self.explain_record(topic, code);
            return WriteError::Rejected { number, failure };
        }
        // The transaction has failed before; the delivery report with the reason may still be on its way.
        let started = Instant::now();
        while started.elapsed() < REASON_TIMEOUT {
            if let Err(reason) = self.poll(POLL_TIMEOUT, &mut |_| {}) {
                return reason;
            }
        }
        self.write_error("writing", error)
    }

    fn undelivered(&self, record: &callbacks::Undelivered) -> WriteError {
        let failure = self.explain_record(&record.topic, record.code);
        if rejects_record(record.code) {
            let number = record.number;
            return WriteError::Rejected { number, failure };
        }
        WriteError::Aborted(failure)
    }

    fn explain_record(&self, topic: &str, code: RDKafkaErrorCode) -> Failure {
        explain(
            &self.target,
            &format!("writing to the topic {topic}"),
            code,
            "",
            Some(topic),
        )
    }

    fn write_error(&self, doing: &str, error: &KafkaError) -> WriteError {
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            return self.fatal(code, &reason);
        }
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        if is_fenced(code) {
            return self.fatal(code, &error.to_string());
        }
        if let Some(record) = self.producer.context().undelivered() {
            return self.undelivered(&record);
        }
        let failure = self.failure(doing, code, &error.to_string());
        match error {
            KafkaError::Transaction(error) if error.is_fatal() => WriteError::Fatal(failure),
            _ => WriteError::Aborted(failure),
        }
    }

    fn fatal(&self, code: RDKafkaErrorCode, reason: &str) -> WriteError {
        if is_fenced(code) {
            return WriteError::Fenced {
                raw: raw(code, reason),
                timed_out: self.begun_at.elapsed() >= self.target.transaction_timeout(),
            };
        }
        WriteError::Fatal(self.failure("writing", code, reason))
    }

    fn failure(&self, doing: &str, code: RDKafkaErrorCode, reason: &str) -> Failure {
        if code == RDKafkaErrorCode::TransactionalIdAuthorizationFailed {
            return explain::transactional_id(doing, &self.transactional_id);
        }
        explain(&self.target, doing, code, reason, None)
    }
}

/// Whether the same call may be made again.
fn is_retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_retriable() && !error.txn_requires_abort(),
        KafkaError::Flush(_) => true,
        _ => false,
    }
}
