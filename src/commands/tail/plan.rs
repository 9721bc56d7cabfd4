//! The resolved plan of `tail` and `diff`: positions, limits, filter, format.
//! Usage errors are found here, before anything connects.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::exec::ExecPlan;
use super::option_notes::{self, TypedOptions};
use super::path_usage::PathUsage;
use crate::cli::{self, FormatArg, OnGap, Order};
use crate::condition::Condition;
use crate::diff::pattern::Pattern;
use crate::diff::{ArrayKey, Options, redact};
use crate::event::filter::{Filter, FilterOptions};
use crate::event::grep::{Mask, SearchText};
use crate::record::position;
use crate::record::position::Position;
use crate::util::env::Env;
use crate::util::time::parse_duration;
use crate::view::{OutputFormat, Template};

/// A validated `tail` or `diff`.
#[derive(Debug)]
pub(crate) struct Plan {
    pub from: Position,
    /// Start right after this transaction, instead of at `from`.
    pub after_txn: Option<u64>,
    /// Resume from this snapshot, instead of at `from`.
    pub snapshot: Option<PathBuf>,
    pub until: Option<Position>,
    pub limit: Option<u64>,
    pub last: Option<usize>,
    /// The order of records from several partitions or captures.
    pub order: Order,
    pub time_limits: TimeLimits,
    /// Whether options select events or changes, so that what is read need not be shown.
    pub hides_events: bool,
    pub format: OutputFormat,
    /// Captures to read; empty for a topic.
    pub inputs: Vec<PathBuf>,
    pub on_gap: OnGap,
    /// Whether `on_gap` was chosen by the user.
    is_on_gap_typed: bool,
    /// The command for each event; `None` to show them.
    pub exec: Option<ExecPlan>,
    pub filter: Filter,
    /// The filter as typed, for messages.
    pub typed_filter: TypedFilter,
    pub diff: Options,
    /// Which paths of the options the documents have.
    pub paths: Arc<PathUsage>,
    /// What to tell the user about the options before anything is read.
    pub notes: Vec<String>,
    /// When the command started, for limits by the clock.
    pub started: Instant,
}

/// A filter as typed.
#[derive(Debug)]
pub(crate) struct TypedFilter {
    pub options: FilterOptions,
    /// The flag and the text of each condition, in the order of the filter.
    pub conditions: Vec<(&'static str, String)>,
}

/// The arguments that `tail` and `diff` share.
pub(crate) struct SharedArgs<'t> {
    pub filter: &'t cli::Filter,
    pub range: &'t cli::PositionRange,
    pub time_limits: TypedTimeLimits<'t>,
    pub format: FormatArg,
    pub changes: &'t cli::ChangeOptions,
    pub inputs: Vec<PathBuf>,
    /// `None` for the default of the format.
    pub on_gap: Option<OnGap>,
    /// Whether a state file decides where to start.
    pub has_state: bool,
}

impl SharedArgs<'_> {
    /// Resolves and validates the arguments.
    ///
    /// # Errors
    /// A usage error as a sentence, with the correct form.
    pub(crate) fn plan(self, env: &Env) -> Result<Plan, String> {
        let point = |flag: &str, text: &Option<String>| {
            text.as_ref()
                .map(|text| {
                    ParsedPosition::parse(text, env).map_err(|why| format!("{flag}: {why}"))
                })
                .transpose()
        };
        let from = point("--from", &self.range.from)?.unwrap_or_default();
        let until = point("--until", &self.range.until)?.unwrap_or_default();
        if until.snapshot.is_some() {
            return Err("--until: a requery folder is a start position; use it with --from".into());
        }
        self.check_snapshot(&from)?;
        // Transactions have no order across partitions: everything up to the current end has to be read.
        let until_end = until.txn.map(|_| Position::End);
        let (after_txn, until_txn) = (from.txn, until.txn);
        let (snapshot, from, until) = (from.snapshot, from.position, until.position.or(until_end));
        self.check_positions(from.as_ref(), until.as_ref())?;
        let now = env.now.timestamp().as_millisecond();
        let reads_past = until.as_ref().is_some_and(|until| is_past(until, now));
        let order = self.order(reads_past)?;
        let bounded = !self.inputs.is_empty() || self.range.last.is_some() || after_txn.is_some();
        let typed = TypedOptions {
            filter: self.filter,
            range: self.range,
            changes: self.changes,
            format: &self.format,
            is_topic: self.inputs.is_empty(),
            from: from.as_ref(),
            until: until.as_ref(),
        };
        let mut notes = option_notes::notes(&typed, &env.now);
        let is_typed = from.is_some() || snapshot.is_some();
        if reads_past && !is_typed && !bounded && !self.has_state {
            notes.push("--until without --from: reading from the beginning of the topic".into());
        }
        let (diff, mut paths) = options(self.changes)?;
        let format = output_format(&self.format, &mut paths)?;
        // Without a word, what reads the output would take it for complete.
        let default_on_gap = if format.has_changes_only() {
            OnGap::Stop
        } else {
            OnGap::Mark
        };
        let typed_filter = typed_filter(self.filter, after_txn, until_txn, &diff.redact)?;
        let filter =
            Filter::new(&typed_filter.options).map_err(|bad| format!("--collection {bad}"))?;
        let hides_events =
            filter.is_selective() || !(diff.only.is_empty() && diff.ignore.is_empty());
        let time_limits = self.time_limits.parse(hides_events)?;
        Ok(Plan {
            from: from.unwrap_or(if bounded || reads_past {
                Position::Beginning
            } else {
                Position::End
            }),
            after_txn,
            snapshot,
            until,
            limit: self.range.limit,
            last: self.range.last.and_then(|last| usize::try_from(last).ok()),
            order,
            time_limits,
            hides_events,
            format,
            inputs: self.inputs,
            on_gap: self.on_gap.unwrap_or(default_on_gap),
            is_on_gap_typed: self.on_gap.is_some(),
            exec: None,
            filter,
            typed_filter,
            diff,
            paths: Arc::new(paths),
            notes,
            started: Instant::now(),
        })
    }

    /// By time if everything to read exists already: a partition that is silent now may still bring an older record.
    fn order(&self, reads_past: bool) -> Result<Order, String> {
        let is_live = if self.inputs.is_empty() {
            !reads_past && self.range.last.is_none()
        } else {
            self.inputs.iter().any(|file| file == Path::new("-"))
        };
        match self.range.order {
            None if is_live => Ok(Order::Arrival),
            None => Ok(Order::Time),
            Some(Order::Time) if is_live && self.inputs.is_empty() => Err(
                "--order time needs an end that is known now: add --until end or --last N".into(),
            ),
            Some(order) => Ok(order),
        }
    }

    fn check_snapshot(&self, from: &ParsedPosition) -> Result<(), String> {
        let conflict = if !self.inputs.is_empty() {
            "a capture, because it has the offsets of a topic"
        } else if self.range.last.is_some() {
            "--last, because both choose the start position"
        } else {
            return Ok(());
        };
        match from.snapshot {
            Some(_) => Err(format!(
                "--from with a requery folder cannot be combined with {conflict}"
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
                "--until beginning: there is nothing before the beginning; did you mean --from?"
                    .into(),
            );
        }
        if self.inputs.is_empty() {
            return Ok(());
        }
        match (from, until, self.range.last) {
            (Some(Position::End), _, _) => {
                Err("--from end: there is nothing after the end of a capture".into())
            }
            (Some(Position::Back(_)), _, Some(_)) => Err(
                "--from -N and --last both count from the end of a capture; use one of them".into(),
            ),
            (_, Some(Position::Back(_)), _) => Err(
                "--until -N: the end of a capture is not known in advance; use a time or offsets"
                    .into(),
            ),
            _ => Ok(()),
        }
    }
}

/// A parsed `--from` or `--until`; at most one field is set.
#[derive(Default)]
struct ParsedPosition {
    position: Option<Position>,
    /// Right after this transaction.
    txn: Option<u64>,
    /// The folder of a snapshot.
    snapshot: Option<PathBuf>,
}

impl ParsedPosition {
    fn parse(text: &str, env: &Env) -> Result<ParsedPosition, String> {
        let mut point = ParsedPosition::default();
        // Events are shown with `txn 552789`.
        let txn = text.strip_prefix("txn:").or(text.strip_prefix("txn "));
        if let Some(number) = txn {
            let number = number.trim().parse().map_err(|_| {
                format!(
                    "'{text}' is not a valid transaction; write txn: and a number, such as txn:552789"
                )
            })?;
            point.txn = Some(number);
            return Ok(point);
        }
        match position::parse(text, &env.now) {
            Ok(_) if is_folder(text, env) && !position::is_unmistakable(text) => {
                return Err(format!(
                    "'{text}' is a folder and also a position; write ./{text} for the folder, or @{text} for the position"
                ));
            }
            Ok(position) => point.position = Some(position),
            Err(why) if !looks_like_folder(text, env) => return Err(why),
            Err(_) => point.snapshot = Some(env.path(text.as_ref())),
        }
        Ok(point)
    }
}

/// Whether a string that is not a position is a path, by its spelling or because it exists.
/// Whether all records before this stop position exist already.
fn is_past(until: &Position, now: i64) -> bool {
    match until {
        Position::Time(millis) => *millis <= now,
        Position::Beginning | Position::End | Position::Back(_) | Position::Offsets(_) => true,
    }
}

fn looks_like_folder(text: &str, env: &Env) -> bool {
    !text.is_empty() && (text.contains(['/', '\\']) || env.cwd.join(text).exists())
}

fn is_folder(text: &str, env: &Env) -> bool {
    env.cwd.join(text).is_dir()
}

impl Plan {
    /// Whether the run ends by itself.
    pub(super) fn has_end(&self) -> bool {
        self.until.is_some() || self.limit.is_some() || self.last.is_some()
    }

    /// Whether records may be rendered out of order, because no option stops the run at an event that is shown.
    pub(super) fn allows_parallel(&self) -> bool {
        self.limit.is_none() && self.last.is_none()
    }

    /// Why the run stops at a gap.
    pub(crate) fn why_stop_at_gap(&self) -> &'static str {
        if self.is_on_gap_typed {
            "--on-gap stop"
        } else {
            "this format cannot express it, and --on-gap mark was not given"
        }
    }

    /// Whether the run waits for further records: a user may see nothing for a long time.
    pub(super) fn is_live(&self) -> bool {
        let has_end = self.until.is_some() || self.last.is_some();
        let is_pipe = || self.inputs.iter().any(|file| file == Path::new("-"));
        !has_end && (self.inputs.is_empty() || is_pipe())
    }

    /// Whether the command ends by itself.
    pub(super) fn is_bounded(&self) -> bool {
        self.until.is_some()
            || self.limit.is_some()
            || self.last.is_some()
            || self.time_limits.ends_run()
            || !self.inputs.is_empty()
    }
}

/// When a run ends by the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    /// Ends the run if nothing is shown for so long.
    pub without_output: Option<Duration>,
    /// Ends the run if nothing arrives for so long.
    pub without_record: Option<Duration>,
    /// Ends the run after so long in all.
    pub total: Option<Duration>,
}

impl TimeLimits {
    /// Whether one of them ends the run.
    pub(super) fn ends_run(&self) -> bool {
        self.idle().is_some() || self.total.is_some()
    }

    /// The shortest time of silence that ends the run.
    pub(super) fn idle(&self) -> Option<Duration> {
        let limits = [self.without_output, self.without_record];
        limits.into_iter().flatten().min()
    }
}

/// The typed time limits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TypedTimeLimits<'t> {
    pub idle_exit: Option<&'t str>,
    pub idle_exit_read: Option<&'t str>,
    pub timeout: Option<&'t str>,
}

impl TypedTimeLimits<'_> {
    /// `--idle-exit` means what is shown; without filters that is what arrives.
    fn parse(self, hides_events: bool) -> Result<TimeLimits, String> {
        let parse =
            |flag: &str, text: Option<&str>| text.map(|text| duration(flag, text)).transpose();
        let idle_exit = parse("--idle-exit", self.idle_exit)?;
        let idle_exit_read = parse("--idle-exit-read", self.idle_exit_read)?;
        let (without_output, without_record) = if hides_events {
            (idle_exit, idle_exit_read)
        } else {
            (None, idle_exit.into_iter().chain(idle_exit_read).min())
        };
        Ok(TimeLimits {
            without_output,
            without_record,
            total: parse("--timeout", self.timeout)?,
        })
    }
}

/// The usage error for options that conflict with a consumer group's committed offsets.
pub(super) fn conflict_with_group(plan: &Plan, with_state: bool) -> Option<String> {
    let from_fits =
        matches!(plan.from, Position::Beginning | Position::End) && plan.after_txn.is_none();
    let conflict = match (from_fits, &plan.until, plan.last) {
        _ if with_state => "--state",
        (false, _, _) => "--from with anything other than beginning, end or a requery folder",
        (_, Some(_), _) => "--until",
        (_, _, Some(_)) => "--last",
        _ => return None,
    };
    Some(format!(
        "{conflict} cannot be combined with --group: the committed offsets of the group decide where each member starts; remove --group"
    ))
}

fn duration(flag: &str, text: &str) -> Result<Duration, String> {
    parse_duration(flag, text, "30s, 5m or 500ms")
}

/// The format, and the paths of its template.
fn output_format(typed: &FormatArg, usage: &mut PathUsage) -> Result<OutputFormat, String> {
    let template = match typed {
        FormatArg::Named(format) => return Ok((*format).into()),
        FormatArg::Template(template) => template,
    };
    let template = Template::parse(template).map_err(|wrong| format!("--format, {wrong}"))?;
    for field in template.fields() {
        usage.add("--format", &field.typed, &[Pattern::of_steps(&field.steps)]);
    }
    Ok(OutputFormat::Template(Arc::new(template)))
}

/// The options of the diff, and their paths.
fn options(typed: &cli::ChangeOptions) -> Result<(Options, PathUsage), String> {
    let mut usage = PathUsage::default();
    let mut patterns = |flag: &'static str, paths: &[String]| -> Result<Vec<Pattern>, String> {
        let mut all = Vec::new();
        for path in paths {
            let parsed = match flag {
                "--redact" => Pattern::parse_hidden(path),
                _ => Pattern::parse(path).map(|pattern| vec![pattern]),
            };
            let parsed = parsed.map_err(|why| format!("{flag}: {why}"))?;
            usage.add(flag, path, &parsed);
            all.extend(parsed);
        }
        Ok(all)
    };
    let only = patterns("--only", &typed.only)?;
    let ignore = patterns("--ignore", &typed.ignore)?;
    let redact = patterns("--redact", &typed.redact)?;
    let mut array_keys = Vec::new();
    for text in &typed.array_keys {
        let key = ArrayKey::parse(text).map_err(|why| format!("--array-key: {why}"))?;
        usage.add("--array-key", text, std::slice::from_ref(&key.path));
        array_keys.push(key);
    }
    let options = Options {
        only,
        ignore,
        redact,
        strict: typed.strict,
        full: typed.full,
        max_changes: typed.max_changes,
        array_keys,
        context: typed.context,
    };
    Ok((options, usage))
}

fn typed_filter(
    typed: &cli::Filter,
    after_txn: Option<u64>,
    until_txn: Option<u64>,
    redact: &[Pattern],
) -> Result<TypedFilter, String> {
    check_empty(typed)?;
    let options = FilterOptions {
        collections: typed.collections.clone(),
        methods: typed.methods.clone(),
        ops: typed.ops.clone(),
        ids: typed.ids.clone(),
        conditions: conditions(typed)?,
        texts: texts(typed)?,
        mask: mask(typed, redact),
        no_control: typed.no_control,
        after_txn,
        until_txn,
    };
    let wheres = typed
        .conditions
        .iter()
        .map(|text| ("--where", text.clone()));
    let changes = typed.changed.iter().map(|path| ("--changed", path.clone()));
    Ok(TypedFilter {
        options,
        conditions: wheres.chain(changes).collect(),
    })
}

/// Rejects empty names, which an unset variable of a script leaves.
fn check_empty(typed: &cli::Filter) -> Result<(), String> {
    let is_empty = |name: &String| name.strip_prefix('!').unwrap_or(name).trim().is_empty();
    let empty = |flag: &str, name: &String, what: &str| {
        Err(format!("{flag} '{name}' is empty; write {what}"))
    };
    if let Some(name) = typed.collections.iter().find(|name| is_empty(name)) {
        return empty(
            "--collection",
            name,
            "a name or a pattern, such as orders or 'order*'",
        );
    }
    if let Some(name) = typed.methods.iter().find(|name| is_empty(name)) {
        return empty("--method", name, "a name, such as upsert");
    }
    Ok(())
}

fn texts(typed: &cli::Filter) -> Result<Vec<SearchText>, String> {
    let parse = |text: &String| SearchText::new(text).map_err(|why| format!("--grep: {why}"));
    typed.texts.iter().map(parse).collect()
}

/// A text is not searched in redacted values: that an event is shown would tell that they contain it.
fn mask(typed: &cli::Filter, redact: &[Pattern]) -> Option<Mask> {
    let redact = redact.to_vec();
    let is_needed = !(typed.texts.is_empty() || redact.is_empty());
    is_needed.then(|| Mask::new(move |event| redact::emptied(event, &redact)))
}

fn conditions(typed: &cli::Filter) -> Result<Vec<Condition>, String> {
    let wheres = typed
        .conditions
        .iter()
        .map(|text| Condition::parse(text).map_err(|mistake| format!("--where, {mistake}")));
    let changes = typed
        .changed
        .iter()
        .map(|path| Condition::changed(path).map_err(|mistake| format!("--changed: {mistake}")));
    wheres.chain(changes).collect()
}
