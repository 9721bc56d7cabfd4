//! The network probe of `verify` against servers of several makes.
//! Every fault of the catalogue's parts B, C, D and E4 is built, found and named, and the client library's verdict is
//! compared with the probe's.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// Tables of cases are long.
#![allow(clippy::too_many_lines, clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod certificates;
mod client;
mod foreign;
mod network;
mod pki;
mod reports;
mod server;
