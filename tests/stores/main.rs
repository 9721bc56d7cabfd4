//! Tests of certificate files as OpenSSL, Java and the Ditto portal write them.
#![allow(clippy::unwrap_used)]

mod algorithms;
mod faults;
mod files;
mod opens;
mod pem;
mod several;
