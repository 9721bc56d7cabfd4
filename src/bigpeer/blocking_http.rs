//! One question over HTTP for a thread that waits: its answer's head, then the body in the pieces in which it came.
//! A thread that asks also drives the connection; what is asked, and what an answer means, is in `client`.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use tokio::runtime::{Builder, Runtime};

use super::chunk_buffer::Pieces;

/// Connections to one server, and what drives them.
#[derive(Clone)]
pub(super) struct Wire {
    pub http: Client,
    runtime: Arc<Runtime>,
}

/// Why there is no answer, or no more of it.
#[derive(Debug)]
pub(super) enum Silence {
    /// Nothing came in time.
    TimedOut,
    /// What the HTTP library says.
    Http(reqwest::Error),
}

/// The head of an answer, and its body while it arrives.
pub(super) struct Reply {
    pub response: Response,
    runtime: Arc<Runtime>,
    patience: Duration,
}

impl Wire {
    /// Prepares; nothing is sent yet.
    ///
    /// # Errors
    /// Why it cannot work here, in words.
    pub fn new(builder: ClientBuilder) -> Result<Wire, String> {
        let http = builder.build().map_err(|error| deepest(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(Wire {
            http,
            runtime: Arc::new(runtime),
        })
    }

    /// Sends a request and waits for the answer's head; for each piece of the body as long again.
    ///
    /// # Errors
    /// [`Silence`].
    pub fn send(&self, request: RequestBuilder, patience: Duration) -> Result<Reply, Silence> {
        let response = wait(&self.runtime, patience, request.send())?;
        Ok(Reply {
            response,
            runtime: Arc::clone(&self.runtime),
            patience,
        })
    }
}

impl Reply {
    /// The beginning of the body, as far as it can be read.
    pub fn beginning(mut self, most: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(piece) = self.next() {
            let room = most - body.len();
            body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.is_empty() || body.len() == most {
                break;
            }
        }
        body
    }
}

impl Pieces for Reply {
    fn next(&mut self) -> io::Result<Bytes> {
        loop {
            let piece = wait(&self.runtime, self.patience, self.response.chunk());
            match piece {
                Ok(None) => return Ok(Bytes::new()),
                Ok(Some(piece)) if piece.is_empty() => {}
                Ok(Some(piece)) => return Ok(piece),
                Err(Silence::TimedOut) => return Err(io::ErrorKind::TimedOut.into()),
                Err(Silence::Http(error)) if error.is_timeout() => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(Silence::Http(error)) => return Err(io::Error::other(deepest(&error))),
            }
        }
    }
}

fn wait<T>(
    runtime: &Runtime,
    patience: Duration,
    work: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, Silence> {
    let in_time = runtime.block_on(async { tokio::time::timeout(patience, work).await });
    match in_time {
        Ok(done) => done.map_err(Silence::Http),
        Err(_) => Err(Silence::TimedOut),
    }
}

/// The innermost reason, which is the one that says something.
pub(super) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
