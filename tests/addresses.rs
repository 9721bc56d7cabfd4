//! Reading from a name with several addresses, of which some serve another certificate or do not answer. The client
//! library tries them in any order, so that each case runs several times.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use ditto_cdc::tls::testbed::ca::{CaOptions, TestCertificates};
use ditto_cdc::tls::testbed::proxy::TlsProxy;
use support::names::with_addresses;
use support::program::{Output, Running, run};
use support::stage::{ALL, Stage};

/// A silent address takes eight seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
const RUNS: usize = 10;

/// A broker that is known by a name with the address of the broker and others on the same port.
struct Named {
    stage: Stage,
    lines: Vec<String>,
    broker: SocketAddr,
}

impl Named {
    fn new() -> Named {
        let stage = Stage::advertised_as("localhost");
        Named {
            lines: stage.write_many(0..3, 1),
            broker: stage.broker.endpoint().parse().unwrap(),
            stage,
        }
    }

    fn at(&self, address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), self.broker.port())
    }

    /// A proxy with certificates of another CA.
    fn stranger(&self, address: &str) -> TlsProxy {
        let other = TestCertificates::new(&CaOptions::default()).unwrap();
        TlsProxy::start_at(self.at(address), &other, self.broker).unwrap()
    }

    /// `None` on systems without a way to give a name other addresses.
    fn env(&self, addresses: &str) -> Option<Vec<(&'static str, String)>> {
        let brokers = format!("localhost:{}", self.broker.port());
        let mut env = self.stage.env_with("DITTO_CDC_BROKERS", &brokers);
        let folder = self.stage.folder.path();
        env.extend(with_addresses(folder, "localhost", addresses)?);
        Some(env)
    }

    /// Reads everything in several runs at the same time.
    fn read(&self, addresses: &str) -> Vec<Output> {
        let Some(env) = self.env(addresses) else {
            return Vec::new();
        };
        let args = [&["tail"][..], &ALL].concat();
        thread::scope(|scope| {
            let start = |_| scope.spawn(|| run(&env, &args, TIMEOUT));
            let runs: Vec<_> = (0..RUNS).map(start).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        })
    }

    fn assert_complete(&self, output: &Output) {
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert_eq!(output.lines().len(), self.lines.len(), "{}", output.stderr);
        assert_no_outage(&output.stderr);
    }
}

fn assert_no_outage(stderr: &str) {
    for word in ["lost the connection", "no connection", "is back"] {
        assert!(!stderr.contains(word), "{stderr}");
    }
}

#[test]
fn another_certificate_at_one_address_does_not_end_a_read() {
    let named = Named::new();
    let _stranger = named.stranger("127.0.0.2");
    let found = named.read("127.0.0.1,127.0.0.2");
    for output in &found {
        named.assert_complete(output);
        let told = output.stderr.lines().count();
        assert!(
            told == 0 || told == 1 && output.stderr.contains("127.0.0.2"),
            "{}",
            output.stderr
        );
        assert!(output.took < Duration::from_secs(10), "{output:?}");
    }
    let Some(env) = named.env("127.0.0.2,127.0.0.1") else {
        return;
    };
    for group in 0..RUNS {
        let name = format!("g{group}");
        let group: &[&str] = if group > 2 { &["--group", &name] } else { &[] };
        let args = [&["tail", "--from", "beginning"], group].concat();
        let mut live = Running::start(&env, &args);
        live.wait_for_lines(named.lines.len(), TIMEOUT);
        assert_no_outage(&live.interrupt().stderr);
    }
    let output = run(&env, &["verify"], TIMEOUT);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.contains("B11")).unwrap();
    assert!(
        line.starts_with('!') && line.contains("127.0.0.2, one of the 2 addresses"),
        "{text}"
    );
}

#[test]
fn a_closed_address_does_not_end_a_read() {
    let named = Named::new();
    for output in named.read("127.0.0.1,127.0.0.2") {
        named.assert_complete(&output);
        assert!(output.took < Duration::from_secs(10), "{output:?}");
    }
}

#[test]
fn a_silent_address_does_not_end_a_read() {
    let named = Named::new();
    let _silent = TcpListener::bind(named.at("127.0.0.2")).unwrap();
    for output in named.read("127.0.0.1,127.0.0.2") {
        named.assert_complete(&output);
    }
}

#[test]
fn without_an_address_that_works_the_error_is_immediate_and_names_each() {
    let named = Named::new();
    let _strangers = ["127.0.0.2", "127.0.0.3"].map(|address| named.stranger(address));
    for (addresses, limit) in [
        ("127.0.0.2,127.0.0.3", 5),
        ("127.0.0.2", 5),
        ("127.0.0.2,127.0.0.4", 10),
    ] {
        for output in named.read(addresses) {
            assert_eq!(output.status, Some(3), "{output:?}");
            assert!(output.took < Duration::from_secs(limit), "{output:?}");
            let several = addresses.contains(',');
            for address in addresses.split(',').filter(|_| several) {
                assert!(output.stderr.contains(address), "{output:?}");
            }
        }
    }
}
