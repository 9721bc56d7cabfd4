//! Searches the sources in their order: `-X`, flag, environment, `.env`, properties file.
//! The names to search for are in `table`; how each file is written is left to `dotenv` and `java`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::definitions::{Form, Key, ROWS, Row, is_setting, variables};
use super::dotenv::EnvFile;
use super::files::{Found, password, path, read_env_file, read_properties, text};
use super::java::{Properties, Sorted};
use super::profile::Profile;
use super::profile_select::{chosen_profile, group_prefix, take_kafka};
use super::secret_source::Pending;
use super::validate::Protocol;
use super::{Origin, Property, Setting, Settings, SettingsError, Typed, World};
use super::{brokers, librdkafka_properties};
use crate::util::secret::Secret;
use crate::util::suggest::nearest;

/// Finds every setting.
///
/// # Errors
/// Where something that was named cannot be read: a file, a variable that is not UTF-8, a malformed `-X`.
pub fn resolve(typed: &Typed, world: &World) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    let sources = Sources::gather(typed, world, &mut settings)?;
    let tls = Protocol::of(&settings.extra)?.is_tls();
    for row in ROWS {
        let mut found = sources.search(row)?.into_iter();
        let Some(first) = found.next() else { continue };
        settings.warnings.extend(about_dollar(row, &first));
        let shadowed = found.map(|other| other.origin).collect();
        if matches!(first.form, Form::Command | Form::KeyStore) {
            let trusted = sources
                .profile
                .as_ref()
                .is_some_and(|p| !p.others_may_write());
            let pending = Pending::new(row.key, first, shadowed, trusted)?;
            settings.pending.push(pending);
            continue;
        }
        take(&mut settings, row.key, first, shadowed, world, tls)?;
    }
    let about_group = settings.about_group_prefix();
    settings.warnings.extend(about_group);
    Ok(settings)
}

struct Sources<'a> {
    typed: &'a Typed,
    world: &'a World<'a>,
    options: Vec<Property>,
    env_file: Option<EnvFile>,
    profile: Option<Profile>,
    properties: Option<Properties>,
}

impl<'a> Sources<'a> {
    /// Reads the files; warnings and properties that are no settings go straight to `settings`.
    fn gather(
        typed: &'a Typed,
        world: &'a World<'a>,
        settings: &mut Settings,
    ) -> Result<Self, SettingsError> {
        let env_file = read_env_file(typed, world)?;
        if let Some(file) = &env_file {
            settings.warnings.extend(about_odd_lines(file));
            settings.warnings.extend(about_unknown_names(file));
        }
        let properties = read_properties(typed, world)?;
        if let Some(file) = &properties {
            let Sorted {
                extra,
                warnings,
                notes,
            } = file.sort();
            settings.extra = extra;
            settings.warnings.extend(warnings);
            settings.notes.extend(notes);
        }
        let profile = chosen_profile(typed, world, env_file.as_ref())?;
        if let Some(profile) = &profile {
            settings.warnings.extend(profile.warnings.iter().cloned());
            settings
                .warnings
                .extend(take_kafka(profile, &mut settings.extra));
            settings.group_prefix = group_prefix(profile);
        }
        let options = librdkafka_properties::parse(&typed.extra)?;
        for option in &options {
            settings.warnings.extend(about_visible_secret(option));
            if !is_setting(&option.name) {
                settings.extra.push(option.clone());
            }
        }
        Ok(Sources {
            typed,
            world,
            options,
            env_file,
            profile,
            properties,
        })
    }

    /// Every value for one setting, the winner first.
    fn search(&self, row: &Row) -> Result<Vec<Found>, SettingsError> {
        let mut found: Vec<Found> = self.in_options(row).collect();
        found.extend(self.in_flag(row)?);
        found.extend(self.in_environment(row));
        found.extend(self.in_env_file(row));
        found.extend(self.in_profile(row));
        found.extend(self.in_properties(row));
        // An empty variable is the usual way to unset one; an empty password is a password.
        let may_be_empty = row.is_password && row.key != Key::ApiSecret;
        found.retain(|one| may_be_empty || !is_blank(&one.value));
        Ok(found)
    }

    fn in_options(&self, row: &Row) -> impl Iterator<Item = Found> {
        let of_row = |option: &&Property| row.properties.contains(&option.name.as_str());
        let options = self.options.iter().rev().filter(of_row);
        options.map(|option| {
            let origin = option.origin.clone();
            self.here(OsStr::new(&option.value), origin, Form::Value)
        })
    }

    fn in_flag(&self, row: &Row) -> Result<Option<Found>, SettingsError> {
        let Some(value) = self.typed.get(row.key) else {
            return Ok(None);
        };
        if is_blank(value) {
            return Err(SettingsError {
                what: format!("cannot use flag {}: its value is empty", row.flag),
                fix: "give it a value (an unset shell variable is a usual reason), or leave the flag out"
                    .to_owned(),
            });
        }
        let form = if row.is_password {
            Form::File
        } else {
            Form::Value
        };
        Ok(Some(self.here(value, Origin::Flag(row.flag), form)))
    }

    fn in_environment(&self, row: &Row) -> impl Iterator<Item = Found> {
        row.variables.iter().filter_map(|name| {
            let value = (self.world.var)(name)?;
            let origin = Origin::Environment((*name).to_owned());
            Some(self.here(&value, origin, Form::Value))
        })
    }

    fn in_env_file(&self, row: &Row) -> Vec<Found> {
        let Some(file) = &self.env_file else {
            return Vec::new();
        };
        let names = row.variables.iter().chain(row.only_env_file);
        let entries = names.filter_map(|name| file.get(name));
        entries
            .map(|entry| Found {
                value: OsString::from(&entry.value),
                base: folder(&file.path),
                origin: Origin::EnvFile {
                    path: file.path.clone(),
                    line: entry.line,
                    name: entry.name.clone(),
                    chosen: file.chosen,
                },
                form: Form::Value,
            })
            .collect()
    }

    fn in_profile(&self, row: &Row) -> Vec<Found> {
        let Some(profile) = &self.profile else {
            return Vec::new();
        };
        let names = row.profile_names();
        let entries = names.filter_map(|(name, form)| Some((profile.get(&name)?, form)));
        entries
            .map(|(entry, form)| Found {
                value: OsString::from(&entry.value),
                base: folder(&profile.path),
                origin: profile.origin(entry),
                form,
            })
            .collect()
    }

    fn in_properties(&self, row: &Row) -> Vec<Found> {
        let Some(file) = &self.properties else {
            return Vec::new();
        };
        let names = row.properties.iter().chain(row.only_java);
        let pairs = names.filter_map(|name| Some((name, file.get(name)?)));
        pairs
            .map(|(name, value)| Found {
                value: OsString::from(value),
                base: folder(&file.path),
                origin: Origin::Properties {
                    path: file.path.clone(),
                    name: (*name).to_owned(),
                },
                form: Form::Value,
            })
            .collect()
    }

    fn here(&self, value: &OsStr, origin: Origin, form: Form) -> Found {
        Found {
            value: value.to_owned(),
            base: self.world.cwd.to_owned(),
            origin,
            form,
        }
    }
}

impl Typed {
    /// What was typed for a setting; for a password, the file that holds it.
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

fn take(
    settings: &mut Settings,
    key: Key,
    found: Found,
    shadowed: Vec<Origin>,
    world: &World,
    tls: bool,
) -> Result<(), SettingsError> {
    match key {
        Key::Brokers => {
            let mended = brokers::parse(&text(&found)?, tls)?;
            settings.warnings.extend(mended.warnings);
            settings.brokers = Some(setting(mended.list, found, shadowed));
        }
        Key::Topic => settings.topic = Some(setting(trimmed(&found)?, found, shadowed)),
        Key::Group => settings.group = Some(setting(trimmed(&found)?, found, shadowed)),
        Key::ClusterCert => {
            settings.cluster_cert = Some(setting(path(&found, world)?, found, shadowed));
        }
        Key::UserCert => {
            settings.user_cert = Some(setting(path(&found, world)?, found, shadowed));
        }
        Key::ClusterCertPassword => {
            let password = password(&found, world)?;
            settings.cluster_cert_password = Some(setting(password, found, shadowed));
        }
        Key::UserCertPassword => {
            let password = password(&found, world)?;
            settings.user_cert_password = Some(setting(password, found, shadowed));
        }
        Key::Url => settings.url = Some(setting(trimmed(&found)?, found, shadowed)),
        Key::ApiSecret => {
            let key = api_key(&found, world)?;
            settings.api_key = Some(setting(key, found, shadowed));
        }
    }
    Ok(())
}

fn setting<T>(value: T, found: Found, shadowed: Vec<Origin>) -> Setting<T> {
    Setting {
        value,
        origin: found.origin,
        shadowed,
    }
}

fn trimmed(found: &Found) -> Result<String, SettingsError> {
    text(found).map(|text| text.trim().to_owned())
}

/// Keys have no blanks around them; people's files and clipboards do.
fn api_key(found: &Found, world: &World) -> Result<Secret, SettingsError> {
    let key = Secret::new(password(found, world)?.expose().trim().to_owned());
    if key.expose().is_empty() {
        return Err(SettingsError {
            what: format!("cannot use the API key from {}: it is empty", found.origin),
            fix: "the file holds the key and nothing else; the Ditto portal shows it once, when it is made".to_owned(),
        });
    }
    Ok(key)
}

/// A file of settings may set whatever other programs want, but a name that is nearly ours is a slip.
fn about_unknown_names(file: &EnvFile) -> Vec<String> {
    let ours = |name: &str| name.starts_with("DITTO_CDC_");
    let unknown = file.entries().filter(|entry| ours(&entry.name));
    let unknown = unknown.filter(|entry| !variables().any(|known| known == entry.name));
    unknown
        .map(|entry| {
            let near = nearest(&entry.name, variables().filter(|name| ours(name)));
            let near = near
                .first()
                .map_or(String::new(), |near| format!("; did you mean {near}?"));
            format!(
                "{}:{}: {} is not known here{near}",
                file.path.display(),
                entry.line,
                entry.name
            )
        })
        .collect()
}

fn about_odd_lines(file: &EnvFile) -> Vec<String> {
    let odd = file.odd.iter();
    odd.map(|(line, why)| format!("{}:{line}: line left out: {why}", file.path.display()))
        .collect()
}

fn about_visible_secret(option: &Property) -> Option<String> {
    (option.is_secret() && !option.value.is_empty()).then(|| {
        format!(
            "flag -X {}: other users of this machine can see it in the list of processes",
            option.name
        )
    })
}

/// Many `.env` readers replace `$NAME`; this one does not, for the sake of passwords.
fn about_dollar(row: &Row, found: &Found) -> Option<String> {
    let env_file = matches!(found.origin, Origin::EnvFile { .. });
    (env_file && !row.is_password && found.value.to_string_lossy().contains('$')).then(|| {
        format!(
            "{}: `$` is taken literally; write out what it stands for (`~/` is the home folder)",
            found.origin
        )
    })
}

fn is_blank(value: &OsStr) -> bool {
    value.to_string_lossy().trim().is_empty()
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).to_owned()
}
