//! From what was typed to what is to be done: positions, limits, filter, format. Nothing is opened here.
//! Every mistake in the words is found here, before anything connects.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::cli::{self, OnGap};
use crate::condition::Condition;
use crate::env::Env;
use crate::event::Op;
use crate::event::filter::{Filter, Wish};
use crate::position::{self, Position};
use crate::view::Format;

/// A `tail` that makes sense.
#[derive(Debug)]
pub(super) struct Plan {
    pub from: Position,
    pub until: Option<Position>,
    pub limit: Option<u64>,
    pub last: Option<usize>,
    pub idle_exit: Option<Duration>,
    pub format: Format,
    pub input: Option<PathBuf>,
    pub on_gap: OnGap,
    pub filter: Filter,
}

/// Makes a plan of what was typed. With a `group` its stored positions decide, so few others make sense.
///
/// # Errors
/// A sentence that says which words do not fit and what would.
pub(super) fn plan(typed: &cli::Tail, env: &Env) -> Result<Plan, String> {
    let position = |flag: &str, text: &Option<String>| {
        text.as_ref()
            .map(|text| position::parse(text, &env.now).map_err(|why| format!("{flag}: {why}")))
            .transpose()
    };
    let from = position("--from", &typed.from)?;
    let until = position("--until", &typed.until)?;
    check_positions(typed, from.as_ref(), until.as_ref())?;
    let bounded = typed.input.is_some() || typed.last.is_some();
    Ok(Plan {
        from: from.unwrap_or(if bounded {
            Position::Beginning
        } else {
            Position::End
        }),
        until,
        limit: typed.limit,
        last: typed.last.and_then(|last| usize::try_from(last).ok()),
        idle_exit: typed.idle_exit.as_deref().map(duration).transpose()?,
        format: format(typed.format, env),
        input: typed.input.clone(),
        on_gap: typed.on_gap,
        filter: filter(&typed.filter)?,
    })
}

fn check_positions(
    typed: &cli::Tail,
    from: Option<&Position>,
    until: Option<&Position>,
) -> Result<(), String> {
    if until == Some(&Position::Beginning) {
        return Err(
            "--until beginning: nothing lies before the beginning; did you mean --from?".into(),
        );
    }
    if typed.input.is_none() {
        return Ok(());
    }
    match (from, until, typed.last) {
        (Some(Position::End), _, _) => {
            Err("--from end: nothing comes behind the end of a capture".into())
        }
        (Some(Position::Back(_)), _, Some(_)) => Err(
            "--from -N and --last both count from the end of a capture: give one of them".into(),
        ),
        (_, Some(Position::Back(_)), _) => Err(
            "--until -N: a capture's end is known only when it was read; give a time or offsets"
                .into(),
        ),
        _ => Ok(()),
    }
}

impl Plan {
    /// Whether the command ends by itself.
    pub(super) fn is_bounded(&self) -> bool {
        self.until.is_some()
            || self.limit.is_some()
            || self.last.is_some()
            || self.idle_exit.is_some()
            || self.input.is_some()
    }
}

/// What a group's stored positions leave no room for: a sentence, if there is such a wish.
pub(super) fn conflict_with_group(plan: &Plan) -> Option<String> {
    let from_fits = matches!(plan.from, Position::Beginning | Position::End);
    let conflict = match (from_fits, &plan.until, plan.last) {
        (false, _, _) => "--from with anything but beginning or end",
        (_, Some(_), _) => "--until",
        (_, _, Some(_)) => "--last",
        _ => return None,
    };
    Some(format!(
        "{conflict} does not go with a group: the group's stored positions decide where each member reads; leave --group out"
    ))
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            format!("--idle-exit: '{text}' is no duration: expected such as 30s, 5m or 500ms")
        })
}

fn format(typed: Option<cli::Format>, env: &Env) -> Format {
    match typed {
        Some(cli::Format::Pretty) => Format::Pretty,
        Some(cli::Format::Record) => Format::Record,
        Some(cli::Format::Raw) => Format::Raw,
        Some(cli::Format::Oneline) => Format::Oneline,
        None if env.stdout_terminal => Format::Oneline,
        Some(cli::Format::Json) | None => Format::Json,
    }
}

fn filter(typed: &cli::Filter) -> Result<Filter, String> {
    let op = |op: &cli::Op| match op {
        cli::Op::Insert => Op::Insert,
        cli::Op::Update => Op::Update,
        cli::Op::Remove => Op::Remove,
    };
    let wish = Wish {
        collections: typed.collections.clone(),
        methods: typed.methods.clone(),
        ops: typed.ops.iter().map(op).collect(),
        ids: typed.ids.clone(),
        conditions: conditions(typed)?,
        no_control: typed.no_control,
    };
    Filter::new(&wish).map_err(|bad| format!("--collection '{}': {}", bad.glob, bad.why))
}

fn conditions(typed: &cli::Filter) -> Result<Vec<Condition>, String> {
    let wheres = typed
        .conditions
        .iter()
        .map(|text| Condition::parse(text).map_err(|mistake| format!("--where, {mistake}")));
    let changes = typed
        .changed
        .iter()
        .map(|path| Condition::changed(path).map_err(|mistake| format!("--changed, {mistake}")));
    wheres.chain(changes).collect()
}
