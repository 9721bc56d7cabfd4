//! From what was typed to what is to be done: positions, limits, filter, format. Nothing is opened here.
//! Every mistake in the words is found here, before anything connects.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::cli::{self, OnGap};
use crate::condition::Condition;
use crate::diff::pattern::Pattern;
use crate::diff::{ArrayKey, Options};
use crate::event::Op;
use crate::event::filter::{Filter, Wish};
use crate::record::position;
use crate::record::position::Position;
use crate::util::env::Env;
use crate::view::Format;

/// A `tail` that makes sense.
#[derive(Debug)]
pub(in crate::commands) struct Plan {
    pub from: Position,
    /// Start behind this transaction, in place of `from`.
    pub behind: Option<u64>,
    /// Start where this snapshot says, in place of `from`.
    pub snapshot: Option<PathBuf>,
    pub until: Option<Position>,
    pub limit: Option<u64>,
    pub last: Option<usize>,
    pub idle_exit: Option<Duration>,
    pub format: Format,
    /// Captures to read one after the other; none means Kafka.
    pub inputs: Vec<PathBuf>,
    pub on_gap: OnGap,
    pub filter: Filter,
    pub diff: Options,
}

/// What `tail` and `diff` have in common of what was typed.
pub(in crate::commands) struct Typed<'t> {
    pub filter: &'t cli::Filter,
    pub span: &'t cli::Span,
    pub idle_exit: Option<&'t str>,
    pub format: Format,
    pub look: &'t cli::Look,
    pub inputs: Vec<PathBuf>,
    pub on_gap: OnGap,
}

impl Typed<'_> {
    /// Makes a plan.
    ///
    /// # Errors
    /// A sentence that says which words do not fit and what would.
    pub(in crate::commands) fn plan(self, env: &Env) -> Result<Plan, String> {
        let point = |flag: &str, text: &Option<String>| {
            text.as_ref()
                .map(|text| Point::parse(text, env).map_err(|why| format!("{flag}: {why}")))
                .transpose()
        };
        let from = point("--from", &self.span.from)?.unwrap_or_default();
        let until = point("--until", &self.span.until)?.unwrap_or_default();
        if until.snapshot.is_some() {
            return Err("--until: a requery's folder is a place to start, for --from".into());
        }
        self.check_snapshot(&from)?;
        // Transactions are in no order over partitions: all of what is there now has to be looked at.
        let until_now = until.txn.map(|_| Position::End);
        let (above, up_to) = (from.txn, until.txn);
        let (snapshot, from, until) = (from.snapshot, from.position, until.position.or(until_now));
        self.check_positions(from.as_ref(), until.as_ref())?;
        let bounded = !self.inputs.is_empty() || self.span.last.is_some() || above.is_some();
        Ok(Plan {
            from: from.unwrap_or(if bounded {
                Position::Beginning
            } else {
                Position::End
            }),
            behind: above,
            snapshot,
            until,
            limit: self.span.limit,
            last: self.span.last.and_then(|last| usize::try_from(last).ok()),
            idle_exit: self.idle_exit.map(duration).transpose()?,
            format: self.format,
            inputs: self.inputs,
            on_gap: self.on_gap,
            filter: filter(self.filter, above, up_to)?,
            diff: options(self.look)?,
        })
    }

    fn check_snapshot(&self, from: &Point) -> Result<(), String> {
        let conflict = if !self.inputs.is_empty() {
            "a capture: it names the places where a topic goes on"
        } else if self.span.last.is_some() {
            "--last: it says where to start"
        } else {
            return Ok(());
        };
        match from.snapshot {
            Some(_) => Err(format!(
                "--from with a requery's folder does not go with {conflict}"
            )),
            None => Ok(()),
        }
    }

    fn check_positions(
        &self,
        from: Option<&Position>,
        until: Option<&Position>,
    ) -> Result<(), String> {
        if until == Some(&Position::Beginning) {
            return Err(
                "--until beginning: nothing lies before the beginning; did you mean --from?".into(),
            );
        }
        if self.inputs.is_empty() {
            return Ok(());
        }
        match (from, until, self.span.last) {
            (Some(Position::End), _, _) => {
                Err("--from end: nothing comes behind the end of a capture".into())
            }
            (Some(Position::Back(_)), _, Some(_)) => Err(
                "--from -N and --last both count from the end of a capture: give one of them"
                    .into(),
            ),
            (_, Some(Position::Back(_)), _) => Err(
                "--until -N: a capture's end is known only when it was read; give a time or offsets"
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}

/// What a person means by a place in the stream; one of them at most.
#[derive(Default)]
struct Point {
    position: Option<Position>,
    /// Behind this transaction.
    txn: Option<u64>,
    /// Where the snapshot in this folder says.
    snapshot: Option<PathBuf>,
}

impl Point {
    fn parse(text: &str, env: &Env) -> Result<Point, String> {
        let mut point = Point::default();
        if let Some(number) = text.strip_prefix("txn:") {
            let number = number.parse().map_err(|_| {
                format!(
                    "'{text}' is no transaction: expected txn: and a number, such as txn:552789"
                )
            })?;
            point.txn = Some(number);
            return Ok(point);
        }
        match position::parse(text, &env.now) {
            Ok(position) => point.position = Some(position),
            Err(why) if !looks_like_folder(text, env) => return Err(why),
            Err(_) => point.snapshot = Some(env.path(text.as_ref())),
        }
        Ok(point)
    }
}

/// What is no position, and is written as a path or there.
fn looks_like_folder(text: &str, env: &Env) -> bool {
    !text.is_empty() && (text.contains(['/', '\\']) || env.cwd.join(text).exists())
}

impl Plan {
    /// Whether nothing ends the reading but its source: then records may be read before earlier ones were shown.
    pub(super) fn runs_on(&self) -> bool {
        self.limit.is_none() && self.last.is_none() && self.on_gap == OnGap::Mark
    }

    /// Whether the command ends by itself.
    pub(super) fn is_bounded(&self) -> bool {
        self.until.is_some()
            || self.limit.is_some()
            || self.last.is_some()
            || self.idle_exit.is_some()
            || !self.inputs.is_empty()
    }
}

/// What a group's stored positions leave no room for: a sentence, if there is such a wish.
pub(super) fn conflict_with_group(plan: &Plan, with_state: bool) -> Option<String> {
    let by_number = plan.behind.is_some() || plan.snapshot.is_some();
    let from_fits = matches!(plan.from, Position::Beginning | Position::End) && !by_number;
    let conflict = match (from_fits, &plan.until, plan.last) {
        _ if with_state => "--state",
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

/// What to show of changes.
fn options(typed: &cli::Look) -> Result<Options, String> {
    let patterns = |flag: &str, paths: &[String]| -> Result<Vec<Pattern>, String> {
        let parse = |path: &String| Pattern::parse(path).map_err(|why| format!("{flag}: {why}"));
        paths.iter().map(parse).collect()
    };
    let key = |text: &String| ArrayKey::parse(text).map_err(|why| format!("--array-key: {why}"));
    Ok(Options {
        only: patterns("--only", &typed.only)?,
        ignore: patterns("--ignore", &typed.ignore)?,
        redact: patterns("--redact", &typed.redact)?,
        strict: typed.strict,
        full: typed.full,
        max_changes: typed.max_changes,
        array_keys: typed.array_keys.iter().map(key).collect::<Result<_, _>>()?,
        context: typed.context,
    })
}

/// How a format is called in `view`.
pub(in crate::commands) fn format(typed: cli::Format) -> Format {
    match typed {
        cli::Format::Diff => Format::Diff,
        cli::Format::Oneline => Format::Oneline,
        cli::Format::Json => Format::Json,
        cli::Format::Pretty => Format::Pretty,
        cli::Format::Record => Format::Record,
        cli::Format::Raw => Format::Raw,
        cli::Format::Patch => Format::Patch,
        cli::Format::Merge => Format::Merge,
        cli::Format::Changes => Format::Changes,
    }
}

fn filter(typed: &cli::Filter, above: Option<u64>, up_to: Option<u64>) -> Result<Filter, String> {
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
        above,
        up_to,
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
