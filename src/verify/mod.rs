//! Connection diagnosis: network probes and checks of their results.

pub mod check;
pub mod probe;
