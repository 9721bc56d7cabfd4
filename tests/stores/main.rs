//! Store files of all makers, read through the library as the program reads them.
//! How a fault is worded on the terminal is in the golden transcripts.
#![allow(clippy::unwrap_used)]

mod faults;
mod files;
mod opens;
