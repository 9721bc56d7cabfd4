//! Tips of usage errors: the right spelling of what users know from other tools.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A flag of `kafka-console-consumer.sh`, kcat, `tail` or `kubectl logs`, and what to write instead.
const FOREIGN_FLAGS: &[(&[&str], &str)] = &[
    (
        &["-f", "--follow"],
        "'tail' follows by default; --until end stops at the current end",
    ),
    (&["--from-beginning"], "--from beginning"),
    (
        &["-o", "--offset"],
        "--from beginning, end, -100 or PARTITION:OFFSET",
    ),
    (
        &["--partition"],
        "--from PARTITION:OFFSET reads only this partition",
    ),
    (&["--max-messages"], "--limit N stops after N events"),
    (&["--lines"], "--last N shows the last N events"),
    (&["-b", "--bootstrap-server"], "--brokers HOST:PORT"),
];

/// Adds the right spelling to a usage error of `tail`.
pub(super) fn add(mut error: clap::Error, words: &[String]) -> clap::Error {
    let command = words.iter().skip(1).find(|word| !word.starts_with('-'));
    let is_tail = command.is_some_and(|command| command == "tail");
    if !is_tail || error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if let Some(tip) = tip(argument) {
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

fn tip(argument: &str) -> Option<String> {
    if argument.starts_with('-') {
        let name = argument.split('=').next().unwrap_or(argument);
        let known = FOREIGN_FLAGS
            .iter()
            .find(|(names, _)| names.contains(&name));
        return known.map(|(_, tip)| (*tip).to_owned());
    }
    let shown = argument.escape_debug();
    Some(if argument.contains(['.', '/', '\\']) {
        format!("to read a capture, write '--input {shown}'")
    } else {
        format!("to select a collection, write '-c {shown}'")
    })
}
