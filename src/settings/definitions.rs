//! The one table of settings: under which names each is known to flags, variables and Java.
//! Another setting is another row; how the sources are searched is in `resolve`.

/// Which setting.
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
pub(super) struct Row {
    pub key: Key,
    /// The flag as it is typed.
    pub flag: &'static str,
    /// Variables of the environment and of `.env`; the first has the last word.
    pub variables: &'static [&'static str],
    /// Names so common that only `.env` may use them.
    pub only_env_file: &'static [&'static str],
    /// Names in a Java properties file and after `-X`.
    pub properties: &'static [&'static str],
    /// Names that only a Java properties file may use: after `-X` they mean something else.
    pub only_java: &'static [&'static str],
    /// Whether it is a secret, so that its flag names a file. An empty password counts, an empty API key does not.
    pub is_password: bool,
}

/// Every setting.
pub(super) const ROWS: &[Row] = &[
    Row {
        key: Key::Brokers,
        flag: "--brokers",
        variables: &["DITTO_CDC_BROKERS", "CLOUD_ENDPOINT"],
        only_env_file: &[],
        properties: &["bootstrap.servers", "metadata.broker.list"],
        only_java: &[],
        is_password: false,
    },
    Row {
        key: Key::Topic,
        flag: "--topic",
        variables: &["DITTO_CDC_TOPIC"],
        only_env_file: &["TOPIC"],
        properties: &[],
        only_java: &[],
        is_password: false,
    },
    Row {
        key: Key::Group,
        flag: "--group",
        variables: &["DITTO_CDC_GROUP"],
        only_env_file: &[],
        properties: &["group.id"],
        only_java: &[],
        is_password: false,
    },
    Row {
        key: Key::ClusterCert,
        flag: "--cluster-cert",
        variables: &["DITTO_CDC_CLUSTER_CERT", "CLUSTER_CERT_LOCATION"],
        only_env_file: &[],
        properties: &["ssl.truststore.location"],
        only_java: &[],
        is_password: false,
    },
    Row {
        key: Key::ClusterCertPassword,
        flag: "--cluster-cert-password-file",
        variables: &["DITTO_CDC_CLUSTER_CERT_PASSWORD", "CLUSTER_CERT_PW"],
        only_env_file: &[],
        properties: &["ssl.truststore.password"],
        only_java: &[],
        is_password: true,
    },
    Row {
        key: Key::UserCert,
        flag: "--user-cert",
        variables: &["DITTO_CDC_USER_CERT", "USER_CERT_LOCATION"],
        only_env_file: &[],
        properties: &["ssl.keystore.location"],
        only_java: &[],
        is_password: false,
    },
    Row {
        key: Key::UserCertPassword,
        flag: "--user-cert-password-file",
        variables: &["DITTO_CDC_USER_CERT_PASSWORD", "USER_CERT_PW"],
        only_env_file: &[],
        properties: &["ssl.keystore.password"],
        only_java: &["ssl.key.password"],
        is_password: true,
    },
    Row {
        key: Key::Url,
        flag: "--url",
        variables: &["DITTO_CDC_URL", "DITTOSH_SERVER_URL", "DITTO_CLOUD_URL"],
        only_env_file: &[],
        properties: &[],
        only_java: &[],
        is_password: false,
    },
    Row {
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

impl Row {
    /// The ways to give the setting, as a list in words.
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

/// How a profile may give a secret without holding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The value itself.
    Value,
    /// A file that holds it.
    File,
    /// A command that prints it.
    Command,
    /// An entry of the system's key store.
    KeyStore,
}

/// What stands behind a secret's name in a profile, in the order of rank.
const FORMS: &[(&str, Form)] = &[
    ("", Form::Value),
    ("-file", Form::File),
    ("-command", Form::Command),
    ("-keyring", Form::KeyStore),
];

/// What the portal calls the consumer group prefix; only a profile has it.
pub(super) const GROUP_PREFIX: &str = "group-prefix";

impl Row {
    /// The setting's name in a profile and for people: its flag's.
    pub(super) fn name(&self) -> &'static str {
        let name = self.flag.trim_start_matches('-');
        name.strip_suffix("-file").unwrap_or(name)
    }

    /// Every name that a profile may give the setting under, the best first.
    pub(super) fn profile_names(&self) -> impl Iterator<Item = (String, Form)> {
        let forms = if self.is_password { FORMS } else { &FORMS[..1] };
        forms
            .iter()
            .map(|(suffix, form)| (format!("{}{suffix}", self.name()), *form))
    }
}

/// Every name that a profile may hold.
pub(super) fn profile_names() -> impl Iterator<Item = &'static str> {
    static NAMES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let names = ROWS.iter().flat_map(Row::profile_names);
        let names = names.map(|(name, _)| name);
        names.chain([GROUP_PREFIX.to_owned()]).collect()
    });
    NAMES.iter().map(String::as_str)
}

/// Whether a profile's name holds a secret itself.
pub(super) fn is_literal_secret(name: &str) -> bool {
    ROWS.iter().any(|row| row.is_password && row.name() == name)
}

/// Every variable that is read.
pub(super) fn variables() -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter();
    let names = rows.flat_map(|row| row.variables.iter().chain(row.only_env_file));
    names.copied().chain([PROFILE])
}

/// The variable that names a profile.
pub(super) const PROFILE: &str = "DITTO_CDC_PROFILE";

/// The row of a setting.
pub(super) fn row(key: Key) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.key == key)
}

/// Whether a property of this name sets one of the settings.
pub(super) fn is_setting(property: &str) -> bool {
    ROWS.iter().any(|row| row.properties.contains(&property))
}
