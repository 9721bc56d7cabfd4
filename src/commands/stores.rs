//! The two stores of a connection: files, or PEM text in properties; and the key that is taken from them.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::probe;
use crate::probe::{Credentials, Target, Timeouts};
use crate::settings::{self, LibrdkafkaProperties, Origin, Property};
use crate::tls::{self, KeyChoice, Material, StoreSource};
use crate::util::secret::Secret;

const CA_PEM: &str = "ssl.ca.pem";
/// The text itself, and a file with it; the Kafka library prefers the text.
const CERTIFICATE: [&str; 2] = ["ssl.certificate.pem", "ssl.certificate.location"];
const KEY: [&str; 2] = ["ssl.key.pem", "ssl.key.location"];
const KEY_PASSWORD: &str = "ssl.key.password";
/// Properties that give the key in another way.
const OTHER_KEYS: [&str; 2] = ["ssl.keystore.location", "ssl.engine.location"];

/// Limit for all brokers that are asked which key they accept.
const CHOICE_TIMEOUT: Duration = Duration::from_secs(5);

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
            read.extend(CERTIFICATE.iter().chain(&KEY).chain([&KEY_PASSWORD]));
        }
        let left = extra
            .iter()
            .filter(|one| !one.is_of_target() && !read.contains(&one.name.as_str()));
        Stores {
            properties: left
                .map(|one| (one.name.clone(), one.value.clone()))
                .collect(),
            cluster: cluster_text
                .map(|ca| text_store(&[PemText::new(ca)], None))
                .or_else(|| {
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
    let timeouts = Timeouts {
        total: CHOICE_TIMEOUT,
        ..Timeouts::default()
    };
    let accepted = credentials
        .ok()
        .zip(brokers)
        .and_then(|(credentials, brokers)| {
            probe::accepted_keys(&Target::list(brokers), &credentials, &timeouts)
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

/// Certificate and key in properties, unless the key is given in another way, or a file cannot be read: then the Kafka
/// library reports it.
fn user_text(extra: &LibrdkafkaProperties) -> Option<tls::StoreFile> {
    if extra.has_any(&OTHER_KEYS) {
        return None;
    }
    let certificate = PemText::find(extra, CERTIFICATE).ok()??;
    let key = PemText::find(extra, KEY).ok()?;
    let parts: Vec<PemText> = std::iter::once(certificate).chain(key).collect();
    Some(text_store(&parts, extra.get(KEY_PASSWORD)))
}

/// PEM text and where it is from.
struct PemText {
    /// The property's name where it is set, which differs from that of the Kafka library in a Java file.
    name: String,
    file: Option<PathBuf>,
    text: Secret,
}

impl PemText {
    fn new(property: &Property) -> PemText {
        PemText {
            name: match &property.origin {
                Origin::Properties { name, .. } => name.clone(),
                _ => property.name.clone(),
            },
            file: match &property.origin {
                Origin::Properties { path, .. } | Origin::Profile { path, .. } => {
                    Some(path.clone())
                }
                _ => None,
            },
            text: Secret::new(property.value.clone()),
        }
    }

    /// From one of two properties, if one is set.
    ///
    /// # Errors
    /// I/O errors of the file.
    fn find(
        extra: &LibrdkafkaProperties,
        [text, location]: [&str; 2],
    ) -> io::Result<Option<PemText>> {
        if let Some(property) = property(extra, text) {
            return Ok(Some(PemText::new(property)));
        }
        let from_file = |property: &Property| {
            let text = std::fs::read_to_string(&property.value)?;
            Ok(PemText {
                file: Some(PathBuf::from(&property.value)),
                text: Secret::new(text),
                ..PemText::new(property)
            })
        };
        property(extra, location).map(from_file).transpose()
    }
}

/// The key's file is named, because its permissions are checked.
fn text_store(parts: &[PemText], password: Option<&str>) -> tls::StoreFile {
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let file = parts.iter().rev().find_map(|part| part.file.clone());
    let place = file.as_ref().map(|file| format!(" ({})", file.display()));
    let texts: Vec<&str> = parts.iter().map(|part| part.text.expose()).collect();
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
