//! Tests of certificate files as OpenSSL, Java and the Ditto portal write them.
#![allow(clippy::unwrap_used)]

mod faults;
mod files;
mod opens;
