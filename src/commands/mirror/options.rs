//! Options of a mirror.

use crate::cli::{self, MirrorOnGap};
use crate::commands::snapshot_read::options::ReadOptions;
use crate::event::filter::{Filter, FilterOptions};

/// The options of a run.
pub(super) struct Options {
    pub read: ReadOptions,
    /// The collections that are copied.
    pub filter: Filter,
    pub on_gap: MirrorOnGap,
    /// Stops at the end of the stream.
    pub ends: bool,
    pub skips_unreadable: bool,
}

impl Options {
    /// Validates the options; a usage error as a message.
    pub fn new(typed: &cli::Mirror) -> Result<Options, String> {
        let read = ReadOptions::new("mirror", &typed.collections, &typed.reading)?;
        let filter = FilterOptions {
            collections: typed.collections.clone(),
            ..FilterOptions::default()
        };
        Ok(Options {
            read,
            filter: Filter::new(&filter).map_err(|error| error.to_string())?,
            on_gap: typed.on_gap,
            ends: typed.until.is_some(),
            skips_unreadable: typed.skip_unreadable,
        })
    }
}
