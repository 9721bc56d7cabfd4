//! Paths in a document: one language for options, conditions and output, so that every printed path can be typed again.

mod error;
mod parse;
mod print;
mod segment;

pub use error::PathError;
pub use parse::{Path, Side, backticked};
pub use print::{Printed, push_index, push_key, push_step};
pub use segment::{Segment, Step, glob_matches};

#[cfg(test)]
mod tests;
