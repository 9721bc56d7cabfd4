//! A small HTTP server with scripted responses that records all requests; one request per connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Status, content type and body.
pub type Answer = (u16, &'static str, String);

/// The server; it runs until the test process ends.
pub struct Api {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

pub const JSON: &str = "application/json";
pub const KEY: &str = "the-secret-api-key";

impl Api {
    /// Starts a server that responds to each request body with the result of `answer`.
    pub fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/app-id", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, recorded) = (Arc::clone(&answer), Arc::clone(&recorded));
                thread::spawn(move || serve(stream, &*answer, &recorded));
            }
        });
        Api { url, requests }
    }

    /// The bodies of all requests.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The settings for it.
    pub fn env(&self) -> [(&'static str, String); 2] {
        [
            ("DITTO_CDC_URL", self.url.clone()),
            ("DITTO_CDC_API_KEY", KEY.to_owned()),
        ]
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Answer, requests: &Mutex<Vec<String>>) {
    let Some((head, body)) = request(&mut stream) else {
        return;
    };
    requests.lock().unwrap().push(body.clone());
    let accepts_plain = head.to_lowercase().contains("accept-encoding: identity");
    let (status, kind, text) = if !accepts_plain {
        // Without this header, a server may choose any encoding.
        (415, "text/plain", "compressed".to_owned())
    } else if head.contains(KEY) {
        answer(&body)
    } else {
        (401, JSON, "{\"message\":\"no key\"}".to_owned())
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length = length.split("content-length: ").nth(1)?;
            let length: usize = length.lines().next()?.trim().parse().ok()?;
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

/// A successful response of the HTTP API.
pub fn dql(transaction: u64) -> Answer {
    let body = format!(
        "{{\"transactionId\":{transaction},\"queryType\":\"select\",\"items\":[],\"mutatedDocumentIds\":[],\"error\":{{}},\"warnings\":[],\"totalWarningsCount\":0}}"
    );
    (200, JSON, body)
}
