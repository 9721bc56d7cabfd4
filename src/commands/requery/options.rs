//! Options of a requery.

use std::path::{Path, PathBuf};

use crate::cli::{DocumentFormat, Requery};
use crate::commands::snapshot_read::StdoutFormat;
use crate::commands::snapshot_read::options::ReadOptions;
use crate::condition::Condition;
use crate::record::position;
use crate::snapshot::read::queries::check_condition;
use crate::util::env::Env;
use crate::view::debezium::Envelope;

/// The options of a run.
pub(super) struct Options {
    /// `None` for standard output.
    pub folder: Option<PathBuf>,
    pub resume: bool,
    /// The envelope of documents on standard output.
    envelope: Option<Envelope>,
    pub read: ReadOptions,
}

impl Options {
    /// Validates the options; a usage error as a message.
    pub fn new(typed: &Requery, env: &Env) -> Result<Options, String> {
        if let Some(condition) = &typed.condition {
            check_condition(condition).map_err(|why| format!("--where: {why}"))?;
            check_dql(condition)?;
        }
        let read = ReadOptions::new("requery", &typed.collections, &typed.reading)?;
        let folder = match (&typed.output, typed.dry_run || typed.as_curl) {
            (Some(path), false) => output_folder(path).map(|path| env.path(&path)),
            (None, false) => {
                return Err("--output is missing: a folder, or - for standard output".to_owned());
            }
            (_, true) => None,
        };
        if typed.format.is_some() && folder.is_some() {
            return Err(
                "--format is for --output -; the files of a folder have the documents as they are"
                    .to_owned(),
            );
        }
        if typed.resume && folder.is_none() {
            return Err("--resume needs a folder as --output".to_owned());
        }
        let from = typed
            .from
            .as_deref()
            .map(|text| position::parse(text, &env.now))
            .transpose();
        Ok(Options {
            folder,
            resume: typed.resume,
            envelope: match typed.format.unwrap_or_default() {
                DocumentFormat::Json => None,
                DocumentFormat::Debezium => Some(Envelope::WithSchema),
                DocumentFormat::DebeziumPlain => Some(Envelope::Plain),
            },
            read: ReadOptions {
                txn_id: typed.txn_id,
                condition: typed.condition.clone(),
                from: from.map_err(|why| format!("--from: {why}"))?,
                no_kafka: typed.no_kafka,
                counts_only: typed.dry_run,
                ..read
            },
        })
    }
}

impl Options {
    /// How documents are printed.
    pub fn stdout_format(&self, topic: Option<String>) -> StdoutFormat {
        match self.envelope {
            None => StdoutFormat::Json,
            Some(envelope) => StdoutFormat::Debezium { envelope, topic },
        }
    }
}

/// The folder of a path; `None` for `-`, standard output.
fn output_folder(path: &Path) -> Option<PathBuf> {
    (path != Path::new("-")).then(|| path.to_owned())
}

/// Checks a condition before the server sees it. DQL has more functions and operators than `tail --where`: what is only
/// unknown here is left to the server.
fn check_dql(condition: &str) -> Result<(), String> {
    match Condition::parse(condition) {
        Ok(parsed) if parsed.is_extended() => Err("--where: the server does not read paths such as [\"odd.key\"], .name or $.name as fields: put the name in backticks".to_owned()),
        Ok(parsed) => parsed
            .engine_fault()
            .map_or(Ok(()), |fault| Err(format!("--where: {fault}"))),
        Err(error) if error.is_at_end() => Err(format!("--where, {error}")),
        _ => Ok(()),
    }
}
