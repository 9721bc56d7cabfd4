//! A small HTTP server that answers as a test wants, and remembers what it was asked.
//! It speaks just enough HTTP for one request a connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Status, content type and body.
pub type Answer = (u16, &'static str, String);

/// The server; it lives as long as the test process.
pub struct Api {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

pub const JSON: &str = "application/json";
pub const KEY: &str = "the-secret-api-key";

impl Api {
    /// Answers each request's body with what the closure says.
    pub fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/app-id", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remember = Arc::clone(&asked);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, remember) = (Arc::clone(&answer), Arc::clone(&remember));
                thread::spawn(move || serve(stream, &*answer, &remember));
            }
        });
        Api { url, asked }
    }

    /// The bodies of all requests.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The settings for it.
    pub fn env(&self) -> [(&'static str, String); 2] {
        [
            ("DITTO_CDC_URL", self.url.clone()),
            ("DITTO_CDC_API_KEY", KEY.to_owned()),
        ]
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Answer, asked: &Mutex<Vec<String>>) {
    let Some((head, body)) = request(&mut stream) else {
        return;
    };
    asked.lock().unwrap().push(body.clone());
    let (status, kind, text) = if head.contains(KEY) {
        answer(&body)
    } else {
        (401, JSON, "{\"message\":\"no key\"}".to_owned())
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
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

/// An answer of the HTTP API.
pub fn dql(transaction: u64) -> Answer {
    let body = format!(
        "{{\"transactionId\":{transaction},\"queryType\":\"select\",\"items\":[],\"mutatedDocumentIds\":[],\"error\":{{}},\"warnings\":[],\"totalWarningsCount\":0}}"
    );
    (200, JSON, body)
}
