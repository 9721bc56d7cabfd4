//! The benchmark of `relay` beside `MirrorMaker` 2: the same topic, exactly once on both sides. `benches/relay.sh` runs it; it
//! is ignored in normal test runs.
#![allow(clippy::print_stdout)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::engines::Engines;
use crate::support::kafka::{Kafka, Message};
use crate::support::ports;

const PARTITIONS: i32 = 4;
const SOURCE: &str = "open-bench";
/// Rounds; each runs all contenders, so that a slow phase of the machine affects all.
const ROUNDS: usize = 3;
/// A target that does not grow for this time is complete.
const QUIET: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(600);

/// One measured run.
struct Run {
    /// From the start of the process to the first committed records.
    start: Duration,
    /// From the first committed records to the last ones.
    took: Duration,
    /// Records that were committed at the first look.
    first: u64,
    megabytes: u64,
}

#[test]
#[ignore = "a benchmark of several minutes: benches/relay.sh"]
fn bench_relay() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let kafka = engines.kafka;
    kafka.create_topic(SOURCE, PARTITIONS, &[]);
    let count = fill(kafka);
    println!("{count} events in {PARTITIONS} partitions");
    for round in 0..ROUNDS {
        let mut rates = Vec::new();
        for (name, format) in [
            ("record", "record"),
            ("json", "json"),
            ("debezium", "debezium"),
        ] {
            let target = format!("to-bench-{name}-{round}");
            kafka.create_topic(&target, PARTITIONS, &[]);
            let command = relay(kafka, &target, format);
            rates.push(show(
                &format!("relay --format {name}"),
                &measure(kafka, command, &target, count),
                count,
            ));
        }
        let alias = format!("source{round}");
        let folder = tempfile::tempdir().unwrap();
        let command = mirror_maker(engines, &alias, folder.path());
        let target = format!("{alias}.{SOURCE}");
        let reference = show(
            "MirrorMaker 2",
            &measure(kafka, command, &target, count),
            count,
        );
        for (name, rate) in ["record", "json", "debezium"].iter().zip(rates) {
            println!(
                "  relay --format {name}: {:.2} x MirrorMaker 2",
                rate / reference
            );
        }
    }
}

/// Writes what `examples/generate` prints, compressed as Ditto does; returns the number of events.
fn fill(kafka: &Kafka) -> u64 {
    let program = Path::new(env!("CARGO_BIN_EXE_ditto-cdc")).with_file_name("examples/generate");
    let megabytes = std::env::var("BENCH_MEGABYTES").unwrap_or_else(|_| "300".to_owned());
    let mut generate = Command::new(program)
        .arg(megabytes)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(generate.stdout.take().unwrap()).lines();
    // A gap would end the relay.
    let events = lines
        .map(Result::unwrap)
        .filter(|line| !line.contains("requeryRequired"));
    let mut count = 0;
    let messages = events
        .zip((0..PARTITIONS).cycle())
        .map(|(event, partition)| {
            count += 1;
            Message::to(partition, event)
        });
    let properties = [("compression.type", "lz4"), ("linger.ms", "50")];
    kafka.produce_with(SOURCE, messages, &properties);
    assert!(generate.wait().unwrap().success());
    count
}

/// It reads over mutual TLS, as from Ditto.
fn relay(kafka: &Kafka, target: &str, format: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"));
    command
        .args([
            "relay",
            "--name",
            target,
            "--to-topic",
            target,
            "--format",
            format,
        ])
        .args([
            "--to-brokers",
            &kafka.admin_endpoint(),
            "--from",
            "beginning",
        ])
        .args(["-X", "to.compression.type=lz4"])
        .env_clear()
        .envs(kafka.client_env(SOURCE));
    command
}

/// It reads and writes without TLS, which favours it.
fn mirror_maker(engines: &Engines, alias: &str, folder: &Path) -> Command {
    let brokers = engines.kafka.admin_endpoint();
    let [port] = ports::free();
    let file = folder.join("mm2.properties");
    let mut text = format!(
        "clusters={alias},target\n{alias}.bootstrap.servers={brokers}\ntarget.bootstrap.servers={brokers}\n\
         {alias}->target.enabled=true\n{alias}->target.topics={SOURCE}\ntarget->{alias}.enabled=false\n\
         listeners=http://127.0.0.1:{port}\ntasks.max={PARTITIONS}\n"
    );
    text += "target.exactly.once.source.support=enabled
dedicated.mode.enable.internal.rest=true
target.producer.compression.type=lz4
replication.factor=1
offset-syncs.topic.replication.factor=1
checkpoints.topic.replication.factor=1
heartbeats.topic.replication.factor=1
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
emit.heartbeats.enabled=false
emit.checkpoints.enabled=false
sync.topic.acls.enabled=false
";
    fs::write(&file, text).unwrap();
    let mut command = Command::new("java");
    command
        // As in its start script.
        .args(["-Xms256m", "-Xmx2g", "-cp"])
        .arg(engines.prepared.join("connect/*"))
        .arg("org.apache.kafka.connect.mirror.MirrorMaker")
        .arg(file);
    command
}

/// Runs a contender until the target has all records.
fn measure(kafka: &Kafka, mut command: Command, target: &str, count: u64) -> Run {
    let consumer: BaseConsumer = kafka.admin_config().create().unwrap();
    let started = Instant::now();
    let log = tempfile::NamedTempFile::new().unwrap();
    let output = || Stdio::from(log.reopen().unwrap());
    let mut child = command.stdout(output()).stderr(output()).spawn().unwrap();
    let mut first = None;
    let mut last = (0, started);
    while last.0 < count || last.1.elapsed() < QUIET {
        let is_over = child.try_wait().unwrap().is_some() || started.elapsed() > TIMEOUT;
        assert!(
            !is_over,
            "{target}: {} of {count}: {}",
            last.0,
            fs::read_to_string(log.path()).unwrap()
        );
        let committed = committed(&consumer, target);
        if committed > last.0 {
            first.get_or_insert((started.elapsed(), committed));
            last = (committed, Instant::now());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let megabytes = peak(&child).unwrap_or_default() / 1024;
    let _ = child.kill();
    let _ = child.wait();
    let (start, first) = first.unwrap();
    Run {
        start,
        took: (last.1 - started).saturating_sub(start),
        first,
        megabytes,
    }
}

/// The last stable offsets, which count the ends of transactions, too; 0 without the topic.
fn committed(consumer: &BaseConsumer, topic: &str) -> u64 {
    let offsets = (0..PARTITIONS).map(|partition| {
        let limits = consumer.fetch_watermarks(topic, partition, Duration::from_secs(10));
        limits.map_or(0, |(_, high)| u64::try_from(high).unwrap_or_default())
    });
    offsets.sum()
}

/// The peak memory so far in KiB (Linux only).
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Prints a run; returns its records for each second.
#[allow(clippy::cast_precision_loss)]
fn show(name: &str, run: &Run, count: u64) -> f64 {
    let took = run.took.as_secs_f64();
    let rate = count.saturating_sub(run.first) as f64 / took;
    println!(
        "{name:<24} {took:6.2} s, {rate:8.0} records a second, after {:.1} s of start; {} MiB peak",
        run.start.as_secs_f64(),
        run.megabytes
    );
    rate
}
