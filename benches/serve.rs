//! Benchmark HTTP server for `benches/requery.sh` and `benches/mirror.sh`: one collection with string ids, served from
//! memory. It supports only the queries of a `requery` without errors, and `GET /all` for curl.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod workload;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// All documents, separated by commas.
struct Documents {
    bytes: Vec<u8>,
    count: usize,
    /// Size of a document with its comma, in bytes.
    stride: usize,
}

impl Documents {
    fn new(count: usize, size: usize) -> Documents {
        let mut bytes = Vec::with_capacity(count * (size + 1));
        for number in 0..count {
            workload::document(&mut bytes, number, number, size);
            bytes.push(b',');
        }
        Documents {
            bytes,
            count,
            stride: size + 1,
        }
    }

    fn rows(&self, from: usize, limit: usize) -> &[u8] {
        let to = (from + limit).min(self.count);
        if from >= to {
            return &[];
        }
        &self.bytes[from * self.stride..to * self.stride - 1]
    }
}

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .map(|arg| arg.parse::<usize>().unwrap());
    let (count, size) = (args.next().unwrap_or(1_000_000), args.next().unwrap_or(500));
    let documents = Arc::new(Documents::new(count, size));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        let documents = Arc::clone(&documents);
        thread::spawn(move || serve(&stream.unwrap(), &documents));
    }
}

fn serve(stream: &TcpStream, documents: &Documents) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some((line, body)) = request(&mut reader) {
        let answered = if line.starts_with("GET ") {
            answer(stream, "[", documents.rows(0, documents.count), "]")
        } else if body.contains("system:collections") {
            answer(
                stream,
                r#"{"transactionId":7,"items":["#,
                br#"{"name":"all"}"#,
                "]}",
            )
        } else if body.contains("COUNT(*)") {
            let census = format!(r#"{{"t":"string","n":{}}}"#, documents.count);
            answer(
                stream,
                r#"{"transactionId":7,"items":["#,
                census.as_bytes(),
                "]}",
            )
        } else {
            let rows = documents.rows(after(&body), limit(&body));
            answer(
                stream,
                r#"{"transactionId":7,"queryType":"select","items":["#,
                rows,
                r#"],"error":{}}"#,
            )
        };
        if answered.is_err() {
            return;
        }
    }
}

/// Request line and body; `None` at the end of the connection.
fn request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if first.is_empty() {
            first = line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, String::from_utf8(body).ok()?))
}

fn answer(mut stream: &TcpStream, before: &str, rows: &[u8], after: &str) -> std::io::Result<()> {
    let length = before.len() + rows.len() + after.len();
    stream.write_all(
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{before}").as_bytes(),
    )?;
    stream.write_all(rows)?;
    stream.write_all(after.as_bytes())
}

/// The number of the first document after the last id of the client.
fn after(body: &str) -> usize {
    let last = body.split(r#""last":"id-"#).nth(1);
    last.map_or(0, |rest| rest[..9].parse::<usize>().unwrap() + 1)
}

fn limit(body: &str) -> usize {
    let rest = body.split(" LIMIT ").nth(1).unwrap();
    rest.split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap()
        .parse()
        .unwrap()
}
