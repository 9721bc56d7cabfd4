//! Parser for `.env` files, without substitution of `$NAME`.
//! The dotenvy crate substitutes, which silently changes passwords that contain `$`, and its errors quote the line.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::util::known_secrets::KnownSecrets;
use crate::util::text_file;

/// A parsed `.env` file. Has no `Debug`, because it contains secrets.
pub(super) struct EnvFile {
    /// The file, absolute.
    pub path: PathBuf,
    /// Whether `--env-file` names it.
    pub chosen: bool,
    entries: Vec<Entry>,
    /// Malformed lines (counted from 1), and why.
    pub malformed: Vec<(usize, &'static str)>,
}

/// One line that sets a name.
pub(super) struct Entry {
    /// Counted from 1.
    pub line: usize,
    pub name: String,
    pub value: String,
}

impl EnvFile {
    /// Parses the bytes of a file. Malformed lines are listed in `malformed`.
    pub(super) fn parse(path: &Path, chosen: bool, bytes: &[u8]) -> EnvFile {
        let (mut entries, mut malformed) = (Vec::new(), Vec::new());
        let bytes = text_file::to_utf8(bytes).unwrap_or_else(|why| {
            malformed.push((1, why));
            Cow::default()
        });
        for (index, line) in text_file::lines(&bytes).enumerate() {
            match parse_line(line) {
                Ok(Some((name, value))) => entries.push(Entry {
                    line: index + 1,
                    name: name.to_owned(),
                    value,
                }),
                Ok(None) => {}
                Err(why) => malformed.push((index + 1, why)),
            }
        }
        EnvFile {
            path: path.to_owned(),
            chosen,
            entries,
            malformed,
        }
    }

    /// The values of the lines whose names say that they are secret.
    pub(super) fn add_secrets_to(&self, known: &mut KnownSecrets) {
        for entry in &self.entries {
            known.add_value(&entry.name, &entry.value);
        }
    }

    /// Every line that sets a name.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The last line that sets a name, as in a shell.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.name == name)
    }
}

fn parse_line(line: &[u8]) -> Result<Option<(&str, String)>, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, value) = line.split_once('=').ok_or("it has no `=`")?;
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) && !rest.trim().is_empty() => rest.trim(),
        _ => name.trim(),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if name.is_empty() || !name.chars().all(legal) {
        return Err("the part before the `=` is not a valid name");
    }
    Ok(Some((name, parse_value(value.trim_start())?)))
}

fn parse_value(text: &str) -> Result<String, &'static str> {
    let mut rest = text.chars();
    let value = match rest.next() {
        Some('\'') => {
            let (value, after) = rest.as_str().split_once('\'').ok_or(UNCLOSED)?;
            rest = after.chars();
            value.to_owned()
        }
        Some('"') => double_quoted(&mut rest)?,
        _ => return Ok(without_comment(text).to_owned()),
    };
    if without_comment(rest.as_str()).is_empty() {
        Ok(value)
    } else {
        Err("something follows the closing quote")
    }
}

const UNCLOSED: &str = "a quote is not closed on the same line";

/// Removes ` # comment`; a `#` without a blank before it is part of the value.
fn without_comment(text: &str) -> &str {
    let blank_before = |at: usize| text[..at].ends_with([' ', '\t']) || at == 0;
    let comment = text.match_indices('#').find(|(at, _)| blank_before(*at));
    comment.map_or(text, |(at, _)| &text[..at]).trim_end()
}

/// Parses up to the closing quote. Escapes: backslash before `\`, `"`, `$`, `` ` ``, n, r and t; else it is literal.
fn double_quoted(rest: &mut std::str::Chars<'_>) -> Result<String, &'static str> {
    let mut value = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(value),
            '\\' => match rest.next().ok_or(UNCLOSED)? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                plain @ ('\\' | '"' | '$' | '`') => value.push(plain),
                other => value.extend(['\\', other]),
            },
            plain => value.push(plain),
        }
    }
    Err(UNCLOSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of `K`, or the malformed lines.
    fn read(bytes: &[u8]) -> Result<Option<String>, Vec<usize>> {
        let file = EnvFile::parse(Path::new("/x/.env"), false, bytes);
        if file.malformed.is_empty() {
            Ok(file.get("K").map(|entry| entry.value.clone()))
        } else {
            Err(file.malformed.iter().map(|(line, _)| *line).collect())
        }
    }

    #[test]
    fn values() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                read(text.as_bytes()),
                Ok(Some(expected.to_owned())),
                "{text}"
            );
        };
        check("K=v", "v");
        check("K=v\r\nX=1\r\n", "v");
        check("X=1\rK=v\rY=2", "v");
        check("X=1\r\r\nK=v\r", "v");
        check("\u{feff}K=v", "v");
        check("  export   K = v  ", "v");
        check("K=", "");
        check("K=''", "");
        check("K= # nothing", "");
        check("K=# nothing", "");
        check("K=v # comment", "v");
        check("K=v#no comment", "v#no comment");
        check("K='a # b' # c", "a # b");
        check("K=\"a # b\"", "a # b");
        check("K=a b", "a b");
        check("K=a=b", "a=b");
        check("K=a'b\"c", "a'b\"c");
        check("K=pa$HOME${PATH}", "pa$HOME${PATH}");
        check("K=\"pa$HOME\"", "pa$HOME");
        check("K='pa$HOME\\n'", "pa$HOME\\n");
        check(r"K=C:\new\store.p12", r"C:\new\store.p12");
        check(r#"K="a\"b\\c\$d\n\q""#, "a\"b\\c$d\n\\q");
        check("K=ü€", "ü€");
        assert_eq!(read(b"\xff\xfeK\0=\0v\0\r\0\n\0"), Ok(Some("v".to_owned())));
        check("K=1\nK=2", "2");
        check("#K=1\n\nK=2", "2");
        check("export=1\nK=2", "2");
    }

    #[test]
    fn odd_lines() {
        let check = |bytes: &[u8], lines: &[usize]| {
            assert_eq!(read(bytes), Err(lines.to_vec()), "{bytes:?}");
        };
        check(b"K=1\nno equals\nK=2", &[2]);
        check(b"=1", &[1]);
        check(b"a b=1", &[1]);
        check(b"K='open", &[1]);
        check(b"K=\"open", &[1]);
        check(b"K=\"open\\", &[1]);
        check(b"K='a'b", &[1]);
        check(b"K=\xff", &[1]);
        check(b"\xff\xfeK\0=\0=", &[1]);
        check(b"K\0=\0v\0", &[1]);
    }

    #[test]
    fn export_may_be_a_name() {
        let file = EnvFile::parse(Path::new("/.env"), false, b"export = 1");
        assert_eq!(file.get("export").map(|e| e.value.as_str()), Some("1"));
    }
}
