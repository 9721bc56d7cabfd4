//! The server over real sockets: statuses, minimum transaction, key, hostile bytes, shutdown.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::demo::history;

fn start() -> (Arc<Live>, Server) {
    let mut generator = Generator::new(1);
    history(&mut generator, 1_769_860_800_000);
    let live = Arc::new(Live::new(generator, Box::new(|_| Ok(()))));
    let server = Server::start(&live, &Secret::new("k".to_owned())).unwrap();
    (live, server)
}

fn send(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(bytes).unwrap();
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(server: &Server, headers: &str, body: &str) -> String {
    let length = body.len();
    let head =
        format!("POST /api/v5/store/execute HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n");
    send(server, format!("{head}{body}").as_bytes())
}

#[test]
fn statuses() {
    let (live, server) = start();
    let txn = live.read(Generator::txn);
    let good = r#"{"statement":"SELECT * FROM system:collections"}"#;
    for (headers, body, expected) in [
        ("Authorization: Bearer k\r\n".to_owned(), good, "200"),
        (
            format!("authorization: Bearer k\r\nX-DITTO-TXN-ID: {txn}\r\n"),
            good,
            "200",
        ),
        (
            format!("Authorization: Bearer k\r\nX-DITTO-TXN-ID: {}\r\n", txn + 1),
            good,
            "404",
        ),
        (
            "Authorization: Bearer k\r\nX-DITTO-TXN-ID: x\r\n".to_owned(),
            good,
            "400",
        ),
        ("Authorization: Bearer wrong\r\n".to_owned(), good, "401"),
        (String::new(), good, "401"),
        (
            "Authorization: Bearer k\r\n".to_owned(),
            r#"{"statement":"EVICT FROM a"}"#,
            "400",
        ),
        ("Authorization: Bearer k\r\n".to_owned(), "[", "400"),
        ("Authorization: Bearer k\r\n".to_owned(), "{}", "400"),
    ] {
        let answer = post(&server, &headers, body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{headers}{body}: {answer}"
        );
    }
    assert!(
        post(&server, "Authorization: Bearer k\r\n", good)
            .contains(&format!("\"transactionId\":{txn},"))
    );
}

#[test]
fn hostile_bytes_are_rejected_and_the_server_continues() {
    let (_, server) = start();
    let endless = vec![b'a'; MAX_HEAD_BYTES * 2];
    let huge = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", u64::MAX);
    let large = format!(
        "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
        MAX_BODY_BYTES + 1
    );
    for bytes in [
        b"".as_slice(),
        b"\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"POST",
        &endless,
        huge.as_bytes(),
        large.as_bytes(),
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let answer = send(&server, bytes);
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(
        post(
            &server,
            "Authorization: Bearer k\r\n",
            r#"{"statement":"SELECT COUNT(*) AS n FROM people"}"#
        )
        .contains(r#"[{"n":3}]"#)
    );
}

#[test]
fn the_end_waits_for_nobody() {
    let (_, server) = start();
    let address = server.address;
    let silent: Vec<TcpStream> = (0..WORKERS)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < REQUEST_TIMEOUT);
    assert!(TcpStream::connect(address).is_err());
    drop(silent);
}
