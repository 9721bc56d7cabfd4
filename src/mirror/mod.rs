//! The `SQLite` file of `mirror`: a copy of collections, its offsets in the stream, and its state in words.

mod apply;
mod batches;
mod change;
mod error;
mod gaps;
mod history;
mod identity;
mod index_build;
mod index_definition;
mod indexes;
mod load;
mod log_limit;
mod meta;
mod names;
mod open;
mod query;
mod reader;
mod repair;
mod rows;
mod rule;
mod scan;
mod schema;
mod sizes;
mod swap;
mod table_store;
mod tables;
mod tombstones;
mod writer;

pub use apply::Applied;
pub use batches::Batches;
pub use change::Change;
pub use gaps::{FoundGap, Problem};
pub use history::{HistoryRow, HistoryStart};
pub use identity::Identity;
pub use index_definition::Index;
pub use indexes::{IndexInfo, UnmadeIndex};
pub use load::Staging;
pub use meta::{MirrorState, StateSince};
pub use open::MirrorFile;
pub use reader::{MirrorReader, Row};
pub use repair::Correction;
pub use scan::{ScannedRow, TableScan};
pub use sizes::CollectionSize;
pub use swap::Swapped;
pub use table_store::TableStore;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
