//! Resolution of each setting by precedence: `-X`, flag, environment, `.env`, profile, properties file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::definitions::{DEFINITIONS, Definition, Key, ValueForm, is_setting, variables};
use super::dotenv::EnvFile;
use super::files::{RawValue, path, read_env_file, read_properties, secret, text};
use super::java::{Properties, SortedProperties};
use super::origin::is_plain_name;
use super::profile::{self, Profile};
use super::profile_select::{add_kafka_properties, group_prefix, select_profile};
use super::secret_source::SecretSource;
use super::validate::Protocol;
use super::{Environment, Flags, Origin, Property, Setting, Settings, SettingsError};
use super::{brokers, librdkafka_properties};
use crate::util::known_secrets::KnownSecrets;
use crate::util::secret::Secret;
use crate::util::suggest::nearest;
use crate::util::url::TypedUrl;

/// Resolves every setting.
///
/// # Errors
/// [`SettingsError`] if a file cannot be read, a value is not UTF-8, or a `-X` is malformed. It contains no secret.
pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    match resolve_into(&mut settings, flags, environment) {
        Ok(()) => {
            settings.hide_secrets();
            Ok(settings)
        }
        Err(error) => Err(error.without(&settings.known_secrets)),
    }
}

fn resolve_into(
    settings: &mut Settings,
    flags: &Flags,
    environment: &Environment,
) -> Result<(), SettingsError> {
    let sources = Sources::read(flags, environment, settings)?;
    settings.check_mechanism()?;
    let tls = Protocol::from_properties(&settings.extra)?.is_tls();
    for definition in DEFINITIONS {
        let mut found = sources.search(definition)?.into_iter();
        let Some(first) = found.next() else { continue };
        settings.warnings.extend(dollar_warning(definition, &first));
        let shadowed = found.map(|other| other.origin).collect();
        if matches!(first.form, ValueForm::Command | ValueForm::KeyStore) {
            let trusted = sources
                .profile
                .as_ref()
                .is_some_and(|p| !p.is_writable_by_others());
            let source = SecretSource::new(definition.key, first, shadowed, trusted)?;
            settings.secret_sources.push(source);
            continue;
        }
        apply(settings, definition.key, first, shadowed, environment, tls)?;
    }
    let about_group = settings.group_prefix_warning();
    settings.warnings.extend(about_group);
    Ok(())
}

struct Sources<'a> {
    flags: &'a Flags,
    environment: &'a Environment<'a>,
    options: Vec<Property>,
    env_file: Option<EnvFile>,
    profile: Option<Profile>,
    properties: Option<Properties>,
}

impl<'a> Sources<'a> {
    /// Reads the files. Warnings and librdkafka properties go straight to `settings`.
    fn read(
        flags: &'a Flags,
        environment: &'a Environment<'a>,
        settings: &mut Settings,
    ) -> Result<Self, SettingsError> {
        let env_file = read_env_file(flags, environment)?;
        add_environment_secrets(environment, &mut settings.known_secrets);
        if let Some(file) = &env_file {
            file.add_secrets_to(&mut settings.known_secrets);
            settings.warnings.extend(malformed_line_warnings(file));
            settings.warnings.extend(unknown_name_warnings(file));
        }
        let properties = read_properties(flags, environment)?;
        let options = librdkafka_properties::parse(&flags.extra)?;
        for option in &options {
            settings
                .known_secrets
                .add_value(&option.name, &option.value);
        }
        if let Some(file) = &properties {
            file.add_secrets_to(&mut settings.known_secrets);
            let SortedProperties {
                extra,
                warnings,
                notes,
            } = file.classify()?;
            settings.extra = extra;
            settings.warnings.extend(warnings);
            settings.notes.extend(notes);
        }
        let profile = select_profile(flags, environment, env_file.as_ref())?;
        if profile.is_none() {
            settings.unused_profiles = profile::names(environment);
        }
        if let Some(profile) = &profile {
            profile.add_secrets_to(&mut settings.known_secrets);
            settings.warnings.extend(profile.warnings.iter().cloned());
            settings
                .warnings
                .extend(add_kafka_properties(profile, &mut settings.extra));
            settings.group_prefix = group_prefix(profile);
        }
        for option in &options {
            settings.warnings.extend(visible_secret_warning(option));
            if !is_setting(&option.name) {
                settings.extra.push(option.clone());
            }
        }
        Ok(Sources {
            flags,
            environment,
            options,
            env_file,
            profile,
            properties,
        })
    }

    /// Every value of a setting, by descending precedence.
    fn search(&self, definition: &Definition) -> Result<Vec<RawValue>, SettingsError> {
        let mut found: Vec<RawValue> = self.in_options(definition).collect();
        found.extend(self.in_flag(definition)?);
        found.extend(self.in_environment(definition));
        found.extend(self.in_env_file(definition));
        found.extend(self.in_profile(definition));
        found.extend(self.in_properties(definition));
        // An empty variable counts as unset, but an empty password is a password.
        let may_be_empty = definition.is_password && definition.key != Key::ApiSecret;
        found.retain(|one| may_be_empty || !is_blank(&one.value));
        Ok(found)
    }

    fn in_options(&self, definition: &Definition) -> impl Iterator<Item = RawValue> {
        let matches = |option: &&Property| definition.properties.contains(&option.name.as_str());
        let options = self.options.iter().rev().filter(matches);
        options.map(|option| {
            let origin = option.origin.clone();
            self.relative_to_cwd(OsStr::new(&option.value), origin, ValueForm::Value)
        })
    }

    fn in_flag(&self, definition: &Definition) -> Result<Option<RawValue>, SettingsError> {
        let Some(value) = self.flags.get(definition.key) else {
            return Ok(None);
        };
        if is_blank(value) {
            return Err(SettingsError {
                what: format!("cannot use flag {}: its value is empty", definition.flag),
                fix: "give it a value (an unset shell variable is a common cause), or leave the flag out"
                    .to_owned(), ..SettingsError::default() });
        }
        let form = if definition.is_password {
            ValueForm::File
        } else {
            ValueForm::Value
        };
        Ok(Some(self.relative_to_cwd(
            value,
            Origin::Flag(definition.flag),
            form,
        )))
    }

    fn in_environment(&self, definition: &Definition) -> impl Iterator<Item = RawValue> {
        definition.variables.iter().filter_map(|name| {
            let value = (self.environment.var)(name)?;
            let origin = Origin::Environment((*name).to_owned());
            Some(self.relative_to_cwd(&value, origin, ValueForm::Value))
        })
    }

    fn in_env_file(&self, definition: &Definition) -> Vec<RawValue> {
        let Some(file) = &self.env_file else {
            return Vec::new();
        };
        let names = definition.variables.iter().chain(definition.only_env_file);
        let entries = names.filter_map(|name| file.get(name));
        entries
            .map(|entry| RawValue {
                value: OsString::from(&entry.value),
                base: folder(&file.path),
                origin: Origin::EnvFile {
                    path: file.path.clone(),
                    line: entry.line,
                    name: entry.name.clone(),
                    chosen: file.chosen,
                },
                form: ValueForm::Value,
            })
            .collect()
    }

    fn in_profile(&self, definition: &Definition) -> Vec<RawValue> {
        let Some(profile) = &self.profile else {
            return Vec::new();
        };
        let names = definition.profile_names();
        let entries = names.filter_map(|(name, form)| Some((profile.get(&name)?, form)));
        entries
            .map(|(entry, form)| RawValue {
                value: OsString::from(&entry.value),
                base: folder(&profile.path),
                origin: profile.origin(entry),
                form,
            })
            .collect()
    }

    fn in_properties(&self, definition: &Definition) -> Vec<RawValue> {
        let Some(file) = &self.properties else {
            return Vec::new();
        };
        let names = definition.properties.iter().chain(definition.only_java);
        let entries = names.filter_map(|name| file.get(name));
        entries
            .map(|entry| RawValue {
                value: OsString::from(&entry.value),
                base: folder(&file.path),
                origin: file.origin(entry),
                form: ValueForm::Value,
            })
            .collect()
    }

    fn relative_to_cwd(&self, value: &OsStr, origin: Origin, form: ValueForm) -> RawValue {
        RawValue {
            value: value.to_owned(),
            base: self.environment.cwd.to_owned(),
            origin,
            form,
        }
    }
}

impl Flags {
    /// The flag of a setting; for a password, the file that contains it.
    fn get(&self, key: Key) -> Option<&OsStr> {
        match key {
            Key::Brokers => self.brokers.as_ref().map(OsStr::new),
            Key::Topic => self.topic.as_ref().map(OsStr::new),
            Key::Group => self.group.as_ref().map(OsStr::new),
            Key::ClusterCert => self.cluster_cert.as_ref().map(OsStr::new),
            Key::ClusterCertPassword => self.cluster_cert_password_file.as_ref().map(OsStr::new),
            Key::UserCert => self.user_cert.as_ref().map(OsStr::new),
            Key::UserCertPassword => self.user_cert_password_file.as_ref().map(OsStr::new),
            Key::Url => self.url.as_ref().map(OsStr::new),
            Key::ApiSecret => self.api_key_file.as_ref().map(OsStr::new),
        }
    }
}

fn apply(
    settings: &mut Settings,
    key: Key,
    raw: RawValue,
    shadowed: Vec<Origin>,
    environment: &Environment,
    tls: bool,
) -> Result<(), SettingsError> {
    match key {
        Key::Brokers => {
            let brokers = brokers::parse_setting(&text(&raw)?, tls, &raw.origin)?;
            settings.warnings.extend(brokers.warnings);
            settings.brokers = Some(setting(brokers.list, raw, shadowed));
        }
        Key::Topic => settings.topic = Some(setting(topic(&raw)?, raw, shadowed)),
        Key::Group => settings.group = Some(setting(trimmed(&raw)?, raw, shadowed)),
        Key::ClusterCert => {
            settings.cluster_cert = Some(setting(path(&raw, environment)?, raw, shadowed));
        }
        Key::UserCert => {
            settings.user_cert = Some(setting(path(&raw, environment)?, raw, shadowed));
        }
        Key::ClusterCertPassword => {
            let password = secret(&raw, environment)?;
            let empty = empty_file_warning(&raw, &password);
            settings.warnings.extend(empty);
            settings.cluster_cert_password = Some(setting(password, raw, shadowed));
        }
        Key::UserCertPassword => {
            let password = secret(&raw, environment)?;
            let empty = empty_file_warning(&raw, &password);
            settings.warnings.extend(empty);
            settings.user_cert_password = Some(setting(password, raw, shadowed));
        }
        Key::Url => {
            let url = TypedUrl::new(trimmed(&raw)?);
            settings.url = Some(setting(url, raw, shadowed));
        }
        Key::ApiSecret => {
            let key = api_key(&raw, environment)?;
            settings.api_key = Some(setting(key, raw, shadowed));
        }
    }
    Ok(())
}

fn setting<T>(value: T, raw: RawValue, shadowed: Vec<Origin>) -> Setting<T> {
    Setting {
        value,
        origin: raw.origin,
        shadowed,
    }
}

fn trimmed(raw: &RawValue) -> Result<String, SettingsError> {
    text(raw).map(|text| text.trim().to_owned())
}

/// Refuses what no topic's name contains, so that messages may quote it: another line of the file may be a part of it.
fn topic(raw: &RawValue) -> Result<String, SettingsError> {
    let name = trimmed(raw)?;
    let is_foreign = |c: char| c.is_whitespace() || c.is_control() || c == '=';
    if !raw.origin.spans_lines() && !name.contains(is_foreign) {
        return Ok(name);
    }
    Err(SettingsError::unusable(
        "topic",
        &raw.origin,
        "it contains a blank, a control character or `=`",
        "write only the topic's name, as the Ditto portal shows it",
    ))
}

/// An empty password is legal, but an empty file is more often a mistake.
fn empty_file_warning(raw: &RawValue, password: &Secret) -> Option<String> {
    let is_file = raw.form == ValueForm::File;
    (is_file && password.expose().is_empty()).then(|| {
        format!(
            "{}: the password file is empty, so the password is empty",
            raw.origin
        )
    })
}

/// Reads the API key without the blanks around it, which files and clipboards add.
fn api_key(raw: &RawValue, environment: &Environment) -> Result<Secret, SettingsError> {
    let key = Secret::new(secret(raw, environment)?.expose().trim().to_owned());
    if key.expose().is_empty() {
        return Err(SettingsError {
            what: format!("cannot use the API key from {}: it is empty", raw.origin),
            fix: "the file must contain only the key; the Ditto portal shows a key once, when it is created".to_owned(), ..SettingsError::default() });
    }
    Ok(key)
}

/// Warns about unknown names that start with `DITTO_CDC_`; other names may belong to other programs.
fn unknown_name_warnings(file: &EnvFile) -> Vec<String> {
    let ours = |name: &str| name.starts_with("DITTO_CDC_");
    let unknown = file.entries().filter(|entry| ours(&entry.name));
    let unknown = unknown.filter(|entry| !variables().any(|known| known == entry.name));
    unknown
        .map(|entry| {
            let near = nearest(&entry.name, variables().filter(|name| ours(name)));
            let near = near
                .first()
                .map_or(String::new(), |near| format!("; did you mean {near}?"));
            // A name with other characters may be a value.
            let name = Some(&*entry.name).filter(|name| is_plain_name(&name.to_lowercase()));
            format!(
                "{}:{}: {} is not a known name{near}",
                file.path.display(),
                entry.line,
                name.unwrap_or("the name")
            )
        })
        .collect()
}

fn malformed_line_warnings(file: &EnvFile) -> Vec<String> {
    let malformed = file.malformed.iter();
    malformed
        .map(|(line, why)| format!("{}:{line}: line ignored: {why}", file.path.display()))
        .collect()
}

fn visible_secret_warning(option: &Property) -> Option<String> {
    (option.is_secret() && !option.value.is_empty()).then(|| {
        format!(
            "{}: other users of this machine can see it in the list of processes",
            option.origin
        )
    })
}

/// Warns about `$` in `.env`: many parsers substitute `$NAME`, this one does not, because passwords may contain `$`.
fn dollar_warning(definition: &Definition, raw: &RawValue) -> Option<String> {
    let env_file = matches!(raw.origin, Origin::EnvFile { .. });
    (env_file && !definition.is_password && raw.value.to_string_lossy().contains('$')).then(|| {
        format!(
            "{}: `$` is taken literally; write the value itself (`~/` is the home folder)",
            raw.origin
        )
    })
}

fn add_environment_secrets(environment: &Environment, known: &mut KnownSecrets) {
    for name in variables() {
        if let Some(value) = (environment.var)(name) {
            known.add_value(name, &value.to_string_lossy());
        }
    }
}

fn is_blank(value: &OsStr) -> bool {
    value.to_string_lossy().trim().is_empty()
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).to_owned()
}
