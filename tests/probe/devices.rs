//! Devices between client and broker: a proxy that routes by host name (B9), a middlebox that drops a long client hello
//! (B10), and a name of which one address does not work (B11).

use std::net::SocketAddr;
use std::time::Duration;

use ditto_cdc::probe::{Report, Target, TcpOutcome};
use ditto_cdc::verify::check::broker::checks;
use ditto_cdc::verify::check::{Check, Fault, Status};
use openssl::ssl::SslVersion;

use crate::cases::{Case, local_context, run_cases};
use crate::client::Client;
use crate::pki::{Identity, Leaf, user};
use crate::server::{Service, Tls, closed_port, kafka, listen};
use crate::support::relay::{Behaviour, Relay};

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];
const CLASSIC: &str = "X25519:P-256:P-384:P-521";

/// Listens with a certificate that is valid for this machine.
fn broker(
    root: &Identity,
    version: SslVersion,
    only_name: Option<&'static str>,
    service: impl FnOnce(u16) -> Service,
) -> u16 {
    let identity = root.leaf(&Leaf::default());
    let tls = Tls {
        only_name,
        ..Tls::new(&identity, &[], version)
    };
    listen(Some(&tls), service)
}

#[test]
fn a_proxy_that_does_not_know_the_name_is_b9() {
    let root = Identity::root("cluster CA");
    let mut cases = Vec::new();
    for version in VERSIONS {
        let routed = broker(&root, version, Some("localhost"), kafka);
        let other = broker(&root, version, Some("kafka.example.com"), kafka);
        let client = Client::new(other, &root, None);
        cases.extend([
            Case::fine("routed", Client::new(routed, &root, None)),
            Case::fault(
                "another name",
                client.clone(),
                "tls",
                "B9",
                &[
                    "does not know the host name localhost",
                    &format!("127.0.0.1:{other}"),
                    "\"unrecognized name\"",
                    "portal",
                    "alert",
                ],
            ),
            Case::fault(
                "no name",
                client.at(format!("127.0.0.1:{other}")),
                "tls",
                "B9",
                &[
                    "none was sent, because 127.0.0.1 is an address",
                    "host name of the endpoint",
                ],
            ),
        ]);
    }
    run_cases(&cases);
}

#[test]
fn tail_names_b9_and_not_the_certificate() {
    let root = Identity::root("cluster CA");
    let other = broker(&root, SslVersion::TLS1_3, Some("kafka.example.com"), kafka);
    let user = Identity::root("clients CA").leaf(&user());
    let output = Client::new(other, &root, Some(&user)).run(&["tail"]);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    for words in [
        &format!("the proxy in front of localhost:{other} does not know the host name localhost")[..],
        "B9",
        "alert number 112",
        "portal",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    for words in ["certificate (", "download"] {
        assert!(!output.stderr.contains(words), "{words}: {}", output.stderr);
    }
}

/// The proxy routes the bootstrap's name, and not the one that the cluster advertises.
#[test]
fn an_advertised_broker_that_the_proxy_does_not_route_is_b9() {
    let root = Identity::root("cluster CA");
    let hidden = broker(&root, SslVersion::TLS1_3, Some("elsewhere"), kafka);
    let port = broker(&root, SslVersion::TLS1_3, Some("localhost"), |port| {
        Service::Kafka(vec![
            (1, "localhost".to_owned(), port),
            (2, "localhost".to_owned(), hidden),
        ])
    });
    let client = Client::new(port, &root, None);
    let found = checks(&client.probe(), &local_context(&client));
    let failed: Vec<&Check> = found.iter().filter(|check| check.is_failed()).collect();
    assert_eq!(failed.len(), 1, "{found:#?}");
    assert_eq!(failed[0].name, "advertised-brokers");
    assert_eq!(failed[0].fault, Some(Fault::B9));
    assert!(failed[0].message.contains("advertised broker, node 2: "));
    let fix = failed[0].fix.as_deref().unwrap();
    assert!(
        fix.contains("must route localhost in their proxy too"),
        "{fix}"
    );
}

/// A broker behind a middlebox, and the middlebox's port.
fn middlebox(root: &Identity) -> (u16, Relay) {
    let identity = root.leaf(&Leaf::default());
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let tls = Tls::new(&identity, &[], SslVersion::TLS1_3);
    let target = listen(Some(&tls), |_| {
        Service::Kafka(vec![(1, "localhost".to_owned(), port)])
    });
    let target = SocketAddr::from(([127, 0, 0, 1], target));
    (port, Relay::serve(socket, target, Behaviour::OneSegment))
}

#[test]
fn a_middlebox_that_drops_a_long_hello_is_b10_and_the_named_setting_helps() {
    let root = Identity::root("cluster CA");
    let (port, _relay) = middlebox(&root);
    let client = Client::new(port, &root, None);
    run_cases(&[
        Case::fault(
            "default groups",
            client.clone(),
            "tls",
            "B10",
            &[
                "does not answer",
                "but answers one of",
                &format!("-X ssl.curves.list={CLASSIC}"),
            ],
        ),
        Case::fine(
            "classic groups",
            client.clone().with("ssl.curves.list", CLASSIC),
        ),
    ]);
}

/// The setting has dots and colons like the host names that redaction replaces.
#[test]
fn redaction_keeps_the_setting_that_helps() {
    let root = Identity::root("cluster CA");
    let user = Identity::root("clients CA").leaf(&user());
    let (port, _relay) = middlebox(&root);
    let output = Client::new(port, &root, Some(&user)).run(&["verify", "--redact"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(&format!("-X ssl.curves.list={CLASSIC} ")),
        "{text}"
    );
}

/// One report about a name whose addresses are those of two listeners.
fn merged(client: &Client, ports: [u16; 2]) -> Report {
    let mut reports = ports.map(|port| {
        let host = ["127.0.0.1", "127.0.0.2"][usize::from(port == ports[1])];
        let mut reports = client.clone().at(format!("{host}:{port}")).probe();
        reports.swap_remove(0)
    });
    let [first, second] = &mut reports;
    first.addresses.append(&mut second.addresses);
    first.target = Target {
        host: "kafka.example.com".to_owned(),
        ..first.target.clone()
    };
    first.clone()
}

#[test]
fn an_address_that_serves_something_else_is_b11() {
    let (root, other) = (Identity::root("cluster CA"), Identity::root("other CA"));
    let hosts: &[&str] = &["127.0.0.1", "127.0.0.2"];
    let leaf = Leaf {
        hosts,
        ..Leaf::default()
    };
    let good = listen(
        Some(&Tls::new(&root.leaf(&leaf), &[], SslVersion::TLS1_3)),
        |_| Service::Kafka(Vec::new()),
    );
    let strange = other.leaf(&leaf);
    let any = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    let strange = crate::server::serve(
        any,
        Some(&Tls::new(&strange, &[], SslVersion::TLS1_3)),
        kafka,
    );
    let client = Client::new(good, &root, Some(&root.leaf(&user())));
    let found = checks(&[merged(&client, [good, strange])], &local_context(&client));
    let wrong: Vec<&Check> = found
        .iter()
        .filter(|check| [Status::Fail, Status::Warn].contains(&check.status))
        .collect();
    assert_eq!(wrong.len(), 1, "{found:#?}");
    assert_eq!((wrong[0].name, wrong[0].fault), ("tls", Some(Fault::B11)));
    assert_eq!(wrong[0].status, Status::Warn);
    assert_eq!(wrong[0].details["cause"], "C1");
    assert_eq!(wrong[0].details["address"], "127.0.0.2");
    let words = "127.0.0.2, one of the 2 addresses of kafka.example.com, does not work: ";
    assert!(wrong[0].message.starts_with(words), "{wrong:#?}");
    // Another machine that does not answer makes connecting slow, but reading works.
    let mut report = merged(&client, [good, closed_port()]);
    report.addresses[1].address = "192.0.2.1:443".parse().unwrap();
    report.addresses[1].tcp = TcpOutcome::TimedOut(Duration::from_secs(3));
    let found = checks(&[report], &local_context(&client));
    let warned = found.iter().find(|check| check.fault.is_some()).unwrap();
    assert_eq!((warned.name, warned.fault), ("tcp", Some(Fault::B11)));
    assert_eq!(
        (warned.status, &warned.details["cause"]),
        (Status::Warn, &"B3".into())
    );
    // Without an address that works, each is named with its own fault.
    let report = merged(&client, [closed_port(), strange]);
    let found = checks(&[report], &local_context(&client));
    let failed: Vec<_> = found.iter().filter(|check| check.is_failed()).collect();
    let words = "127.0.0.1, one of the 2 addresses of kafka.example.com, does not work: ";
    assert!(
        failed.len() == 2 && failed[1].message.starts_with(words),
        "{failed:#?}"
    );
    // A closed port of this machine is a fault, too, but normal for one of the addresses of `localhost`.
    let mut closed = merged(&client, [good, closed_port()]);
    let found = checks(&[closed.clone()], &local_context(&client));
    let warned = found.iter().find(|check| check.fault.is_some()).unwrap();
    assert_eq!(warned.details["cause"], "B2");
    closed.target.host = "localhost".to_owned();
    let found = checks(&[closed], &local_context(&client));
    assert!(
        found.iter().all(|check| check.fault.is_none()),
        "{found:#?}"
    );
}
