//! The validated options of `requery`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::selection;
use crate::bigpeer::Version;
use crate::cli::{ApiVersion, Requery};
use crate::condition::Condition;
use crate::event::collection_pattern::CollectionPattern;
use crate::record::position;
use crate::record::position::Position;
use crate::snapshot::read::queries::{self, Target, check_condition};
use crate::snapshot::read::retrying_client::Request;
use crate::util::env::Env;
use crate::util::time::parse_duration;

/// Default of `--deadline`: time without progress.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);

/// The options of a run.
pub(super) struct Options {
    /// `None` for standard output.
    pub folder: Option<PathBuf>,
    pub txn_id: Option<u64>,
    /// The patterns of `--collection`, as typed.
    pub patterns: Vec<String>,
    pub condition: Option<String>,
    /// Where to start reading the stream, as typed.
    pub from: Option<Position>,
    pub resume: bool,
    pub no_kafka: bool,
    pub deadline: Duration,
    pub version: Version,
}

impl Options {
    /// Validates the options; a usage error as a message.
    pub fn new(typed: &Requery, env: &Env) -> Result<Options, String> {
        if let Some(condition) = &typed.condition {
            check_condition(condition).map_err(|why| format!("--where: {why}"))?;
            check_dql(condition)?;
        }
        for text in &typed.collections {
            selection::pattern(text)?;
        }
        let folder = match (&typed.output, typed.dry_run || typed.as_curl) {
            (Some(path), false) => output_folder(path).map(|path| env.path(&path)),
            (None, false) => {
                return Err("--output is missing: a folder, or - for standard output".to_owned());
            }
            (_, true) => None,
        };
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
            txn_id: typed.txn_id,
            patterns: typed.collections.clone(),
            condition: typed.condition.clone(),
            from: from.map_err(|why| format!("--from: {why}"))?,
            resume: typed.resume,
            no_kafka: typed.no_kafka,
            deadline: typed
                .deadline
                .as_deref()
                .map_or(Ok(DEFAULT_DEADLINE), duration)?,
            version: match typed.api_version {
                ApiVersion::V5 => Version::V5,
                ApiVersion::V4 => Version::V4,
            },
        })
    }

    /// The API's version, for the journal.
    pub fn api(&self) -> &'static str {
        match self.version {
            Version::V5 => "v5",
            Version::V4 => "v4",
        }
    }

    /// The first request of a run.
    pub fn first_request(&self) -> Request {
        let first = self.patterns.first().filter(|text| !text.starts_with('!'));
        let pattern = first.and_then(|text| selection::pattern(text).ok());
        let named = pattern
            .as_ref()
            .and_then(CollectionPattern::name)
            .map(|name| {
                let target = Target::new(name.to_owned(), self.condition.clone());
                target.census()
            });
        Request::Dql(named.unwrap_or_else(|| queries::listing(1)))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration("--deadline", text, "30s, 10m or 1h")
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
