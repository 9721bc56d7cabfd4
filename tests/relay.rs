//! Messages of `relay`: wrong command lines, targets that do not answer, and secrets. What it writes is tested with a real
//! Kafka.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use support::program::run;
use support::stage::{Stage, TIMEOUT};

const SHARED: [&str; 5] = ["relay", "--name", "shop", "--to-brokers", "localhost:1"];

/// Wrong options, and what standard error says.
const WRONG: &[(&[&str], &str)] = &[
    (
        &["--to-topic", ""],
        "--to-topic: a topic's name has 1 to 249",
    ),
    (
        &["--to-topic", "d.{table}"],
        "--to-topic: a topic's name cannot contain '{'; the only placeholder is {collection}",
    ),
    (
        &["--to-topic", "t", "--no-control"],
        "a relay stops at a gap",
    ),
    (
        &["--to-topic", "t", "-g", "x"],
        "--group cannot be used: the target cluster keeps the positions",
    ),
    (
        &["--to-topic", "t", "--format", "diff"],
        "--format: 'diff' is not debezium, debezium-plain, json or record",
    ),
    (
        &["--to-topic", "t", "--on-gap", "mark"],
        "--on-gap: 'mark' is not stop or requery",
    ),
    (&["--to-topic", "t", "--from", "soonish"], "--from: "),
    (&["--to-topic", "t", "--where", "a >"], "--where"),
    (&[], "--to-topic NAME is missing"),
];

#[test]
fn a_wrong_command_line_is_refused_before_anything_connects() {
    for (options, words) in WRONG {
        let output = run(&[], &[&SHARED[..], options].concat(), TIMEOUT);
        assert_eq!(output.status, Some(2), "{options:?}: {}", output.stderr);
        assert!(
            output.stderr.contains(words),
            "{options:?}: {}",
            output.stderr
        );
    }
    let output = run(&[], &["relay", "--name", "shop"], TIMEOUT);
    let words = "--to-brokers HOST:PORT and --to-topic NAME are missing";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    let args = [
        "relay",
        "--name",
        "a b",
        "--to-brokers",
        "h",
        "--to-topic",
        "t",
    ];
    let output = run(&[], &args, TIMEOUT);
    let words = "--name: write 1 to 100 letters, digits";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

/// Settings of the target, and what standard error says.
const UNREACHABLE: &[(&[&str], &[&str])] = &[
    (
        &[],
        &[
            "connecting: nothing listens at localhost:1",
            "check --to-brokers",
        ],
    ),
    (
        &["-X", "to.security.protocol=nonsense"],
        &[
            "a setting was refused",
            "check the values given with -X to.",
            "security.protocol",
        ],
    ),
    (
        &["-X", "to.acks=1"],
        &[
            "a setting was refused",
            "check the values given with -X to.",
        ],
    ),
    (
        &[
            "-X",
            "to.security.protocol=sasl_plaintext",
            "-X",
            "to.sasl.mechanism=PLAIN",
            "-X",
            "to.sasl.username=anna",
            "-X",
            "to.sasl.password=hunter2",
            "-vvv",
        ],
        &["nothing listens at localhost:1"],
    ),
];

#[test]
fn a_target_that_does_not_answer_is_explained_and_no_secret_is_shown() {
    let stage = Stage::new(1);
    for (options, all) in UNREACHABLE {
        let args = [&SHARED[..], &["--to-topic", "t"], options].concat();
        let output = run(&stage.env(), &args, TIMEOUT);
        assert_eq!(output.status, Some(3), "{options:?}: {}", output.stderr);
        for words in *all {
            assert!(
                output.stderr.contains(words),
                "{options:?}: {}",
                output.stderr
            );
        }
        assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
    }
}

/// Answers every connection like a web server that does not understand the request.
fn start_web_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

#[test]
fn a_target_that_is_no_broker_is_named() {
    let stage = Stage::new(1);
    let brokers = format!("127.0.0.1:{}", start_web_server());
    let args = ["relay", "--name", "shop", "--to-topic", "t", "--to-brokers"];
    let output = run(&stage.env(), &[&args[..], &[&brokers]].concat(), TIMEOUT);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    let words = format!("what answers at {brokers} does not speak Kafka");
    assert!(output.stderr.contains(&words), "{}", output.stderr);
}

#[test]
fn properties_of_a_target_do_not_reach_the_source() {
    let stage = Stage::new(1);
    let line = stage.write(0, 7, "people", 1_000);
    let args = [
        "-X",
        "to.no.such=1",
        "--from",
        "beginning",
        "--until",
        "end",
    ];
    let output = stage.tail(&args);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines(), [line]);
}
