//! Searches the sources in their order: `-X`, flag, environment, `.env`, properties file.
//! The names to search for are in `table`; how each file is written is left to `dotenv` and `java`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::dotenv::EnvFile;
use super::java::{Properties, Sorted};
use super::require::Protocol;
use super::table::{Key, ROWS, Row, is_setting};
use super::{Origin, Property, Setting, Settings, SettingsError, Typed, World};
use super::{brokers, extra, paths};
use crate::secret::Secret;

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
        let shadowed = found.map(|other| other.origin).collect();
        take(&mut settings, row.key, first, shadowed, world, tls)?;
    }
    Ok(settings)
}

/// A value as it was found. Has no `Debug`: it may be a secret.
struct Found {
    value: OsString,
    /// The folder that a relative path in it is relative to.
    base: PathBuf,
    origin: Origin,
}

struct Sources<'a> {
    typed: &'a Typed,
    world: &'a World<'a>,
    options: Vec<Property>,
    env_file: Option<EnvFile>,
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
        let options = extra::parse(&typed.extra)?;
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
            properties,
        })
    }

    /// Every value for one setting, the winner first.
    fn search(&self, row: &Row) -> Result<Vec<Found>, SettingsError> {
        let mut found: Vec<Found> = self.in_options(row).collect();
        found.extend(self.in_flag(row)?);
        found.extend(self.in_environment(row));
        found.extend(self.in_env_file(row));
        found.extend(self.in_properties(row));
        // An empty variable is the usual way to unset one; an empty password is a password.
        found.retain(|one| row.may_be_empty || !is_blank(&one.value));
        Ok(found)
    }

    fn in_options(&self, row: &Row) -> impl Iterator<Item = Found> {
        let of_row = |option: &&Property| row.properties.contains(&option.name.as_str());
        let options = self.options.iter().rev().filter(of_row);
        options.map(|option| self.here(OsStr::new(&option.value), option.origin.clone()))
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
        Ok(Some(self.here(value, Origin::Flag(row.flag))))
    }

    fn in_environment(&self, row: &Row) -> impl Iterator<Item = Found> {
        row.variables.iter().filter_map(|name| {
            let value = (self.world.var)(name)?;
            Some(self.here(&value, Origin::Environment((*name).to_owned())))
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
                },
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
            })
            .collect()
    }

    fn here(&self, value: &OsStr, origin: Origin) -> Found {
        Found {
            value: value.to_owned(),
            base: self.world.cwd.to_owned(),
            origin,
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

fn text(found: &Found) -> Result<String, SettingsError> {
    let text = found.value.to_str().map(str::to_owned);
    text.ok_or_else(|| SettingsError {
        what: format!("cannot read {}: its value is not UTF-8", found.origin),
        fix: "set it again in a UTF-8 terminal, or give a flag in its place".to_owned(),
    })
}

fn trimmed(found: &Found) -> Result<String, SettingsError> {
    text(found).map(|text| text.trim().to_owned())
}

fn path(found: &Found, world: &World) -> Result<PathBuf, SettingsError> {
    let expanded = paths::expand(&found.value, &found.base, world.home);
    expanded.map_err(|why| SettingsError {
        what: format!("cannot use the path from {}: {why}", found.origin),
        fix: "write the whole path, starting with `/`".to_owned(),
    })
}

/// A flag names a file that holds the password; every other source holds the password itself.
fn password(found: &Found, world: &World) -> Result<Secret, SettingsError> {
    if !matches!(found.origin, Origin::Flag(_)) {
        return text(found).map(Secret::new);
    }
    let path = path(found, world)?;
    let what = format!(
        "cannot read the password file {} ({})",
        path.display(),
        found.origin
    );
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| SettingsError {
        what: format!("{what}: it is not UTF-8"),
        fix: "the file holds the password and nothing else; save it as UTF-8".to_owned(),
    })?;
    Ok(Secret::new(without_line_end(text)))
}

/// Removes one line end, which editors and `echo` add; everything else belongs to the password.
fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn read_env_file(typed: &Typed, world: &World) -> Result<Option<EnvFile>, SettingsError> {
    if let Some(named) = &typed.env_file {
        let (path, bytes) = read_named(named, "--env-file", "env file", world)?;
        return Ok(Some(EnvFile::parse(&path, &bytes)));
    }
    let path = world.cwd.join(".env");
    // Python environments are often folders of this name.
    if !path.is_file() {
        return Ok(None);
    }
    let what = format!("cannot read {}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    Ok(Some(EnvFile::parse(&path, &bytes)))
}

fn read_properties(typed: &Typed, world: &World) -> Result<Option<Properties>, SettingsError> {
    let Some(named) = &typed.properties else {
        return Ok(None);
    };
    let (path, bytes) = read_named(named, "--properties", "properties file", world)?;
    Properties::parse(&path, &bytes).map(Some)
}

fn read_named(
    named: &Path,
    flag: &'static str,
    kind: &str,
    world: &World,
) -> Result<(PathBuf, Vec<u8>), SettingsError> {
    let found = Found {
        value: named.as_os_str().to_owned(),
        base: world.cwd.to_owned(),
        origin: Origin::Flag(flag),
    };
    let path = path(&found, world)?;
    let what = format!(
        "cannot read the {kind} {} ({})",
        path.display(),
        found.origin
    );
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    Ok((path, bytes))
}

fn unreadable(what: &str, error: &io::Error) -> SettingsError {
    let (why, fix) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file".to_owned(), "check the path"),
        io::ErrorKind::PermissionDenied => (
            "this user may not read it".to_owned(),
            "check who owns it and its mode (ls -l)",
        ),
        io::ErrorKind::IsADirectory => ("it is a folder".to_owned(), "name a file in it"),
        _ => (error.to_string(), "check the path"),
    };
    SettingsError {
        what: format!("{what}: {why}"),
        fix: fix.to_owned(),
    }
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

fn is_blank(value: &OsStr) -> bool {
    value.to_string_lossy().trim().is_empty()
}

fn folder(file: &Path) -> PathBuf {
    file.parent().unwrap_or(file).to_owned()
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
