//! Errors of writing: what can be retried, and the explanation for people.

use rdkafka::error::RDKafkaErrorCode as Code;

use super::target::Target;
use crate::kafka::failure::raw;
use crate::record::{Failure, FailureClass};

/// Why a transaction cannot be committed.
#[derive(Debug)]
pub enum WriteError {
    /// The brokers refuse one record in any attempt.
    Rejected {
        /// The number that it was sent with.
        number: usize,
        /// Why.
        failure: Failure,
    },
    /// The transaction has to be aborted; another one may succeed.
    Aborted(Failure),
    /// Another producer has taken over the transactional id, or the brokers have aborted a transaction that was open for too
    /// long.
    Fenced {
        /// The library's message.
        raw: String,
        /// Whether the transaction was open for that long.
        timed_out: bool,
    },
    /// No transaction can succeed.
    Fatal(Failure),
    /// The user interrupts.
    Interrupted,
}

/// Whether another producer has taken over the transactional id.
pub(super) fn is_fenced(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::TransactionCoordinatorFenced
    )
}

/// Whether a record is refused in any attempt.
pub(super) fn rejects_record(code: Code) -> bool {
    matches!(
        code,
        Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::TopicAuthorizationFailed
            | Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::InvalidTopic
            | Code::PolicyViolation
    )
}

/// The user may not use the transactional id.
pub(super) fn transactional_id(doing: &str, id: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!(
            "{doing}: this user may not use the transactional id {id} on the target cluster"
        ),
        fix: Some(format!(
            "the people who run the target cluster must allow WRITE and DESCRIBE on the transactional id {id}"
        )),
        raw: Some(raw(Code::TransactionalIdAuthorizationFailed, "")),
    }
}

/// The failure for an error while `doing` something with the target cluster.
pub(super) fn explain(
    target: &Target,
    doing: &str,
    code: Code,
    reason: &str,
    topic: Option<&str>,
) -> Failure {
    let (class, why, fix) = reason_and_advice(target, code, reason, topic);
    Failure {
        class,
        what: format!("{doing}: {why}"),
        fix: Some(fix),
        raw: Some(raw(code, reason)),
    }
}

fn reason_and_advice(
    target: &Target,
    code: Code,
    reason: &str,
    topic: Option<&str>,
) -> (FailureClass, String, String) {
    let setup = |why: String, fix: String| (FailureClass::Setup, why, fix);
    let brokers = &target.brokers;
    let name = topic.unwrap_or("that --to-topic names");
    match code {
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => (
            FailureClass::Read,
            "the record is larger than the target accepts".to_owned(),
            format!(
                "raise max.message.bytes of the topic {name} (and the limits of its readers), or leave this event out with a filter"
            ),
        ),
        Code::InvalidRecord | Code::InvalidTimestamp | Code::PolicyViolation => (
            FailureClass::Read,
            "the target refuses the record".to_owned(),
            format!("check the configuration of the topic {name}, such as message.timestamp.before.max.ms"),
        ),
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => setup(
            format!("the target cluster does not know the topic {name}"),
            format!("create it: kafka-topics.sh --bootstrap-server {brokers} --create --topic {name}"),
        ),
        Code::InvalidTopic => setup(
            format!("{name} cannot be the name of a topic"),
            "give another --to-topic".to_owned(),
        ),
        Code::TopicAuthorizationFailed => setup(
            format!("this user may not write to the topic {name}"),
            "the people who run the target cluster must allow WRITE and DESCRIBE on the topic".to_owned(),
        ),
        Code::ClusterAuthorizationFailed => setup(
            "this user may not write with idempotence".to_owned(),
            "the people who run the target cluster must allow IDEMPOTENT_WRITE on the cluster".to_owned(),
        ),
        Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism => setup(
            format!("the target brokers at {brokers} refused the login"),
            "check -X to.security.protocol, to.sasl.mechanism, to.sasl.username and to.sasl.password".to_owned(),
        ),
        Code::SSL => setup(
            format!("no TLS connection to the target brokers at {brokers} could be made"),
            "check -X to.security.protocol, to.ssl.ca.location, to.ssl.certificate.location and to.ssl.key.location".to_owned(),
        ),
        Code::BadMessage => setup(
            format!("what answers at {brokers} does not speak Kafka, or not in this way"),
            "check --to-brokers (host and port of Kafka, not of an HTTP service), and -X to.security.protocol if the brokers need TLS".to_owned(),
        ),
        Code::Resolve => setup(
            format!("no address is known for {brokers}"),
            "check the spelling of --to-brokers".to_owned(),
        ),
        Code::UnsupportedFeature => setup(
            "the target brokers do not support transactions".to_owned(),
            "a relay needs Apache Kafka 0.11 or later, or a compatible cluster with transactions".to_owned(),
        ),
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::OperationTimedOut
        | Code::RequestTimedOut => setup(
            if reason.contains("refused") {
                format!("nothing listens at {brokers}")
            } else {
                format!("no target broker answers at {brokers}")
            },
            "check --to-brokers, and -X to.security.protocol if the brokers need TLS or a login".to_owned(),
        ),
        Code::TimedOutQueue | Code::MessageTimedOut => (
            FailureClass::Read,
            "the target brokers did not store a record in time".to_owned(),
            "check the target cluster; the relay continues from its last transaction when it is started again".to_owned(),
        ),
        _ => (
            FailureClass::Read,
            "the target cluster refused a transaction".to_owned(),
            "start the relay again: it continues from its last transaction; if it fails again, add the line below to a support ticket".to_owned(),
        ),
    }
}
