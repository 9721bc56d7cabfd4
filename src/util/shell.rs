//! Words of a POSIX shell: quoting, and splitting of a command line.

/// A command line that runs this program with these arguments.
#[must_use]
pub fn command_line(arguments: &[&str]) -> String {
    let words = arguments.iter().map(|word| quoted(word));
    let words: Vec<String> = std::iter::once("ditto-cdc".to_owned())
        .chain(words)
        .collect();
    words.join(" ")
}

/// Quotes a word for a POSIX shell. A word that needs no quotes is unchanged.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,=+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Splits a command line into words, with the quotes and backslashes of a POSIX shell and without its expansions and
/// comments. `None` if a quote is not closed, or after a backslash at the end.
#[must_use]
pub fn split(line: &str) -> Option<Vec<String>> {
    // The crate drops what follows a `#`, as a shell does: `--exec 'notify #orders'` would lose its channel.
    let stand_in = ('\u{e000}'..='\u{f8ff}').find(|mark| !line.contains(*mark))?;
    let words = shlex::split(&line.replace('#', stand_in.encode_utf8(&mut [0; 4])))?;
    let restored = words.into_iter().map(|word| word.replace(stand_in, "#"));
    Some(restored.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_into_words() {
        let check = |line: &str, expected: Option<&[&str]>| {
            let words = split(line);
            let words = words.as_ref().map(|words| words.iter().map(String::as_str));
            assert_eq!(words.map(Vec::from_iter).as_deref(), expected, "{line}");
        };
        check("", Some(&[]));
        check("jq -c .", Some(&["jq", "-c", "."]));
        check(
            r#"sh -c 'echo "$1"' sh "a b""#,
            Some(&["sh", "-c", r#"echo "$1""#, "sh", "a b"]),
        );
        check(r"a\ b ''", Some(&["a b", ""]));
        check("a $HOME *", Some(&["a", "$HOME", "*"]));
        check(
            "notify #orders '#' \u{e000}#",
            Some(&["notify", "#orders", "#", "\u{e000}#"]),
        );
        check("it's", None);
        check("a\\", None);
        // What `quoted` writes is read back.
        for word in ["", "it's", "two words", "$x", "é\n"] {
            check(&quoted(word), Some(&[word]));
        }
    }

    #[test]
    fn words_are_quoted_if_a_shell_needs_it() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(word), expected);
        check("--until", "--until");
        check("/tmp/a-1/user.p12", "/tmp/a-1/user.p12");
        check("", "''");
        check("two words", "'two words'");
        check("it's", r"'it'\''s'");
        check("$HOME", "'$HOME'");
    }
}
