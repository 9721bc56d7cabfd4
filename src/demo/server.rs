//! A small Big Peer on loopback: Ditto's HTTP API over the café's documents, bounded in threads, sizes and time.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::Message;
use super::answer;
use super::generator::Generator;
use crate::util::mutex::lock;
use crate::util::secret::Secret;

/// Number of requests that are processed in parallel; others wait.
const WORKERS: usize = 6;
/// Maximum size of a request's head.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Maximum size of a request's body.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Timeout of a request and of its response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Interval at which a worker checks whether to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Callback that writes events to the stream.
pub type Publish = Box<dyn Fn(&[Message]) -> anyhow::Result<()> + Send + Sync>;

/// The café and its stream; both change under one lock.
pub struct Live {
    generator: Mutex<Generator>,
    publish: Publish,
}

impl Live {
    /// A café whose events go to `publish`.
    #[must_use]
    pub fn new(generator: Generator, publish: Publish) -> Live {
        Live {
            generator: Mutex::new(generator),
            publish,
        }
    }

    /// Changes the café and publishes the returned events.
    ///
    /// # Errors
    /// Errors of `publish`.
    pub fn apply(&self, change: impl FnOnce(&mut Generator) -> Vec<Message>) -> anyhow::Result<()> {
        let mut generator = lock(&self.generator);
        let messages = change(&mut generator);
        (self.publish)(&messages)
    }

    /// Reads from the café.
    pub fn read<T>(&self, read: impl FnOnce(&Generator) -> T) -> T {
        read(&lock(&self.generator))
    }
}

/// The running server. Dropping it stops its threads.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    last_request: Arc<Mutex<Instant>>,
    workers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Errors
    /// I/O errors if no port or thread is available.
    pub fn start(live: &Arc<Live>, key: &Secret) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut server = Server {
            address: listener.local_addr()?,
            stop: Arc::default(),
            last_request: Arc::new(Mutex::new(Instant::now())),
            workers: Vec::new(),
        };
        for _ in 0..WORKERS {
            let worker = Worker {
                live: Arc::clone(live),
                key: key.clone(),
                stop: Arc::clone(&server.stop),
                last_request: Arc::clone(&server.last_request),
            };
            let listener = listener.try_clone()?;
            let spawned = thread::Builder::new().spawn(move || worker.work(&listener));
            server.workers.push(spawned?);
        }
        Ok(server)
    }

    /// The value for `--url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The time of the last connection.
    #[must_use]
    pub fn last_request(&self) -> Instant {
        *lock(&self.last_request)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for _ in &self.workers {
            // Wakes a worker that waits for a request.
            drop(TcpStream::connect_timeout(&self.address, POLL_INTERVAL));
        }
        for worker in self.workers.drain(..) {
            drop(worker.join());
        }
    }
}

struct Worker {
    live: Arc<Live>,
    key: Secret,
    stop: Arc<AtomicBool>,
    last_request: Arc<Mutex<Instant>>,
}

/// The parts of a request that the server uses.
struct Request {
    method: String,
    path: String,
    authorization: Option<String>,
    at_least: Option<String>,
    body: Vec<u8>,
}

type Response = (u16, Value);

impl Worker {
    fn work(&self, listener: &TcpListener) {
        while !self.stop.load(Ordering::SeqCst) {
            match listener.accept() {
                // Errors of a connection concern only its client.
                Ok((stream, _)) => drop(self.serve(stream)),
                Err(_) => thread::sleep(POLL_INTERVAL),
            }
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        *lock(&self.last_request) = Instant::now();
        stream.set_read_timeout(Some(POLL_INTERVAL))?;
        stream.set_write_timeout(Some(POLL_INTERVAL))?;
        let mut connection = HttpConnection {
            stream,
            stop: &self.stop,
            started: Instant::now(),
        };
        let (status, body) = match connection.request()? {
            Ok(request) => self.answer(&request),
            Err(refused) => refused,
        };
        connection.send(status, &body.to_string())
    }

    fn answer(&self, request: &Request) -> Response {
        let key = request
            .authorization
            .as_deref()
            .and_then(|text| text.strip_prefix("Bearer "));
        if key != Some(self.key.expose()) {
            return error(
                401,
                "Unauthorized: wrong API key; use the one that the demo printed",
            );
        }
        let known = ["/api/v5/store/execute", "/api/v4/store/execute"];
        if !known.contains(&request.path.as_str()) {
            return error(404, "not found");
        }
        if request.method != "POST" {
            return error(405, "only POST is supported");
        }
        let Ok(Value::Object(body)) = serde_json::from_slice(&request.body) else {
            return error(400, "the body is not a JSON object");
        };
        let Some(statement) = body.get("statement").and_then(Value::as_str) else {
            return error(400, "the body has no statement");
        };
        let none = Map::new();
        let arguments = body.get("args").and_then(Value::as_object).unwrap_or(&none);
        self.execute(request.at_least.as_deref(), statement, arguments)
    }

    fn execute(
        &self,
        at_least: Option<&str>,
        statement: &str,
        arguments: &Map<String, Value>,
    ) -> Response {
        let mut answer = error(500, "nothing was executed");
        let applied = self.live.apply(|generator| {
            let (found, messages) = execute(generator, at_least, statement, arguments);
            answer = found;
            messages
        });
        match applied {
            Ok(()) => answer,
            Err(why) => error(500, &format!("{why:#}")),
        }
    }
}

fn execute(
    generator: &mut Generator,
    at_least: Option<&str>,
    statement: &str,
    arguments: &Map<String, Value>,
) -> (Response, Vec<Message>) {
    let nothing = |answer| (answer, Vec::new());
    match at_least.map(str::parse::<u64>) {
        Some(Err(_)) => return nothing(error(400, "X-DITTO-TXN-ID is not a number")),
        Some(Ok(wanted)) if wanted > generator.txn() => {
            return nothing(error(
                404,
                &format!("transaction {wanted} does not exist yet"),
            ));
        }
        _ => {}
    }
    match answer::execute(generator, statement, arguments, now_millis()) {
        Err(why) => nothing(error(400, &why)),
        Ok(found) => {
            let answer = json!({
                "transactionId": generator.txn(),
                "queryType": if found.is_mutation { "mutation" } else { "select" },
                "items": found.rows,
                "mutatedDocumentIds": found.mutated,
                "error": {},
                "warnings": [],
                "totalWarningsCount": 0,
            });
            ((200, answer), found.messages)
        }
    }
}

fn error(status: u16, words: &str) -> Response {
    (status, json!({"error": {"description": words}}))
}

/// Milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

/// A connection that ends at [`REQUEST_TIMEOUT`] or with the server.
struct HttpConnection<'s> {
    stream: TcpStream,
    stop: &'s AtomicBool,
    started: Instant,
}

impl HttpConnection<'_> {
    /// Whether to retry after an error of a timed-out read or write.
    fn may_retry(&self, error: &io::Error) -> bool {
        let pause = matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
        );
        pause && self.started.elapsed() < REQUEST_TIMEOUT && !self.stop.load(Ordering::SeqCst)
    }

    fn read_more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut part = [0; 4096];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) if self.started.elapsed() > REQUEST_TIMEOUT => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Ok(count) => {
                    bytes.extend_from_slice(part.get(..count).unwrap_or_default());
                    return Ok(());
                }
                Err(error) if self.may_retry(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn request(&mut self) -> io::Result<Result<Request, Response>> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if bytes.len() > MAX_HEAD_BYTES {
                return Ok(Err(error(431, "the request's head is too large")));
            }
            self.read_more(&mut bytes)?;
        };
        let body = bytes.split_off(end + 4);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let header = |wanted: &str| {
            let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
            let mut found = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            found.next().map(|(_, value)| value.trim().to_owned())
        };
        if header("transfer-encoding").is_some() {
            return Ok(Err(error(411, "Content-Length is required")));
        }
        let length = header("content-length").unwrap_or_else(|| "0".to_owned());
        let Ok(length) = length.parse::<usize>() else {
            return Ok(Err(error(400, "Content-Length is not a number")));
        };
        if length > MAX_BODY_BYTES {
            return Ok(Err(error(413, "the request is too large")));
        }
        let mut body = body;
        while body.len() < length {
            self.read_more(&mut body)?;
        }
        body.truncate(length);
        let mut words = head.split_whitespace();
        Ok(Ok(Request {
            method: words.next().unwrap_or_default().to_owned(),
            path: words.next().unwrap_or_default().to_owned(),
            authorization: header("authorization"),
            at_least: header("x-ditto-txn-id"),
            body,
        }))
    }

    fn send(&mut self, status: u16, body: &str) -> io::Result<()> {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            if status == 200 { "OK" } else { "Refused" }
        );
        let mut rest = answer.as_bytes();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if self.may_retry(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/server.rs"]
mod tests;
