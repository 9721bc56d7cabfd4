//! A real Apache Kafka of one node, with mutual TLS and access lists, that ends with the test process.

mod acl;
mod admin;
mod prepare;
mod produce;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

pub use acl::Rule;
pub use produce::{Message, OpenTransaction, TransactionEnd};

use super::ports;
pub use super::server::Signal;
use super::server::{Server, log};

/// The user of `user.p12` may read topics with this prefix.
pub const OPEN_TOPICS: &str = "open-";
/// The user of `user.p12` may use groups with this prefix.
pub const OPEN_GROUPS: &str = "team-";
/// The password of each truststore.
pub const CLUSTER_PASSWORD: &str = "cluster-password";
/// The password of each keystore.
pub const USER_PASSWORD: &str = "user-password";

/// Options of a broker that is not shared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Lines added to `server.properties`; `@ADMIN@` and the like are replaced.
    pub properties: &'a [(&'a str, &'a str)],
    /// Kafka 4.1 in place of the newest version.
    pub is_old: bool,
}

/// The folders of a version of Kafka.
struct Version {
    jars: &'static str,
    storage: &'static str,
}

const NEWEST: Version = Version {
    jars: "lib",
    storage: "storage",
};
const OLD: Version = Version {
    jars: "lib-old",
    storage: "storage-old",
};

/// The ports of a broker; they stay the same over a restart.
#[derive(Debug, Clone, Copy)]
struct Ports {
    /// The listener for users, with TLS.
    ssl: u16,
    /// The listener for tests, without TLS.
    admin: u16,
    controller: u16,
}

impl Ports {
    fn free() -> Ports {
        let [ssl, admin, controller] = ports::free();
        Ports {
            ssl,
            admin,
            controller,
        }
    }
}

/// A running or stopped broker. It and its data are removed on drop, and when the test process ends in any way.
pub struct Kafka {
    folder: PathBuf,
    prepared: PathBuf,
    version: &'static Version,
    ports: Ports,
    server: Mutex<Option<Server>>,
}

impl Kafka {
    /// Starts a broker. If Java or Maven is missing, prints a line and returns `None`; under `CI` that is a failure.
    pub fn start(options: &Options<'_>) -> Option<Kafka> {
        let prepared = prepare::kafka()?;
        let version = if options.is_old { &OLD } else { &NEWEST };
        let folder = new_folder(&prepared, version);
        let ports = Ports::free();
        let properties = server_properties(&prepared, &folder, ports, options);
        std::fs::write(folder.join("server.properties"), properties).unwrap();
        let kafka = Kafka {
            folder,
            prepared,
            version,
            ports,
            server: Mutex::new(None),
        };
        kafka.run();
        kafka.allow(&acl::defaults());
        Some(kafka)
    }

    /// The broker that all tests of one binary share; tests must not stop it.
    pub fn shared() -> Option<&'static Kafka> {
        static SHARED: OnceLock<Option<Kafka>> = OnceLock::new();
        SHARED
            .get_or_init(|| Kafka::start(&Options::default()))
            .as_ref()
    }

    /// Ends the broker and waits for its exit; its data and ports are preserved.
    pub fn stop(&self, signal: Signal) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.stop(signal);
        }
    }

    /// Starts a stopped broker again with the same ports and data, and waits until it responds.
    pub fn run(&self) {
        let properties = self.folder.join("server.properties").display().to_string();
        let main = ["kafka.Kafka".to_owned(), properties];
        let memory = ["-Xms256m", "-Xmx768m"];
        let server = Server::start_java(&self.folder, &memory, &self.classpath(), &main);
        *self.server.lock().unwrap() = Some(server);
        admin::wait_until_ready(&self.admin_endpoint(), || log(&self.folder));
    }

    /// Stops and starts the broker.
    pub fn restart(&self, signal: Signal) {
        self.stop(signal);
        self.run();
    }

    /// The listener for users, with TLS.
    pub fn endpoint(&self) -> String {
        format!("localhost:{}", self.ports.ssl)
    }

    /// The listener for tests: no TLS, all operations allowed.
    pub fn admin_endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.ports.admin)
    }

    /// A certificate or store by its file name: `cluster.p12`, `user.p12`, `stranger.p12` (user certificate of an
    /// unknown authority), `wrong-cluster.p12`, `cluster-ca.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.prepared.join("certs").join(name)
    }

    /// The classpath of the broker and of Kafka's tools.
    pub fn classpath(&self) -> String {
        self.prepared
            .join(self.version.jars)
            .join("*")
            .display()
            .to_string()
    }

    /// The program's settings for a topic of this broker.
    pub fn client_env(&self, topic: &str) -> Vec<(&'static str, String)> {
        let file = |name| self.file(name).display().to_string();
        vec![
            ("DITTO_CDC_BROKERS", self.endpoint()),
            ("DITTO_CDC_TOPIC", topic.to_owned()),
            ("DITTO_CDC_CLUSTER_CERT", file("cluster.p12")),
            (
                "DITTO_CDC_CLUSTER_CERT_PASSWORD",
                CLUSTER_PASSWORD.to_owned(),
            ),
            ("DITTO_CDC_USER_CERT", file("user.p12")),
            ("DITTO_CDC_USER_CERT_PASSWORD", USER_PASSWORD.to_owned()),
        ]
    }
}

/// Creates the folder of a broker, which `run.sh` removes.
fn new_folder(prepared: &Path, version: &Version) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("broker-{}-{number}", std::process::id());
    let folder = prepared.with_file_name(name);
    let storage = folder.join("storage");
    std::fs::create_dir_all(&storage).unwrap();
    let formatted = prepared.join(version.storage);
    for file in ["meta.properties", "bootstrap.checkpoint"] {
        std::fs::copy(formatted.join(file), storage.join(file)).unwrap();
    }
    folder
}

fn server_properties(
    prepared: &Path,
    folder: &Path,
    ports: Ports,
    options: &Options<'_>,
) -> String {
    let mut text = include_str!("../kafka-rig/server.properties").to_owned();
    for (key, value) in options.properties {
        writeln!(text, "{key}={value}").unwrap();
    }
    for (name, value) in [
        ("@STORAGE@", folder.join("storage").display().to_string()),
        ("@CERTS@", prepared.join("certs").display().to_string()),
        ("@SSL@", ports.ssl.to_string()),
        ("@ADMIN@", ports.admin.to_string()),
        ("@CONTROLLER@", ports.controller.to_string()),
    ] {
        text = text.replace(name, &value);
    }
    text
}
