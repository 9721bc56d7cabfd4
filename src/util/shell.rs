//! Quoting of words for a POSIX shell.

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

#[cfg(test)]
mod tests {
    use super::*;

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
