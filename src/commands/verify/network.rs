//! Probes the bootstrap brokers and the brokers that they advertise.

use super::files::CertificateFiles;
use super::run::VerifyRun;
use crate::probe;
use crate::probe::{AddressFamily, Credentials, Target, Timeouts};
use crate::settings::{Protocol, Settings};
use crate::tls::{ClientConfig, Keystore, Truststore};
use crate::util::exit::Exit;
use crate::util::time::now_seconds;
use crate::verify::check::broker;
use crate::verify::check::broker::LocalContext;
use crate::verify::check::redact::NameKind;
use crate::verify::check::{Check, Status};

/// Whether a Kafka broker can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KafkaReachability {
    /// At least one broker gives a valid Kafka response.
    Reachable,
    /// No broker does, or none could be probed.
    Unreachable,
}

/// Checks that do not need certificates.
const BELOW_TLS: [&str; 2] = ["dns", "tcp"];

impl VerifyRun<'_, '_> {
    /// Probes all brokers. If a certificate file cannot be used, only the layers below TLS are reported.
    pub(super) fn network(
        &mut self,
        settings: &Settings,
        protocol: Protocol,
        files: &CertificateFiles,
    ) -> Result<KafkaReachability, Exit> {
        let Some(brokers) = &settings.brokers else {
            self.add(Check::skip("dns", "no brokers are set"));
            return Ok(KafkaReachability::Unreachable);
        };
        let keystore = files.keystore.as_ref();
        let rules = ClientConfig::new(
            files.truststore.as_ref().map(Truststore::pem),
            keystore.map(Keystore::certificates_pem),
            keystore.map(Keystore::key_pem),
            &files.properties,
        );
        let rules = match rules {
            Ok(rules) => rules,
            Err(why) => {
                self.add(
                    Check::fail_unnumbered("tls", why).fix("check the properties given with -X"),
                );
                return Ok(KafkaReachability::Unreachable);
            }
        };
        let credentials = Credentials {
            tls: protocol.is_tls().then_some(rules),
            login: matches!(protocol, Protocol::SaslSsl | Protocol::SaslPlaintext),
            family: family(settings),
            list_groups: settings.group.is_some(),
        };
        let targets = Target::list(&brokers.value);
        let reports = probe::run(&targets, &credentials, &Timeouts::default());
        self.interrupted()?;
        for node in reports.iter().flat_map(probe::Report::nodes) {
            self.names.push((NameKind::Host, node.host.clone()));
        }
        self.group_type = settings.group.as_ref().and_then(|group| {
            let mut types = reports
                .iter()
                .filter_map(|one| one.group_type(&group.value));
            types.next().map(str::to_owned)
        });
        let local_context = local_context(files);
        let mut checks = broker::checks(&reports, &local_context);
        if files.has_faults {
            checks = only_below_tls(checks);
        }
        let works = reports.iter().any(probe::Report::works) && !files.has_faults;
        self.add_all(checks);
        Ok(if works {
            KafkaReachability::Reachable
        } else {
            KafkaReachability::Unreachable
        })
    }
}

fn local_context(files: &CertificateFiles) -> LocalContext {
    let keystore = files.keystore.as_ref();
    LocalContext {
        now: now_seconds(),
        anchors: files
            .truststore
            .as_ref()
            .map_or_else(Vec::new, |store| store.anchors().to_vec()),
        user: keystore.map_or_else(Vec::new, |store| store.chain().to_vec()),
        user_allows_client_auth: keystore.is_none_or(Keystore::allows_client_auth),
        cluster_file: files.cluster_name.clone(),
        user_file: files.user_name.clone(),
    }
}

/// Replaces the results of TLS and the layers above it by skipped checks.
fn only_below_tls(checks: Vec<Check>) -> Vec<Check> {
    let mut checks: Vec<Check> = checks
        .into_iter()
        .filter(|check| BELOW_TLS.contains(&check.name))
        .collect();
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    let why = if failed {
        "an earlier check of the brokers failed"
    } else {
        "a certificate file cannot be used"
    };
    for name in ["tls", "client-certificate", "kafka", "advertised-brokers"] {
        checks.push(Check::skip(name, why));
    }
    checks
}

/// The address family that the client library would use.
fn family(settings: &Settings) -> AddressFamily {
    match settings.extra.get("broker.address.family") {
        Some("v4") => AddressFamily::V4,
        Some("v6") => AddressFamily::V6,
        _ => AddressFamily::Any,
    }
}
