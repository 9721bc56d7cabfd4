//! Connection diagnosis: a network probe, and checks that turn its results into faults and fixes.

pub mod check;
pub mod probe;
