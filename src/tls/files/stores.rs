//! The loaded stores: trust anchors, and the client's certificate and key.

use std::fmt;

use openssl::x509::X509;

use super::formats;
use super::key_choice::{self, AcceptedKeys, KeyChoice};
use super::key_entry::{KeyEntry, same};
use super::pkcs12::StoreContents;
use crate::tls::certificate::PeerCertificate;
use crate::tls::certificate::key_usage::{allows_client_auth, unix_seconds};
use crate::tls::certificate::principal::principal;
use crate::util::secret::Secret;

/// The trust anchors from `cluster.p12`; several while a CA is being renewed.
pub struct Truststore {
    pem: String,
    anchors: Vec<Anchor>,
    is_chain_of_key: bool,
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

/// The client's identity from `user.p12`: leaf certificate, chain and key. If the file has several keys, one of them is
/// taken.
pub struct Keystore {
    /// The entry that is taken.
    taken: KeyEntry,
    /// All others, in the order of the file.
    others: Vec<KeyEntry>,
    /// The certificates outside of all chains, as PEM text.
    unlinked_pem: String,
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

    /// Whether the certificates are only the issuers of a user certificate in the same store, which may be there by
    /// mistake.
    #[must_use]
    pub fn is_chain_of_key(&self) -> bool {
        self.is_chain_of_key
    }

    /// From the bytes of a file in any format; `None` if `load` would return a fault.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], password: Option<&Secret>) -> Option<Truststore> {
        let contents = formats::open(bytes, password).ok()?;
        Truststore::new(&contents.certificates).filter(|_| contents.keys.is_empty())
    }

    /// The anchors of a store that also has keys. Java takes those that were imported as trusted; PKCS#12 of other
    /// tools has no such mark, so that they are the certificates outside of the keys' chains, and those that stand
    /// there a second time. If the store `is_shared`, because it is configured for both roles, the CAs of the chains
    /// are trusted, too. `None` without any.
    pub(super) fn beside_keys(contents: &StoreContents, is_shared: bool) -> Option<Truststore> {
        let entries = key_entries(contents);
        let all = &contents.certificates;
        let is_leaf = |one: &X509| {
            entries
                .iter()
                .filter_map(KeyEntry::leaf)
                .any(|leaf| same(leaf, one))
        };
        let is_linked = |one: &X509| entries.iter().any(|entry| entry.contains(one));
        let is_repeated = |one: &X509| all.iter().filter(|other| same(other, one)).count() > 1;
        let is_trusted = |one: &X509| !is_leaf(one) && (!is_linked(one) || is_repeated(one));
        let mut anchors: Vec<X509> = Vec::new();
        for one in all
            .iter()
            .filter(|one| is_trusted(one) || (is_shared && !is_leaf(one)))
        {
            if !anchors.iter().any(|known| same(known, one)) {
                anchors.push(one.clone());
            }
        }
        Some(Truststore {
            is_chain_of_key: !all.iter().any(is_trusted),
            ..Truststore::new(&anchors)?
        })
    }

    /// `None` without a certificate.
    pub(super) fn new(certificates: &[X509]) -> Option<Truststore> {
        let pem = pem(certificates).filter(|text| !text.is_empty())?;
        let anchors = certificates.iter().map(Anchor::new).collect();
        Some(Truststore {
            pem,
            anchors,
            is_chain_of_key: false,
        })
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
    /// The leaf, its issuers, then the file's certificates that belong to no key, as PEM text.
    #[must_use]
    pub fn certificates_pem(&self) -> String {
        pem(&self.taken.certificates).unwrap_or_default() + &self.unlinked_pem
    }

    /// The private key as unencrypted PKCS#8 PEM text; it must not leave memory.
    #[must_use]
    pub fn key_pem(&self) -> Secret {
        self.taken.key_pem.clone()
    }

    /// The subject as Kafka's ACLs spell it (RFC 2253): `CN=user,O=…`.
    #[must_use]
    pub fn principal(&self) -> String {
        self.taken.principal.clone()
    }

    /// Summaries of the leaf and of its issuers, as far as the file contains them.
    #[must_use]
    pub fn chain(&self) -> &[PeerCertificate] {
        &self.taken.chain
    }

    /// Since when the leaf is valid, in seconds since 1970.
    #[must_use]
    pub fn not_before(&self) -> Option<i64> {
        unix_seconds(self.taken.leaf()?.not_before())
    }

    /// Until when the leaf is valid, in seconds since 1970.
    #[must_use]
    pub fn not_after(&self) -> Option<i64> {
        unix_seconds(self.taken.leaf()?.not_after())
    }

    /// Whether the leaf is marked for client authentication, or has no usage extension.
    #[must_use]
    pub fn allows_client_auth(&self) -> bool {
        let leaf = self.taken.leaf();
        leaf.is_some_and(|leaf| allows_client_auth(leaf))
    }

    /// The CA that a broker must trust to accept this chain, as a principal: the issuer of the chain's last
    /// certificate.
    #[must_use]
    pub fn required_issuer(&self) -> String {
        self.taken.required_issuer.clone()
    }

    /// Whether the file has several keys, so that [`Keystore::choose`] has a choice.
    #[must_use]
    pub fn has_several_keys(&self) -> bool {
        !self.others.is_empty()
    }

    /// Takes the key that the brokers accept, as Java does; `accepted` is `None` if no broker requested a certificate,
    /// and `now` is in seconds since 1970. Returns `None` if there is only one key.
    pub fn choose(&mut self, accepted: Option<&AcceptedKeys>, now: i64) -> Option<KeyChoice> {
        if !self.has_several_keys() {
            return None;
        }
        let (index, choice) = key_choice::choose(&self.entries(), accepted, now)?;
        // The entry that was taken is the first one.
        if let Some(chosen) = index
            .checked_sub(1)
            .and_then(|index| self.others.get_mut(index))
        {
            std::mem::swap(&mut self.taken, chosen);
        }
        Some(choice)
    }

    fn entries(&self) -> Vec<&KeyEntry> {
        std::iter::once(&self.taken).chain(&self.others).collect()
    }

    /// From the bytes of a file in any format; `None` if `load` would return a fault.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], password: Option<&Secret>) -> Option<Keystore> {
        let contents = formats::open(bytes, password).ok()?;
        Keystore::new(&contents)
    }

    /// `None` if no certificate belongs to a key.
    pub(super) fn new(contents: &StoreContents) -> Option<Keystore> {
        let mut entries = key_entries(contents).into_iter();
        let taken = entries.next()?;
        let others: Vec<KeyEntry> = entries.collect();
        let is_linked = |one: &X509| taken.contains(one) || others.iter().any(|e| e.contains(one));
        let unlinked = contents.certificates.iter().filter(|one| !is_linked(one));
        let unlinked: Vec<X509> = unlinked.cloned().collect();
        Some(Keystore {
            unlinked_pem: pem(&unlinked)?,
            taken,
            others,
        })
    }
}

/// Each key with each of its certificates.
fn key_entries(contents: &StoreContents) -> Vec<KeyEntry> {
    let keys = contents.keys.iter();
    keys.flat_map(|key| KeyEntry::all(&contents.certificates, key))
        .collect()
}

impl fmt::Debug for Truststore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Truststore").finish_non_exhaustive()
    }
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = f.debug_struct("Keystore");
        parts.field("principal", &self.taken.principal);
        parts.finish_non_exhaustive()
    }
}

fn pem(certificates: &[X509]) -> Option<String> {
    let parts: Option<Vec<Vec<u8>>> = certificates.iter().map(|one| one.to_pem().ok()).collect();
    String::from_utf8(parts?.concat()).ok()
}
