//! Test environment of the demo: embedded broker, Big Peer with the same data, certificate files in a temporary folder.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

use crate::demo::replica::{Difference, Replica};
use crate::demo::server::{Live, Server, now_millis};
use crate::demo::{Action, Generator, Message, PARTITIONS, afternoon, evening, history};
use crate::kafka::embedded::{Embedded, Options, ProducerRecord};
use crate::mirror::MirrorReader;
use crate::tls::testbed::ca::random_password;
use crate::util::exit::Exit;
use crate::util::secret::Secret;

/// The topic of the demo's events.
pub const TOPIC: &str = "ditto.demo.cafe";
/// A topic that exists, but that the user is not authorized to read.
const FORBIDDEN_TOPIC: &str = "ditto.demo.forbidden";

/// Fixed, so that each run has the same events and the documentation can quote them.
const SEED: u64 = 1;
/// Time between two events of `--serve`.
const EVENT_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two checks for Ctrl-C.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What `--serve` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ServePlan {
    /// Time between two gaps; `None` for no gaps.
    pub gap_interval: Option<Duration>,
    /// Time without a client after which the servers end; `None` for ever.
    pub idle_limit: Option<Duration>,
}

/// A setting's environment variable and its value. Contains passwords.
pub type Setting = (&'static str, String);

/// The running servers, their events and files.
pub(super) struct DemoEnvironment {
    // Dropped in this order: the producer of changes before the receiver of their events.
    pub(super) server: Server,
    live: Arc<Live>,
    pub(super) broker: Arc<Embedded>,
    /// The events produced at the start, one per line.
    history: String,
    pub(super) folder: TempDir,
    pub(super) settings: Vec<Setting>,
}

impl DemoEnvironment {
    /// Starts the broker, writes the files and generates the events.
    pub(super) fn build() -> anyhow::Result<DemoEnvironment> {
        let broker = Embedded::start(&Options {
            topics: vec![(TOPIC.to_owned(), PARTITIONS)],
            forbidden: vec![FORBIDDEN_TOPIC.to_owned()],
            ..Options::default()
        })?;
        let folder = tempfile::Builder::new().prefix("ditto-cdc-demo-").tempdir();
        let folder = folder.context("creating a temporary folder for cluster.p12 and user.p12")?;
        let mut settings = settings(&broker, folder.path())?;
        let mut generator = Generator::new(SEED);
        let messages = history(&mut generator, now_millis());
        let broker = Arc::new(broker);
        produce(&broker, &messages)?;
        let publisher = Arc::clone(&broker);
        let publish = Box::new(move |messages: &[Message]| produce(&publisher, messages));
        let live = Arc::new(Live::new(generator, publish));
        let key = random_password()?;
        let server =
            Server::start(&live, &key).context("starting the HTTP server of the Big Peer")?;
        settings.push(("DITTO_CDC_URL", server.url()));
        settings.push(("DITTO_CDC_API_KEY", key.expose().to_owned()));
        let lines = messages
            .iter()
            .map(|message| format!("{}\n", message.payload));
        Ok(DemoEnvironment {
            server,
            live,
            broker,
            history: lines.collect(),
            folder,
            settings,
        })
    }

    /// The value of a setting, by the name of its environment variable.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|(known, _)| *known == name);
        setting.map(|(_, value)| value.as_str())
    }

    /// The differences between the Big Peer and a replica built from the stream alone.
    pub(super) fn lost_in_gap(&self) -> anyhow::Result<Difference> {
        let mut replica = Replica::default();
        replica.apply(&self.history)?;
        Ok(self
            .live
            .read(|generator| replica.compare(generator.store())))
    }

    /// Produces the events after the snapshot.
    pub(super) fn continue_events(&self) -> anyhow::Result<()> {
        self.live
            .apply(|generator| afternoon(generator, now_millis()))
    }

    /// Produces the events between the two runs of the mirror; some are missing, and a gap is announced.
    pub(super) fn continue_events_with_gap(&self) -> anyhow::Result<()> {
        self.live
            .apply(|generator| evening(generator, now_millis()))
    }

    /// The rows of a query's answer from a mirror in the folder.
    pub(super) fn query_mirror(&self, file: &str, sql: &str) -> anyhow::Result<Vec<String>> {
        let reader = MirrorReader::open(&self.folder.path().join(file));
        let rows = reader.and_then(|reader| reader.query(sql));
        rows.map_err(|failure| anyhow::anyhow!(failure.what))
    }

    /// Produces an event per second, and gaps at their interval. Ends at Ctrl-C, or if there was no client for longer than
    /// the idle limit.
    pub(super) fn produce_events(
        &self,
        plan: &ServePlan,
        interrupt: &AtomicBool,
    ) -> anyhow::Result<Exit> {
        let mut last_gap = Instant::now();
        while wait(interrupt, EVENT_INTERVAL) {
            if plan
                .idle_limit
                .is_some_and(|limit| self.idle_time() > limit)
            {
                return Ok(Exit::Success);
            }
            let is_gap_due = plan
                .gap_interval
                .is_some_and(|interval| last_gap.elapsed() >= interval);
            if is_gap_due {
                last_gap = Instant::now();
                self.live
                    .apply(|generator| generator.perform(Action::Gap, now_millis()))?;
            }
            self.live
                .apply(|generator| generator.random_action(now_millis()))?;
        }
        Ok(Exit::Interrupted)
    }

    /// The time since the last request of a client.
    fn idle_time(&self) -> Duration {
        let last = self.broker.last_request().max(self.server.last_request());
        last.elapsed()
    }

    /// Stops the broker and removes the files; dropping does the same, but ignores errors.
    pub(super) fn shut_down(self) -> anyhow::Result<()> {
        let path = self.folder.path().display().to_string();
        let removed = self.folder.close();
        removed.with_context(|| format!("removing the temporary folder {path}"))
    }
}

fn settings(broker: &Embedded, folder: &Path) -> anyhow::Result<Vec<Setting>> {
    let files = broker.write_files(folder)?;
    let issued = broker.certificates();
    let text = |path: &Path| path.display().to_string();
    let password = |secret: &Secret| secret.expose().to_owned();
    Ok(vec![
        ("DITTO_CDC_BROKERS", broker.endpoint().to_owned()),
        ("DITTO_CDC_TOPIC", TOPIC.to_owned()),
        ("DITTO_CDC_CLUSTER_CERT", text(&files.cluster)),
        (
            "DITTO_CDC_CLUSTER_CERT_PASSWORD",
            password(&issued.cluster_password),
        ),
        ("DITTO_CDC_USER_CERT", text(&files.user)),
        (
            "DITTO_CDC_USER_CERT_PASSWORD",
            password(&issued.user_password),
        ),
    ])
}

fn produce(broker: &Embedded, messages: &[Message]) -> anyhow::Result<()> {
    for message in messages {
        broker.produce(&ProducerRecord {
            topic: TOPIC,
            partition: Some(message.partition),
            key: message.key.as_deref().map(str::as_bytes),
            payload: Some(message.payload.as_bytes()),
            headers: &[],
            time_millis: Some(message.time_millis),
        })?;
    }
    broker.flush()
}

/// Waits; returns `false` at once after Ctrl-C.
fn wait(interrupt: &AtomicBool, time: Duration) -> bool {
    let checks = time.as_millis() / POLL_INTERVAL.as_millis();
    for _ in 0..checks {
        if interrupt.load(Ordering::SeqCst) {
            return false;
        }
        thread::sleep(POLL_INTERVAL);
    }
    true
}
