//! Arguments of `config`.

use clap::{Args, Subcommand};

use super::{Api, Connection};

/// `config`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
pub struct Config {
    /// The action, if not to show the settings.
    #[command(subcommand)]
    pub action: Option<ConfigAction>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    pub json: bool,
    /// The connection
    #[command(flatten)]
    pub connection: Connection,
    /// The HTTP API
    #[command(flatten)]
    pub api: Api,
}

/// Subcommands of `config`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigAction {
    /// Ask for the settings that the Ditto portal shows, test them, and save them as a profile
    Init(Init),
}

/// `config init`
#[derive(Debug, Clone, Args)]
#[command(after_long_help = INIT_EXAMPLES)]
pub struct Init {
    /// Name of the profile
    #[arg(value_name = "PROFILE", default_value = "ditto")]
    pub profile: String,
}

const EXAMPLES: &str = "\
Examples:
  ditto-cdc config                               each setting and its source
  ditto-cdc config --profile prod                the same with a profile
  ditto-cdc config --json | jq -r '.settings[] | select(.value == null).name'
  ditto-cdc config init prod                     create the profile prod

No secret is shown. Order of precedence: flag, environment, .env, profile, --properties.";

const INIT_EXAMPLES: &str = "\
Examples:
  ditto-cdc config init prod                     writes [prod] to ditto-cdc.toml
  ditto-cdc tail --profile prod                  use it
  export DITTO_CDC_PROFILE=prod                  use it from now on

Answer < to go back to the previous question. Without a terminal, it prints a template to fill in.";
