//! What can be typed after `config`. What the words do is in `cmd::config`.

use clap::{Args, Subcommand};

use super::{Api, Connection};

/// `config`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
pub struct Config {
    /// What else to do.
    #[command(subcommand)]
    pub action: Option<ConfigAction>,
    /// One JSON object in place of lines
    #[arg(long)]
    pub json: bool,
    /// Where to connect
    #[command(flatten)]
    pub connection: Connection,
    /// Where the HTTP API is
    #[command(flatten)]
    pub api: Api,
}

/// What `config` does beside showing.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigAction {
    /// Ask for what the Ditto portal shows, try it, and keep it as a profile
    Init(Init),
}

/// `config init`
#[derive(Debug, Clone, Args)]
#[command(after_long_help = INIT_EXAMPLES)]
pub struct Init {
    /// The profile's name
    #[arg(value_name = "PROFILE", default_value = "ditto")]
    pub profile: String,
}

const EXAMPLES: &str = "\
Examples:
  ditto-cdc config                        every setting, its value and its origin; no secret is shown
  ditto-cdc config --profile prod         what the profile adds, and what shadows it
  ditto-cdc config --json | jq -r '.settings[] | select(.value == null).name'
  ditto-cdc config init prod              make the profile prod, step by step

The first source that has a value wins: flag, environment, .env, profile, --properties.";

const INIT_EXAMPLES: &str = "\
Examples:
  ditto-cdc config init prod              asks, tries the connection, writes [prod] to ditto-cdc.toml
  ditto-cdc tail --profile prod           uses it
  export DITTO_CDC_PROFILE=prod           uses it from now on

Without a terminal, write the section yourself: docs/connecting.md has one to copy.";
