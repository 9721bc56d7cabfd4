//! Ditto's HTTP API: DQL over HTTP, answers decoded row by row as they arrive, errors as types. The only importer of `reqwest`.
//! Which questions are asked, and what becomes of the rows, is decided by `snapshot` and `cmd`.

mod answer;
mod blocking_http;
mod body;
mod chunk_buffer;
mod client;
mod endpoint;
mod error;
mod error_message;
mod retry;

pub use answer::{Answer, Collected, Nobody, Rows};
pub use client::{Client, Find, Query, quoted_name};
pub use endpoint::{Base, Version};
pub use error::{ApiError, Kind};
pub use retry::Backoff;
