//! Fault groups C and D: every fault of the broker's and of the user's certificate, with TLS 1.2 and 1.3.

use openssl::ssl::SslVersion;

use crate::cases::{Case, run_cases};
use crate::client::Client;
use crate::pki::{Identity, Leaf, user};
use crate::server::{Tls, kafka, listen};

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

/// A client of a broker that sends this certificate and requests none.
fn client_of(broker: &Identity, version: SslVersion, trusted: &Identity) -> Client {
    let port = listen(Some(&Tls::new(broker, &[], version)), kafka);
    Client::new(port, trusted, None)
}

#[test]
fn faults_of_the_brokers_certificate() {
    let (root, other) = (Identity::root("cluster CA"), Identity::root("other CA"));
    let twin = Identity::root("cluster CA");
    let middle = root.intermediate("cluster intermediate");
    let leaf = |days, hosts| Leaf {
        hosts,
        days,
        ..Leaf::default()
    };
    let mine: &[&str] = &["localhost"];
    let names: &[&str] = &["broker-0.example.com", "localhosts", "b.example.com"];
    let good = root.leaf(&Leaf::default());
    let mut cases = Vec::new();
    for version in VERSIONS {
        let broker = |leaf: &Leaf<'_>| client_of(&root.leaf(leaf), version, &root);
        cases.extend([
            Case::fine("healthy", client_of(&good, version, &root)),
            Case::fine(
                "with an intermediate",
                client_of(&middle.leaf(&Leaf::default()), version, &root),
            ),
            Case::fault(
                "C1",
                client_of(&good, version, &other),
                "tls",
                "C1",
                &[
                    "issued by CN=cluster CA",
                    "cluster.p12 contains CN=other CA",
                    "one certificate",
                    "certificate again",
                ],
            ),
            Case::fault(
                "C1 renewed",
                client_of(&good, version, &twin),
                "tls",
                "C1",
                &["same name, but another key"],
            ),
            Case::fault(
                "C1 with its chain",
                client_of(&middle.leaf(&Leaf::default()), version, &other),
                "tls",
                "C1",
                &["2 certificates"],
            ),
            Case::fault(
                "C1 no root",
                client_of(&middle.leaf(&Leaf::default()), version, &middle),
                "tls",
                "C1",
                &["only together with", "CN=cluster CA issued"],
            ),
            Case::fault(
                "C2",
                client_of(&middle.leaf(&Leaf::default()).alone(), version, &root),
                "tls",
                "C2",
                &[
                    "one certificate",
                    "CN=cluster intermediate",
                    "people who run the brokers",
                ],
            ),
            Case::fault(
                "C3",
                broker(&leaf(-10..-3, mine)),
                "tls",
                "C3",
                &["expired on", "3 days ago", "CN=broker"],
            ),
            Case::fault(
                "C4",
                broker(&leaf(2..9, mine)),
                "tls",
                "C4",
                &["not valid before", "clock shows"],
            ),
            Case::fault(
                "C5",
                broker(&leaf(-1..9, names)),
                "tls",
                "C5",
                &[
                    "broker-0.example.com",
                    "not for localhost",
                    "the closest is localhosts",
                ],
            ),
            Case::fault(
                "C6",
                client_of(&Identity::self_signed(&Leaf::default()), version, &root),
                "tls",
                "C6",
                &["self-signed", "CN=broker"],
            ),
            Case::fault(
                "C6 proxy",
                client_of(
                    &Identity::root("Zscaler Root CA").leaf(&Leaf::default()),
                    version,
                    &root,
                ),
                "tls",
                "C6",
                &["proxy", "Zscaler"],
            ),
            Case::fault(
                "C3 of two",
                broker(&leaf(-10..-3, names)),
                "tls",
                "C3",
                &["expired on"],
            ),
            Case::fault(
                "C5 of two",
                broker(&leaf(-10..-3, names)),
                "tls",
                "C5",
                &["not for localhost"],
            ),
            Case::fault(
                "C1 of two",
                client_of(&other.leaf(&leaf(-10..-3, names)), version, &root),
                "tls",
                "C1",
                &["CN=other CA"],
            ),
        ]);
        let name_unchecked = broker(&leaf(-1..60, names));
        let address_unknown = broker(&leaf(-1..60, mine));
        let address = address_unknown.brokers.replace("localhost", "127.0.0.1");
        cases.extend([
            Case::fine(
                "name not checked",
                name_unchecked.with("ssl.endpoint.identification.algorithm", "none"),
            ),
            Case::fault(
                "C5 by address",
                address_unknown.at(address),
                "tls",
                "C5",
                &["not for 127.0.0.1"],
            ),
        ]);
    }
    run_cases(&cases);
}

#[test]
fn a_certificate_that_is_not_checked_is_a_warning() {
    let (root, other) = (Identity::root("cluster CA"), Identity::root("other CA"));
    let client = client_of(&root.leaf(&Leaf::default()), SslVersion::TLS1_3, &other)
        .with("enable.ssl.certificate.verification", "false");
    let found = ditto_cdc::verify::check::broker::checks(
        &client.probe(),
        &crate::cases::local_context(&client),
    );
    assert!(client.connects());
    assert!(found.iter().all(|check| !check.is_failed()), "{found:#?}");
    let tls = found.iter().find(|check| check.name == "tls").unwrap();
    assert!(
        tls.message
            .contains("is not checked, and the check would fail"),
        "{tls:#?}"
    );
}

#[test]
fn faults_of_the_users_certificate() {
    let (root, clients) = (Identity::root("cluster CA"), Identity::root("clients CA"));
    let (strangers, twin) = (
        Identity::root("other clients CA"),
        Identity::root("clients CA"),
    );
    let middle = clients.intermediate("clients intermediate");
    let broker = root.leaf(&Leaf::default());
    let good = clients.leaf(&user());
    let dated = |days| clients.leaf(&Leaf { days, ..user() });
    let wrong_use = clients.leaf(&Leaf {
        name: "user",
        hosts: &[],
        ..Leaf::default()
    });
    let mut cases = Vec::new();
    for version in VERSIONS {
        let accepted = [&clients];
        let listing = listen(Some(&Tls::new(&broker, &accepted, version)), kafka);
        let unlisting = Tls {
            lists_cas: false,
            ..Tls::new(&broker, &accepted, version)
        };
        let unlisting = listen(Some(&unlisting), kafka);
        let with = |port, user: &Identity| Client::new(port, &root, Some(user));
        let name = "client-certificate";
        cases.extend([
            Case::fine("healthy", with(listing, &good)),
            Case::fine("with an intermediate", with(listing, &middle.leaf(&user()))),
            Case::fault(
                "D1",
                Client::new(listing, &root, None),
                name,
                "D1",
                &["none is set", "--user-cert", "alert"],
            ),
            Case::fault(
                "D2",
                with(listing, &strangers.leaf(&user())),
                name,
                "D2",
                &[
                    "accepts certificates issued by CN=clients CA",
                    "issued by CN=other clients CA",
                    "not sent",
                ],
            ),
            Case::fault(
                "D2 without a list of CAs",
                with(unlisting, &strangers.leaf(&user())),
                name,
                "D5",
                &["\"unknown CA\"", "serial", "CN=user"],
            ),
            Case::fault(
                "D3",
                with(listing, &middle.leaf(&user()).alone()),
                name,
                "D3",
                &["CN=clients intermediate", "missing in the file"],
            ),
            Case::fault(
                "D3 without a list of CAs",
                with(unlisting, &middle.leaf(&user()).alone()),
                name,
                "D3",
                &["CN=clients intermediate", "missing in the file"],
            ),
            Case::fault(
                "D4",
                with(listing, &dated(-10..-4)),
                name,
                "D4",
                &["expired on", "4 days ago", "alert certificate expired"],
            ),
            Case::fault(
                "D4 not yet",
                with(listing, &dated(3..9)),
                name,
                "D4",
                &["not valid before", "clock"],
            ),
            Case::fault(
                "D5 use",
                with(listing, &wrong_use),
                name,
                "D5",
                &["clientAuth", "CN=user"],
            ),
            Case::fault(
                "D5 another key",
                with(listing, &twin.leaf(&user())),
                name,
                "D5",
                &["serial", "principal CN=user"],
            ),
        ]);
    }
    run_cases(&cases);
}
