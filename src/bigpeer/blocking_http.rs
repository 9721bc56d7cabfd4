//! HTTP requests driven on a current-thread runtime, for threads that wait for the response.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use tokio::runtime::{Builder, Runtime};

use super::chunk_buffer::Chunks;
use crate::util::mutex::lock;

/// Connections to one server, and their runtime.
#[derive(Clone)]
pub(super) struct HttpConnection {
    http: Arc<Mutex<Client>>,
    configure: Arc<dyn Fn() -> ClientBuilder + Send + Sync>,
    runtime: Arc<Runtime>,
}

/// Why there is no response, or no further chunk of it.
#[derive(Debug)]
pub(super) enum ResponseError {
    /// The timeout has elapsed.
    TimedOut,
    /// An error of the HTTP library.
    Http(reqwest::Error),
}

/// The head of a response, and its body while it arrives.
pub(super) struct StreamingResponse {
    pub response: Response,
    runtime: Arc<Runtime>,
    timeout: Duration,
}

impl HttpConnection {
    /// Creates the HTTP client and its runtime; nothing is sent yet.
    ///
    /// # Errors
    /// A message, if TLS or the runtime cannot be set up.
    pub fn new(
        configure: impl Fn() -> ClientBuilder + Send + Sync + 'static,
    ) -> Result<HttpConnection, String> {
        let http = configure().build().map_err(|error| root_cause(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(HttpConnection {
            http: Arc::new(Mutex::new(http)),
            configure: Arc::new(configure),
            runtime: Arc::new(runtime),
        })
    }

    /// A POST request to a URL.
    pub fn post(&self, url: &str) -> RequestBuilder {
        lock(&self.http).post(url)
    }

    /// Opens a new connection for the next request.
    pub fn reconnect(&self) {
        // The same configuration was valid before; if it fails now, the next request shows why.
        if let Ok(http) = (self.configure)().build() {
            *lock(&self.http) = http;
        }
    }

    /// Sends a request and waits for the head of the response. The timeout also applies to each chunk of the body.
    ///
    /// # Errors
    /// [`ResponseError`].
    pub fn send(
        &self,
        request: RequestBuilder,
        timeout: Duration,
    ) -> Result<StreamingResponse, ResponseError> {
        let response = wait(&self.runtime, timeout, request.send())?;
        Ok(StreamingResponse {
            response,
            runtime: Arc::clone(&self.runtime),
            timeout,
        })
    }
}

impl StreamingResponse {
    /// The first bytes of the body, up to `max_bytes` or to an error.
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

impl Chunks for StreamingResponse {
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

/// The messages of an error and of its causes, the root cause last.
pub(super) fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect()
}

/// The message of the root cause, which is the most specific one.
pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).pop().unwrap_or_default()
}
