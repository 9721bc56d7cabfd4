//! Devices between `tail` and a real broker: a middlebox that drops a long client hello (B10), and a proxy that does not
//! route the advertised name (B9).

use std::net::TcpListener;

use serde_json::Value;

use crate::events::{TIMEOUT, lines, messages};
use crate::pki::{Identity, Leaf};
use crate::server::{Tls, kafka as plain_kafka, serve};
use crate::support::kafka::{Kafka, Options};
use crate::support::program::run;
use crate::support::relay::{Behaviour, Relay};

const ALL: [&str; 5] = ["tail", "--from", "beginning", "--until", "end"];
const CLASSIC: [&str; 2] = ["-X", "ssl.curves.list=X25519:P-256:P-384:P-521"];

/// A broker that advertises this port instead of its own.
fn advertising(port: u16) -> Option<Kafka> {
    let advertised = format!("SSL://localhost:{port},ADMIN://127.0.0.1:@ADMIN@");
    Kafka::start(&Options {
        properties: &[("advertised.listeners", &advertised)],
        ..Options::default()
    })
}

/// A broker that clients reach only through a relay.
pub fn behind_a_relay(behaviour: Behaviour) -> Option<(Kafka, Relay)> {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let kafka = advertising(socket.local_addr().unwrap().port())?;
    let target = kafka.endpoint().replace("localhost", "127.0.0.1");
    let relay = Relay::serve(socket, target.parse().unwrap(), behaviour);
    Some((kafka, relay))
}

/// The settings for a topic, with another port for the bootstrap.
pub fn env_at(kafka: &Kafka, topic: &str, port: u16) -> Vec<(&'static str, String)> {
    let mut env = kafka.client_env(topic);
    env.retain(|(name, _)| *name != "DITTO_CDC_BROKERS");
    env.push(("DITTO_CDC_BROKERS", format!("localhost:{port}")));
    env
}

/// The checks of a report that have this fault: name and message.
fn checks_with(report: &[u8], fault: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_slice(report).unwrap();
    let checks = report["checks"].as_array().unwrap().clone();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    checks
        .iter()
        .filter(|check| check["fault"] == fault)
        .map(|check| (text(check, "check"), text(check, "message")))
        .collect()
}

#[test]
fn the_setting_that_b10_names_makes_tail_read() {
    let Some((kafka, relay)) = behind_a_relay(Behaviour::OneSegment) else {
        return;
    };
    kafka.create_topic("open-middlebox", 1, &[]);
    kafka.produce("open-middlebox", messages(0..10, 1));
    let env = env_at(&kafka, "open-middlebox", relay.port());
    let dropped = run(&env, &ALL, TIMEOUT);
    assert_eq!(dropped.status, Some(3), "{}", dropped.stderr);
    assert!(dropped.stderr.contains("B10"), "{}", dropped.stderr);
    let verified = run(&env, &["verify", "--json"], TIMEOUT);
    assert_eq!(verified.status, Some(3), "{}", verified.stderr);
    let found = checks_with(&verified.stdout, "B10");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "tls");
    let read = run(&env, &[&ALL[..], &CLASSIC].concat(), TIMEOUT);
    assert_eq!(read.status, Some(0), "{}", read.stderr);
    assert_eq!(read.lines(), lines(0..10));
    let verified = run(
        &env,
        &[&["verify", "--json"][..], &CLASSIC].concat(),
        TIMEOUT,
    );
    assert_eq!(verified.status, Some(0), "{}", verified.stderr);
}

#[test]
fn a_proxy_that_routes_the_bootstrap_and_not_the_advertised_name_is_b9() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let Some(kafka) = advertising(port) else {
        return;
    };
    let identity = Identity::root("proxy").leaf(&Leaf::default());
    let tls = Tls {
        only_name: Some("elsewhere"),
        ..Tls::new(&identity, &[], openssl::ssl::SslVersion::TLS1_3)
    };
    serve(socket, Some(&tls), plain_kafka);
    kafka.create_topic("open-unrouted", 1, &[]);
    kafka.produce("open-unrouted", messages(0..10, 1));
    let env = kafka.client_env("open-unrouted");
    let verified = run(&env, &["verify", "--json"], TIMEOUT);
    assert_eq!(verified.status, Some(3), "{}", verified.stderr);
    let found = checks_with(&verified.stdout, "B9");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "advertised-brokers");
    let output = run(&env, &ALL, TIMEOUT);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    let words = format!(
        "the proxy in front of localhost:{port} does not know the host name localhost, which the cluster advertises for node 1"
    );
    assert!(output.stderr.contains(&words), "{}", output.stderr);
    assert!(output.stderr.contains("B9"), "{}", output.stderr);
}
