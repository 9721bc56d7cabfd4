//! Usage errors of the argument parser in the words of the program's other messages, with the option that is meant.

use std::error::Error as _;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::command_line::{CommandLine, options_of, printable, quoted};
use super::tips;
use crate::util::suggest::nearest;

/// A usage error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// The command, such as ` config init` after a blank; empty for the program itself.
    pub command: String,
    /// The message, one line.
    pub message: String,
}

/// Why a command line is not run.
#[derive(Debug)]
pub enum ParseError {
    /// A request for help or the version, or a command line without a command.
    Help(clap::Error),
    /// A mistake.
    Usage(UsageError),
}

/// Describes an error of the parser. `words` is the command line with the program's name.
pub(super) fn describe(error: clap::Error, program: &Command, words: &[String]) -> ParseError {
    use ErrorKind as Kind;
    if matches!(
        error.kind(),
        Kind::DisplayHelp
            | Kind::DisplayVersion
            | Kind::DisplayHelpOnMissingArgumentOrSubcommand
            | Kind::MissingSubcommand
    ) {
        return ParseError::Help(error);
    }
    let line = CommandLine::new(program, words);
    ParseError::Usage(UsageError {
        message: line.message(&error),
        command: line.path,
    })
}

impl CommandLine<'_> {
    fn message(&self, error: &clap::Error) -> String {
        let argument = context(error, ContextKind::InvalidArg).unwrap_or_default();
        let name = flag(&argument);
        let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
        match error.kind() {
            ErrorKind::UnknownArgument if name.starts_with('-') => self.unknown_option(name),
            ErrorKind::UnknownArgument => self.stray_word(&argument),
            ErrorKind::InvalidSubcommand => {
                let typed = context(error, ContextKind::InvalidSubcommand).unwrap_or_default();
                self.unknown_command(&typed)
            }
            ErrorKind::InvalidValue if value.is_empty() => {
                let values = values(error, ContextKind::ValidValue);
                let values = if values.is_empty() {
                    argument.clone()
                } else {
                    join(&values, "or")
                };
                format!("{name} needs a value: {values}")
            }
            ErrorKind::InvalidValue => {
                let valid = join(&values(error, ContextKind::ValidValue), "or");
                let tip = tips::value(name, &value).map(|tip| format!("; write {tip}"));
                let tip = tip.unwrap_or_default();
                format!("{name}: {} is not {valid}{tip}", quoted(&value))
            }
            ErrorKind::ValueValidation => {
                let why = error.source().map(ToString::to_string);
                let why = why.unwrap_or_default();
                format!("{name}: {} is not {}", quoted(&value), valid_number(&why))
            }
            ErrorKind::TooManyValues => {
                let tip = tips::option(self, name).map(|tip| format!("; {tip}"));
                let tip = tip.unwrap_or_default();
                format!("{name} takes no value, found {}{tip}", quoted(&value))
            }
            ErrorKind::ArgumentConflict => conflict(error, name),
            ErrorKind::MissingRequiredArgument => {
                let missing = values(error, ContextKind::InvalidArg);
                let verb = if missing.len() == 1 { "is" } else { "are" };
                format!("{} {verb} missing", join(&missing, "and"))
            }
            _ => first_line(error),
        }
    }

    fn unknown_option(&self, typed: &str) -> String {
        let message = format!("no such option: {}", printable(typed));
        if let Some(tip) = tips::option(self, typed) {
            return format!("{message}; {tip}");
        }
        let near = self.near_options(typed);
        if !near.is_empty() {
            return format!("{message}; did you mean {}?", join(&near, "or"));
        }
        let owners = self.program.get_subcommands();
        let owners = owners.filter(|command| !command.is_hide_set());
        let owners = owners.filter(|command| options_of(command).any(|name| name == typed));
        let owners: Vec<String> = owners.map(|one| one.get_name().to_owned()).collect();
        match owners.as_slice() {
            [] => message,
            [one] => format!("{message}; it is an option of {one}"),
            many => format!("{message}; it is an option of {}", join(many, "and")),
        }
    }

    /// At most two options of the command that are close to an unknown one.
    fn near_options(&self, typed: &str) -> Vec<String> {
        let Some(wanted) = typed.strip_prefix("--") else {
            return Vec::new();
        };
        let options = options_of(self.command).chain(options_of(self.program));
        let mut names: Vec<String> = options
            .filter_map(|name| name.strip_prefix("--").map(str::to_owned))
            .collect();
        names.sort();
        names.dedup();
        let near = nearest(wanted, names.iter().map(String::as_str));
        let near = near.into_iter().take(2);
        near.map(|name| format!("--{name}")).collect()
    }

    fn stray_word(&self, word: &str) -> String {
        let message = format!("unexpected argument {}", quoted(word));
        match tips::word(self, word) {
            Some(tip) => format!("{message}; {tip}"),
            None => message,
        }
    }

    fn unknown_command(&self, typed: &str) -> String {
        let message = format!("no such command: {}", printable(typed));
        if let Some(tip) = tips::command(self, typed) {
            return format!("{message}; {tip}");
        }
        let commands = self.command.get_subcommands();
        let commands = commands.filter(|command| !command.is_hide_set());
        match nearest(typed, commands.map(Command::get_name)).first() {
            Some(near) => format!("{message}; did you mean {near}?"),
            None => message,
        }
    }
}

fn conflict(error: &clap::Error, name: &str) -> String {
    let others = values(error, ContextKind::PriorArg);
    let others: Vec<String> = others.iter().map(|other| flag(other).to_owned()).collect();
    if others.is_empty() || others == [name] {
        return format!("{name} is given twice");
    }
    format!("{name} cannot be combined with {}", join(&others, "or"))
}

/// `a whole number from 1 to 64`, by the parser's own words.
fn valid_number(why: &str) -> String {
    let range = why.split_once(" is not in ").map(|(_, range)| range);
    let Some((low, high)) = range.and_then(|range| range.split_once("..")) else {
        return "a whole number".to_owned();
    };
    let high = high.trim_start_matches('=');
    // A range without an end is printed with the type's largest number.
    if high.len() > 10 || high.is_empty() {
        return format!("a whole number from {low} on");
    }
    format!("a whole number from {low} to {high}")
}

/// The name of an argument, without the name of its value: `--limit` of `--limit <N>`.
fn flag(argument: &str) -> &str {
    argument.split([' ', '=']).next().unwrap_or(argument)
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    values(error, kind).into_iter().next()
}

fn values(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    let values = match error.get(kind) {
        Some(ContextValue::String(value)) => vec![value.clone()],
        Some(ContextValue::Strings(values)) => values.clone(),
        _ => Vec::new(),
    };
    let names = values
        .into_iter()
        .map(|value| value.replace(['<', '>'], ""));
    names.collect()
}

/// `a, b or c`
fn join(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} {conjunction} {last}", others.join(", ")),
    }
}
