//! Paths as people write them: `~`, and relative to where they were written.
//! Nothing here looks at the disk; whether a file is there is found out by who reads it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// An absolute path, provided that `base` is one. `~` and `~/x` are looked up under `home`.
///
/// # Errors
/// A sentence, where `~` cannot be expanded.
pub fn expand(text: &OsStr, base: &Path, home: Option<&Path>) -> Result<PathBuf, String> {
    let path = Path::new(text);
    let mut parts = path.components();
    let Some(first) = parts.next().map(|part| part.as_os_str().to_owned()) else {
        return Ok(base.to_owned());
    };
    if first == "~" {
        let home = home.ok_or("`~` stands for the home folder, and HOME is not set")?;
        return Ok(home.join(parts.as_path()));
    }
    if first.to_string_lossy().starts_with('~') {
        let name = first.to_string_lossy();
        return Err(format!(
            "`{name}`: another user's home folder is not looked up"
        ));
    }
    Ok(base.join(path))
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
