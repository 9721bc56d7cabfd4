//! Inputs of the broker checks: probe reports plus what this machine knows.

use crate::probe::{AddressReport, Report, TcpOutcome};
use crate::tls::{Anchor, Keystore, PeerCertificate, Truststore};

/// Facts that need no broker: the clock and the two certificate files.
#[derive(Debug, Clone)]
pub struct LocalContext {
    /// This machine's clock, in seconds since 1970.
    pub now: i64,
    /// The certificates of `cluster.p12`; empty if the settings give others.
    pub anchors: Vec<Anchor>,
    /// The certificates of `user.p12`, the user's own first; empty without such a file.
    pub user: Vec<PeerCertificate>,
    /// Whether the extended key usage of the user certificate allows client authentication.
    pub user_allows_client_auth: bool,
    /// Path of the cluster certificate, for messages; empty without a file.
    pub cluster_file: String,
    /// Path of the user certificate, for messages; empty without a file.
    pub user_file: String,
}

impl LocalContext {
    /// The context from both opened files, without their paths.
    #[must_use]
    pub fn new(now: i64, cluster: Option<&Truststore>, user: Option<&Keystore>) -> LocalContext {
        LocalContext {
            now,
            anchors: cluster
                .map(|store| store.anchors().to_vec())
                .unwrap_or_default(),
            user: user.map(|store| store.chain().to_vec()).unwrap_or_default(),
            user_allows_client_auth: user.is_none_or(Keystore::allows_client_auth),
            cluster_file: String::new(),
            user_file: String::new(),
        }
    }

    /// How messages name the cluster certificate.
    pub(super) fn cluster_cert_name(&self) -> &str {
        path_or(&self.cluster_file, "the cluster certificate")
    }

    /// How messages name the user certificate.
    pub(super) fn user_cert_name(&self) -> &str {
        path_or(&self.user_file, "the user certificate")
    }
}

fn path_or<'a>(path: &'a str, default: &'static str) -> &'a str {
    if path.is_empty() { default } else { path }
}

/// One broker to check, with the reports of all brokers.
pub(super) struct BrokerContext<'a> {
    pub report: &'a Report,
    pub local: &'a LocalContext,
    pub all: &'a [Report],
}

impl<'a> BrokerContext<'a> {
    /// The address whose connection got furthest; the checks describe this one.
    pub fn address(&self) -> Option<&'a AddressReport> {
        // `max_by_key` returns the last maximum; reversed, this is the address that the client library tries first.
        self.report
            .addresses
            .iter()
            .rev()
            .max_by_key(|address| progress_rank(address))
    }
}

fn progress_rank(address: &AddressReport) -> u8 {
    let finished = address
        .handshake
        .as_ref()
        .is_some_and(|made| made.error.is_none());
    match (&address.tcp, address.works()) {
        (_, true) => 4,
        (TcpOutcome::Connected(_), _) if finished || address.response.is_some() => 3,
        (TcpOutcome::Connected(_), _) => 2,
        _ => 1,
    }
}
