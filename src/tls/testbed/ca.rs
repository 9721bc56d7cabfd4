//! Test CA: temporary certificates and stores in memory, in the format of the Ditto portal. Never use them for real
//! data.

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

/// Validity of a CA in days from now: longer than that of any certificate in tests, so that no CA expires first.
const CA_DAYS: Range<i64> = -1000..1000;
const PASSWORD_BYTES: usize = 12;

/// Options of the certificates.
#[derive(Debug, Clone)]
pub struct CaOptions {
    /// The user certificate's common name.
    pub user_name: String,
    /// The validity of the user certificate, in days from now.
    pub user_days: Range<i64>,
    /// The host names and addresses of the broker's certificate.
    pub broker_hosts: Vec<String>,
    /// The validity of the broker's certificate, in days from now.
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

/// Two unrelated CAs: the cluster CA issues the broker's certificate, the clients CA issues the user's.
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
    /// Creates all certificates. Each call creates new keys, so one call's user is unknown to another's broker.
    ///
    /// # Errors
    /// If OpenSSL has no random numbers, or if a name does not fit in a certificate.
    pub fn new(options: &CaOptions) -> anyhow::Result<TestCertificates> {
        let cluster_ca = Identity::new_ca("ditto-cdc demo cluster CA")?;
        let clients_ca = Identity::new_ca("ditto-cdc demo clients CA")?;
        let broker =
            Identity::broker(options, &cluster_ca).context("creating a broker certificate")?;
        let user = Identity::user(options, &clients_ca).context("creating a user certificate")?;
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

    /// The cluster CA's certificate as PEM: the trust anchor of clients.
    ///
    /// # Errors
    /// If OpenSSL is out of memory.
    pub fn cluster_pem(&self) -> anyhow::Result<String> {
        pem_string(self.cluster_ca.certificate.to_pem()?)
    }

    /// The user's certificate, then the clients CA's, as PEM text.
    ///
    /// # Errors
    /// If OpenSSL is out of memory.
    pub fn user_pem(&self) -> anyhow::Result<String> {
        let leaf = pem_string(self.user.certificate.to_pem()?)?;
        Ok(leaf + &pem_string(self.clients_ca.certificate.to_pem()?)?)
    }

    /// The user's private key as unencrypted PKCS#8 PEM text.
    ///
    /// # Errors
    /// If OpenSSL is out of memory.
    pub fn user_key_pem(&self) -> anyhow::Result<Secret> {
        Ok(Secret::new(pem_string(
            self.user.key.private_key_to_pem_pkcs8()?,
        )?))
    }

    /// The broker's certificate and key.
    pub(in crate::tls) fn broker(&self) -> &Identity {
        &self.broker
    }

    /// The CA that must have signed a client's certificate.
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
    fn new_ca(name: &str) -> anyhow::Result<Identity> {
        let key = new_key()?;
        let mut builder = certificate_builder(name, &key, &CA_DAYS)?;
        builder.set_issuer_name(common_name(name)?.as_ref())?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        let usage = KeyUsage::new().critical().key_cert_sign().build()?;
        builder.append_extension(usage)?;
        let subject = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(subject)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let certificate = builder.build();
        Ok(Identity { certificate, key })
    }

    fn broker(options: &CaOptions, authority: &Identity) -> anyhow::Result<Identity> {
        let key = new_key()?;
        let mut builder = certificate_builder("ditto-cdc demo broker", &key, &options.broker_days)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut alt_names = SubjectAlternativeName::new();
        for host in &options.broker_hosts {
            match host.parse::<IpAddr>() {
                Ok(_) => alt_names.ip(host),
                Err(_) => alt_names.dns(host),
            };
        }
        let alt_names =
            alt_names.build(&builder.x509v3_context(Some(&authority.certificate), None))?;
        builder.append_extension(alt_names)?;
        authority.sign(builder, key)
    }

    fn user(options: &CaOptions, authority: &Identity) -> anyhow::Result<Identity> {
        let key = new_key()?;
        let mut builder = certificate_builder(&options.user_name, &key, &options.user_days)?;
        builder.append_extension(ExtendedKeyUsage::new().client_auth().build()?)?;
        authority.sign(builder, key)
    }

    fn sign(&self, mut builder: X509Builder, key: PKey<Private>) -> anyhow::Result<Identity> {
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        let usage = KeyUsage::new().critical().digital_signature().build()?;
        builder.append_extension(usage)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let issuer = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(issuer)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        let certificate = builder.build();
        Ok(Identity { certificate, key })
    }
}

fn certificate_builder(
    name: &str,
    key: &PKey<Private>,
    days: &Range<i64>,
) -> anyhow::Result<X509Builder> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(random_serial()?.as_ref())?;
    builder.set_subject_name(common_name(name)?.as_ref())?;
    builder.set_pubkey(key)?;
    builder.set_not_before(days_from_now(days.start)?.as_ref())?;
    builder.set_not_after(days_from_now(days.end)?.as_ref())?;
    Ok(builder)
}

fn common_name(name: &str) -> anyhow::Result<X509Name> {
    let mut parts = X509Name::builder()?;
    parts.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(parts.build())
}

/// P-256, because creating an RSA key takes noticeably long; P-256 takes less than a millisecond.
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

/// A random password of letters and digits only, so that it can be pasted into a shell.
///
/// # Errors
/// If the system has no random numbers.
pub fn random_password() -> anyhow::Result<Secret> {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    openssl::rand::rand_bytes(&mut bytes).context("creating a password")?;
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

fn pem_string(bytes: Vec<u8>) -> anyhow::Result<String> {
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_store_opens_with_its_own_password_and_has_the_portals_contents() {
        let certificates = TestCertificates::new(&CaOptions::default()).unwrap();
        let cluster = Pkcs12::from_der(&certificates.cluster_p12).unwrap();
        let cluster = cluster
            .parse2(certificates.cluster_password.expose())
            .unwrap();
        assert!(cluster.pkey.is_none() && cluster.cert.is_none());
        assert_eq!(cluster.ca.unwrap().len(), 1);

        let user = Pkcs12::from_der(&certificates.user_p12).unwrap();
        assert!(user.parse2(certificates.cluster_password.expose()).is_err());
        let user = user.parse2(certificates.user_password.expose()).unwrap();
        let leaf = user.cert.unwrap();
        assert!(user.pkey.unwrap().public_eq(&leaf.public_key().unwrap()));
        assert_eq!(user.ca.unwrap().len(), 1);
    }

    #[test]
    fn each_leaf_is_signed_by_its_own_authority_only() {
        let certificates = TestCertificates::new(&CaOptions::default()).unwrap();
        let check = |leaf: &X509, authority: &Identity, expected: bool| {
            assert_eq!(leaf.verify(&authority.key).unwrap_or(false), expected);
        };
        check(
            &certificates.broker.certificate,
            &certificates.cluster_ca,
            true,
        );
        check(
            &certificates.broker.certificate,
            &certificates.clients_ca,
            false,
        );
        check(
            &certificates.user.certificate,
            &certificates.clients_ca,
            true,
        );
        check(
            &certificates.user.certificate,
            &certificates.cluster_ca,
            false,
        );
    }

    #[test]
    fn a_user_certificate_is_valid_on_the_configured_days() {
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
