//! The commands of docs/engines.md, on the servers of the demo.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::engines::{Engines, TIMEOUT};
use crate::page::{blocks, properties, with_addresses};
use crate::support::demo_servers::Servers;

/// A reader at a terminal, in a folder.
struct Reader<'r> {
    engines: &'r Engines,
    servers: &'r Servers,
    folder: &'r Path,
}

impl Reader<'_> {
    fn command(&self, line: &str) -> Command {
        let line = with_addresses(
            line,
            &self.engines.kafka.admin_endpoint(),
            &self.engines.postgres.address(),
        );
        let program = Path::new(env!("CARGO_BIN_EXE_ditto-cdc")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec {line}")])
            .current_dir(self.folder)
            .env_clear()
            .env("HOME", self.folder)
            .env("PATH", format!("{}:{path}", program.display()))
            .envs(
                self.servers
                    .settings
                    .iter()
                    .map(|(key, value)| (key, value)),
            )
            .envs(self.engines.postgres.env());
        command
    }

    fn run(&self, line: &str) -> Output {
        let output = self.command(line).output().unwrap();
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {messages}");
        output
    }

    /// Runs a command that does not end by itself, until a state is reached.
    fn run_until(&self, line: &str, is_reached: impl Fn() -> bool) {
        let messages = self.folder.join("messages");
        let mut command = self.command(line);
        command.stdout(Stdio::null());
        command.stderr(fs::File::create(&messages).unwrap());
        let mut child = command.spawn().unwrap();
        let started = Instant::now();
        let mut ended = None;
        while ended.is_none() && !is_reached() && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(100));
            ended = child.try_wait().unwrap();
        }
        let _ = child.kill();
        let _ = child.wait();
        let messages = fs::read_to_string(messages).unwrap();
        assert!(ended.is_none() && is_reached(), "{line}: {messages}");
    }
}

/// The commands under a heading of the page.
fn lines(heading: &str) -> Vec<String> {
    let blocks = blocks(heading, "sh").concat();
    blocks.lines().map(str::to_owned).collect()
}

#[test]
fn the_commands_of_the_page_fill_a_table() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), &[]);
    let reader = Reader {
        engines,
        servers: &servers,
        folder: folder.path(),
    };
    engines.kafka.create_topic("ditto.orders", 3, &[]);
    let [requery, relay, connect, psql] = &lines("Three commands")[..] else {
        panic!("other commands");
    };
    reader.run(requery);
    // The third command, in the worker of all tests: its two files are those of the page.
    assert_eq!(
        connect,
        "connect-standalone.sh worker.properties sink.properties"
    );
    let sink = &blocks("Kafka Connect", "properties")[1];
    let sink = with_addresses(
        sink,
        &engines.kafka.admin_endpoint(),
        &engines.postgres.address(),
    );
    engines.connect.add("ditto-postgres", &properties(&sink));
    let count = || engines.postgres.rows("ditto_orders").len();
    reader.run_until(relay, || count() >= 10);
    let shown = String::from_utf8(reader.run(psql).stdout).unwrap();
    assert!(shown.contains("(3 rows)"), "{shown}");
    let [by_itself, requery, by_hand] = &lines("When the stream")[..] else {
        panic!("other commands");
    };
    reader.run(&format!("{by_itself} --until end"));
    reader.run(requery);
    reader.run(&format!("{by_hand} --until end"));
    let delete = blocks("When the stream", "sql").concat();
    engines.postgres.query(&delete).unwrap();
    engines.connect.remove("ditto-postgres");
}
