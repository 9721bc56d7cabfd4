//! Fault groups C and D against another TLS server, the `openssl` command of the system. It does not speak Kafka, so no
//! response follows a successful handshake.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cases::{Case, run_cases};
use crate::client::Client;
use crate::pki::{Identity, Leaf, user};
use crate::server::closed_port;

/// A running `openssl s_server`; dropping the value stops it.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `None` if the command is missing, which is a failure in CI.
fn s_server(
    folder: &Path,
    broker: &Identity,
    clients: Option<&Identity>,
    version: &str,
    more: &[&str],
) -> Option<Server> {
    let port = closed_port();
    let file = |end: &str, text: String| {
        let path = folder.join(format!("{port}-{end}.pem"));
        std::fs::File::create(&path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        path
    };
    let certificate = file("certificate", broker.pem());
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-quiet", version, "-accept"])
        .arg(format!("127.0.0.1:{port}"));
    command.arg("-cert").arg(&certificate);
    command.arg("-cert_chain").arg(&certificate);
    command.arg("-key").arg(file("key", broker.key_pem()));
    if let Some(clients) = clients {
        command.args(["-Verify", "3", "-verify_return_error", "-CAfile"]);
        command.arg(file("clients", clients.pem()));
    }
    let spawned = command
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = spawned else {
        assert!(std::env::var_os("CI").is_none(), "needs openssl");
        eprintln!("ignored: needs openssl");
        return None;
    };
    let server = Server { child, port };
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "no s_server");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(server)
}

/// Writes a revocation list with the user's certificate, and returns its path.
fn revocation_list(folder: &Path, authority: &Identity, user: &Identity) -> String {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let entry = format!(
        "R\t351231000000Z\t260101000000Z\t{}\tunknown\t/CN=user\n",
        user.serial()
    );
    write("index.txt", &entry);
    write("number", "01\n");
    write("ca.pem", &authority.pem());
    write("ca.key", &authority.key_pem());
    let settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\n\
                    default_md=sha256\ndefault_crl_days=9\n";
    write("ca.cnf", settings);
    let mut command = Command::new("openssl");
    command.args([
        "ca", "-config", "ca.cnf", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key",
    ]);
    let made = command
        .args(["-out", "crl.pem"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    folder.join("crl.pem").display().to_string()
}

#[test]
fn a_revoked_certificate_is_d5() {
    let (root, clients) = (Identity::root("cluster CA"), Identity::root("clients CA"));
    let broker = root.leaf(&Leaf::default());
    let user = clients.leaf(&user());
    let mut servers = Vec::new();
    let mut cases = Vec::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let folder = tempfile::tempdir().unwrap();
        let available = s_server(folder.path(), &broker, Some(&clients), version, &[]);
        if available.is_none() {
            return;
        }
        let list = revocation_list(folder.path(), &clients, &user);
        let more = ["-crl_check", "-CRL", &list];
        let server = s_server(folder.path(), &broker, Some(&clients), version, &more).unwrap();
        let client = Client::new(server.port, &root, Some(&user));
        let words = [
            "\"certificate revoked\"",
            &user.serial(),
            "principal CN=user",
        ];
        cases.push(Case::fault(
            version,
            client,
            "client-certificate",
            "D5",
            &words,
        ));
        servers.push((server, folder));
    }
    run_cases(&cases);
}

#[test]
fn certificates_with_the_openssl_command() {
    let folder = tempfile::tempdir().unwrap();
    let (root, other) = (Identity::root("cluster CA"), Identity::root("other CA"));
    let (clients, strangers) = (
        Identity::root("clients CA"),
        Identity::root("other clients CA"),
    );
    let middle = root.intermediate("cluster intermediate");
    let good = root.leaf(&Leaf::default());
    let past = Leaf {
        days: -9..-2,
        ..Leaf::default()
    };
    let old_user = clients.leaf(&Leaf {
        days: -9..-2,
        ..user()
    });
    let own = "client-certificate";
    let mut servers = Vec::new();
    let mut cases = Vec::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let mut start = |broker: &Identity, requests: bool| {
            let server = s_server(
                folder.path(),
                broker,
                requests.then_some(&clients),
                version,
                &[],
            )?;
            let port = server.port;
            servers.push(server);
            Some(port)
        };
        let mut trusted =
            |name: &str, broker: &Identity, trusted: &Identity, id, words: &[&str]| {
                let client = Client::new(start(broker, false)?, trusted, None);
                cases.push(Case::fault(
                    name,
                    client,
                    if id == "B4" { "kafka" } else { "tls" },
                    id,
                    words,
                ));
                Some(())
            };
        let started = trusted("healthy", &good, &root, "B4", &["but sends nothing"]);
        if started.is_none() {
            return;
        }
        trusted("C1", &good, &other, "C1", &["issued by CN=cluster CA"]);
        trusted(
            "C2",
            &middle.leaf(&Leaf::default()).alone(),
            &root,
            "C2",
            &["CN=cluster intermediate"],
        );
        trusted("C3", &root.leaf(&past), &root, "C3", &["2 days ago"]);
        trusted(
            "C6",
            &Identity::self_signed(&Leaf::default()),
            &root,
            "C6",
            &["self-signed"],
        );
        let mut refused = |name: &str, user: Option<&Identity>, id, words: &[&str]| {
            let port = start(&good, true).unwrap();
            cases.push(Case::fault(
                name,
                Client::new(port, &root, user),
                own,
                id,
                words,
            ));
        };
        refused("D1", None, "D1", &["none is set"]);
        refused(
            "D2",
            Some(&strangers.leaf(&user())),
            "D2",
            &["CN=other clients CA", "not sent"],
        );
        refused("D4", Some(&old_user), "D4", &["2 days ago", "expired"]);
    }
    run_cases(&cases);
}
