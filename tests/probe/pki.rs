//! Test certificates: roots, intermediates, and leaves with any names, dates and usages.

use std::net::IpAddr;
use std::ops::Range;

use ditto_cdc::util::time::DAY_SECONDS;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use openssl::x509::{X509, X509Builder, X509Name};

/// A certificate, its key, and the certificates between it and its root, the root not included.
#[derive(Clone)]
pub struct Identity {
    pub certificate: X509,
    pub key: PKey<Private>,
    pub chain: Vec<X509>,
}

/// The contents of a leaf certificate.
#[derive(Clone)]
pub struct Leaf<'a> {
    pub name: &'a str,
    /// Host names and addresses.
    pub hosts: &'a [&'a str],
    /// Entries of the type DNS, also for addresses.
    pub dns: &'a [&'a str],
    /// Validity in days from now.
    pub days: Range<i64>,
    /// Whether its usage is `serverAuth`; else `clientAuth`.
    pub server: bool,
}

impl Default for Leaf<'_> {
    fn default() -> Self {
        Leaf {
            name: "broker",
            hosts: &["localhost", "127.0.0.1"],
            dns: &[],
            days: -1..30,
            server: true,
        }
    }
}

/// The contents of a user's certificate.
pub fn user() -> Leaf<'static> {
    Leaf {
        name: "user",
        hosts: &[],
        server: false,
        ..Leaf::default()
    }
}

impl Identity {
    /// A self-signed CA.
    pub fn root(name: &str) -> Identity {
        Identity::ca(name, None)
    }

    /// A CA issued by this one.
    pub fn intermediate(&self, name: &str) -> Identity {
        Identity::ca(name, Some(self))
    }

    /// A leaf issued by this CA.
    pub fn leaf(&self, leaf: &Leaf<'_>) -> Identity {
        issue(leaf, Some(self))
    }

    /// A self-signed leaf.
    pub fn self_signed(leaf: &Leaf<'_>) -> Identity {
        issue(leaf, None)
    }

    /// Removes the certificates of its issuers.
    pub fn alone(mut self) -> Identity {
        self.chain.clear();
        self
    }

    pub fn pem(&self) -> String {
        let all = std::iter::once(&self.certificate).chain(&self.chain);
        let pem: Vec<u8> = all.flat_map(|one| one.to_pem().unwrap()).collect();
        String::from_utf8(pem).unwrap()
    }

    /// The serial number in hexadecimal digits, as in revocation lists.
    pub fn serial(&self) -> String {
        let number = self.certificate.serial_number().to_bn().unwrap();
        number.to_hex_str().unwrap().to_string()
    }

    pub fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap()
    }

    fn ca(name: &str, issuer: Option<&Identity>) -> Identity {
        let (mut builder, key) = certificate_builder(name, &(-1000..1000));
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(constraints).unwrap();
        let usage = KeyUsage::new()
            .critical()
            .key_cert_sign()
            .crl_sign()
            .build();
        builder.append_extension(usage.unwrap()).unwrap();
        sign(builder, key, issuer)
    }
}

fn issue(leaf: &Leaf<'_>, issuer: Option<&Identity>) -> Identity {
    let (mut builder, key) = certificate_builder(leaf.name, &leaf.days);
    let mut usage = ExtendedKeyUsage::new();
    let usage = if leaf.server {
        usage.server_auth()
    } else {
        usage.client_auth()
    };
    builder.append_extension(usage.build().unwrap()).unwrap();
    if !leaf.hosts.is_empty() || !leaf.dns.is_empty() {
        let mut names = SubjectAlternativeName::new();
        for name in leaf.dns {
            names.dns(name);
        }
        for host in leaf.hosts {
            match host.parse::<IpAddr>() {
                Ok(_) => names.ip(host),
                Err(_) => names.dns(host),
            };
        }
        let names = names.build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(names).unwrap();
    }
    sign(builder, key, issuer)
}

fn sign(mut builder: X509Builder, key: PKey<Private>, issuer: Option<&Identity>) -> Identity {
    let (signer, chain) = match issuer {
        Some(issuer) => {
            let name = issuer.certificate.subject_name();
            builder.set_issuer_name(name).unwrap();
            let chain = std::iter::once(&issuer.certificate).chain(&issuer.chain);
            // The root is not sent: a client that trusts it has it.
            let chain = chain.filter(|one| one.issued(one) != openssl::x509::X509VerifyResult::OK);
            (issuer.key.clone(), chain.cloned().collect())
        }
        None => (key.clone(), Vec::new()),
    };
    builder.sign(&signer, MessageDigest::sha256()).unwrap();
    let certificate = builder.build();
    Identity {
        certificate,
        key,
        chain,
    }
}

fn certificate_builder(name: &str, days: &Range<i64>) -> (X509Builder, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(127, MsbOption::MAYBE_ZERO, false).unwrap();
    let serial = Asn1Integer::from_bn(&serial).unwrap();
    builder.set_serial_number(&serial).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs();
    let now = i64::try_from(now).unwrap();
    let day = |days: i64| Asn1Time::from_unix(now + days * DAY_SECONDS).unwrap();
    builder.set_not_before(&day(days.start)).unwrap();
    builder.set_not_after(&day(days.end)).unwrap();
    builder.set_pubkey(&key).unwrap();
    (builder, key)
}
