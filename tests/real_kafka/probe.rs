//! The probe of `verify` and the client library on the real Kafka, whose alerts are Java's: the verdicts agree, and each
//! fault is named. TLS 1.3 uses the shared broker, TLS 1.2 a separate one.

use openssl::pkey::PKey;
use openssl::x509::X509;

use crate::cases::{Case, run_cases};
use crate::client::Client;
use crate::pki::{Identity, Leaf, user};
use crate::support::kafka::{Kafka, Options};

/// An authority of the rig.
fn authority(kafka: &Kafka, name: &str) -> Identity {
    let read = |end: &str| std::fs::read(kafka.file(&format!("{name}.{end}"))).unwrap();
    Identity {
        certificate: X509::from_pem(&read("pem")).unwrap(),
        key: PKey::private_key_from_pem(&read("key")).unwrap(),
        chain: Vec::new(),
    }
}

fn cases(kafka: &Kafka, version: &str) -> Vec<Case> {
    let cluster = authority(kafka, "cluster-ca");
    let clients = authority(kafka, "clients-ca");
    let unknown = authority(kafka, "unknown-ca");
    let middle = clients.intermediate("clients intermediate");
    let wrong_use = clients.leaf(&Leaf {
        name: "user",
        hosts: &[],
        ..Leaf::default()
    });
    let dated = |days| clients.leaf(&Leaf { days, ..user() });
    let port: u16 = kafka
        .endpoint()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    let with = |user: &Identity| Client::new(port, &cluster, Some(user));
    let good = with(&clients.leaf(&user()));
    let own = "client-certificate";
    let named = |name: &str| format!("{name}, {version}");
    vec![
        Case::fine(&named("healthy"), good.clone()),
        Case::fine(&named("with an intermediate"), with(&middle.leaf(&user()))),
        Case::fault(
            &named("C1"),
            Client {
                trusted: unknown.pem(),
                ..good.clone()
            },
            "tls",
            "C1",
            &["issued by CN=cluster-ca", "CN=unknown-ca"],
        ),
        Case::fault(
            &named("C5"),
            good.clone().at(format!("127.0.0.2:{port}")),
            "tls",
            "C5",
            &["localhost", "not for 127.0.0.2"],
        ),
        Case::fault(
            &named("D1"),
            Client::new(port, &cluster, None),
            own,
            "D1",
            &["none is set", "alert"],
        ),
        Case::fault(
            &named("D2"),
            with(&unknown.leaf(&user())),
            own,
            "D2",
            &["CN=clients-ca", "CN=unknown-ca", "not sent"],
        ),
        Case::fault(
            &named("D3"),
            with(&middle.leaf(&user()).alone()),
            own,
            "D3",
            &["CN=clients intermediate", "missing in the file"],
        ),
        Case::fault(
            &named("D4"),
            with(&dated(-10..-4)),
            own,
            "D4",
            &["expired on", "4 days ago"],
        ),
        Case::fault(
            &named("D4 not yet"),
            with(&dated(3..9)),
            own,
            "D4",
            &["not valid before"],
        ),
        Case::fault(
            &named("D5 use"),
            with(&wrong_use),
            own,
            "D5",
            &["clientAuth"],
        ),
        Case::fault(
            &named("B5"),
            good.at(kafka.admin_endpoint()),
            "tls",
            "B5",
            &["without TLS"],
        ),
    ]
}

#[test]
fn every_fault_is_named_with_tls_1_3() {
    let Some(kafka) = Kafka::shared() else { return };
    run_cases(&cases(kafka, "TLS 1.3"));
}

#[test]
fn every_fault_is_named_with_tls_1_2() {
    let options = Options {
        properties: &[("ssl.enabled.protocols", "TLSv1.2")],
        ..Options::default()
    };
    let Some(kafka) = Kafka::start(&options) else {
        return;
    };
    run_cases(&cases(&kafka, "TLS 1.2"));
}
