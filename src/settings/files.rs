//! Turns a value as it was found into text, a path or a password, and reads the files that were named.
//! Which value that is has been decided in `resolve`; what the files say is understood by `dotenv` and `java`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::definitions::Form;
use super::dotenv::EnvFile;
use super::java::Properties;
use super::paths;
use super::{Origin, SettingsError, Typed, World};
use crate::util::secret::Secret;

/// A value as it was found. Has no `Debug`: it may be a secret.
pub(super) struct Found {
    pub value: OsString,
    /// The folder that a relative path in it is relative to.
    pub base: PathBuf,
    pub origin: Origin,
    /// What the value is, where it is a secret's.
    pub form: Form,
}

pub(super) fn text(found: &Found) -> Result<String, SettingsError> {
    let text = found.value.to_str().map(str::to_owned);
    text.ok_or_else(|| SettingsError {
        what: format!("cannot read {}: its value is not UTF-8", found.origin),
        fix: "set it again in a UTF-8 terminal, or give a flag in its place".to_owned(),
    })
}

pub(super) fn path(found: &Found, world: &World) -> Result<PathBuf, SettingsError> {
    let expanded = paths::expand(&found.value, &found.base, world.home);
    expanded.map_err(|why| SettingsError {
        what: format!("cannot use the path from {}: {why}", found.origin),
        fix: "write the whole path, starting with `/`".to_owned(),
    })
}

/// Flags, and some lines of profiles, name a file that holds the password; other sources hold the password itself.
pub(super) fn password(found: &Found, world: &World) -> Result<Secret, SettingsError> {
    if found.form != Form::File {
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
pub(super) fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

pub(super) fn read_env_file(
    typed: &Typed,
    world: &World,
) -> Result<Option<EnvFile>, SettingsError> {
    if let Some(named) = &typed.env_file {
        let (path, bytes) = read_named(named, "--env-file", "env file", world)?;
        return Ok(Some(EnvFile::parse(&path, true, &bytes)));
    }
    let path = world.cwd.join(".env");
    // Python environments are often folders of this name.
    if !path.is_file() {
        return Ok(None);
    }
    let what = format!("cannot read {}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    Ok(Some(EnvFile::parse(&path, false, &bytes)))
}

pub(super) fn read_properties(
    typed: &Typed,
    world: &World,
) -> Result<Option<Properties>, SettingsError> {
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
        form: Form::Value,
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

pub(super) fn unreadable(what: &str, error: &io::Error) -> SettingsError {
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
