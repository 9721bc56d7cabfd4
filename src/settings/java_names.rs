//! The table of properties that Kafka's Java clients know, and what becomes of each here.
//! Names as in Apache Kafka 4.1's consumer configuration; reading the file is left to `java`.

/// What becomes of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Gives a setting its value, or describes a file that is recognised by its content anyway.
    Setting,
    /// Goes to the Kafka library under this name.
    PassOn(&'static str),
    /// Means nothing here, and nobody will miss it.
    Ignored(&'static str),
    /// Means nothing here, and somebody may have counted on it.
    Refused(&'static str),
}

use Treatment::{Ignored, PassOn, Refused, Setting};

const JAVA: &str = "it is about Java";
const POSITION: &str = "where reading starts is said with --from";
const NO_COMMIT: &str = "positions are committed only where this program says so";
const TUNING: &str = "this program chooses its own; -X overrides it";
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
        Refused(
            "it is Java's login; give -X sasl.username=… and sasl.password where the broker wants SASL",
        ),
    ),
    (
        "ssl.protocol",
        Refused("the newest TLS that both sides know is used"),
    ),
    (
        "ssl.enabled.protocols",
        Refused("the newest TLS that both sides know is used"),
    ),
    (
        "config.providers",
        Refused("values are taken as they stand, and no provider is asked"),
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

/// Families, for names that the table above does not list.
const FAMILIES: &[(Affix, Treatment)] = &[
    (
        Affix::End(".deserializer"),
        Ignored("values are read as they are"),
    ),
    (Affix::End(".serializer"), Ignored(WRITING)),
    (Affix::Start("fetch."), Ignored(TUNING)),
    (Affix::Start("reconnect.backoff."), Ignored(TUNING)),
    (Affix::Start("retry.backoff."), Ignored(TUNING)),
    (
        Affix::Start("socket.connection.setup.timeout."),
        Ignored(TUNING),
    ),
    (Affix::Start("metrics."), Ignored(METRICS)),
    (Affix::Start("partitioner."), Ignored(WRITING)),
    (Affix::Start("sasl.login."), Refused("it is Java's login")),
    (
        Affix::Start("config.providers."),
        Refused("no provider is asked"),
    ),
];

enum Affix {
    Start(&'static str),
    End(&'static str),
}

/// What becomes of the property with this name; `None` where nothing is known about it.
pub(super) fn treatment(name: &str) -> Option<Treatment> {
    let listed = NAMES.iter().find(|(known, _)| *known == name);
    listed.map(|(_, treatment)| *treatment).or_else(|| {
        let family = FAMILIES.iter().find(|(affix, _)| affix.fits(name));
        family.map(|(_, treatment)| *treatment)
    })
}

impl Affix {
    fn fits(&self, name: &str) -> bool {
        match self {
            Affix::Start(start) => name.starts_with(start),
            Affix::End(end) => name.ends_with(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::definitions::ROWS;

    #[test]
    fn every_setting_is_understood_and_no_name_is_listed_twice() {
        for name in ROWS
            .iter()
            .flat_map(|row| row.properties.iter().chain(row.only_java))
        {
            assert_eq!(treatment(name), Some(Setting), "{name}");
        }
        for (index, (name, _)) in NAMES.iter().enumerate() {
            let first = NAMES.iter().position(|(other, _)| other == name);
            assert_eq!(first, Some(index), "{name}");
        }
    }

    #[test]
    fn families() {
        let check = |name: &str, expected: Option<Treatment>| {
            assert_eq!(treatment(name), expected, "{name}");
        };
        check("value.serializer", Some(Ignored(WRITING)));
        check("fetch.min.bytes", Some(Ignored(TUNING)));
        check("fetching", None);
        check("", None);
    }
}
