//! Ditto's HTTP API: DQL over HTTP, answers decoded row by row as they arrive, errors as types. The only importer of `reqwest`.
//! Which questions are asked, and what becomes of the rows, is decided by `snapshot` and `cmd`.

mod answer;
mod base;
mod body;
mod client;
mod error;
mod retry;
mod window;
mod wire;
mod words;

pub use answer::{Answer, Collected, Nobody, Rows};
pub use base::{Base, Version};
pub use client::{Client, Find, Query, quoted_name};
pub use error::{ApiError, Kind};
pub use retry::Backoff;
