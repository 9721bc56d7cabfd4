//! `completions`: a shell's completion script, made from the one description of the flags.
//! Where the script is to be installed is the packager's or the user's decision.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The script for a shell.
#[must_use]
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ditto-cdc", &mut script);
    script
}
