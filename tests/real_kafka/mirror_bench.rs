//! The benchmark of `mirror`: a load, changes, the delay of a change, and the size of the log, beside `SQLite` alone and
//! `sqlite-utils`. `benches/mirror.sh` runs it; it is ignored in normal test runs.
#![allow(clippy::print_stdout)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ditto_cdc::mirror::MirrorReader;
use serde_json::json;
use tempfile::TempDir;

use crate::bench::{Into, Run, measure, median};
use crate::support::kafka::{Kafka, Message, Options};

const TOPIC: &str = "open-mirror-bench";
const COLLECTION: &str = "all";
/// Bytes of a document.
const SIZE: &str = "500";
/// Changes whose delay is measured.
const DELAYS: u64 = 100;
/// Timeout of a wait.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The servers, and the folder of the files.
struct Bench {
    kafka: Kafka,
    server: Server,
    folder: TempDir,
    documents: String,
    changes: String,
    rounds: usize,
}

/// `examples/serve`; stops on drop.
struct Server {
    process: Child,
    url: String,
}

#[test]
#[ignore = "a benchmark of several minutes: benches/mirror.sh"]
fn bench_mirror() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    kafka.create_topic(TOPIC, 1, &[]);
    let documents = setting("BENCH_DOCUMENTS", "1000000");
    let bench = Bench {
        kafka,
        server: Server::start(&documents),
        folder: tempfile::tempdir().unwrap(),
        documents,
        changes: setting("BENCH_CHANGES", "300000"),
        rounds: setting("BENCH_ROUNDS", "3").parse().unwrap(),
    };
    bench.load();
    bench.delay();
    bench.changes();
    bench.flood();
}

impl Bench {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mirror(&self, file: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("mirror").arg(file).args(arguments);
        command.envs(self.kafka.client_env(TOPIC));
        command.env("DITTO_CDC_URL", &self.server.url);
        command.env("DITTO_CDC_API_KEY", "key");
        command
    }

    /// A load of all documents, beside `SQLite` with the same rows in memory.
    fn load(&self) {
        println!("\nload of {} documents of {SIZE} bytes", self.documents);
        let (base, alone) = (self.file("base.db"), self.file("sqlite.db"));
        let (mut runs, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            remove(&base);
            runs.push(measure(self.mirror(&base, &["--until", "end"]), Into::Null));
            remove(&alone);
            let base = base.display().to_string();
            let alone = alone.display().to_string();
            floors.push(floor(&["load", &alone, &base, &self.documents, SIZE]));
        }
        remove(&alone);
        report(&runs, &floors, &self.documents);
    }

    /// Changes that are in the topic, beside `SQLite` with the same changes in memory, and beside `sqlite-utils`.
    fn changes(&self) {
        println!("\n{} changes", self.changes);
        self.produce_changes();
        let (mut runs, mut floors, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let copy = self.copy_of_base("copy.db");
            runs.push(measure(self.mirror(&copy, &["--until", "end"]), Into::Null));
            let copy = self.copy_of_base("copy.db").display().to_string();
            let arguments = ["changes", &copy, &self.documents, SIZE, &self.changes];
            floors.push(floor(&arguments));
            others.extend(self.sqlite_utils());
        }
        report(&runs, &floors, &self.changes);
        if let Some(other) = others.iter().min() {
            let ratio = other.as_secs_f64() / best(&runs).as_secs_f64();
            println!(
                "tail | jq | sqlite-utils upsert: {:.2} s, {ratio:.2} x mirror",
                other.as_secs_f64()
            );
        }
    }

    fn produce_changes(&self) {
        let mut events = Command::new(example("mirror_floor"))
            .args(["events", &self.documents, SIZE, &self.changes])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(events.stdout.take().unwrap()).split(b'\n');
        let messages = lines.map(|line| Message::to(0, line.unwrap()));
        let properties = [("compression.type", "lz4"), ("linger.ms", "50")];
        self.kafka.produce_with(TOPIC, messages, &properties);
        assert!(events.wait().unwrap().success());
    }

    fn copy_of_base(&self, name: &str) -> PathBuf {
        let copy = self.file(name);
        remove(&copy);
        fs::copy(self.file("base.db"), &copy).unwrap();
        // Writing it back to the disk is no part of the measurement.
        fs::File::open(&copy).unwrap().sync_all().unwrap();
        copy
    }

    /// The same changes through the usual pipeline into a table of the same documents, without removals and offsets.
    fn sqlite_utils(&self) -> Option<Duration> {
        let tool = std::env::var("SQLITE_UTILS").ok()?;
        let file = self.file("utils.db");
        remove(&file);
        let columns = format!(
            "ATTACH '{}' AS base;
             CREATE TABLE \"{COLLECTION}\" (_id TEXT PRIMARY KEY, name TEXT, qty INTEGER, tags TEXT, at TEXT, notes TEXT);
             INSERT INTO \"{COLLECTION}\" SELECT doc ->> '_id', doc ->> 'name', doc ->> 'qty', doc ->> 'tags', doc ->> 'at',
             doc ->> 'notes' FROM base.\"{COLLECTION}\"",
            self.file("base.db").display()
        );
        let created = Command::new("sqlite3").arg(&file).arg(columns).status();
        assert!(created.unwrap().success());
        let script = format!(
            "{} tail --no-progress --from beginning --until end --format json \
             | jq -c '.change.newValue // empty' \
             | {tool} upsert {} {COLLECTION} - --nl --pk _id",
            program().display(),
            file.display()
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command.envs(self.kafka.client_env(TOPIC));
        Some(measure(command, Into::Null).took)
    }

    /// The time from the producer's acknowledgement until a reader sees a change.
    fn delay(&self) {
        let copy = self.copy_of_base("copy.db");
        let following = Following::start(self.mirror(&copy, &[]));
        let reader = MirrorReader::open(&copy).unwrap();
        let mut delays: Vec<Duration> = (0..DELAYS)
            .map(|number| {
                self.kafka
                    .produce(TOPIC, [Message::to(0, new_document(number))]);
                let acknowledged = Instant::now();
                let key = format!("\"new-{number}\"");
                wait_until(Duration::from_micros(500), || {
                    reader.document(COLLECTION, &key).unwrap().is_some()
                });
                let delay = acknowledged.elapsed();
                thread::sleep(Duration::from_millis(50 + number * 37 % 200));
                delay
            })
            .collect();
        delays.sort_unstable();
        drop(following);
        println!(
            "\ndelay of a change: median {} ms, maximum {} ms",
            delays[delays.len() / 2].as_millis(),
            delays[delays.len() - 1].as_millis()
        );
    }

    /// The largest log while changes are applied without a pause, and two readers come and go.
    fn flood(&self) {
        let copy = self.copy_of_base("copy.db");
        let done = AtomicBool::new(false);
        let (largest, looks) = (AtomicU64::new(0), AtomicU64::new(0));
        let end = self.kafka.watermarks(TOPIC, 0).1;
        let started = Instant::now();
        thread::scope(|scope| {
            for reader in 0..2 {
                let (done, looks, copy) = (&done, &looks, &copy);
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        read_for(copy, Duration::from_millis(100 + 150 * reader));
                        looks.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(30));
                    }
                });
            }
            scope.spawn(|| {
                let log = PathBuf::from(format!("{}-wal", copy.display()));
                while !done.load(Ordering::Relaxed) {
                    let size = fs::metadata(&log).map_or(0, |log| log.len());
                    largest.fetch_max(size, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(5));
                }
            });
            let following = Following::start(self.mirror(&copy, &[]));
            wait_until(Duration::from_millis(20), || next_offset(&copy) >= end);
            drop(following);
            done.store(true, Ordering::Relaxed);
        });
        println!(
            "\n{} changes with two readers, {} transactions of theirs: {:.2} s, log of at most {} MB",
            self.changes,
            looks.into_inner(),
            started.elapsed().as_secs_f64(),
            largest.into_inner() / 1_000_000
        );
    }
}

impl Server {
    fn start(documents: &str) -> Server {
        let mut process = Command::new(example("serve"))
            .args([documents, SIZE])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut port).unwrap();
        Server {
            process,
            url: format!("http://127.0.0.1:{}", port.trim()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A mirror that follows the stream; killed on drop.
struct Following {
    process: Child,
    /// Kept open, so that messages can be written.
    _messages: BufReader<ChildStderr>,
}

impl Following {
    /// Returns when the copy is current.
    fn start(mut command: Command) -> Following {
        command.stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut messages = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("is current") {
            line.clear();
            assert!(messages.read_line(&mut line).unwrap() > 0, "it has ended");
        }
        Following {
            process,
            _messages: messages,
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// The program, or the one that `DITTO_CDC` names.
fn program() -> PathBuf {
    PathBuf::from(setting("DITTO_CDC", env!("CARGO_BIN_EXE_ditto-cdc")))
}

fn example(name: &str) -> PathBuf {
    program().with_file_name("examples").join(name)
}

/// Runs the floor; returns the time that it prints.
fn floor(arguments: &[&str]) -> Duration {
    let mut floor = Command::new(example("mirror_floor"))
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seconds = String::new();
    let mut stdout = floor.stdout.take().unwrap();
    stdout.read_to_string(&mut seconds).unwrap();
    assert!(floor.wait().unwrap().success());
    Duration::from_secs_f64(seconds.trim().parse().unwrap())
}

fn best(runs: &[Run]) -> Duration {
    runs.iter().map(|run| run.took).min().unwrap()
}

fn report(runs: &[Run], floors: &[Duration], count: &str) {
    let (took, floor) = (best(runs), floors.iter().min().unwrap());
    let (took, floor) = (took.as_secs_f64(), floor.as_secs_f64());
    let count: f64 = count.parse().unwrap();
    println!(
        "mirror: {took:.2} s, {:.0} a second, {:.2} x SQLite alone ({floor:.2} s, {:.0} a second), {:.2} s of processor, {} MiB peak",
        count / took,
        took / floor,
        count / floor,
        median(runs).processor.as_secs_f64(),
        median(runs).kilobytes / 1024
    );
}

fn remove(file: &Path) {
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(format!("{}{suffix}", file.display()));
    }
}

fn new_document(number: u64) -> String {
    json!({
        "txnId": 100 + number, "type": "documentChanged", "collection": COLLECTION,
        "change": {"method": "upsert", "oldValue": null, "newValue": {"_id": format!("new-{number}")}},
    })
    .to_string()
}

/// Reads documents in one transaction, for some time.
fn read_for(file: &Path, time: Duration) {
    let reader = MirrorReader::open(file).unwrap();
    reader.begin().unwrap();
    let started = Instant::now();
    for row in reader.documents(COLLECTION) {
        row.unwrap();
        if started.elapsed() > time {
            break;
        }
    }
    reader.end().unwrap();
}

fn next_offset(file: &Path) -> i64 {
    let reader = MirrorReader::open(file).unwrap();
    let positions = reader.positions().unwrap();
    positions.first().map_or(0, |one| one.next_offset)
}

fn wait_until(interval: Duration, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < TIMEOUT, "it never happens");
        thread::sleep(interval);
    }
}
