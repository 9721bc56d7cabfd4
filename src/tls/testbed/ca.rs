//! Test CA: throw-away certificates in memory, as a Ditto portal offers them and as its broker has them. Not for
//! protecting real data.

use std::net::IpAddr;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name};

use super::truststore::truststore;
use crate::util::secret::Secret;
use crate::util::time::DAY_SECONDS;

/// Longer than any certificate that tests ask for, so that a CA never is the reason of a refusal.
const CA_DAYS: Range<i64> = -1000..1000;
const PASSWORD_BYTES: usize = 12;

/// Options of the certificates.
#[derive(Debug, Clone)]
pub struct CaOptions {
    /// The user certificate's common name.
    pub user_name: String,
    /// The days between which the user certificate is valid, counted from now.
    pub user_days: Range<i64>,
    /// The names and addresses for which the broker's certificate is valid.
    pub broker_hosts: Vec<String>,
    /// The days between which the broker's certificate is valid, counted from now.
    pub broker_days: Range<i64>,
}

impl Default for CaOptions {
    fn default() -> Self {
        let hosts = ["localhost", "127.0.0.1", "::1"];
        CaOptions {
            user_name: "user".to_owned(),
            user_days: -1..90,
            broker_hosts: hosts.map(str::to_owned).to_vec(),
            broker_days: -1..90,
        }
    }
}

/// Two unrelated CAs, a broker's certificate from the one and a user's from the other.
pub struct TestCertificates {
    /// The truststore: the cluster CA's certificate and no key, for OpenSSL and Java.
    pub cluster_p12: Vec<u8>,
    /// The password of `cluster_p12`.
    pub cluster_password: Secret,
    /// The keystore: the user's certificate and key, and the clients CA.
    pub user_p12: Vec<u8>,
    /// The password of `user_p12`.
    pub user_password: Secret,
    cluster_ca: Identity,
    clients_ca: Identity,
    broker: Identity,
    user: Identity,
}

impl TestCertificates {
    /// Creates all certificates. Two calls share no key, so that one's user is unknown to the other's broker.
    ///
    /// # Errors
    /// If OpenSSL has no random numbers, or if a name does not fit in a certificate.
    pub fn new(options: &CaOptions) -> anyhow::Result<TestCertificates> {
        let cluster_ca = Identity::authority("ditto-cdc demo cluster CA")?;
        let clients_ca = Identity::authority("ditto-cdc demo clients CA")?;
        let broker =
            Identity::broker(options, &cluster_ca).context("making a broker certificate")?;
        let user = Identity::user(options, &clients_ca).context("making a user certificate")?;
        let cluster_password = random_password()?;
        let user_password = random_password()?;
        Ok(TestCertificates {
            cluster_p12: truststore("cluster-ca", &cluster_ca.certificate, &cluster_password)?,
            user_p12: keystore(&user, &clients_ca.certificate, &user_password)?,
            cluster_password,
            user_password,
            cluster_ca,
            clients_ca,
            broker,
            user,
        })
    }

    /// The cluster CA's certificate as PEM text: the trust anchor of clients.
    ///
    /// # Errors
    /// If OpenSSL is out of memory.
    pub fn cluster_pem(&self) -> anyhow::Result<String> {
        pem_text(self.cluster_ca.certificate.to_pem()?)
    }

    /// The user's certificate, then the clients CA's, as PEM text.
    ///
    /// # Errors
    /// If OpenSSL is out of memory.
    pub fn user_pem(&self) -> anyhow::Result<String> {
        let leaf = pem_text(self.user.certificate.to_pem()?)?;
        Ok(leaf + &pem_text(self.clients_ca.certificate.to_pem()?)?)
    }

    /// The user's private key as unencrypted PKCS#8 PEM text.
    ///
    /// # Errors
    /// If OpenSSL is out of memory.
    pub fn user_key_pem(&self) -> anyhow::Result<Secret> {
        Ok(Secret::new(pem_text(
            self.user.key.private_key_to_pem_pkcs8()?,
        )?))
    }

    /// The broker's certificate and key.
    pub(in crate::tls) fn broker(&self) -> &Identity {
        &self.broker
    }

    /// Whose signature a client's certificate must carry.
    pub(in crate::tls) fn clients_ca(&self) -> &X509 {
        &self.clients_ca.certificate
    }
}

/// A certificate and its private key.
pub(in crate::tls) struct Identity {
    pub(in crate::tls) certificate: X509,
    pub(in crate::tls) key: PKey<Private>,
}

impl Identity {
    fn authority(name: &str) -> anyhow::Result<Identity> {
        let key = new_key()?;
        let mut draft = draft(name, &key, &CA_DAYS)?;
        draft.set_issuer_name(common_name(name)?.as_ref())?;
        draft.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        let usage = KeyUsage::new().critical().key_cert_sign().build()?;
        draft.append_extension(usage)?;
        let subject = SubjectKeyIdentifier::new().build(&draft.x509v3_context(None, None))?;
        draft.append_extension(subject)?;
        draft.sign(&key, MessageDigest::sha256())?;
        let certificate = draft.build();
        Ok(Identity { certificate, key })
    }

    fn broker(options: &CaOptions, authority: &Identity) -> anyhow::Result<Identity> {
        let key = new_key()?;
        let mut draft = draft("ditto-cdc demo broker", &key, &options.broker_days)?;
        draft.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut dns_names = SubjectAlternativeName::new();
        for host in &options.broker_hosts {
            match host.parse::<IpAddr>() {
                Ok(_) => dns_names.ip(host),
                Err(_) => dns_names.dns(host),
            };
        }
        let dns_names =
            dns_names.build(&draft.x509v3_context(Some(&authority.certificate), None))?;
        draft.append_extension(dns_names)?;
        authority.sign(draft, key)
    }

    fn user(options: &CaOptions, authority: &Identity) -> anyhow::Result<Identity> {
        let key = new_key()?;
        let mut draft = draft(&options.user_name, &key, &options.user_days)?;
        draft.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
        authority.sign(draft, key)
    }

    fn sign(&self, mut draft: X509Builder, key: PKey<Private>) -> anyhow::Result<Identity> {
        draft.set_issuer_name(self.certificate.subject_name())?;
        draft.append_extension(BasicConstraints::new().critical().build()?)?;
        let usage = KeyUsage::new().critical().digital_signature().build()?;
        draft.append_extension(usage)?;
        let context = draft.x509v3_context(Some(&self.certificate), None);
        let issuer = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        draft.append_extension(issuer)?;
        draft.sign(&self.key, MessageDigest::sha256())?;
        let certificate = draft.build();
        Ok(Identity { certificate, key })
    }
}

fn draft(name: &str, key: &PKey<Private>, days: &Range<i64>) -> anyhow::Result<X509Builder> {
    let mut draft = X509::builder()?;
    draft.set_version(2)?;
    draft.set_serial_number(random_serial()?.as_ref())?;
    draft.set_subject_name(common_name(name)?.as_ref())?;
    draft.set_pubkey(key)?;
    draft.set_not_before(days_from_now(days.start)?.as_ref())?;
    draft.set_not_after(days_from_now(days.end)?.as_ref())?;
    Ok(draft)
}

fn common_name(name: &str) -> anyhow::Result<X509Name> {
    let mut parts = X509Name::builder()?;
    parts.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(parts.build())
}

/// P-256 takes a fraction of a millisecond; a fresh RSA key takes long enough to be noticed.
fn new_key() -> anyhow::Result<PKey<Private>> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
}

fn random_serial() -> anyhow::Result<Asn1Integer> {
    let mut number = BigNum::new()?;
    number.rand(127, MsbOption::MAYBE_ZERO, false)?;
    Ok(number.to_asn1_integer()?)
}

fn days_from_now(days: i64) -> anyhow::Result<Asn1Time> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let then = i64::try_from(now)?.saturating_add(days.saturating_mul(DAY_SECONDS));
    Ok(Asn1Time::from_unix(then)?)
}

/// Letters and digits only, so that the password can be pasted into a shell.
///
/// # Errors
/// If the system has no random numbers.
pub fn random_password() -> anyhow::Result<Secret> {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    openssl::rand::rand_bytes(&mut bytes).context("making a password")?;
    let digits = BigNum::from_slice(&bytes)?.to_hex_str()?;
    Ok(Secret::new(digits.to_lowercase()))
}

fn keystore(user: &Identity, authority: &X509, password: &Secret) -> anyhow::Result<Vec<u8>> {
    let mut chain = Stack::new()?;
    chain.push(authority.clone())?;
    let mut store = Pkcs12::builder();
    store.name("user").ca(chain);
    store.pkey(&user.key).cert(&user.certificate);
    Ok(store.build2(password.expose())?.to_der()?)
}

fn pem_text(bytes: Vec<u8>) -> anyhow::Result<String> {
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_store_opens_with_its_own_password_and_holds_what_a_portal_offers() {
        let issued = TestCertificates::new(&CaOptions::default()).unwrap();
        let cluster = Pkcs12::from_der(&issued.cluster_p12).unwrap();
        let cluster = cluster.parse2(issued.cluster_password.expose()).unwrap();
        assert!(cluster.pkey.is_none() && cluster.cert.is_none());
        assert_eq!(cluster.ca.unwrap().len(), 1);

        let user = Pkcs12::from_der(&issued.user_p12).unwrap();
        assert!(user.parse2(issued.cluster_password.expose()).is_err());
        let user = user.parse2(issued.user_password.expose()).unwrap();
        let leaf = user.cert.unwrap();
        assert!(user.pkey.unwrap().public_eq(&leaf.public_key().unwrap()));
        assert_eq!(user.ca.unwrap().len(), 1);
    }

    #[test]
    fn each_leaf_is_signed_by_its_own_authority_only() {
        let issued = TestCertificates::new(&CaOptions::default()).unwrap();
        let check = |leaf: &X509, authority: &Identity, expected: bool| {
            assert_eq!(leaf.verify(&authority.key).unwrap_or(false), expected);
        };
        check(&issued.broker.certificate, &issued.cluster_ca, true);
        check(&issued.broker.certificate, &issued.clients_ca, false);
        check(&issued.user.certificate, &issued.clients_ca, true);
        check(&issued.user.certificate, &issued.cluster_ca, false);
    }

    #[test]
    fn a_user_certificate_is_valid_when_ordered() {
        let check = |days: Range<i64>, expected: (bool, bool)| {
            let options = CaOptions {
                user_days: days,
                ..CaOptions::default()
            };
            let leaf = TestCertificates::new(&options).unwrap().user.certificate;
            let now = Asn1Time::days_from_now(0).unwrap();
            let found = (leaf.not_before() <= now, leaf.not_after() >= now);
            assert_eq!(found, expected);
        };
        check(-1..30, (true, true));
        check(-30..-1, (true, false));
        check(1..30, (false, true));
    }
}
