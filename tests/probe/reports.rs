//! The probe's report about a healthy listener.

use ditto_cdc::tls::handshake::ClientCertificate;
use openssl::ssl::SslVersion;

use crate::client::Client;
use crate::pki::{Identity, Leaf, user};
use crate::server::{Tls, kafka, listen};

#[test]
fn a_healthy_listener_is_described() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (cluster, clients) = (Identity::root("cluster"), Identity::root("clients"));
        let broker = cluster.intermediate("middle").leaf(&Leaf::default());
        let user = clients.leaf(&user());
        let port = listen(
            Some(&Tls::new(&broker, &[&clients, &cluster], version)),
            kafka,
        );
        let client = Client::new(port, &cluster, Some(&user));
        let reports = client.probe();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].works(), "{reports:?}");
        assert_eq!(reports[0].nodes().count(), 1);
        let address = reports[0].addresses.iter().find(|one| one.works()).unwrap();
        let handshake = address.handshake.as_ref().unwrap();
        assert_eq!(handshake.errors, []);
        let subjects: Vec<&str> = handshake
            .chain
            .iter()
            .map(|one| one.subject.as_str())
            .collect();
        assert_eq!(subjects, ["CN=broker", "CN=middle"]);
        assert_eq!(handshake.chain[0].dns_names, ["localhost", "127.0.0.1"]);
        let request = handshake.certificate_request.as_ref().unwrap();
        assert_eq!(request.authorities, ["CN=clients", "CN=cluster"]);
        assert!(request.accepts_ours);
        assert_eq!(handshake.client_certificate, ClientCertificate::Offered);
        assert_eq!(
            handshake.protocol.as_deref(),
            Some(if version == SslVersion::TLS1_2 {
                "TLS 1.2"
            } else {
                "TLS 1.3"
            })
        );
        assert!(client.connects());
    }
}
