//! Reading from a name with several addresses, of which some serve another certificate or do not answer.
#![allow(clippy::unwrap_used)]

mod support;

use ditto_cdc::tls::testbed::ca::{CaOptions, TestCertificates};
use ditto_cdc::tls::testbed::proxy::TlsProxy;
use std::net::SocketAddr;
use support::program::run;
use support::stage::{ALL, Stage, TIMEOUT};

#[test]
fn experiment() {
    let stage = Stage::advertised_as("localhost");
    let lines = stage.write_many(0..3, 1);
    let good: SocketAddr = stage.broker.endpoint().parse().unwrap();
    let other = TestCertificates::new(&CaOptions::default()).unwrap();
    let second = SocketAddr::new("127.0.0.2".parse().unwrap(), good.port());
    let kind = std::env::var("KIND").unwrap_or_default();
    let _proxy = (kind == "cert").then(|| TlsProxy::start_at(second, &other, good).unwrap());
    let _listener = (kind == "silent").then(|| std::net::TcpListener::bind(second).unwrap());
    let mut env = stage.env_with("DITTO_CDC_BROKERS", &format!("localhost:{}", good.port()));
    let names =
        support::names::with_addresses(stage.folder.path(), "localhost", "127.0.0.1,127.0.0.2");
    env.extend(names.unwrap());
    for _ in 0..std::env::var("RUNS").map_or(12, |n| n.parse().unwrap()) {
        let output = run(&env, &[&["tail"][..], &ALL].concat(), TIMEOUT);
        eprintln!(
            "{:?} {} {:?}\n{}",
            output.status,
            output.lines().len() == lines.len(),
            output.took,
            output.stderr
        );
    }
    let output = run(&env, &["verify"], TIMEOUT);
    eprintln!(
        "{:?} {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        output.stderr
    );
}
