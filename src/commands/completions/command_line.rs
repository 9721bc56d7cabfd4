//! Completion of a whole command line: commands, flags and values, for PowerShell and elvish.

use clap::{Arg, Command, ValueHint};

/// The completions at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completions {
    /// These words; if there are none, the shell offers files.
    Words(Vec<Candidate>),
    /// A value of the flag with this long name, which must be looked up.
    ValueOf(String),
    /// A value that cannot be looked up and is no file.
    Free,
}

/// A word with its help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub word: String,
    pub help: String,
}

/// The words before the cursor.
pub(super) struct Typed<'c, 'w> {
    command: &'c Command,
    /// The flag whose value is at the cursor.
    awaiting: Option<&'c Arg>,
    /// The words after the command that belong to no flag.
    pub positionals: Vec<&'w str>,
    after_double_dash: bool,
}

impl<'c, 'w> Typed<'c, 'w> {
    /// Reads the words `before` the cursor; the command must be built.
    pub fn new(command: &'c Command, before: &'w [String]) -> Self {
        let mut typed = Typed {
            command,
            awaiting: None,
            positionals: Vec::new(),
            after_double_dash: false,
        };
        for word in before {
            if typed.awaiting.take().is_some() {
            } else if typed.after_double_dash {
                typed.positionals.push(word);
            } else if word == "--" {
                typed.after_double_dash = true;
            } else if word.starts_with('-') && word.len() > 1 {
                typed.awaiting = flag_awaiting_value(typed.command, word);
            } else if let Some(found) = typed.command.find_subcommand(word) {
                typed.command = found;
            } else {
                typed.positionals.push(word);
            }
        }
        typed
    }

    /// What the word at the cursor is, if it belongs to no flag and does not start one: its name in [`LOOKED_UP`].
    pub fn looked_up(&self) -> Option<&'static str> {
        let next = self.next_positional().filter(|_| self.awaiting.is_none())?;
        let mut names = LOOKED_UP.iter();
        names.find(|name| next.get_id() == **name).copied()
    }

    fn next_positional(&self) -> Option<&'c Arg> {
        self.command.get_positionals().nth(self.positionals.len())
    }
}

/// Words without a flag whose values are looked up in captures.
const LOOKED_UP: [&str; 2] = ["collection", "id"];

/// Completes `prefix`, the word at the cursor, after the words `before` it.
pub(super) fn complete(mut command: Command, before: &[String], prefix: &str) -> Completions {
    command.build();
    let typed = Typed::new(&command, before);
    let current = typed.command;
    let is_free = |arg: &Arg| arg.get_value_hint() == ValueHint::Other;
    let mut found = match typed.awaiting {
        Some(flag) if is_free(flag) => return Completions::Free,
        Some(flag) if flag.get_possible_values().is_empty() => {
            return Completions::ValueOf(flag.get_long().unwrap_or_default().to_owned());
        }
        Some(flag) => values(flag),
        None if prefix.starts_with('-') && !typed.after_double_dash => flags(current),
        None => {
            if let Some(name) = typed.looked_up() {
                return Completions::ValueOf(name.to_owned());
            }
            match typed.next_positional() {
                Some(next) if is_free(next) => return Completions::Free,
                _ if typed.after_double_dash => Vec::new(),
                _ if typed.positionals.is_empty() => [
                    commands(current),
                    current.get_positionals().flat_map(values).collect(),
                ]
                .concat(),
                _ => Vec::new(),
            }
        }
    };
    found.retain(|one| one.word.starts_with(prefix));
    Completions::Words(found)
}

/// The flag in `word` that takes the next word as its value.
fn flag_awaiting_value<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let is_meant = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        // Of several short flags in one word, only the last one can take the next word.
        None => arg.get_short().is_some() && arg.get_short() == word.chars().last(),
    };
    let flag = command.get_arguments().find(is_meant)?;
    flag.get_action().takes_values().then_some(flag)
}

fn commands(command: &Command) -> Vec<Candidate> {
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
    let about = |one: &Command| one.get_about().map(ToString::to_string);
    shown
        .map(|one| candidate(one.get_name().to_owned(), about(one)))
        .collect()
}

fn flags(command: &Command) -> Vec<Candidate> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let words = |arg: &Arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        long.into_iter()
            .chain(arg.get_short().map(|short| format!("-{short}")))
    };
    let all = shown.flat_map(|arg| {
        let help = arg.get_help().map(ToString::to_string);
        words(arg)
            .map(|word| candidate(word, help.clone()))
            .collect::<Vec<_>>()
    });
    all.collect()
}

fn values(arg: &Arg) -> Vec<Candidate> {
    let values = arg
        .get_possible_values()
        .into_iter()
        .filter(|value| !value.is_hide_set());
    values
        .map(|value| {
            candidate(
                value.get_name().to_owned(),
                value.get_help().map(ToString::to_string),
            )
        })
        .collect()
}

fn candidate(word: String, help: Option<String>) -> Candidate {
    let help = help.unwrap_or_default();
    let line = help.lines().next().unwrap_or_default();
    Candidate {
        word,
        help: line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Completions, complete};
    use crate::cli;

    #[test]
    fn what_fits_at_the_end_of_a_line() {
        let check = |line: &str, prefix: &str, expected: &[&str]| {
            let before: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let shown = match complete(cli::command(), &before, prefix) {
                Completions::Words(found) => found.into_iter().map(|one| one.word).collect(),
                Completions::ValueOf(flag) => vec![format!("value of {flag}")],
                Completions::Free => vec!["free".to_owned()],
            };
            assert_eq!(shown, expected, "{line} {prefix}");
        };
        check("", "ver", &["verify"]);
        check("", "__", &[]);
        check("-q", "ma", &["man"]);
        check("tail", "--colle", &["--collection"]);
        check("tail --limit 3", "--colle", &["--collection"]);
        check("diff a.ndjson b.ndjson", "--exit", &["--exit-code"]);
        check("tail --format", "on", &["oneline"]);
        check("tail --format=json", "--forma", &["--format"]);
        check("tail -c", "or", &["value of collection"]);
        check("diff x -qc", "", &["value of collection"]);
        check("diff x -q", "", &[]);
        check("diff --", "-", &[]);
        check("tail --id --format", "js", &[]);
        check("tail --from", "", &["free"]);
        check("tail -t", "x", &["free"]);
        check("diff x --where", "", &["free"]);
        check("tail --input", "", &["value of input"]);
        check("history", "", &["value of collection"]);
        check("history --reverse -n 3 orders", "o", &["value of id"]);
        check("history orders --at", "", &["free"]);
        check("history orders o-1", "", &[]);
        check("history orders -- o-1", "", &[]);
        check("history -- orders", "", &["value of id"]);
        check("config", "in", &["init"]);
        check("config init", "--pro", &[]);
        check("config init", "", &["free"]);
        check("completions", "e", &["elvish"]);
        check("--color", "a", &["auto", "always"]);
    }
}
