//! What fits at the cursor of a whole command line: commands, flags and values, from the one description of the flags.
//! For shells whose scripts leave everything to the program (PowerShell, elvish); names from outside come from `complete`.

use clap::{Arg, Command};

/// What can stand at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::commands) enum Fits {
    /// One of these; none, and the shell offers files.
    These(Vec<Candidate>),
    /// A value of the flag with this long name, whose values only the surroundings know.
    ValueOf(String),
}

/// A word, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Candidate {
    pub word: String,
    pub help: String,
}

/// Reads the words before the cursor as the parser would, and says what the begun word may become.
pub(in crate::commands) fn fits(mut command: Command, before: &[String], begun: &str) -> Fits {
    command.build();
    let mut here = &command;
    let (mut wants, mut files, mut only_files) = (None, 0, false);
    for word in before {
        if wants.take().is_some() || only_files {
        } else if word == "--" {
            only_files = true;
        } else if word.starts_with('-') && word.len() > 1 {
            wants = flag_that_waits(here, word);
        } else if let Some(found) = here.find_subcommand(word) {
            here = found;
        } else {
            files += 1;
        }
    }
    let mut found = match wants {
        Some(flag) if flag.get_possible_values().is_empty() => {
            return Fits::ValueOf(flag.get_long().unwrap_or_default().to_owned());
        }
        Some(flag) => values(flag),
        None if only_files => Vec::new(),
        None if begun.starts_with('-') => flags(here),
        None if files == 0 => [
            commands(here),
            here.get_positionals().flat_map(values).collect(),
        ]
        .concat(),
        None => Vec::new(),
    };
    found.retain(|one| one.word.starts_with(begun));
    Fits::These(found)
}

/// The flag of a word whose value is the next word.
fn flag_that_waits<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let is_meant = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        // Several short flags in one word: only the last one can wait.
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
    use super::{Fits, fits};
    use crate::cli;

    #[test]
    fn what_fits_at_the_end_of_a_line() {
        let check = |line: &str, begun: &str, expected: &[&str]| {
            let before: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let shown = match fits(cli::command(), &before, begun) {
                Fits::These(found) => found.into_iter().map(|one| one.word).collect(),
                Fits::ValueOf(flag) => vec![format!("value of {flag}")],
            };
            assert_eq!(shown, expected, "{line} {begun}");
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
        check("config", "in", &["init"]);
        check("config init", "--pro", &[]);
        check("completions", "e", &["elvish"]);
        check("--color", "a", &["auto", "always"]);
    }
}
