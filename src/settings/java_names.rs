//! Properties of Kafka's Java clients and their treatment here; names from Apache Kafka 4.1's consumer configuration.

/// The treatment of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Sets a setting, or describes a file whose type is detected from its content.
    Setting,
    /// Passed on to librdkafka under this name.
    PassOn(&'static str),
    /// Ignored without consequences; the reason.
    Ignored(&'static str),
    /// Ignored with a warning, because the user may rely on it; the reason.
    IgnoredWithWarning(&'static str),
}

use Treatment::{Ignored, IgnoredWithWarning, PassOn, Setting};

const JAVA: &str = "it is about Java";
const POSITION: &str = "--from sets where reading starts";
const NO_COMMIT: &str = "this program decides when offsets are committed";
const TUNING: &str = "this program sets its own value; -X overrides it";
const WRITING: &str = "it is about producers, and this program only reads";
const METRICS: &str = "this program reports no metrics";

const NAMES: &[(&str, Treatment)] = &[
    ("bootstrap.servers", Setting),
    ("metadata.broker.list", Setting),
    ("group.id", Setting),
    ("ssl.truststore.location", Setting),
    ("ssl.truststore.password", Setting),
    ("ssl.truststore.type", Setting),
    ("ssl.keystore.location", Setting),
    ("ssl.keystore.password", Setting),
    ("ssl.keystore.type", Setting),
    ("ssl.key.password", Setting),
    ("security.protocol", PassOn("security.protocol")),
    (
        "ssl.endpoint.identification.algorithm",
        PassOn("ssl.endpoint.identification.algorithm"),
    ),
    ("ssl.cipher.suites", PassOn("ssl.cipher.suites")),
    ("ssl.truststore.certificates", PassOn("ssl.ca.pem")),
    (
        "ssl.keystore.certificate.chain",
        PassOn("ssl.certificate.pem"),
    ),
    ("ssl.keystore.key", PassOn("ssl.key.pem")),
    ("sasl.mechanism", PassOn("sasl.mechanisms")),
    ("sasl.mechanisms", PassOn("sasl.mechanisms")),
    ("sasl.username", PassOn("sasl.username")),
    ("sasl.password", PassOn("sasl.password")),
    (
        "sasl.kerberos.service.name",
        PassOn("sasl.kerberos.service.name"),
    ),
    ("client.id", PassOn("client.id")),
    ("client.rack", PassOn("client.rack")),
    ("client.dns.lookup", PassOn("client.dns.lookup")),
    ("isolation.level", PassOn("isolation.level")),
    (
        "sasl.jaas.config",
        IgnoredWithWarning(
            "it is Java's login; if the broker requires SASL, use -X sasl.username=… and -X sasl.password=…",
        ),
    ),
    (
        "ssl.protocol",
        IgnoredWithWarning("the newest TLS that both sides know is used"),
    ),
    (
        "ssl.enabled.protocols",
        IgnoredWithWarning("the newest TLS that both sides know is used"),
    ),
    (
        "config.providers",
        IgnoredWithWarning("values are taken literally; config providers are not supported"),
    ),
    ("auto.offset.reset", Ignored(POSITION)),
    ("enable.auto.commit", Ignored(NO_COMMIT)),
    ("auto.commit.interval.ms", Ignored(NO_COMMIT)),
    ("max.poll.records", Ignored(TUNING)),
    ("max.poll.interval.ms", Ignored(TUNING)),
    ("session.timeout.ms", Ignored(TUNING)),
    ("heartbeat.interval.ms", Ignored(TUNING)),
    ("request.timeout.ms", Ignored(TUNING)),
    ("default.api.timeout.ms", Ignored(TUNING)),
    ("max.partition.fetch.bytes", Ignored(TUNING)),
    ("check.crcs", Ignored(TUNING)),
    ("receive.buffer.bytes", Ignored(TUNING)),
    ("send.buffer.bytes", Ignored(TUNING)),
    ("metadata.max.age.ms", Ignored(TUNING)),
    ("connections.max.idle.ms", Ignored(TUNING)),
    ("group.instance.id", Ignored(TUNING)),
    ("group.protocol", Ignored(TUNING)),
    ("group.remote.assignor", Ignored(TUNING)),
    (
        "allow.auto.create.topics",
        Ignored("this program never creates a topic"),
    ),
    (
        "exclude.internal.topics",
        Ignored("one topic is read, by its name"),
    ),
    ("enable.metrics.push", Ignored(METRICS)),
    ("metric.reporters", Ignored(METRICS)),
    ("auto.include.jmx.reporter", Ignored(METRICS)),
    ("interceptor.classes", Ignored(JAVA)),
    ("partition.assignment.strategy", Ignored(JAVA)),
    ("security.providers", Ignored(JAVA)),
    ("ssl.provider", Ignored(JAVA)),
    ("ssl.engine.factory.class", Ignored(JAVA)),
    ("ssl.keymanager.algorithm", Ignored(JAVA)),
    ("ssl.trustmanager.algorithm", Ignored(JAVA)),
    ("ssl.secure.random.implementation", Ignored(JAVA)),
    ("acks", Ignored(WRITING)),
    ("retries", Ignored(WRITING)),
    ("linger.ms", Ignored(WRITING)),
    ("batch.size", Ignored(WRITING)),
    ("buffer.memory", Ignored(WRITING)),
    ("compression.type", Ignored(WRITING)),
    ("delivery.timeout.ms", Ignored(WRITING)),
    ("enable.idempotence", Ignored(WRITING)),
    ("max.block.ms", Ignored(WRITING)),
    ("max.request.size", Ignored(WRITING)),
    ("max.in.flight.requests.per.connection", Ignored(WRITING)),
    ("transactional.id", Ignored(WRITING)),
    ("transaction.timeout.ms", Ignored(WRITING)),
];

/// Every name of the table.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// Families, for names that the table above does not list; `*` is the rest of a name.
const FAMILIES: &[(&str, Treatment)] = &[
    ("*.deserializer", Ignored("values are read as they are")),
    ("*.serializer", Ignored(WRITING)),
    ("fetch.*", Ignored(TUNING)),
    ("reconnect.backoff.*", Ignored(TUNING)),
    ("retry.backoff.*", Ignored(TUNING)),
    ("socket.connection.setup.timeout.*", Ignored(TUNING)),
    ("metrics.*", Ignored(METRICS)),
    ("partitioner.*", Ignored(WRITING)),
    ("sasl.login.*", IgnoredWithWarning("it is Java's login")),
    (
        "config.providers.*",
        IgnoredWithWarning("config providers are not supported"),
    ),
];

/// The treatment of a property, and its name or that of its family; `None` if it is unknown.
pub(super) fn treatment(name: &str) -> Option<(&'static str, Treatment)> {
    let listed = NAMES.iter().find(|(known, _)| *known == name);
    listed.copied().or_else(|| {
        let mut families = FAMILIES.iter().copied();
        families.find(|(pattern, _)| is_in_family(name, pattern))
    })
}

fn is_in_family(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name.ends_with(pattern.trim_start_matches('*')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::definitions::DEFINITIONS;

    #[test]
    fn every_setting_is_understood_and_no_name_is_listed_twice() {
        for name in DEFINITIONS
            .iter()
            .flat_map(|definition| definition.properties.iter().chain(definition.only_java))
        {
            assert_eq!(treatment(name), Some((*name, Setting)), "{name}");
        }
        for (index, (name, _)) in NAMES.iter().enumerate() {
            let first = NAMES.iter().position(|(other, _)| other == name);
            assert_eq!(first, Some(index), "{name}");
        }
    }

    #[test]
    fn families() {
        let check = |name: &str, expected: Option<(&'static str, Treatment)>| {
            assert_eq!(treatment(name), expected, "{name}");
        };
        check("value.serializer", Some(("*.serializer", Ignored(WRITING))));
        check("fetch.min.bytes", Some(("fetch.*", Ignored(TUNING))));
        check("fetching", None);
        check("", None);
    }
}
