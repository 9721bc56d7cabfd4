//! Notes on options that are probably not what the user means, before anything is read.

use jiff::ZonedDateTime;

use crate::cli::{self, FormatArg};
use crate::condition::Condition;
use crate::event::is_broken_json_id;
use crate::record::position::Position;
use crate::view::{Format, Template};

/// The formats that show the changes of an event one by one.
const CHANGES: &[Format] = &[Format::Diff, Format::Oneline, Format::Changes];
const CHANGES_AND_PATCH: &[Format] = &[
    Format::Diff,
    Format::Oneline,
    Format::Changes,
    Format::Patch,
];

/// The options as typed, and what positions mean.
pub(super) struct TypedOptions<'t> {
    pub filter: &'t cli::Filter,
    pub range: &'t cli::PositionRange,
    pub changes: &'t cli::ChangeOptions,
    pub format: &'t FormatArg,
    /// Whether a topic is read, and not a capture.
    pub is_topic: bool,
    pub from: Option<&'t Position>,
    pub until: Option<&'t Position>,
}

/// All notes on the options.
pub(super) fn notes(typed: &TypedOptions<'_>, now: &ZonedDateTime) -> Vec<String> {
    let positions = notes_on_kafka_numbers(typed)
        .chain(note_on_future(typed, now))
        .chain(note_on_duration(typed));
    let filters = notes_on_collections(typed.filter)
        .chain(notes_on_ids(typed.filter))
        .chain(notes_on_conditions(typed.filter));
    let formats = notes_on_format(typed.changes, typed.format);
    positions.chain(filters).chain(formats).collect()
}

/// Kafka's own tools write -1 for the end and -2 for the beginning; a capture has neither habit.
fn notes_on_kafka_numbers(typed: &TypedOptions<'_>) -> impl Iterator<Item = String> {
    let is_topic = typed.is_topic;
    let positions = [
        ("--from", typed.range.from.as_deref()),
        ("--until", typed.range.until.as_deref()),
    ];
    let meaning = |(flag, text): (&str, Option<&str>)| match text {
        Some("-1") => Some(format!(
            "{flag} -1 is before the last record; for the end write {flag} end"
        )),
        Some("-2") => Some(format!(
            "{flag} -2 is before the last 2 records; for the beginning write --from beginning"
        )),
        _ => None,
    };
    positions
        .into_iter()
        .filter(move |_| is_topic)
        .filter_map(meaning)
}

fn note_on_future(typed: &TypedOptions<'_>, now: &ZonedDateTime) -> Option<String> {
    match (typed.from, typed.until) {
        (Some(Position::Time(from)), None)
            if typed.is_topic && *from > now.timestamp().as_millisecond() =>
        {
            Some("--from is in the future: reading starts at the end of the topic".into())
        }
        _ => None,
    }
}

/// A duration without a sign is before now, also in `--until`, where a time to come may be meant.
fn note_on_duration(typed: &TypedOptions<'_>) -> Option<String> {
    let text = typed.range.until.as_deref()?.trim();
    let duration = text.strip_prefix('@').unwrap_or(text);
    let is_duration = duration.starts_with(|c: char| c.is_ascii_digit())
        && duration.ends_with(|c: char| c.is_ascii_alphabetic() && !c.eq_ignore_ascii_case(&'z'))
        && !duration.contains([':', '-'])
        && !duration.ends_with("ago");
    match typed.until {
        Some(Position::Time(_)) if is_duration && typed.is_topic => Some(format!(
            "--until {text} is {duration} ago; for a time to come write --until @+{duration}"
        )),
        _ => None,
    }
}

fn notes_on_collections(typed: &cli::Filter) -> impl Iterator<Item = String> {
    let lists = typed.collections.iter();
    let lists = lists.filter(|glob| glob.contains(',') && !glob.contains('{'));
    lists.map(|glob| {
        let names: Vec<&str> = glob.split(',').map(str::trim).collect();
        format!(
            "--collection '{glob}' is one name with a comma; for several collections write '{{{}}}'",
            names.join(",")
        )
    })
}

fn notes_on_ids(typed: &cli::Filter) -> impl Iterator<Item = String> {
    let broken = typed.ids.iter().filter(|id| is_broken_json_id(id));
    broken.map(|id| format!("--id '{id}' is not valid JSON, so it is compared as a string"))
}

/// What the text of a condition shows. One that cannot be parsed is an error elsewhere.
fn notes_on_conditions(typed: &cli::Filter) -> impl Iterator<Item = String> {
    typed.conditions.iter().flat_map(|text| {
        let remarks = Condition::parse(text).map(|condition| condition.remarks());
        let remarks = remarks.unwrap_or_default().into_iter();
        remarks.map(move |remark| format!("--where \"{text}\": {remark}"))
    })
}

/// The format that shows changes as a template does; `None` if the template does not show them.
fn named_format_like(template: &str) -> Option<Format> {
    let template = Template::parse(template).ok()?;
    template.prints_changes().then_some(Format::Oneline)
}

/// The options for changes that do nothing in a format, or that only select events in it.
fn notes_on_format(typed: &cli::ChangeOptions, format: &FormatArg) -> impl Iterator<Item = String> {
    let (name, like) = match format {
        FormatArg::Named(format) => (format.name(), Some(*format)),
        FormatArg::Template(text) => (format!("'{text}'"), named_format_like(text)),
    };
    let is_one_of = move |formats: &[Format]| like.is_some_and(|format| formats.contains(&format));
    let name_of_selections = name.clone();
    // Which changes an event has can depend on these options, and they select events in each format.
    let selects = !(typed.only.is_empty() && typed.ignore.is_empty());
    let options: [(&str, bool, &[Format]); 5] = [
        ("--full", typed.full, &[Format::Diff, Format::Oneline]),
        (
            "--max-changes",
            typed.max_changes.is_some(),
            &[Format::Diff, Format::Oneline],
        ),
        ("--context", typed.context, &[Format::Diff]),
        ("--strict", typed.strict && !selects, CHANGES),
        (
            "--array-key",
            !typed.array_keys.is_empty() && !selects,
            CHANGES_AND_PATCH,
        ),
    ];
    let without_effect = options
        .into_iter()
        .filter(move |(_, is_set, formats)| *is_set && !is_one_of(formats))
        .map(move |(flag, _, formats)| {
            let formats = formats.iter().map(|format| format.name());
            let formats: Vec<String> = formats.collect();
            format!(
                "{flag} has no effect with --format {name}; it applies to {}",
                formats.join(", ")
            )
        });
    let selections = [
        ("--only", !typed.only.is_empty()),
        ("--ignore", !typed.ignore.is_empty()),
    ];
    let selections = selections
        .into_iter()
        .filter(move |(_, is_set)| *is_set && !is_one_of(CHANGES))
        .map(move |(flag, _)| {
            format!(
                "{flag} selects events, but --format {name_of_selections} shows all changes of a selected event; --format diff, oneline and changes do not"
            )
        });
    without_effect.chain(selections)
}
