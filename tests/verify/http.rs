//! Faults of the HTTP API, F1 to F5: fault number, message and exit code; the key is not sent to untrusted servers.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ditto_cdc::kafka::embedded::ProducerRecord;

use crate::api::{Answer, Api, JSON, dql};
use crate::report::{Report, stage, verify};
use crate::support::stage::{TOPIC, event};

/// A run with a stream whose newest transaction is 100.
fn with(env: &[(&'static str, String)]) -> Report {
    let stage = stage();
    let line = event(100, "people");
    let record = ProducerRecord {
        topic: TOPIC,
        payload: Some(line.as_bytes()),
        ..ProducerRecord::default()
    };
    stage.broker.produce(&record).unwrap();
    stage.broker.flush().unwrap();
    verify(&[&stage.env()[..], env].concat(), &[])
}

fn with_response(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Report {
    with(&Api::start(answer).env())
}

#[test]
fn a_good_answer_is_compared_with_the_stream() {
    let report = with_response(|_| dql(100));
    report
        .ended(0)
        .has("http-api", "pass", None, "the newest in the stream is 100");
    assert_eq!(report.check("http-api")["details"]["transactionId"], 100);
    let behind = with_response(|_| dql(97));
    behind
        .ended(1)
        .has("http-api", "fail", Some("F5"), "3 behind");
}

#[test]
fn refusals_have_their_numbers() {
    let page = "<!doctype html><html><body>Sign on</body></html>";
    for (status, kind, body, fault, ended, words) in [
        (
            401,
            JSON,
            "{\"message\":\"bad key\"}",
            Some("F1"),
            3,
            "environment DITTO_CDC_API_KEY",
        ),
        (
            403,
            JSON,
            "{\"message\":\"not yours\"}",
            Some("F1"),
            3,
            "does not allow",
        ),
        (
            200,
            "text/html",
            page,
            Some("F2"),
            1,
            "proxy or sign-on page",
        ),
        (
            404,
            "text/plain",
            "not found",
            Some("F3"),
            3,
            "/app-id/api/",
        ),
        (503, "text/plain", "Bad Gateway", None, 1, "busy"),
    ] {
        let report = with_response(move |_| (status, kind, body.to_owned()));
        report.ended(ended).has("http-api", "fail", fault, words);
        report.has("decode", "pass", None, "txn 100");
    }
}

#[test]
fn responses_that_are_no_answer_are_named() {
    let good = dql(100).2;
    for (status, kind, body, ended, words) in [
        (204, JSON, "", 1, "the response is empty"),
        (200, JSON, "", 1, "the response is empty"),
        (
            200,
            "application/json\r\ncontent-encoding: br",
            &good,
            1,
            "encoded with br",
        ),
        (200, JSON, "{\0\"\0", 1, "encoded with UTF-16"),
    ] {
        let body = body.to_owned();
        let report = with_response(move |_| (status, kind, body.clone()));
        report
            .ended(ended)
            .has("http-api", "fail", Some("F2"), words);
    }
    let marked = format!("\u{feff}{good}");
    let report = with_response(move |_| (200, JSON, marked.clone()));
    report.ended(0).has("http-api", "pass", None, "answers");
}

#[test]
fn a_request_for_another_server_is_sent_again() {
    for status in [421, 425] {
        let asked = Arc::new(AtomicBool::new(false));
        let report = with_response(move |_| {
            if asked.swap(true, Ordering::SeqCst) {
                dql(100)
            } else {
                (status, "text/plain", "not here".to_owned())
            }
        });
        report.ended(0).has("http-api", "pass", None, "answers");
    }
}

/// A server whose first connection stays open and answers 421 to everything, as one behind another host does.
#[test]
fn a_misdirected_request_is_sent_on_a_new_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/app", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (number, mut stream) in listener.incoming().flatten().enumerate() {
            thread::spawn(move || {
                let (status, body) = match number {
                    0 => (421, "not here".to_owned()),
                    _ => (200, dql(100).2),
                };
                let answer = format!(
                    "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                // Each request arrives at once.
                while matches!(std::io::Read::read(&mut stream, &mut [0; 4096]), Ok(1..)) {
                    let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
                }
            });
        }
    });
    let report = with(&[
        ("DITTO_CDC_URL", url),
        ("DITTO_CDC_API_KEY", "the-secret-api-key".to_owned()),
    ]);
    report.ended(0).has("http-api", "pass", None, "answers");
}

/// A proxy that answers each CONNECT with this status.
fn proxy(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: 0\r\n\r\n");
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_proxy_that_does_not_connect_is_named_without_its_password() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for (variable, address, words) in [
        ("HTTPS_PROXY", proxy(407), "requires a login"),
        ("https_proxy", proxy(502), "refuses to connect"),
        ("ALL_PROXY", proxy(403), "refuses to connect"),
        ("all_proxy", nobody, "does not respond"),
    ] {
        let report = with(&[
            ("DITTO_CDC_URL", "https://big-peer.example/app".to_owned()),
            ("DITTO_CDC_API_KEY", "the-secret-api-key".to_owned()),
            (variable, format!("http://me:hunter2@{address}")),
        ]);
        report.ended(3).has("http-api", "fail", Some("F6"), words);
        let said = report.check("http-api").to_string();
        let named = format!("http://{address} (set by {variable})");
        assert!(said.contains(&named) && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn nothing_is_sent_without_encryption() {
    let env = |url: &str| {
        [
            ("DITTO_CDC_URL", url.to_owned()),
            ("DITTO_CDC_API_KEY", "the-secret-api-key".to_owned()),
        ]
    };
    let report = with(&env("http://big-peer.example/app"));
    report
        .ended(3)
        .has("http-api", "fail", Some("F4"), "unencrypted");
}

/// A server with an untrusted certificate receives a handshake, but no request.
#[test]
fn the_key_stays_away_from_a_server_with_a_wrong_certificate() {
    use openssl::pkey::PKey;
    use openssl::ssl::{SslAcceptor, SslMethod};
    use openssl::x509::X509;
    let pem = crate::files::server_pem();
    let (certificate, key) = (
        X509::from_pem(pem.as_bytes()),
        PKey::private_key_from_pem(pem.as_bytes()),
    );
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_certificate(&certificate.unwrap()).unwrap();
    acceptor.set_private_key(&key.unwrap()).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/app", listener.local_addr().unwrap());
    let received = Arc::new(AtomicBool::new(false));
    let server = Arc::clone(&received);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Ok(mut stream) = acceptor.accept(stream) {
                let read = std::io::Read::read(&mut stream, &mut [0; 64]);
                server.fetch_or(read.is_ok_and(|count| count > 0), Ordering::SeqCst);
            }
        }
    });
    let report = with(&[
        ("DITTO_CDC_URL", url),
        ("DITTO_CDC_API_KEY", "the-secret-api-key".to_owned()),
    ]);
    report.ended(3).has("http-api", "fail", None, "TLS");
    assert!(!received.load(Ordering::SeqCst));
}

#[test]
fn a_url_without_a_key_is_a_warning() {
    let report = with(&[("DITTO_CDC_URL", "https://big-peer.example/app".to_owned())]);
    report
        .ended(0)
        .has("settings", "warn", None, "the API key is not");
    report.has("http-api", "skip", None, "no API key");
}
