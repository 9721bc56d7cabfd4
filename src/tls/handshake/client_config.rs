//! TLS client configuration with the rules of the client library (librdkafka 2.12, `rdkafka_ssl.c`), so that the
//! probe and the client agree.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContext, SslContextBuilder, SslMethod, SslOptions, SslVersion};
use openssl::x509::X509;

use crate::util::secret::Secret;

/// The configuration of a connection. Holds the key, therefore no `Debug`.
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
    any_name: bool,
}

/// Paths of the system's trusted CAs, in the client library's order.
const SYSTEM_TRUST: &[&str] = &[
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
    /// From PEM texts and librdkafka properties; a later property overrides an earlier one.
    ///
    /// # Errors
    /// A message for a file of a property that cannot be read.
    pub fn new(
        ca_pem: Option<String>,
        certificate_pem: Option<String>,
        key_pem: Option<Secret>,
        properties: &[(String, String)],
    ) -> Result<ClientConfig, String> {
        let mut rules = ClientConfig {
            ca_pem,
            certificate_pem,
            key_pem,
            ..ClientConfig::default()
        };
        for (name, value) in properties {
            rules.set(name, value)?;
        }
        Ok(rules)
    }

    /// Whether the broker's certificate decides anything (`enable.ssl.certificate.verification`).
    #[must_use]
    pub fn verifies(&self) -> bool {
        !self.unverified
    }

    /// Whether the broker's name is compared (`ssl.endpoint.identification.algorithm`).
    #[must_use]
    pub fn checks_names(&self) -> bool {
        !self.any_name
    }

    /// Whether there is a user certificate to show.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.certificate_pem.is_some()
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match name {
            "ssl.ca.pem" => self.ca_pem = text(),
            "ssl.ca.location" => self.ca_location = text(),
            "ssl.certificate.pem" => self.certificate_pem = text(),
            "ssl.certificate.location" => self.certificate_pem = Some(file(name, value)?),
            "ssl.key.pem" => self.key_pem = text().map(Secret::new),
            "ssl.key.location" => self.key_pem = Some(Secret::new(file(name, value)?)),
            "ssl.key.password" => self.key_password = text().map(Secret::new),
            "ssl.cipher.suites" => self.ciphers = text(),
            "ssl.curves.list" => self.groups = text(),
            "ssl.sigalgs.list" => self.signatures = text(),
            "enable.ssl.certificate.verification" => self.unverified = is_false(value),
            "ssl.endpoint.identification.algorithm" => {
                self.any_name = value.eq_ignore_ascii_case("none");
            }
            _ => {}
        }
        Ok(())
    }

    /// A context with everything except connection settings; without the client certificate if it is withheld.
    pub(in crate::tls) fn context(&self, withheld: bool) -> Result<SslContextBuilder, ErrorStack> {
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
        self.trust(&mut context)?;
        if !withheld {
            self.identify(&mut context)?;
        }
        Ok(context)
    }

    /// Our certificate, then its chain, as they are sent.
    pub(in crate::tls) fn chain(&self) -> Result<Vec<X509>, ErrorStack> {
        let pem = self.certificate_pem.as_deref().unwrap_or_default();
        X509::stack_from_pem(pem.as_bytes())
    }

    /// Every configured certificate is an anchor. The client library requires chains to end at a self-signed
    /// certificate: it does not set `PARTIAL_CHAIN`.
    fn trust(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let location = self
            .ca_location
            .as_deref()
            .filter(|place| *place != "probe");
        if let Some(place) = location.map(Path::new) {
            let (file, folder) = if place.is_dir() {
                (None, Some(place))
            } else {
                (Some(place), None)
            };
            context.load_verify_locations(file, folder)?;
        }
        if let Some(pem) = &self.ca_pem {
            for anchor in X509::stack_from_pem(pem.as_bytes())? {
                context.cert_store_mut().add_cert(anchor)?;
            }
        }
        if location.is_none() && self.ca_pem.is_none() {
            trust_the_system(context)?;
        }
        Ok(())
    }

    fn identify(&self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
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

/// Also allows old versions, to detect which one a server speaks. Nothing is sent over such a connection.
pub(in crate::tls) fn allow_old_versions(
    context: &mut SslContextBuilder,
) -> Result<(), ErrorStack> {
    context.set_min_proto_version(Some(SslVersion::TLS1))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_1))?;
    context.set_cipher_list("ALL:@SECLEVEL=0")
}

fn trust_the_system(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    let found = SYSTEM_TRUST
        .iter()
        .map(Path::new)
        .find(|path| path.exists());
    match found {
        Some(folder) if folder.is_dir() => context.load_verify_locations(None, Some(folder)),
        Some(file) => context.load_verify_locations(Some(file), None),
        None => context.set_default_verify_paths(),
    }
}

/// As the client library reads a boolean.
fn is_false(value: &str) -> bool {
    ["false", "f", "0"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}

fn file(name: &str, path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("reading {path} ({name}): {error}"))
}
