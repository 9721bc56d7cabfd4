//! A client with certificates and properties, for the probe, for the client library and for `verify`.

use std::time::Duration;

use ditto_cdc::probe::{Credentials, Report, Target, Timeouts, run};
use ditto_cdc::util::secret::Secret;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::pki::Identity;
use crate::support::program::{Output, run as run_program};

/// Healthy listeners of a test respond within milliseconds.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(4);

/// The program's own limit is fifteen seconds; here many run in parallel.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// The settings of a client.
#[derive(Clone)]
pub struct Client {
    pub brokers: String,
    pub trusted: String,
    pub user: Option<Identity>,
    pub properties: Vec<(&'static str, String)>,
}

impl Client {
    pub fn new(port: u16, trusted: &Identity, user: Option<&Identity>) -> Client {
        Client {
            brokers: format!("localhost:{port}"),
            trusted: trusted.pem(),
            user: user.cloned(),
            properties: Vec::new(),
        }
    }

    pub fn at(mut self, brokers: String) -> Client {
        self.brokers = brokers;
        self
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Client {
        self.properties.push((name, value.to_owned()));
        self
    }

    /// Whether the client library connects and gets a metadata response.
    pub fn connects(&self) -> bool {
        let mut config = ClientConfig::new();
        config.set("security.protocol", "ssl");
        config.set("bootstrap.servers", &self.brokers);
        config.set("group.id", "none");
        config.set("ssl.ca.pem", &self.trusted);
        if let Some(user) = &self.user {
            config.set("ssl.certificate.pem", user.pem());
            config.set("ssl.key.pem", user.key_pem());
        }
        for (name, value) in &self.properties {
            config.set(*name, value);
        }
        let Ok(consumer) = config.create::<BaseConsumer>() else {
            return false;
        };
        consumer.fetch_metadata(None, CLIENT_TIMEOUT).is_ok()
    }

    pub fn credentials(&self) -> Credentials {
        let properties: Vec<(String, String)> = self
            .properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let user = self.user.as_ref();
        let credentials = Credentials::new(
            Some(self.trusted.clone()),
            user.map(Identity::pem),
            user.map(|user| Secret::new(user.key_pem())),
            &properties,
        );
        credentials.unwrap()
    }

    /// Runs `verify --json`.
    pub fn verify(&self) -> Output {
        self.run(&["verify", "--json"])
    }

    /// Runs the program with these settings.
    pub fn run(&self, args: &[&str]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let mut env = vec![
            ("DITTO_CDC_BROKERS", self.brokers.clone()),
            ("DITTO_CDC_TOPIC", "events".to_owned()),
            (
                "DITTO_CDC_CLUSTER_CERT",
                file("cluster.pem", self.trusted.clone()),
            ),
        ];
        if let Some(user) = &self.user {
            let text = user.pem() + &user.key_pem();
            env.push(("DITTO_CDC_USER_CERT", file("user.pem", text)));
        }
        let properties = self.properties.iter();
        let properties: Vec<String> = properties
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut args = args.to_vec();
        for property in &properties {
            args.extend(["-X", property]);
        }
        run_program(&env, &args, PROGRAM_TIMEOUT)
    }

    pub fn probe(&self) -> Vec<Report> {
        let targets = Target::list(&self.brokers);
        run(&targets, &self.credentials(), &Timeouts::default())
    }
}
