//! A private key with its certificate chain, as one alias of a Java keystore names them.

use std::borrow::Cow;

use openssl::pkey::{Id, PKey, Private};
use openssl::x509::{X509, X509Ref, X509VerifyResult};

use crate::tls::certificate::PeerCertificate;
use crate::tls::certificate::key_usage::{allows_client_auth, unix_seconds};
use crate::tls::certificate::principal::principal;
use crate::util::secret::Secret;

/// A private key, its certificate and the issuers of that, as far as the file contains them.
pub(super) struct KeyEntry {
    /// The store's name of the entry, if it has one.
    pub(super) alias: Option<String>,
    pub(super) key_pem: Secret,
    /// Java's name of the key's algorithm.
    pub(super) key_type: &'static str,
    pub(super) principal: String,
    pub(super) certificates: Vec<X509>,
    pub(super) chain: Vec<PeerCertificate>,
    /// The issuer of the chain's last certificate.
    pub(super) required_issuer: String,
}

impl KeyEntry {
    /// One entry for each certificate of the key.
    pub(super) fn all(certificates: &[X509], key: &PKey<Private>) -> Vec<KeyEntry> {
        let mut leaves: Vec<&X509> = Vec::new();
        for one in certificates.iter().filter(|one| belongs(one, key)) {
            if !leaves.iter().any(|known| same(known, one)) {
                leaves.push(one);
            }
        }
        let entry = |leaf: &X509| KeyEntry::new(leaf, certificates, key);
        leaves.into_iter().filter_map(entry).collect()
    }

    fn new(leaf: &X509, certificates: &[X509], key: &PKey<Private>) -> Option<KeyEntry> {
        let chain = chain(leaf, certificates);
        let last = chain.last()?;
        let alias = leaf.alias().map(String::from_utf8_lossy);
        let key_pem = String::from_utf8(key.private_key_to_pem_pkcs8().ok()?).ok()?;
        Some(KeyEntry {
            alias: alias.map(Cow::into_owned).filter(|alias| !alias.is_empty()),
            key_pem: Secret::new(key_pem),
            key_type: key_type(key.id()),
            principal: principal(leaf.subject_name()),
            required_issuer: principal(last.issuer_name()),
            chain: chain
                .iter()
                .map(|one| PeerCertificate::from_certificate(one))
                .collect(),
            certificates: chain,
        })
    }

    pub(super) fn leaf(&self) -> Option<&X509> {
        self.certificates.first()
    }

    pub(super) fn contains(&self, certificate: &X509) -> bool {
        self.certificates.iter().any(|one| same(one, certificate))
    }

    /// Whether the certificate is valid at this time, and for clients.
    pub(super) fn is_usable(&self, now: i64) -> bool {
        self.leaf().is_some_and(|leaf| {
            let starts = unix_seconds(leaf.not_before());
            let ends = unix_seconds(leaf.not_after());
            starts.is_none_or(|start| start <= now)
                && ends.is_none_or(|end| end >= now)
                && allows_client_auth(leaf)
        })
    }
}

/// Whether two certificates have the same bytes.
pub(super) fn same(one: &X509Ref, other: &X509Ref) -> bool {
    matches!((one.to_der(), other.to_der()), (Ok(one), Ok(other)) if one == other)
}

/// A certificate, then its issuers.
fn chain(leaf: &X509, certificates: &[X509]) -> Vec<X509> {
    let mut chain = vec![leaf.clone()];
    while let Some(last) = chain.last() {
        let issued_it = |one: &&X509| one.issued(last) == X509VerifyResult::OK;
        let is_new = |one: &&X509| !chain.iter().any(|known| same(known, one));
        let next = certificates.iter().filter(is_new).find(issued_it).cloned();
        match next {
            Some(next) => chain.push(next),
            None => break,
        }
    }
    chain
}

fn belongs(certificate: &X509Ref, key: &PKey<Private>) -> bool {
    certificate
        .public_key()
        .is_ok_and(|public| public.public_eq(key))
}

fn key_type(id: Id) -> &'static str {
    match id {
        Id::RSA => "RSA",
        Id::RSA_PSS => "RSASSA-PSS",
        Id::EC => "EC",
        Id::ED25519 | Id::ED448 => "EdDSA",
        Id::DSA => "DSA",
        _ => "",
    }
}
