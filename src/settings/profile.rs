//! Profiles: sections of `ditto-cdc.toml` in the user's config folder.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike};

use super::definitions::{is_literal_secret, profile_names};
use super::is_secret_property;
use super::origin::is_plain_name;
use super::{Environment, Origin, SettingsError};
use crate::util::known_secrets::KnownSecrets;
use crate::util::suggest::nearest;
use crate::util::text_file;

/// The file's name in the user's config folder.
pub const FILE: &str = "ditto-cdc.toml";
/// The table of a profile that contains librdkafka properties.
const KAFKA: &str = "kafka";

/// A parsed profile. Has no `Debug`, because it contains secrets.
pub(super) struct Profile {
    /// The file, absolute.
    pub path: PathBuf,
    /// The section's name.
    pub name: String,
    /// Settings, in file order.
    entries: Vec<Entry>,
    /// librdkafka properties, in file order.
    pub kafka: Vec<Entry>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// One line that sets a name.
pub(super) struct Entry {
    /// Counted from 1.
    pub line: usize,
    pub name: String,
    pub value: String,
}

/// The path of the file, which need not exist; `None` without a home folder.
#[must_use]
pub fn path(environment: &Environment<'_>) -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = (environment.var)(name).map(PathBuf::from);
        // The XDG specification says that relative paths are ignored.
        value.filter(|path| path.is_absolute())
    };
    let windows = || cfg!(windows).then(|| folder("APPDATA")).flatten();
    // Also on a Mac, where users expect files that they edit by hand in `~/.config`.
    let home = || environment.home.map(|home| home.join(".config"));
    let folder = folder("XDG_CONFIG_HOME").or_else(windows).or_else(home)?;
    Some(folder.join(FILE))
}

/// The names of all profiles, in file order; empty if there is no readable file.
#[must_use]
pub fn names(environment: &Environment<'_>) -> Vec<String> {
    let bytes = path(environment).and_then(|path| std::fs::read(path).ok());
    let text = bytes.and_then(|bytes| text_file::text(&bytes).ok());
    let document = text.and_then(|text| Document::parse(text).ok());
    document.map_or_else(Vec::new, |document| sections(document.as_table()))
}

fn sections(table: &toml_edit::Table) -> Vec<String> {
    let tables = table.iter().filter(|(_, item)| item.is_table_like());
    tables.map(|(name, _)| name.to_owned()).collect()
}

impl Profile {
    /// Reads one section of the file; `requested_by` is the source of the name, for messages.
    ///
    /// # Errors
    /// [`SettingsError`] if the file or the section is missing, or the file is not TOML. It repeats no content.
    pub(super) fn read(
        name: &str,
        requested_by: &str,
        environment: &Environment,
    ) -> Result<Profile, SettingsError> {
        let what = format!("cannot use profile {name} ({requested_by})");
        let path = path(environment).ok_or_else(|| SettingsError {
            what: format!("{what}: no home folder is known, so {FILE} cannot be found"),
            fix: "set HOME or XDG_CONFIG_HOME".to_owned(),
            ..SettingsError::default()
        })?;
        let bytes =
            std::fs::read(&path).map_err(|error| cannot_read(&what, &path, name, &error))?;
        let text = text_file::text(&bytes).map_err(|why| SettingsError {
            what: format!("{what}: {} cannot be read: {why}", path.display()),
            fix: "save it as UTF-8".to_owned(),
            ..SettingsError::default()
        })?;
        let mut profile = parse(&text, &path, name, &what)?;
        profile
            .warnings
            .extend(profile.readable_by_others_warning());
        Ok(profile)
    }

    /// The values whose names say that they are secret.
    pub(super) fn add_secrets_to(&self, known: &mut KnownSecrets) {
        for entry in self.entries.iter().chain(&self.kafka) {
            known.add_value(&entry.name, &entry.value);
        }
    }

    /// The line that sets a name.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The origin of a value.
    pub(super) fn origin(&self, entry: &Entry) -> Origin {
        Origin::Profile {
            path: self.path.clone(),
            line: entry.line,
            profile: self.name.clone(),
            name: entry.name.clone(),
        }
    }

    /// Whether other users could change the commands of the profile.
    pub(super) fn is_writable_by_others(&self) -> bool {
        mode(&self.path).is_some_and(|mode| mode & 0o022 != 0)
    }

    fn readable_by_others_warning(&self) -> Option<String> {
        let ours = self
            .entries
            .iter()
            .filter(|entry| is_literal_secret(&entry.name));
        let kafka = self
            .kafka
            .iter()
            .filter(|entry| is_secret_property(&entry.name));
        let secret = ours.chain(kafka).next()?;
        let open = mode(&self.path).is_some_and(|mode| mode & 0o044 != 0);
        open.then(|| {
            format!(
                "{}: other users can read this file, and it contains {} of profile {}: run chmod 600 {}",
                self.path.display(),
                shown_name(&secret.name),
                self.name,
                crate::util::shell::quoted(&self.path.display().to_string())
            )
        })
    }
}

fn parse(text: &str, path: &Path, name: &str, what: &str) -> Result<Profile, SettingsError> {
    let document = Document::parse(text).map_err(|error| SettingsError {
        what: format!(
            "{what}: {}:{} is not TOML",
            path.display(),
            line(text, error.span())
        ),
        fix: "write lines as `name = \"value\"`; double each backslash, or use 'single quotes'"
            .to_owned(),
        ..SettingsError::default()
    })?;
    let table = document.as_table();
    let Some(section) = table.get(name).and_then(Item::as_table_like) else {
        return Err(unknown_profile(what, path, name, &sections(table)));
    };
    let mut profile = Profile {
        path: path.to_owned(),
        name: name.to_owned(),
        entries: Vec::new(),
        kafka: Vec::new(),
        warnings: Vec::new(),
    };
    for (entry, at) in entries(section, text) {
        profile.take(&entry, at, section.get(&entry), text);
    }
    Ok(profile)
}

/// The names of a table and their lines.
fn entries(table: &dyn TableLike, text: &str) -> Vec<(String, usize)> {
    let at = |name: &str| line(text, table.key(name).and_then(toml_edit::Key::span));
    let names = table.iter().map(|(name, _)| name);
    names.map(|name| (name.to_owned(), at(name))).collect()
}

impl Profile {
    fn take(&mut self, name: &str, line: usize, item: Option<&Item>, text: &str) {
        let place = format!("{}:{line}", self.path.display());
        if let Some(kafka) = item.filter(|_| name == KAFKA).and_then(Item::as_table_like) {
            for (property, line) in entries(kafka, text) {
                self.add_kafka_properties(&property, line, kafka.get(&property));
            }
        } else if !profile_names().any(|known| known == name) {
            let near = nearest(name, profile_names().chain([KAFKA]));
            let near = near
                .first()
                .map_or(String::new(), |near| format!("; did you mean {near}?"));
            let name = shown_name(name);
            self.warnings
                .push(format!("{place}: unknown name {name}{near}"));
        } else if let Some(value) = item.and_then(Item::as_str) {
            self.entries.push(Entry {
                line,
                name: name.to_owned(),
                value: value.to_owned(),
            });
        } else {
            self.warnings.push(format!(
                "{place}: {name} is ignored: its value is not a string in quotes"
            ));
        }
    }

    /// Adds a librdkafka property. Numbers and booleans become strings.
    fn add_kafka_properties(&mut self, name: &str, line: usize, item: Option<&Item>) {
        let value = item.and_then(|item| {
            let text = item.as_str().map(str::to_owned);
            let text = text.or_else(|| item.as_integer().map(|number| number.to_string()));
            text.or_else(|| item.as_bool().map(|truth| truth.to_string()))
        });
        match value {
            Some(value) => self.kafka.push(Entry {
                line,
                name: name.to_owned(),
                value,
            }),
            None => self.warnings.push(format!(
                "{}:{line}: {} is ignored: write the name in quotes, as in \"client.id\" = \"me\"",
                self.path.display(),
                shown_name(name)
            )),
        }
    }
}

/// The name, unless it may be a value.
fn shown_name(name: &str) -> &str {
    if is_plain_name(name) {
        name
    } else {
        "(not shown)"
    }
}

fn cannot_read(what: &str, path: &Path, name: &str, error: &std::io::Error) -> SettingsError {
    if error.kind() == std::io::ErrorKind::NotFound {
        return SettingsError {
            what: format!("{what}: there is no file {}", path.display()),
            fix: format!(
                "`{}` creates it",
                crate::util::shell::command_line(&["config", "init", name])
            ),
            ..SettingsError::default()
        };
    }
    super::files::unreadable(&format!("{what}: cannot read {}", path.display()), error)
}

fn unknown_profile(what: &str, path: &Path, name: &str, known: &[String]) -> SettingsError {
    let fix = match nearest(name, known.iter().map(String::as_str)).first() {
        Some(near) => format!("did you mean {near}? the file has: {}", known.join(", ")),
        None if known.is_empty() => "the file has no profile".to_owned(),
        None => format!("the file has: {}", known.join(", ")),
    };
    SettingsError {
        what: format!("{what}: {} has no section [{name}]", path.display()),
        fix,
        ..SettingsError::default()
    }
}

/// The line where a span starts, counted from 1.
fn line(text: &str, span: Option<Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or("");
    before.matches('\n').count() + 1
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some(metadata.permissions().mode())
}

/// Other systems have no such mode; the config folder is private to the user.
#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}
