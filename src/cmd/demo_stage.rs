//! What the demo shows: a running broker with a story in it, and the two certificate files in a temporary folder.
//! What is said about it is left to `demo`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use tempfile::TempDir;

use crate::demo::{Message, PARTITIONS, Shop, history};
use crate::exit::Exit;
use crate::secret::Secret;
use crate::source::kafka::embedded::{Embedded, Options, Outgoing};

/// The topic that holds the story.
pub const TOPIC: &str = "ditto.demo.cafe";
/// A topic that exists and that nobody may read.
pub const FORBIDDEN_TOPIC: &str = "ditto.demo.forbidden";

/// Fixed, so that everybody sees the same story and documents can quote it.
const SEED: u64 = 1;
const TRICKLE: Duration = Duration::from_secs(1);
/// How soon Ctrl-C is noticed.
const GLANCE: Duration = Duration::from_millis(50);

/// A setting's environment variable and its value. Holds passwords: not for printing elsewhere.
pub type Setting = (&'static str, String);

/// The running broker, its story and its files.
pub(super) struct Stage {
    pub(super) broker: Embedded,
    shop: Shop,
    pub(super) folder: TempDir,
    pub(super) settings: Vec<Setting>,
}

impl Stage {
    /// Starts the broker, writes the files and tells the story.
    pub(super) fn build() -> anyhow::Result<Stage> {
        let broker = Embedded::start(&Options {
            topics: vec![(TOPIC.to_owned(), PARTITIONS)],
            forbidden: vec![FORBIDDEN_TOPIC.to_owned()],
            ..Options::default()
        })?;
        let folder = tempfile::Builder::new().prefix("ditto-cdc-demo-").tempdir();
        let folder = folder.context("making a temporary folder for cluster.p12 and user.p12")?;
        let settings = settings(&broker, folder.path())?;
        let mut shop = Shop::new(SEED);
        produce(&broker, &history(&mut shop, now_millis()))?;
        Ok(Stage {
            broker,
            shop,
            folder,
            settings,
        })
    }

    /// A new change every second, until the user has seen enough.
    pub(super) fn trickle(&mut self, interrupt: &AtomicBool) -> anyhow::Result<Exit> {
        while wait(interrupt, TRICKLE) {
            produce(&self.broker, &self.shop.round(now_millis()))?;
        }
        Ok(Exit::Interrupted)
    }

    /// Stops the broker and removes the files; dropping does the same, but says nothing about a failure.
    pub(super) fn clear(self) -> anyhow::Result<()> {
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
        broker.produce(&Outgoing {
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

/// `false` as soon as the user interrupts.
fn wait(interrupt: &AtomicBool, time: Duration) -> bool {
    let glances = time.as_millis() / GLANCE.as_millis();
    for _ in 0..glances {
        if interrupt.load(Ordering::SeqCst) {
            return false;
        }
        thread::sleep(GLANCE);
    }
    true
}

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    i64::try_from(millis).unwrap_or(i64::MAX)
}
