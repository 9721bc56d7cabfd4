//! The loaded stores: trust anchors, and the client's certificate and key.

use std::fmt;

use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Ref, X509VerifyResult};

use super::formats;
use crate::tls::certificate::PeerCertificate;
use crate::tls::certificate::key_usage::{allows_client_auth, unix_seconds};
use crate::tls::certificate::principal::principal;
use crate::util::secret::Secret;

/// The trust anchors from `cluster.p12`; several while a CA is being renewed.
pub struct Truststore {
    pem: String,
    anchors: Vec<Anchor>,
}

/// A trusted certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its subject as a principal: `CN=ca,O=…`.
    pub subject: String,
    /// Since when it is valid, in seconds since 1970.
    pub not_before: Option<i64>,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: Option<i64>,
}

/// The client's identity from `user.p12`: leaf certificate, chain and key.
pub struct Keystore {
    certificates_pem: String,
    key_pem: Secret,
    principal: String,
    required_issuer: String,
    leaf: X509,
    chain: Vec<PeerCertificate>,
}

/// The contents of the two files; `None` for a file that is not configured.
#[derive(Debug)]
pub struct Material {
    /// From the cluster certificate.
    pub truststore: Option<Truststore>,
    /// From the user certificate.
    pub keystore: Option<Keystore>,
}

impl Truststore {
    /// All certificates as PEM text, in the order of the file.
    #[must_use]
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// The trusted certificates in the order of the file.
    #[must_use]
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// From the bytes of a file in any format; `None` if `load` would return a fault.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], password: Option<&Secret>) -> Option<Truststore> {
        let contents = formats::open(bytes, password).ok()?;
        Truststore::new(&contents.certificates).filter(|_| contents.key.is_none())
    }

    /// `None` without a certificate.
    pub(super) fn new(certificates: &[X509]) -> Option<Truststore> {
        let pem = pem(certificates).filter(|text| !text.is_empty())?;
        let anchors = certificates.iter().map(Anchor::new).collect();
        Some(Truststore { pem, anchors })
    }
}

impl Anchor {
    fn new(certificate: &X509) -> Anchor {
        Anchor {
            subject: principal(certificate.subject_name()),
            not_before: unix_seconds(certificate.not_before()),
            not_after: unix_seconds(certificate.not_after()),
        }
    }
}

impl Keystore {
    /// The leaf, its issuers, then the file's other certificates, as PEM text.
    #[must_use]
    pub fn certificates_pem(&self) -> String {
        self.certificates_pem.clone()
    }

    /// The private key as unencrypted PKCS#8 PEM text; it must not leave memory.
    #[must_use]
    pub fn key_pem(&self) -> Secret {
        self.key_pem.clone()
    }

    /// The subject as Kafka's ACLs spell it (RFC 2253): `CN=user,O=…`.
    #[must_use]
    pub fn principal(&self) -> String {
        self.principal.clone()
    }

    /// Summaries of the leaf and of its issuers, as far as the file contains them.
    #[must_use]
    pub fn chain(&self) -> &[PeerCertificate] {
        &self.chain
    }

    /// Since when the leaf is valid, in seconds since 1970.
    #[must_use]
    pub fn not_before(&self) -> Option<i64> {
        unix_seconds(self.leaf.not_before())
    }

    /// Until when the leaf is valid, in seconds since 1970.
    #[must_use]
    pub fn not_after(&self) -> Option<i64> {
        unix_seconds(self.leaf.not_after())
    }

    /// Whether the leaf is marked for client authentication, or has no usage extension.
    #[must_use]
    pub fn allows_client_auth(&self) -> bool {
        allows_client_auth(&self.leaf)
    }

    /// The CA that a broker must trust to accept this chain, as a principal: the issuer of the chain's last
    /// certificate.
    #[must_use]
    pub fn required_issuer(&self) -> String {
        self.required_issuer.clone()
    }

    /// From the bytes of a file in any format; `None` if `load` would return a fault.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], password: Option<&Secret>) -> Option<Keystore> {
        let contents = formats::open(bytes, password).ok()?;
        Keystore::new(contents.certificates, &contents.key?)
    }

    /// `None` if no certificate belongs to the key.
    pub(super) fn new(certificates: Vec<X509>, key: &PKey<Private>) -> Option<Keystore> {
        let (chain, unlinked) = chain(certificates, key)?;
        let (leaf, last) = (chain.first()?.clone(), chain.last()?);
        let key_pem = String::from_utf8(key.private_key_to_pem_pkcs8().ok()?).ok()?;
        Some(Keystore {
            key_pem: Secret::new(key_pem),
            principal: principal(leaf.subject_name()),
            required_issuer: principal(last.issuer_name()),
            certificates_pem: pem(&chain)? + &pem(&unlinked)?,
            chain: chain
                .iter()
                .map(|one| PeerCertificate::from_certificate(one))
                .collect(),
            leaf,
        })
    }
}

impl fmt::Debug for Truststore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Truststore").finish_non_exhaustive()
    }
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = f.debug_struct("Keystore");
        parts.field("principal", &self.principal);
        parts.finish_non_exhaustive()
    }
}

/// The key's certificate, then its issuers; and the certificates outside this chain.
fn chain(mut certificates: Vec<X509>, key: &PKey<Private>) -> Option<(Vec<X509>, Vec<X509>)> {
    let mut next = certificates.iter().position(|one| belongs(one, key));
    next?;
    let mut chain = vec![];
    while let Some(index) = next {
        let found = certificates.remove(index);
        let issued_it = |one: &X509| one.issued(&found) == X509VerifyResult::OK;
        next = certificates.iter().position(issued_it);
        chain.push(found);
    }
    Some((chain, certificates))
}

fn belongs(certificate: &X509Ref, key: &PKey<Private>) -> bool {
    certificate
        .public_key()
        .is_ok_and(|public| public.public_eq(key))
}

fn pem(certificates: &[X509]) -> Option<String> {
    let parts: Option<Vec<Vec<u8>>> = certificates.iter().map(|one| one.to_pem().ok()).collect();
    String::from_utf8(parts?.concat()).ok()
}
