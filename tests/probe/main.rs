//! Tests of the network probe of `verify` against several kinds of servers: each fault of groups B, C, D and of E4 is
//! set up and detected, and the client library must agree with the probe.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// Tables of cases are long.
#![allow(clippy::too_many_lines, clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod certificates;
mod client;
mod devices;
mod foreign;
mod network;
mod pki;
mod reports;
mod server;
