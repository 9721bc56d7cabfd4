//! Client of Ditto's HTTP API (DQL): decodes responses row by row while they arrive.

mod blocking_http;
mod body;
mod chunk_buffer;
mod client;
mod endpoint;
mod error;
mod error_message;
mod proxy;
mod response;
mod retry;

pub use client::{Client, Find, Query, quoted_name};
pub use endpoint::{Endpoint, Version};
pub use error::{ApiError, ApiErrorKind};
pub use proxy::ProxyError;
pub use response::{CollectedRows, IgnoreRows, QueryResponse, RowSink};
pub use retry::Backoff;
