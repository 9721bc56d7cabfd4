//! A wrong command line: the command that it names, and the options of this command.

use clap::{Arg, Command};

/// A command line, and the command that it names.
pub(super) struct CommandLine<'c> {
    pub program: &'c Command,
    pub command: &'c Command,
    pub words: &'c [String],
    /// The names of the command, each after a blank.
    pub path: String,
}

impl<'c> CommandLine<'c> {
    pub fn new(program: &'c Command, words: &'c [String]) -> CommandLine<'c> {
        let (mut command, mut path) = (program, String::new());
        for word in words.iter().skip(1) {
            let found = command.find_subcommand(word);
            if let Some(found) = found.filter(|found| !found.is_hide_set()) {
                command = found;
                path = format!("{path} {}", found.get_name());
            }
        }
        CommandLine {
            program,
            command,
            words,
            path,
        }
    }

    /// Whether the command has an option, written with its dashes.
    pub fn has_option(&self, option: &str) -> bool {
        options_of(self.command).any(|name| name == option)
            || options_of(self.program).any(|name| name == option)
    }
}

/// The visible options of a command as typed, long and short.
pub(super) fn options_of(command: &Command) -> impl Iterator<Item = String> {
    let arguments = command.get_arguments().filter(|arg| !arg.is_hide_set());
    arguments.flat_map(|arg: &Arg| {
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        let aliases = arg.get_all_aliases().unwrap_or_default();
        let aliases = aliases.into_iter().map(|alias| format!("--{alias}"));
        long.into_iter().chain(short).chain(aliases)
    })
}

/// What the user typed, in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", printable(text))
}

/// What the user typed, on one line.
pub(super) fn printable(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string()
    } else {
        text.to_owned()
    }
}
