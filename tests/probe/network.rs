//! Fault group B and E4: names, connections, listeners of other kinds, advertised brokers.

use ditto_cdc::verify::check::broker::checks;
use ditto_cdc::verify::check::{Fault, Status};
use openssl::ssl::SslVersion;

use crate::cases::{Case, local_context, run_cases};
use crate::client::Client;
use crate::pki::{Identity, Leaf, user};
use crate::server::{Service, Tls, closed_port, dropping, kafka, listen, serve};

/// Two CAs, a broker's certificate and a user's.
struct World {
    cluster: Identity,
    clients: Identity,
    broker: Identity,
    user: Identity,
}

impl World {
    fn new() -> World {
        let (cluster, clients) = (Identity::root("cluster CA"), Identity::root("clients CA"));
        World {
            broker: cluster.leaf(&Leaf::default()),
            user: clients.leaf(&user()),
            cluster,
            clients,
        }
    }

    fn client(&self, port: u16) -> Client {
        Client::new(port, &self.cluster, Some(&self.user))
    }

    fn tls(&self, service: impl FnOnce(u16) -> Service) -> Client {
        let clients = [&self.clients];
        let tls = Tls::new(&self.broker, &clients, SslVersion::TLS1_3);
        self.client(listen(Some(&tls), service))
    }
}

#[test]
fn names_connections_and_listeners_of_other_kinds() {
    let world = World::new();
    let plain = |service: fn(u16) -> Service| world.client(listen(None, service));
    let nowhere = world.client(1).at("kafka.invalid:443".to_owned());
    let old = Tls::new(&world.broker, &[], SslVersion::TLS1_1);
    let old = world.client(listen(Some(&old), kafka));
    let strict = Tls {
        ciphers: Some("ECDHE-ECDSA-AES256-GCM-SHA384"),
        ..Tls::new(&world.broker, &[], SslVersion::TLS1_2)
    };
    let other_cipher = world
        .client(listen(Some(&strict), kafka))
        .with("ssl.cipher.suites", "ECDHE-ECDSA-AES128-GCM-SHA256");
    let http = |_| Service::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let sasl = |_| Service::Sasl;
    let silence = |_| Service::Silence;
    let open = Tls::new(&world.broker, &[], SslVersion::TLS1_3);
    let open_sasl = world.client(listen(Some(&open), sasl));
    run_cases(&[
        Case::fine("healthy", world.tls(kafka)),
        Case::fine(
            "plaintext, as set",
            plain(kafka).with("security.protocol", "plaintext"),
        ),
        Case::fault(
            "B1",
            nowhere,
            "dns",
            "B1",
            &["kafka.invalid", "does not resolve", "lookup", "spelling"],
        ),
        Case::fault(
            "B2",
            world.client(closed_port()),
            "tcp",
            "B2",
            &["refuses", "127.0.0.1", "Connection refused", "portal"],
        ),
        Case::fault("B4", plain(silence), "tls", "B4", &["but sends nothing"]),
        Case::fault(
            "B4 after the handshake",
            world.tls(silence),
            "kafka",
            "B4",
            &["but sends nothing"],
        ),
        Case::fault(
            "B5",
            plain(kafka),
            "tls",
            "B5",
            &["without TLS", "TLS listener"],
        ),
        Case::fault(
            "B5 that waits",
            plain(|_| Service::Sasl),
            "tls",
            "B5",
            &["without TLS"],
        ),
        Case::fault(
            "B6 HTTP",
            plain(http),
            "tls",
            "B6",
            &["HTTP/1.1 400 Bad Request", "wrong version number"],
        ),
        Case::fault(
            "B6 HTTPS",
            world.tls(http),
            "kafka",
            "B6",
            &["HTTP/1.1 400 Bad Request"],
        ),
        Case::fault(
            "B6 SSH",
            plain(|_| Service::Bytes(b"SSH-2.0-x\r\n")),
            "tls",
            "B6",
            &["SSH-2.0-x"],
        ),
        Case::fault(
            "B6 closing",
            plain(|_| Service::Nothing),
            "tls",
            "B6",
            &["closes connections"],
        ),
        Case::fault(
            "B7 version",
            old,
            "tls",
            "B7",
            &["supports only TLS 1.1", "TLS 1.2 and TLS 1.3"],
        ),
        Case::fault(
            "B7 cipher",
            other_cipher,
            "tls",
            "B7",
            &["ciphers", "alert 40", "ssl.cipher.suites"],
        ),
        Case::fault(
            "B8",
            open_sasl,
            "kafka",
            "B8",
            &["SCRAM-SHA-512", "mutual TLS"],
        ),
        Case::fault(
            "B8 with mutual TLS",
            world.tls(sasl),
            "kafka",
            "B8",
            &["SCRAM-SHA-512"],
        ),
        Case::fault(
            "TLS although none is configured",
            world.tls(kafka).with("security.protocol", "plaintext"),
            "kafka",
            "",
            &["uses TLS", "security.protocol"],
        ),
        Case::fault(
            "unknown ciphers",
            world.tls(kafka).with("ssl.cipher.suites", "NONSENSE"),
            "tls",
            "",
            &["cannot be used", "ciphers"],
        ),
    ]);
}

#[test]
fn a_firewall_that_drops() {
    let Some(dropping) = dropping() else {
        eprintln!("ignored: needs a system on which a listener's queue can be full");
        return;
    };
    let world = World::new();
    let client = world
        .client(dropping.port)
        .at(format!("127.0.0.1:{}", dropping.port));
    run_cases(&[Case::fault(
        "B3",
        client,
        "tcp",
        "B3",
        &["within 3 s", "127.0.0.1", "firewall"],
    )]);
}

/// The client library compares the address with its brackets, which no certificate contains.
#[test]
fn an_ipv6_address() {
    let Ok(socket) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("ignored: needs IPv6");
        return;
    };
    let world = World::new();
    let hosts: &[&str] = &["::1"];
    let broker = world.cluster.leaf(&Leaf {
        hosts,
        ..Leaf::default()
    });
    let tls = Tls::new(&broker, &[], SslVersion::TLS1_3);
    let port = serve(socket, Some(&tls), |port| {
        Service::Kafka(vec![(1, "::1".to_owned(), port)])
    });
    let client = world.client(port).at(format!("[::1]:{port}"));
    let unnamed = client
        .clone()
        .with("ssl.endpoint.identification.algorithm", "none");
    run_cases(&[
        Case::fault(
            "by name",
            client,
            "tls",
            "C5",
            &[
                "not for [::1]",
                "librdkafka 2.12",
                "with its brackets",
                "algorithm=none",
            ],
        ),
        Case::fine("any name", unnamed),
    ]);
}

/// Names that match for a reader, but not for the client library.
#[test]
fn names_that_only_seem_to_match() {
    let world = World::new();
    let leaf = |hosts: &[&str], dns: &[&str]| {
        let broker = world.cluster.leaf(&Leaf {
            hosts,
            dns,
            ..Leaf::default()
        });
        listen(Some(&Tls::new(&broker, &[], SslVersion::TLS1_3)), kafka)
    };
    let by_dns = leaf(&[], &["127.0.0.1"]);
    let by_ip = leaf(&["127.0.0.1", "localhost"], &[]);
    let at = |host: &str, port: u16| world.client(port).at(format!("{host}:{port}"));
    run_cases(&[
        Case::fault(
            "an address as a DNS name",
            at("127.0.0.1", by_dns),
            "tls",
            "C5",
            &["it has the address as a DNS entry", "IP:127.0.0.1"],
        ),
        Case::fine("an address as an IP entry", at("127.0.0.1", by_ip)),
    ]);
}

#[test]
fn one_of_two_brokers_works() {
    let world = World::new();
    let good = world.tls(kafka);
    let brokers = format!("localhost:{},{}", closed_port(), good.brokers);
    let client = good.at(brokers);
    let reports = client.probe();
    let found = checks(&reports, &local_context(&client));
    assert!(client.connects());
    let wrong: Vec<_> = found
        .iter()
        .filter(|check| check.status == Status::Fail)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let warned = found
        .iter()
        .find(|check| check.status == Status::Warn)
        .unwrap();
    assert_eq!(warned.fault.map(Fault::id), Some("B2"), "{found:#?}");
}

#[test]
fn advertised_brokers_are_probed_separately() {
    let world = World::new();
    let other = Identity::root("other CA").leaf(&Leaf::default());
    let stranger = listen(Some(&Tls::new(&other, &[], SslVersion::TLS1_3)), kafka);
    let named_otherwise = world.cluster.leaf(&Leaf {
        hosts: &["else.where"],
        ..Leaf::default()
    });
    let misnamed = listen(
        Some(&Tls::new(&named_otherwise, &[], SslVersion::TLS1_2)),
        kafka,
    );
    let closed = closed_port();
    let client = world.tls(|port| {
        Service::Kafka(vec![
            (1, "localhost".into(), port),
            (2, "broker-2.invalid".into(), 9093),
            (3, "localhost".into(), closed),
            (4, "localhost".into(), stranger),
            (5, "localhost".into(), misnamed),
        ])
    });
    assert!(client.connects());
    let found = checks(&client.probe(), &local_context(&client));
    let named: Vec<_> = found
        .iter()
        .filter(|check| check.name == "advertised-brokers")
        .collect();
    let faults: Vec<(Status, Option<&str>, Option<&serde_json::Value>)> = named
        .iter()
        .map(|check| {
            (
                check.status,
                check.fault.map(Fault::id),
                check.details.get("node"),
            )
        })
        .collect();
    let nodes: Vec<serde_json::Value> = (2..6).map(serde_json::Value::from).collect();
    let expected = [
        (Status::Pass, None, None),
        (Status::Fail, Some("E4"), Some(&nodes[0])),
        (Status::Fail, Some("E4"), Some(&nodes[1])),
        (Status::Fail, Some("C1"), Some(&nodes[2])),
        (Status::Fail, Some("C5"), Some(&nodes[3])),
    ];
    assert_eq!(faults, expected, "{named:#?}");
    assert!(named[1].message.contains("broker-2.invalid"), "{named:#?}");
    assert!(
        named[1]
            .fix
            .as_ref()
            .unwrap()
            .contains("certificates and passwords are not the cause")
    );
    assert!(named[2].message.contains("node 3") && named[2].message.contains("refuses"));
    let others: Vec<_> = found
        .iter()
        .filter(|check| check.name != "advertised-brokers")
        .collect();
    assert!(
        others.iter().all(|check| check.status == Status::Pass),
        "{others:#?}"
    );
}
