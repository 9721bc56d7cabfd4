//! Options of a read.

use std::time::Duration;

use super::selection;
use crate::bigpeer::Version;
use crate::cli::{ApiVersion, Reading};
use crate::event::collection_pattern::CollectionPattern;
use crate::record::position::Position;
use crate::snapshot::read::queries::{self, Target};
use crate::snapshot::read::retrying_client::Request;
use crate::util::time::parse_duration;

/// Default of `--deadline`: time without progress.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(600);

/// What becomes of the documents that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// They are a snapshot of the user.
    Snapshot,
    /// They replace a mirror, which starts again by itself if an interrupted run cannot be continued.
    Mirror,
    /// They are compared and not kept: the stream does not continue from them.
    Comparison,
}

/// What is read, and how.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The command, for usage errors.
    pub command: &'static str,
    /// What becomes of the documents.
    pub purpose: Purpose,
    /// The minimum transaction that the user has given.
    pub txn_id: Option<u64>,
    /// The patterns of `--collection`, as typed.
    pub patterns: Vec<String>,
    /// The condition of `--where`.
    pub condition: Option<String>,
    /// Where to start reading the stream.
    pub from: Option<Position>,
    /// The stream is not read, although it may be configured.
    pub no_kafka: bool,
    /// Documents are counted and not read.
    pub counts_only: bool,
    /// How long requests are retried without progress.
    pub deadline: Duration,
    /// The version of the API.
    pub version: Version,
    /// Number of collections that are read in parallel.
    pub jobs: usize,
}

impl ReadOptions {
    /// The options of a command that reads these collections, without those that only `requery` has.
    ///
    /// # Errors
    /// A usage error as a message.
    pub fn new(
        command: &'static str,
        patterns: &[String],
        typed: &Reading,
    ) -> Result<ReadOptions, String> {
        for text in patterns {
            selection::pattern(text)?;
        }
        let deadline = typed
            .deadline
            .as_deref()
            .map_or(Ok(DEFAULT_DEADLINE), |text| {
                parse_duration("--deadline", text, "30s, 10m or 1h")
            });
        Ok(ReadOptions {
            command,
            purpose: Purpose::Snapshot,
            txn_id: None,
            patterns: patterns.to_vec(),
            condition: None,
            from: None,
            no_kafka: false,
            counts_only: false,
            deadline: deadline?,
            version: match typed.api_version {
                ApiVersion::V5 => Version::V5,
                ApiVersion::V4 => Version::V4,
            },
            jobs: usize::from(typed.jobs),
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
