//! TLS client configuration from librdkafka properties, applied as librdkafka 2.12 does (`rdkafka_ssl.c`).

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslOptions, SslVersion};
use openssl::x509::X509;

use crate::util::secret::Secret;

/// The TLS configuration of a connection. No `Debug`, because it contains the private key.
#[derive(Clone, Default)]
pub struct ClientConfig {
    ca_pem: Option<String>,
    ca_location: Option<String>,
    certificate_pem: Option<String>,
    key_pem: Option<Secret>,
    key_password: Option<Secret>,
    ciphers: Option<String>,
    groups: Option<String>,
    signatures: Option<String>,
    unverified: bool,
    ignores_names: bool,
}

/// The key exchange groups before the post-quantum ones, whose key shares do not fit into one TCP segment.
pub const CLASSIC_GROUPS: &str = "X25519:P-256:P-384:P-521";

/// Paths of the system's trusted CAs, in the client library's order.
const SYSTEM_CA_PATHS: &[&str] = &[
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/ca-bundle.trust.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/cacert.pem",
    "/etc/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs",
    "/usr/local/etc/ssl/cert.pem",
];

impl ClientConfig {
    /// From PEM strings and librdkafka properties; a later property overrides an earlier one.
    ///
    /// # Errors
    /// The message names a property and its file, if that file cannot be read.
    pub fn new(
        ca_pem: Option<String>,
        certificate_pem: Option<String>,
        key_pem: Option<Secret>,
        properties: &[(String, String)],
    ) -> Result<ClientConfig, String> {
        let mut config = ClientConfig {
            ca_pem,
            certificate_pem,
            key_pem,
            ..ClientConfig::default()
        };
        for (name, value) in properties {
            config.set(name, value)?;
        }
        Ok(config)
    }

    /// Whether the broker's certificate is verified (`enable.ssl.certificate.verification`).
    #[must_use]
    pub fn verifies(&self) -> bool {
        !self.unverified
    }

    /// Whether the broker's host name is verified (`ssl.endpoint.identification.algorithm`).
    #[must_use]
    pub fn checks_names(&self) -> bool {
        !self.ignores_names
    }

    /// Whether a client certificate is configured.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.certificate_pem.is_some()
    }

    /// The same with classic key exchange groups only; `None` if the settings select the groups.
    #[must_use]
    pub fn with_classic_groups(&self) -> Option<ClientConfig> {
        let groups = self.groups.is_none().then(|| CLASSIC_GROUPS.to_owned());
        Some(ClientConfig {
            groups: Some(groups?),
            ..self.clone()
        })
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match name {
            "ssl.ca.pem" => self.ca_pem = text(),
            "ssl.ca.location" => self.ca_location = text(),
            "ssl.certificate.pem" => self.certificate_pem = text(),
            "ssl.certificate.location" => self.certificate_pem = Some(read_pem(name, value)?),
            "ssl.key.pem" => self.key_pem = text().map(Secret::new),
            "ssl.key.location" => self.key_pem = Some(Secret::new(read_pem(name, value)?)),
            "ssl.key.password" => self.key_password = text().map(Secret::new),
            "ssl.cipher.suites" => self.ciphers = text(),
            "ssl.curves.list" => self.groups = text(),
            "ssl.sigalgs.list" => self.signatures = text(),
            "enable.ssl.certificate.verification" => self.unverified = is_false(value),
            "ssl.endpoint.identification.algorithm" => {
                self.ignores_names = value.eq_ignore_ascii_case("none");
            }
            _ => {}
        }
        Ok(())
    }

    /// A context with all settings except those of one connection; without the client certificate if `withhold`.
    pub(super) fn context(&self, withhold: bool) -> Result<SslContextBuilder, ErrorStack> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_options(SslOptions::IGNORE_UNEXPECTED_EOF);
        if let Some(ciphers) = &self.ciphers {
            context.set_cipher_list(ciphers)?;
        }
        if let Some(groups) = &self.groups {
            context.set_groups_list(groups)?;
        }
        if let Some(signatures) = &self.signatures {
            context.set_sigalgs_list(signatures)?;
        }
        self.add_trust_anchors(&mut context)?;
        if !withhold {
            self.add_client_certificate(&mut context)?;
        }
        Ok(context)
    }

    /// The client certificate, then its chain, in the order in which they are sent.
    pub(super) fn chain(&self) -> Result<Vec<X509>, ErrorStack> {
        let pem = self.certificate_pem.as_deref().unwrap_or_default();
        X509::stack_from_pem(pem.as_bytes())
    }

    /// Every configured certificate is a trust anchor. A chain must end at a self-signed certificate, because the
    /// client library does not set `PARTIAL_CHAIN`.
    fn add_trust_anchors(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let location = self.ca_location.as_deref().filter(|path| *path != "probe");
        if let Some(path) = location.map(Path::new) {
            let (file, folder) = if path.is_dir() {
                (None, Some(path))
            } else {
                (Some(path), None)
            };
            context.load_verify_locations(file, folder)?;
        }
        if let Some(pem) = &self.ca_pem {
            for anchor in X509::stack_from_pem(pem.as_bytes())? {
                context.cert_store_mut().add_cert(anchor)?;
            }
        }
        if location.is_none() && self.ca_pem.is_none() {
            trust_system_cas(context)?;
        }
        Ok(())
    }

    fn add_client_certificate(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let mut chain = self.chain()?.into_iter();
        if let Some(leaf) = chain.next() {
            context.set_certificate(&leaf)?;
        }
        for issuer in chain {
            context.add_extra_chain_cert(issuer)?;
        }
        if let Some(key) = self.key()? {
            context.set_private_key(&key)?;
        }
        Ok(())
    }

    fn key(&self) -> Result<Option<PKey<Private>>, ErrorStack> {
        let Some(pem) = &self.key_pem else {
            return Ok(None);
        };
        let pem = pem.expose().as_bytes();
        let password = self.key_password.as_ref().map(Secret::expose);
        let password = password.unwrap_or_default().as_bytes();
        PKey::private_key_from_pem_passphrase(pem, password).map(Some)
    }
}

/// Allows only versions older than TLS 1.2, to detect which one a server supports. No data is sent over such a
/// connection.
pub(super) fn allow_old_versions(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    context.set_min_proto_version(Some(SslVersion::TLS1))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_1))?;
    context.set_cipher_list("ALL:@SECLEVEL=0")
}

fn trust_system_cas(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    let found = SYSTEM_CA_PATHS
        .iter()
        .map(Path::new)
        .find(|path| path.exists());
    match found {
        Some(folder) if folder.is_dir() => context.load_verify_locations(None, Some(folder)),
        Some(file) => context.load_verify_locations(Some(file), None),
        None => context.set_default_verify_paths(),
    }
}

/// Parses a boolean as the client library does.
fn is_false(value: &str) -> bool {
    ["false", "f", "0"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}

fn read_pem(name: &str, path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("reading {path} ({name}): {error}"))
}
