//! Options of a mirror.

use crate::cli::{self, MirrorOnGap};
use crate::commands::snapshot_read::options::{Purpose, ReadOptions};
use crate::event::filter::{Filter, FilterOptions};
use crate::mirror::Index;

/// The options of a run.
pub(super) struct Options {
    pub read: ReadOptions,
    /// The collections that are copied.
    pub filter: Filter,
    pub on_gap: MirrorOnGap,
    /// Stops at the end of the stream.
    pub ends: bool,
    pub skips_unreadable: bool,
    pub indexes: Vec<Index>,
}

impl Options {
    /// Validates the options; a usage error as a message.
    pub fn new(typed: &cli::Mirror) -> Result<Options, String> {
        let read = ReadOptions {
            purpose: Purpose::Mirror,
            ..ReadOptions::new("mirror", &typed.collections, &typed.reading)?
        };
        let filter = FilterOptions {
            collections: typed.collections.clone(),
            ..FilterOptions::default()
        };
        let filter = Filter::new(&filter).map_err(|error| error.to_string())?;
        Ok(Options {
            read,
            indexes: indexes(&typed.indexes, &filter)?,
            filter,
            on_gap: typed.on_gap,
            ends: typed.until.is_some(),
            skips_unreadable: typed.skip_unreadable,
        })
    }
}

/// The indexes, each for a collection that is copied.
fn indexes(typed: &[String], filter: &Filter) -> Result<Vec<Index>, String> {
    let mut indexes = Vec::new();
    for text in typed {
        let index = Index::parse(text).map_err(|mistake| format!("--index, {mistake}"))?;
        let collection = index.collection();
        if !filter.matches_collection(Some(collection)) {
            return Err(format!(
                "--index '{text}': -c does not select the collection {collection}, so that it has no table"
            ));
        }
        if !indexes.contains(&index) {
            indexes.push(index);
        }
    }
    Ok(indexes)
}
