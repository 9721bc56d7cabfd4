//! Writing of a profile to `ditto-cdc.toml`, atomically, with mode 600 and the rest of the file unchanged.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, value};

use super::SettingsError;
use super::files::unreadable;
use crate::util::atomic_file::replace_private;
use crate::util::text_file;

/// Adds or replaces a section; creates the file and its folder if needed.
///
/// # Errors
/// [`SettingsError`] if the file is not TOML or cannot be written; the file is then unchanged.
pub fn write(path: &Path, profile: &str, lines: &[(String, String)]) -> Result<(), SettingsError> {
    let what = format!("cannot write profile {profile} to {}", path.display());
    // A symbolic link, for example into a folder of dotfiles, is kept.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut document = read(&path, &what)?;
    let mut section = Table::new();
    for (name, text) in lines {
        section.insert(name, value(text.as_str()));
    }
    if let Some(old) = document.get(profile).and_then(Item::as_table) {
        *section.decor_mut() = old.decor().clone();
        section.set_position(old.position());
    } else if !document.is_empty() {
        section.decor_mut().set_prefix("\n");
    }
    document.insert(profile, Item::Table(section));
    let folder = path.parent().unwrap_or(&path);
    std::fs::create_dir_all(folder)
        .and_then(|()| replace_private(&path, document.to_string().as_bytes()))
        .map_err(|error| unreadable(&what, &error))
}

fn read(path: &Path, what: &str) -> Result<DocumentMut, SettingsError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(unreadable(what, &error)),
    };
    let text = text_file::text(&bytes).ok();
    let document = text.and_then(|text| text.parse().ok());
    document.ok_or_else(|| SettingsError {
        what: format!("{what}: the existing file is not TOML"),
        fix: "correct or move the file; `ditto-cdc config --profile NAME` shows the line"
            .to_owned(),
        ..SettingsError::default()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(before: Option<&str>, lines: &[(&str, &str)]) -> Result<String, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/ditto-cdc.toml");
        if let Some(text) = before {
            std::fs::create_dir(folder.path().join("deep")).unwrap();
            std::fs::write(&path, text).unwrap();
        }
        let lines: Vec<_> = lines
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        write(&path, "p", &lines)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        Ok(std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn the_rest_of_the_file_stays() {
        let check = |before: Option<&str>, expected: &str| {
            let text = written(before, &[("topic", "t"), ("api-key", "a\"b\\c")]).unwrap();
            assert_eq!(text, expected, "{before:?}");
        };
        let section = "[p]\ntopic = \"t\"\napi-key = 'a\"b\\c'\n";
        check(None, section);
        check(Some(""), section);
        let other = "# mine\n[q] # test\nurl = 'x' # y\n";
        check(Some(other), &format!("{other}\n{section}"));
        check(
            Some("[p]\nold = 'x'\n\n[q]\na = 'b'\n"),
            &format!("{section}\n[q]\na = 'b'\n"),
        );
        check(
            Some("# why\n[p]\nold = 'x'\n"),
            &format!("# why\n{section}"),
        );
    }

    #[test]
    fn what_is_no_toml_is_left_alone() {
        let error = written(Some("hunter2"), &[]).unwrap_err();
        assert!(error.what.contains("not TOML"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
