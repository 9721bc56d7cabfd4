//! Conversion of raw values into strings, paths and passwords, and reading of the files that settings name.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::definitions::ValueForm;
use super::dotenv::EnvFile;
use super::java::Properties;
use super::{Environment, Flags, Origin, SettingsError};
use crate::util::secret::Secret;
use crate::util::text_file;

/// An unconverted value. Has no `Debug`, because it may be a secret.
pub(super) struct RawValue {
    pub value: OsString,
    /// The folder that a relative path starts from.
    pub base: PathBuf,
    pub origin: Origin,
    /// For a secret: whether this is the secret or a reference to it.
    pub form: ValueForm,
}

pub(super) fn text(raw: &RawValue) -> Result<String, SettingsError> {
    let text = raw.value.to_str().map(str::to_owned);
    text.ok_or_else(|| SettingsError {
        what: format!("cannot read {}: its value is not UTF-8", raw.origin),
        fix: "set it again in a UTF-8 terminal, or use a flag instead".to_owned(),
        ..SettingsError::default()
    })
}

/// Expands `~` to `home` and joins a relative path to `base`; the result is absolute if `base` is. Reads no file.
///
/// # Errors
/// A sentence if `~` cannot be expanded.
pub fn expand(text: &OsStr, base: &Path, home: Option<&Path>) -> Result<PathBuf, String> {
    let path = Path::new(text);
    let mut parts = path.components();
    let Some(first) = parts.next().map(|part| part.as_os_str().to_owned()) else {
        return Ok(base.to_owned());
    };
    if first == "~" {
        let home = home.ok_or("`~` is the home folder, but HOME is not set")?;
        return Ok(home.join(parts.as_path()));
    }
    if first.to_string_lossy().starts_with('~') {
        let name = first.to_string_lossy();
        return Err(format!(
            "`{name}`: the home folder of another user is not supported"
        ));
    }
    Ok(base.join(path))
}

pub(super) fn path(raw: &RawValue, environment: &Environment) -> Result<PathBuf, SettingsError> {
    let expanded = expand(&raw.value, &raw.base, environment.home);
    expanded.map_err(|why| SettingsError {
        what: format!("cannot use the path from {}: {why}", raw.origin),
        fix: "write the whole path, starting with `/`".to_owned(),
        ..SettingsError::default()
    })
}

/// Reads the file that holds only the secret if the value is a path; else the value is the secret.
pub(super) fn secret(raw: &RawValue, environment: &Environment) -> Result<Secret, SettingsError> {
    if raw.form != ValueForm::File {
        return text(raw).map(Secret::new);
    }
    let path = path(raw, environment)?;
    let what = format!(
        "cannot read the password file {} ({})",
        path.display(),
        raw.origin
    );
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    let line = text_file::only_line(&bytes).map_err(|why| SettingsError {
        what: format!("{what}: {why}"),
        fix: "the file must contain only the password or key, on one line; save it as UTF-8"
            .to_owned(),
        ..SettingsError::default()
    })?;
    Ok(Secret::new(line))
}

pub(super) fn read_env_file(
    flags: &Flags,
    environment: &Environment,
) -> Result<Option<EnvFile>, SettingsError> {
    if let Some(named) = &flags.env_file {
        let (path, bytes) = read_named(named, "--env-file", "env file", environment)?;
        return Ok(Some(EnvFile::parse(&path, true, &bytes)));
    }
    let path = environment.cwd.join(".env");
    // Python environments are often folders of this name.
    if !path.is_file() {
        return Ok(None);
    }
    let what = format!("cannot read {}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    Ok(Some(EnvFile::parse(&path, false, &bytes)))
}

pub(super) fn read_properties(
    flags: &Flags,
    environment: &Environment,
) -> Result<Option<Properties>, SettingsError> {
    let Some(named) = &flags.properties else {
        return Ok(None);
    };
    let (path, bytes) = read_named(named, "--properties", "properties file", environment)?;
    Properties::parse(&path, &bytes).map(Some)
}

fn read_named(
    named: &Path,
    flag: &'static str,
    kind: &str,
    environment: &Environment,
) -> Result<(PathBuf, Vec<u8>), SettingsError> {
    let raw = RawValue {
        value: named.as_os_str().to_owned(),
        base: environment.cwd.to_owned(),
        origin: Origin::Flag(flag),
        form: ValueForm::Value,
    };
    let path = path(&raw, environment)?;
    let what = format!("cannot read the {kind} {} ({})", path.display(), raw.origin);
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&what, &error))?;
    Ok((path, bytes))
}

pub(super) fn unreadable(what: &str, error: &io::Error) -> SettingsError {
    let (why, fix) = match error.kind() {
        io::ErrorKind::NotFound => ("there is no such file".to_owned(), "check the path"),
        io::ErrorKind::PermissionDenied => (
            "this user may not read it".to_owned(),
            "check its owner and mode (ls -l)",
        ),
        io::ErrorKind::IsADirectory => ("it is a folder".to_owned(), "name a file in it"),
        _ => (error.to_string(), "check the path"),
    };
    SettingsError {
        what: format!("{what}: {why}"),
        fix: fix.to_owned(),
        ..SettingsError::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let check = |text: &str, expected: Option<&str>| {
            let got = expand(text.as_ref(), "/base".as_ref(), Some("/home/me".as_ref()));
            assert_eq!(got.ok().as_deref(), expected.map(Path::new), "{text}");
        };
        check("a.p12", Some("/base/a.p12"));
        check("../a.p12", Some("/base/../a.p12"));
        check("/x/a.p12", Some("/x/a.p12"));
        check("~", Some("/home/me"));
        check("~/a.p12", Some("/home/me/a.p12"));
        check("~/.certs/a b.p12", Some("/home/me/.certs/a b.p12"));
        check("~you/a.p12", None);
        check("x/~/a.p12", Some("/base/x/~/a.p12"));
        check("./~you", Some("/base/./~you"));
        assert!(expand("~/a".as_ref(), "/base".as_ref(), None).is_err());
    }
}
