//! Options of a relay.

use super::topics::TopicTemplate;
use crate::cli::{self, ChangeOptions, FormatArg, OnGap, PositionRange};
use crate::commands::tail::plan::{Plan, SharedArgs, TypedTimeLimits};
use crate::record::options::Format;
use crate::util::env::Env;
use crate::view::{Styles, View, WallClock};

/// The longest name of a relay.
const MAX_NAME_BYTES: usize = 100;

/// The options of a run.
pub(super) struct Options {
    pub plan: Plan,
    pub topics: TopicTemplate,
}

impl Options {
    /// Validates the options; a usage error as a message.
    pub fn new(typed: &cli::Relay, env: &Env) -> Result<Options, String> {
        check_name(&typed.name)?;
        if typed.filter.no_control {
            return Err("--no-control cannot be used: a relay stops at a gap".to_owned());
        }
        if typed.connection.group.is_some() {
            return Err(
                "--group cannot be used: the target cluster keeps the positions of a relay"
                    .to_owned(),
            );
        }
        let range = PositionRange {
            from: typed.from.clone(),
            until: typed.until.clone(),
            ..PositionRange::default()
        };
        let shared = SharedArgs {
            filter: &typed.filter,
            range: &range,
            time_limits: TypedTimeLimits::default(),
            format: FormatArg::Named(Format::from(typed.format)),
            changes: &ChangeOptions::default(),
            inputs: Vec::new(),
            on_gap: Some(OnGap::Stop),
            has_state: true,
        };
        Ok(Options {
            topics: TopicTemplate::parse(&typed.to_topic)?,
            plan: shared.plan(env)?,
        })
    }

    /// The view of the format, which is the same wherever the relay runs.
    pub fn view(&self, env: &Env) -> View {
        View {
            format: self.plan.format.clone(),
            styles: Styles::new(false),
            coloured: false,
            terminal: false,
            width: None,
            clock: WallClock::new(env.now.clone()),
            diff: self.plan.diff.clone(),
        }
    }
}

/// A name is a part of the transactional id, in which access lists select a prefix.
fn check_name(name: &str) -> Result<(), String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.chars().all(is_legal) {
        return Ok(());
    }
    Err(format!(
        "--name: write 1 to {MAX_NAME_BYTES} letters, digits, dots, hyphens and underscores, such as shop"
    ))
}
