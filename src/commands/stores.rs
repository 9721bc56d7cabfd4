//! The two stores of a connection: files, or PEM text in properties; and the key that is taken from them.

use std::path::PathBuf;

use crate::probe;
use crate::probe::{Credentials, Target, Timeouts};
use crate::settings::{self, LibrdkafkaProperties, Origin, Property};
use crate::tls::{self, KeyChoice, Material, StoreSource};
use crate::util::secret::Secret;

const CA_PEM: &str = "ssl.ca.pem";
const CERTIFICATE_PEM: &str = "ssl.certificate.pem";
const KEY_PEM: &str = "ssl.key.pem";
const KEY_PASSWORD: &str = "ssl.key.password";
/// Properties that give the key in another way.
const OTHER_KEYS: [&str; 3] = [
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.engine.location",
];

/// The configured stores, and the properties that are left for the Kafka library.
pub(super) struct Stores {
    pub cluster: Option<tls::StoreFile>,
    pub user: Option<tls::StoreFile>,
    /// Later ones take precedence.
    pub properties: Vec<(String, String)>,
}

impl Stores {
    /// PEM text in properties replaces the files, as in the Kafka library. It becomes a store here, so that it is read
    /// as leniently and checked as strictly as a file.
    pub fn new(
        (cluster, user): (
            Option<settings::StoreFile<'_>>,
            Option<settings::StoreFile<'_>>,
        ),
        extra: &LibrdkafkaProperties,
    ) -> Stores {
        let is_tls = !matches!(
            extra.get("security.protocol").map(str::trim),
            Some(name) if name.to_ascii_lowercase().ends_with("plaintext")
        );
        let cluster_text = property(extra, CA_PEM).filter(|_| is_tls);
        let user_text = user_text(extra).filter(|_| is_tls);
        let mut read: Vec<&str> = Vec::new();
        read.extend(cluster_text.map(|_| CA_PEM));
        if user_text.is_some() {
            read.extend([CERTIFICATE_PEM, KEY_PEM, KEY_PASSWORD]);
        }
        let left = extra
            .iter()
            .filter(|one| !read.contains(&one.name.as_str()));
        Stores {
            properties: left
                .map(|one| (one.name.clone(), one.value.clone()))
                .collect(),
            cluster: cluster_text.map(|ca| text_store(&[ca], None)).or_else(|| {
                let hint = "--cluster-cert-password-file or DITTO_CDC_CLUSTER_CERT_PASSWORD";
                cluster.map(|file| file_store(file, hint))
            }),
            user: user_text.or_else(|| {
                let hint = "--user-cert-password-file or DITTO_CDC_USER_CERT_PASSWORD";
                user.map(|file| file_store(file, hint))
            }),
        }
    }
}

/// Takes the key of a store with several ones that the brokers accept. Only then a handshake is made before the
/// connection. `now` is in seconds since 1970.
pub(super) fn choose_key(
    material: &mut Material,
    brokers: Option<&str>,
    properties: &[(String, String)],
    now: i64,
) -> Option<KeyChoice> {
    let truststore = material.truststore.as_ref().map(tls::Truststore::pem);
    let keystore = material.keystore.as_mut()?;
    if !keystore.has_several_keys() {
        return None;
    }
    let certificates = Some(keystore.certificates_pem());
    let credentials = Credentials::new(
        truststore,
        certificates,
        Some(keystore.key_pem()),
        properties,
    );
    let accepted = credentials
        .ok()
        .zip(brokers)
        .and_then(|(credentials, brokers)| {
            probe::accepted_keys(&Target::list(brokers), &credentials, &Timeouts::default())
        });
    keystore.choose(accepted.as_ref(), now)
}

fn file_store(file: settings::StoreFile<'_>, hint: &str) -> tls::StoreFile {
    tls::StoreFile {
        source: StoreSource::File(file.path.to_owned()),
        password: file.password.cloned(),
        password_hint: hint.to_owned(),
    }
}

/// Certificate and key in properties, unless the key is given in another way.
fn user_text(extra: &LibrdkafkaProperties) -> Option<tls::StoreFile> {
    if extra.has_any(&OTHER_KEYS) {
        return None;
    }
    let certificate = property(extra, CERTIFICATE_PEM)?;
    let parts: Vec<&Property> = [Some(certificate), property(extra, KEY_PEM)]
        .into_iter()
        .flatten()
        .collect();
    Some(text_store(&parts, extra.get(KEY_PASSWORD)))
}

fn text_store(parts: &[&Property], password: Option<&str>) -> tls::StoreFile {
    let names: Vec<&str> = parts.iter().map(|part| typed_name(part)).collect();
    let file = parts.first().and_then(|part| file_of(&part.origin));
    let place = file.as_ref().map(|file| format!(" ({})", file.display()));
    let texts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    tls::StoreFile {
        source: StoreSource::Text {
            name: names.join(" and ") + &place.unwrap_or_default(),
            file,
            text: Secret::new(texts.join("\n")),
        },
        password: password.map(|password| Secret::new(password.to_owned())),
        password_hint: KEY_PASSWORD.to_owned(),
    }
}

/// The last value of a property, if it is not empty.
fn property<'a>(extra: &'a LibrdkafkaProperties, name: &str) -> Option<&'a Property> {
    let last = extra.iter().rev().find(|property| property.name == name);
    last.filter(|property| !property.value.trim().is_empty())
}

/// The property's name where it is set, which differs from that of the Kafka library in a Java file.
fn typed_name(property: &Property) -> &str {
    match &property.origin {
        Origin::Properties { name, .. } => name,
        _ => &property.name,
    }
}

fn file_of(origin: &Origin) -> Option<PathBuf> {
    match origin {
        Origin::Properties { path, .. } | Origin::Profile { path, .. } => Some(path.clone()),
        _ => None,
    }
}
