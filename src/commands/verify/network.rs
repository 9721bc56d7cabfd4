//! The brokers of the settings and those that they name, looked at by the probe.
//! What it saw is judged in `check::broker`.

use super::Run;
use super::files::Opened;
use crate::settings::{Protocol, Settings};
use crate::tls::{Keystore, Rules, Truststore};
use crate::util::exit::Exit;
use crate::verify::check::broker;
use crate::verify::check::broker::Known;
use crate::verify::check::redact::Name;
use crate::verify::check::{Check, Status};
use crate::verify::probe;
use crate::verify::probe::{Credentials, Family, Limits, Target};

/// What the network lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A broker answers as Kafka does.
    Kafka,
    /// None does, or nobody could be asked.
    Nothing,
}

/// Layers that need no certificate.
const BELOW_TLS: [&str; 2] = ["dns", "tcp"];

impl Run<'_, '_> {
    /// Looks at all brokers. With a certificate file that cannot be used, only as far as that matters to nobody.
    pub(super) fn network(
        &mut self,
        settings: &Settings,
        protocol: Protocol,
        opened: &Opened,
    ) -> Result<Found, Exit> {
        let Some(brokers) = &settings.brokers else {
            self.add(Check::skip("dns", "no brokers are set"));
            return Ok(Found::Nothing);
        };
        let properties: Vec<(String, String)> = settings
            .extra
            .iter()
            .map(|property| (property.name.clone(), property.value.clone()))
            .collect();
        let keystore = opened.keystore.as_ref();
        let rules = Rules::new(
            opened.truststore.as_ref().map(Truststore::pem),
            keystore.map(Keystore::certificates_pem),
            keystore.map(Keystore::key_pem),
            &properties,
        );
        let rules = match rules {
            Ok(rules) => rules,
            Err(why) => {
                self.add(
                    Check::fail_unnumbered("tls", why).fix("check the properties given with -X"),
                );
                return Ok(Found::Nothing);
            }
        };
        let credentials = Credentials {
            tls: protocol.is_tls().then_some(rules),
            login: matches!(protocol, Protocol::SaslSsl | Protocol::SaslPlaintext),
            family: family(settings),
        };
        let targets = Target::list(&brokers.value);
        let reports = probe::run(&targets, &credentials, &Limits::default());
        self.interrupted()?;
        for node in reports.iter().flat_map(probe::Report::nodes) {
            self.names.push((Name::Host, node.host.clone()));
        }
        let known = self.known(settings, opened);
        let mut checks = broker::checks(&reports, &known);
        if opened.broken {
            checks = only_below_tls(checks);
        }
        let works = reports.iter().any(probe::Report::works) && !opened.broken;
        self.add_all(checks);
        Ok(if works { Found::Kafka } else { Found::Nothing })
    }

    fn known(&self, settings: &Settings, opened: &Opened) -> Known {
        let path = |setting: Option<&crate::settings::Setting<std::path::PathBuf>>| {
            setting.map_or_else(String::new, |one| one.value.display().to_string())
        };
        let keystore = opened.keystore.as_ref();
        Known {
            now: self.now(),
            anchors: opened
                .truststore
                .as_ref()
                .map_or_else(Vec::new, |store| store.anchors().to_vec()),
            user: keystore.map_or_else(Vec::new, |store| store.chain().to_vec()),
            user_may_be_a_clients: keystore.is_none_or(Keystore::may_be_a_clients),
            cluster_file: path(settings.cluster_cert.as_ref()),
            user_file: path(settings.user_cert.as_ref()),
        }
    }
}

/// Without the certificates nothing can be said about TLS and what is above it.
fn only_below_tls(checks: Vec<Check>) -> Vec<Check> {
    let mut kept: Vec<Check> = checks
        .into_iter()
        .filter(|check| BELOW_TLS.contains(&check.name))
        .collect();
    let failed = kept.iter().any(|check| check.status == Status::Fail);
    let why = if failed {
        "an earlier check of the brokers failed"
    } else {
        "a certificate file cannot be used"
    };
    for name in ["tls", "client-certificate", "kafka", "advertised-brokers"] {
        kept.push(Check::skip(name, why));
    }
    kept
}

/// Which kinds of address the client library would use.
fn family(settings: &Settings) -> Family {
    match settings.extra.get("broker.address.family") {
        Some("v4") => Family::V4,
        Some("v6") => Family::V6,
        _ => Family::Any,
    }
}
