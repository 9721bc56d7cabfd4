//! `man`: prints a manual page in troff, generated from the clap commands.

use clap::Command;
use clap_mangen::Man;

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
    let mut pages = Vec::new();
    add(&program, &mut pages);
    pages
}

/// Adds the page of a command, then the pages of its subcommands.
fn add(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let mut page = Vec::new();
    let man = Man::new(command.clone())
        .manual("ditto-cdc manual")
        .source(concat!("ditto-cdc ", env!("CARGO_PKG_VERSION")));
    // Writing to memory does not fail.
    let _ = man.render(&mut page);
    pages.push((name.to_owned(), page));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        add(sub, pages);
    }
}
