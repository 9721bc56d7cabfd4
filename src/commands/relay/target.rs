//! Where records and positions go, in one transaction.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::json;

use crate::kafka::ReadStopped;
use crate::kafka::producer::{
    OutgoingRecord, ReportNotice, Target, TransactionalProducer, WriteError, last_value,
    make_compacted_topic,
};
use crate::record::{Failure, FailureClass};
use crate::state::{Owner, State};
use crate::util::shell;

/// Writes records and positions.
pub(super) trait Destination {
    /// Adds a record to the open transaction.
    ///
    /// # Errors
    /// A [`WriteError`]; nothing of the transaction is visible then.
    fn send(
        &mut self,
        record: &OutgoingRecord<'_>,
        number: usize,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError>;

    /// Commits the records that were sent and these positions; without them, those of earlier transactions remain.
    ///
    /// # Errors
    /// A [`WriteError`]; nothing of the transaction is visible then, or all of it, which the positions say.
    fn commit(
        &mut self,
        state: Option<&State>,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError>;

    /// Serves callbacks while nothing is sent.
    ///
    /// # Errors
    /// A [`WriteError`]; nothing of the transaction is visible then.
    fn poll(&mut self, report: &mut ReportNotice<'_>) -> Result<(), WriteError>;
}

/// The number of the record with the positions.
const POSITIONS: usize = usize::MAX;

/// A Kafka cluster.
pub(super) struct KafkaDestination {
    producer: TransactionalProducer,
    positions_topic: String,
    /// The key of the record with the positions.
    key: Vec<u8>,
    interrupt: Arc<AtomicBool>,
}

impl KafkaDestination {
    /// Connects, and takes over from every earlier process of this relay and source topic.
    ///
    /// # Errors
    /// [`ReadStopped`] if the cluster cannot be reached or the user interrupts.
    pub fn connect(
        target: Target,
        (name, source_topic): (&str, &str),
        positions_topic: &str,
        interrupt: &Arc<AtomicBool>,
        report: &mut ReportNotice<'_>,
    ) -> Result<KafkaDestination, ReadStopped> {
        // The name of a topic has no colon, so that two relays never share an id.
        let id = format!("ditto-cdc-relay:{name}:{source_topic}");
        let producer = TransactionalProducer::connect(target, &id, Arc::clone(interrupt), report)?;
        let key = json!({"relay": name, "topic": source_topic}).to_string();
        Ok(KafkaDestination {
            producer,
            positions_topic: positions_topic.to_owned(),
            key: key.into_bytes(),
            interrupt: Arc::clone(interrupt),
        })
    }

    /// The target cluster.
    pub fn target(&self) -> &Target {
        self.producer.target()
    }

    /// The id of the target cluster, if its brokers send it.
    pub fn cluster(&self) -> Option<String> {
        self.producer.cluster()
    }

    /// The positions that were committed last. Creates their topic if it is missing.
    ///
    /// # Errors
    /// [`ReadStopped`] if they cannot be read or the user interrupts.
    pub fn stored(&self, report: &mut dyn FnMut(&str)) -> Result<Option<State>, ReadStopped> {
        let (target, topic) = (self.producer.target(), self.positions_topic.as_str());
        if make_compacted_topic(target, topic, &self.interrupt)? {
            report(&format!("created the topic {topic} for the positions"));
            return Ok(None);
        }
        let value = last_value(target, topic, &self.key, &self.interrupt, report)?;
        let state = value.map(|value| State::parse(&value, Owner::Relay));
        Ok(state.transpose().map_err(|why| self.damaged(&why))?)
    }

    /// Aborts the open transaction. Waits for the brokers, but not longer than a time if one is given.
    ///
    /// # Errors
    /// A [`WriteError`] that ends the relay.
    pub fn abort(
        &mut self,
        limit: Option<Duration>,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        self.producer.abort(limit, report)
    }

    fn write(&mut self, state: &State, report: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        let line = state.to_line(Owner::Relay);
        let positions = OutgoingRecord {
            topic: &self.positions_topic,
            key: &self.key,
            payload: line.as_bytes(),
            millis: None,
        };
        self.producer.send(&positions, POSITIONS, report)
    }

    fn damaged(&self, why: &str) -> Failure {
        let key = String::from_utf8_lossy(&self.key);
        Failure {
            class: FailureClass::Setup,
            what: format!(
                "cannot use the positions of the relay in the topic {}: {why}",
                self.positions_topic
            ),
            fix: Some(format!(
                "look at the last value of the key {}; to start again, use another --name, after a requery",
                shell::quoted(&key)
            )),
            raw: None,
        }
    }
}

impl Destination for KafkaDestination {
    fn send(
        &mut self,
        record: &OutgoingRecord<'_>,
        number: usize,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        self.producer.send(record, number, report)
    }

    fn commit(
        &mut self,
        state: Option<&State>,
        report: &mut ReportNotice<'_>,
    ) -> Result<(), WriteError> {
        let written = state.map_or(Ok(()), |state| self.write(state, report));
        let committed = written.and_then(|()| self.producer.commit(report));
        committed.map_err(|error| match error {
            // Without its positions, no transaction can be committed.
            WriteError::Rejected {
                number: POSITIONS,
                failure,
            } => WriteError::Fatal(failure),
            error => error,
        })
    }

    fn poll(&mut self, report: &mut ReportNotice<'_>) -> Result<(), WriteError> {
        self.producer.poll(Duration::ZERO, report)
    }
}
