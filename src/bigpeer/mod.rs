//! Ditto's HTTP API: DQL over HTTP, responses decoded row by row as they arrive, errors as types. The only importer
//! of `reqwest`.

mod answer;
mod blocking_http;
mod body;
mod chunk_buffer;
mod client;
mod endpoint;
mod error;
mod error_message;
mod retry;

pub use answer::{Answer, Collected, IgnoreRows, Rows};
pub use client::{Client, Find, Query, quoted_name};
pub use endpoint::{Endpoint, Version};
pub use error::{ApiError, Kind};
pub use retry::Backoff;
