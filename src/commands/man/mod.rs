//! `man`: prints a manual page in troff, generated from the clap commands, the settings and the exit codes.

mod sections;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::Roff;

use super::Context;
use crate::cli;
use crate::util::exit::Exit;
use crate::util::suggest::nearest;

/// Prints the page of a command, or of the program if `command` is `None`.
pub fn run(command: Option<&str>, context: &mut Context<'_>) -> Exit {
    let pages = pages();
    let wanted = command.map_or_else(
        || "ditto-cdc".to_owned(),
        |name| format!("ditto-cdc-{name}"),
    );
    if let Some((_, page)) = pages.iter().find(|(name, _)| *name == wanted) {
        return context.out.print_text(page);
    }
    let names = pages
        .iter()
        .filter_map(|(name, _)| name.strip_prefix("ditto-cdc-"));
    let name = command.unwrap_or_default();
    let near = nearest(name, names);
    let near = near
        .first()
        .map_or(String::new(), |near| format!("; did you mean {near}?"));
    context.usage_error("man", &format!("no such command: {name}{near}"))
}

/// Every page with its name, starting with the program's.
#[must_use]
pub fn pages() -> Vec<(String, Vec<u8>)> {
    let mut program = cli::command().disable_help_subcommand(true);
    program.build();
    let mut commands = Vec::new();
    collect(&program, &mut commands);
    let names: Vec<&str> = commands.iter().map(|command| name(command)).collect();
    let pages = commands.iter().map(|command| {
        let mut page = Vec::new();
        // Writing to memory does not fail.
        let _ = render(command, &names, &mut page);
        (name(command).to_owned(), with_one_preamble(&page))
    });
    pages.collect()
}

/// The name of a command's page.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// A command, then its visible subcommands.
fn collect<'a>(command: &'a Command, commands: &mut Vec<&'a Command>) {
    commands.push(command);
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        collect(sub, commands);
    }
}

/// A page with the definitions that begin each rendered part only at its start.
fn with_one_preamble(page: &[u8]) -> Vec<u8> {
    let preamble = Roff::default().render();
    let body = String::from_utf8_lossy(page).replace(&preamble, "");
    (preamble + &body).into_bytes()
}

fn render(command: &Command, names: &[&str], page: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(command.clone())
        .manual("ditto-cdc manual")
        .source(concat!("ditto-cdc ", env!("CARGO_PKG_VERSION")));
    man.render_title(page)?;
    sections::layout().to_writer(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    for section in sections::after_options(command, name(command), names) {
        section.to_writer(page)?;
    }
    Ok(())
}
