//! The sections of a manual page that clap does not have: examples, exit status, environment, files, see also.

use clap::Command;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::settings;
use crate::util::exit::Exit;

/// Widest line of an example: a terminal of 80 columns without the indentation of a manual page.
const EXAMPLE_COLUMNS: usize = 72;
/// Separates a command from its explanation in the examples of `--help`.
const EXPLANATION_GAP: &str = "  ";

/// Variables that are not settings: name, meaning, and the flag of the commands that read it (none: every command).
const VARIABLES: &[(&str, &str, Option<&str>)] = &[
    (
        "DITTO_CDC_PROFILE",
        "The profile, if --profile is not given.",
        Some("profile"),
    ),
    (
        "XDG_CONFIG_HOME",
        "The folder of ditto-cdc.toml, instead of ~/.config.",
        Some("profile"),
    ),
    (
        "HTTPS_PROXY, https_proxy, ALL_PROXY, all_proxy",
        "A proxy for the HTTP API; the first that is set is used.",
        Some("url"),
    ),
    (
        "NO_PROXY, no_proxy",
        "Hosts to connect to without the proxy, separated by commas.",
        Some("url"),
    ),
    (
        "PAGER",
        "The pager for output on a terminal. If it is not set, less is used; if it is empty or cat, no pager.",
        Some("no_pager"),
    ),
    (
        "TZ",
        "The time zone of times without an offset, and of times on a terminal.",
        Some("from"),
    ),
    (
        "COLUMNS",
        "The width of the output, instead of the terminal's.",
        None,
    ),
    (
        "NO_COLOR, CLICOLOR_FORCE",
        "If set to a value other than the empty string, no colours; if set to 1, always colours. --color overrides both.",
        None,
    ),
];

/// Layout of the whole page: no hyphenation, because a hyphen in a flag or command would be copied with it, and lines
/// that are not stretched.
pub(super) fn layout() -> Roff {
    let mut roff = Roff::default();
    // `SH` restores the hyphenation mode in the register HY.
    roff.control("nr", ["HY", "0"])
        .control("nh", [])
        .control("ad", ["l"]);
    roff
}

/// The sections after the options, in the order of man-pages(7).
pub(super) fn after_options(command: &Command, name: &str, names: &[&str]) -> Vec<Roff> {
    let help = command
        .get_after_long_help()
        .or_else(|| command.get_after_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    vec![
        exit_status(command),
        environment(command),
        files(command),
        notes(&help),
        examples(&help),
        see_also(name, names),
    ]
}

/// The paragraphs after the examples of `--help`. The exit status has its own section.
fn notes(help: &str) -> Roff {
    let paragraphs = help
        .split("\n\n")
        .filter(|paragraph| !paragraph.starts_with("Examples:"));
    let lines = paragraphs.flat_map(str::lines);
    let lines: Vec<&str> = lines
        .filter(|line| !line.starts_with("Exit status"))
        .collect();
    let mut roff = Roff::default();
    if !lines.is_empty() {
        roff.control("SH", ["NOTES"]);
    }
    for line in lines {
        roff.text([roman(line)]).control("PP", []);
    }
    roff
}

/// The commands of the examples with their explanations, without filling.
fn examples(help: &str) -> Roff {
    let paragraphs = help.split("\n\n");
    let lines = paragraphs
        .filter_map(|paragraph| paragraph.strip_prefix("Examples:\n"))
        .flat_map(str::lines)
        .map(str::trim_start);
    let mut roff = Roff::default();
    for (number, line) in lines.enumerate() {
        if number == 0 {
            roff.control("SH", ["EXAMPLES"]);
        }
        let (command, explanation) = line.split_once(EXPLANATION_GAP).unwrap_or((line, ""));
        roff.control("PP", []);
        if !explanation.is_empty() {
            roff.text([roman(capitalized(explanation.trim_start()))]);
        }
        roff.control("EX", []);
        for row in continued(command) {
            roff.text([roman(row)]);
        }
        roff.control("EE", []);
    }
    roff
}

/// A command in rows that fit on the page; a backslash at the end of a row continues it in the shell.
fn continued(command: &str) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = command.to_owned();
    while let Some(end) = line_break(&row) {
        rows.push(format!("{} \\", &row[..end]));
        row = format!("  {}", row[end..].trim_start());
    }
    rows.push(row);
    rows
}

/// The last place before a pipe, redirection or flag where a row that is too long can end. Not inside quotes, where the
/// shell takes a backslash literally.
fn line_break(row: &str) -> Option<usize> {
    if row.chars().count() <= EXAMPLE_COLUMNS {
        return None;
    }
    let places = [" | ", " > ", " && ", " --"];
    let ends = places.iter().flat_map(|place| row.match_indices(place));
    let fitting = ends.map(|(end, _)| end).filter(|end| {
        let before = &row[..*end];
        let is_quoted = before.matches(['\'', '"']).count() % 2 == 1;
        before.chars().count() + 2 <= EXAMPLE_COLUMNS && !before.trim().is_empty() && !is_quoted
    });
    fitting.max()
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// The exit codes with which the command can end; several meanings of one code are one entry.
fn exit_status(command: &Command) -> Roff {
    let mut roff = Roff::default();
    roff.control("SH", ["EXIT STATUS"]);
    let ends: Vec<Exit> = Exit::ALL
        .into_iter()
        .filter(|exit| can_end(command, *exit))
        .collect();
    for codes in ends.chunk_by(|a, b| a.code() == b.code()) {
        let meanings: Vec<&str> = codes.iter().map(|exit| exit.meaning()).collect();
        let code = codes.first().map_or(0, |exit| exit.code());
        entry(&mut roff, bold(code.to_string()), &meanings.join(" "));
    }
    roff
}

/// Whether a command can end with this code.
fn can_end(command: &Command, exit: Exit) -> bool {
    match exit {
        Exit::Success | Exit::Failed | Exit::Usage | Exit::Interrupted => true,
        Exit::Differences | Exit::Trouble => has(command, "exit_code"),
        Exit::NothingShown => has(command, "timeout"),
        Exit::Setup => {
            command.has_subcommands() || has(command, "brokers") || has(command, "profile")
        }
        Exit::Gap => has(command, "on_gap"),
        Exit::NotEqual => has(command, "repair"),
        Exit::Incomplete => has(command, "txn_id") || has(command, "allow_incomplete"),
        Exit::Unknown | Exit::NoDocument => has(command, "blame"),
    }
}

/// Whether a command has this argument, or for the page of the program: any of its commands.
fn has(command: &Command, argument: &str) -> bool {
    let own = command
        .get_arguments()
        .any(|known| known.get_id() == argument);
    own || command.get_name() == "ditto-cdc"
        && command.get_subcommands().any(|sub| has(sub, argument))
}

/// The variables of the settings that the command has flags for, then the others.
fn environment(command: &Command) -> Roff {
    let mut roff = Roff::default();
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in settings::variables() {
        let argument = variable.flag.trim_start_matches('-').replace('-', "_");
        if !has(command, &argument) {
            continue;
        }
        let meaning = if variable.is_secret {
            format!(
                "The secret itself; {} names a file that contains it.",
                variable.flag
            )
        } else {
            format!("The value of {}.", variable.flag)
        };
        entry(&mut roff, bold(variable.names.join(", ")), &meaning);
    }
    for (name, meaning, argument) in VARIABLES {
        if argument.is_none_or(|argument| has(command, argument)) {
            entry(&mut roff, bold(*name), meaning);
        }
    }
    if has(command, "brokers") {
        roff.control("PP", []).text([roman(
            "Of several names, the first that is set counts. A flag overrides a variable; a variable overrides .env, \
             the profile and the properties file.",
        )]);
    }
    roff
}

/// The files that a command reads without being told.
fn files(command: &Command) -> Roff {
    let mut roff = Roff::default();
    if !has(command, "profile") && command.get_name() != "init" {
        return roff;
    }
    roff.control("SH", ["FILES"]);
    entry(
        &mut roff,
        italic("~/.config/ditto-cdc.toml"),
        "Profiles: one section of settings for each name of --profile.",
    );
    if has(command, "env_file") {
        entry(
            &mut roff,
            italic(".env"),
            "Variables for this folder. --env-file names another file.",
        );
    }
    roff
}

/// The pages of the program, its other commands and its subcommands.
fn see_also(name: &str, names: &[&str]) -> Roff {
    let others = names.iter().filter(|other| **other != name);
    let pages: Vec<Inline> = others
        .flat_map(|other| [roman(", "), bold(*other), roman("(1)")])
        .skip(1)
        .collect();
    let mut roff = Roff::default();
    roff.control("SH", ["SEE ALSO"]).text(pages);
    roff
}

/// A term and its explanation.
fn entry(roff: &mut Roff, term: Inline, explanation: &str) {
    roff.control("TP", [])
        .text([term])
        .text([roman(explanation)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_is_continued_so_that_a_shell_reads_the_same() {
        let short = "ditto-cdc tail";
        assert_eq!(continued(short), [short]);
        let long =
            "ditto-cdc tail --from beginning --until end --format record > capture-of-today.ndjson";
        let rows = continued(long);
        assert!(rows.len() == 2 && rows.iter().all(|row| row.len() <= EXAMPLE_COLUMNS));
        assert_eq!(rows.join("\n").replace("\\\n  ", ""), long);
        let quoted = format!("jq '.a | {}'", "b".repeat(100));
        assert_eq!(continued(&quoted), [quoted]);
        let unbreakable = "x".repeat(100);
        assert_eq!(continued(&unbreakable), [unbreakable]);
    }
}
