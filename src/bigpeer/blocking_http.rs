//! HTTP requests driven on a current-thread runtime, for threads that wait for the response.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use tokio::runtime::{Builder, Runtime};

use super::chunk_buffer::Chunks;

/// Connections to one server, with their runtime.
#[derive(Clone)]
pub(super) struct HttpConnection {
    pub http: Client,
    runtime: Arc<Runtime>,
}

/// Why there is no response, or no more of it.
#[derive(Debug)]
pub(super) enum ResponseError {
    /// The timeout ended.
    TimedOut,
    /// An error of the HTTP library.
    Http(reqwest::Error),
}

/// The head of an answer, and its body while it arrives.
pub(super) struct Reply {
    pub response: Response,
    runtime: Arc<Runtime>,
    timeout: Duration,
}

impl HttpConnection {
    /// Prepares; nothing is sent yet.
    ///
    /// # Errors
    /// Why it cannot work here, in words.
    pub fn new(builder: ClientBuilder) -> Result<HttpConnection, String> {
        let http = builder.build().map_err(|error| root_cause(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(HttpConnection {
            http,
            runtime: Arc::new(runtime),
        })
    }

    /// Sends a request and waits for the answer's head; for each piece of the body as long again.
    ///
    /// # Errors
    /// [`ResponseError`].
    pub fn send(&self, request: RequestBuilder, timeout: Duration) -> Result<Reply, ResponseError> {
        let response = wait(&self.runtime, timeout, request.send())?;
        Ok(Reply {
            response,
            runtime: Arc::clone(&self.runtime),
            timeout,
        })
    }
}

impl Reply {
    /// The beginning of the body, as far as it can be read.
    pub fn read_prefix(mut self, max_bytes: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(chunk) = self.next() {
            let room = max_bytes - body.len();
            body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
            if chunk.is_empty() || body.len() == max_bytes {
                break;
            }
        }
        body
    }
}

impl Chunks for Reply {
    fn next(&mut self) -> io::Result<Bytes> {
        loop {
            let chunk = wait(&self.runtime, self.timeout, self.response.chunk());
            match chunk {
                Ok(None) => return Ok(Bytes::new()),
                Ok(Some(chunk)) if chunk.is_empty() => {}
                Ok(Some(chunk)) => return Ok(chunk),
                Err(ResponseError::TimedOut) => return Err(io::ErrorKind::TimedOut.into()),
                Err(ResponseError::Http(error)) if error.is_timeout() => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(ResponseError::Http(error)) => {
                    return Err(io::Error::other(root_cause(&error)));
                }
            }
        }
    }
}

fn wait<T>(
    runtime: &Runtime,
    timeout: Duration,
    work: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, ResponseError> {
    let in_time = runtime.block_on(async { tokio::time::timeout(timeout, work).await });
    match in_time {
        Ok(done) => done.map_err(ResponseError::Http),
        Err(_) => Err(ResponseError::TimedOut),
    }
}

/// The root cause, which has the useful message.
pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut root_cause = error;
    while let Some(source) = root_cause.source() {
        root_cause = source;
    }
    root_cause.to_string()
}
