//! Setting definitions: the names of each setting in flags, variables, profiles and Java properties.

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Brokers,
    Topic,
    Group,
    ClusterCert,
    ClusterCertPassword,
    UserCert,
    UserCertPassword,
    Url,
    ApiSecret,
}

/// The names of one setting.
pub(super) struct Definition {
    pub key: Key,
    /// The flag, with its hyphens.
    pub flag: &'static str,
    /// Variables of the environment and of `.env`; the first takes precedence.
    pub variables: &'static [&'static str],
    /// Variables that only `.env` may set, because the names are too common for the environment.
    pub only_env_file: &'static [&'static str],
    /// Names in a Java properties file and after `-X`.
    pub properties: &'static [&'static str],
    /// Names in a Java properties file only; after `-X` they have another meaning.
    pub only_java: &'static [&'static str],
    /// Whether it is a secret, so that its flag names a file. An empty password counts, an empty API key does not.
    pub is_password: bool,
}

/// Every setting.
pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        key: Key::Brokers,
        flag: "--brokers",
        variables: &["DITTO_CDC_BROKERS", "CLOUD_ENDPOINT"],
        only_env_file: &[],
        properties: &["bootstrap.servers", "metadata.broker.list"],
        only_java: &[],
        is_password: false,
    },
    Definition {
        key: Key::Topic,
        flag: "--topic",
        variables: &["DITTO_CDC_TOPIC"],
        only_env_file: &["TOPIC"],
        properties: &[],
        only_java: &[],
        is_password: false,
    },
    Definition {
        key: Key::Group,
        flag: "--group",
        variables: &["DITTO_CDC_GROUP"],
        only_env_file: &[],
        properties: &["group.id"],
        only_java: &[],
        is_password: false,
    },
    Definition {
        key: Key::ClusterCert,
        flag: "--cluster-cert",
        variables: &["DITTO_CDC_CLUSTER_CERT", "CLUSTER_CERT_LOCATION"],
        only_env_file: &[],
        properties: &["ssl.truststore.location"],
        only_java: &[],
        is_password: false,
    },
    Definition {
        key: Key::ClusterCertPassword,
        flag: "--cluster-cert-password-file",
        variables: &["DITTO_CDC_CLUSTER_CERT_PASSWORD", "CLUSTER_CERT_PW"],
        only_env_file: &[],
        properties: &["ssl.truststore.password"],
        only_java: &[],
        is_password: true,
    },
    Definition {
        key: Key::UserCert,
        flag: "--user-cert",
        variables: &["DITTO_CDC_USER_CERT", "USER_CERT_LOCATION"],
        only_env_file: &[],
        properties: &["ssl.keystore.location"],
        only_java: &[],
        is_password: false,
    },
    Definition {
        key: Key::UserCertPassword,
        flag: "--user-cert-password-file",
        variables: &["DITTO_CDC_USER_CERT_PASSWORD", "USER_CERT_PW"],
        only_env_file: &[],
        properties: &["ssl.keystore.password"],
        only_java: &["ssl.key.password"],
        is_password: true,
    },
    Definition {
        key: Key::Url,
        flag: "--url",
        variables: &["DITTO_CDC_URL", "DITTOSH_SERVER_URL", "DITTO_CLOUD_URL"],
        only_env_file: &[],
        properties: &[],
        only_java: &[],
        is_password: false,
    },
    Definition {
        key: Key::ApiSecret,
        flag: "--api-key-file",
        variables: &[
            "DITTO_CDC_API_KEY",
            "DITTOSH_SERVER_API_KEY",
            "DITTO_API_KEY",
        ],
        only_env_file: &[],
        properties: &[],
        only_java: &[],
        is_password: true,
    },
];

impl Definition {
    /// The ways to set it, for messages.
    pub(super) fn ways(&self) -> String {
        let mut ways = vec![self.flag.to_owned()];
        ways.extend(self.variables.iter().map(|name| (*name).to_owned()));
        ways.extend(
            self.only_env_file
                .iter()
                .map(|name| format!("{name} in .env")),
        );
        let last = ways.pop().unwrap_or_default();
        format!("{}, or {last}", ways.join(", "))
    }
}

/// The form of a value: the value itself, or a reference to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueForm {
    /// The value itself.
    Value,
    /// A file that contains it.
    File,
    /// A command that prints it.
    Command,
    /// An entry of the system's key store.
    KeyStore,
}

/// Suffixes of a secret's name in a profile, by descending precedence.
const SECRET_FORMS: &[(&str, ValueForm)] = &[
    ("", ValueForm::Value),
    ("-file", ValueForm::File),
    ("-command", ValueForm::Command),
    ("-keyring", ValueForm::KeyStore),
];

/// The portal's consumer group prefix, which only a profile sets.
pub(super) const GROUP_PREFIX: &str = "group-prefix";

impl Definition {
    /// The name in profiles and messages, derived from the flag.
    pub(super) fn name(&self) -> &'static str {
        let name = self.flag.trim_start_matches('-');
        name.strip_suffix("-file").unwrap_or(name)
    }

    /// Every name in a profile, by descending precedence.
    pub(super) fn profile_names(&self) -> impl Iterator<Item = (String, ValueForm)> {
        let forms = if self.is_password {
            SECRET_FORMS
        } else {
            &SECRET_FORMS[..1]
        };
        forms
            .iter()
            .map(|(suffix, form)| (format!("{}{suffix}", self.name()), *form))
    }
}

/// Every valid name in a profile.
pub(super) fn profile_names() -> impl Iterator<Item = &'static str> {
    static NAMES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let names = DEFINITIONS.iter().flat_map(Definition::profile_names);
        let names = names.map(|(name, _)| name);
        names.chain([GROUP_PREFIX.to_owned()]).collect()
    });
    NAMES.iter().map(String::as_str)
}

/// Whether the value of this profile name is a secret itself.
pub(super) fn is_literal_secret(name: &str) -> bool {
    DEFINITIONS
        .iter()
        .any(|definition| definition.is_password && definition.name() == name)
}

/// Every variable that is read.
pub(super) fn variables() -> impl Iterator<Item = &'static str> {
    let definitions = DEFINITIONS.iter();
    let names = definitions
        .flat_map(|definition| definition.variables.iter().chain(definition.only_env_file));
    names.copied().chain([PROFILE])
}

/// The variable that selects a profile.
pub(super) const PROFILE: &str = "DITTO_CDC_PROFILE";

/// The definition of a setting.
pub(super) fn definition(key: Key) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.key == key)
}

/// Whether a property of this name sets one of the settings.
pub(super) fn is_setting(property: &str) -> bool {
    DEFINITIONS
        .iter()
        .any(|definition| definition.properties.contains(&property))
}
