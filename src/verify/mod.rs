//! Connection diagnosis: checks that turn the results of the network probe into faults and fixes.

pub mod check;
