//! What `verify` probes and how it judges the results.

pub mod check;
pub mod probe;
