//! The benchmark against a real broker: complete topics over mutual TLS, with this program and other clients.
//! `benches/kafka.sh` runs it; it is ignored in normal test runs.
#![allow(clippy::print_stdout)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::kafka::{CLUSTER_PASSWORD, Kafka, Message, Options, USER_PASSWORD};

/// Rounds; each runs all contenders, so that a slow phase of the machine affects all.
const ROUNDS: usize = 5;

/// One measured run: its duration, its processor time and its peak memory.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub took: Duration,
    pub processor: Duration,
    pub kilobytes: u64,
}

/// A contender: its name, and its command for a topic with a number of messages.
type Contender = (&'static str, fn(&Kafka, &str, usize) -> Command);

/// Where a contender's output goes.
#[derive(Clone, Copy)]
pub(crate) enum Into {
    /// `/dev/null`, whose writes cost nothing.
    Null,
    /// A pipe with a reader, as in `| jq`.
    Pipe,
}

const CONTENDERS: [Contender; 8] = [
    ("kcat -C -e -q", kcat),
    ("floor: consume and copy", floor),
    ("kafka-console-consumer", console_consumer),
    ("ditto-cdc --format raw", |kafka, topic, _| {
        tail(kafka, topic, &["--until", "end", "--format", "raw"])
    }),
    ("ditto-cdc --format json", |kafka, topic, _| {
        tail(kafka, topic, &["--until", "end", "--format", "json"])
    }),
    ("ditto-cdc json, arrival", |kafka, topic, _| {
        let arrival = ["--until", "end", "--format", "json", "--order", "arrival"];
        tail(kafka, topic, &arrival)
    }),
    ("ditto-cdc json, --state", |kafka, topic, _| {
        let state = std::env::temp_dir().join(format!("ditto-cdc-bench-{}", std::process::id()));
        let _ = std::fs::remove_file(&state);
        let mut command = tail(
            kafka,
            topic,
            &["--until", "end", "--format", "json", "--state"],
        );
        command.arg(state);
        command
    }),
    ("ditto-cdc --format diff", |kafka, topic, _| {
        let diff = ["--until", "end", "--format", "diff", "--color", "always"];
        tail(kafka, topic, &diff)
    }),
];

#[test]
#[ignore = "a benchmark of several minutes: benches/kafka.sh"]
fn bench_broker() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    for (topic, partitions) in [("open-one", 1), ("open-ten", 10)] {
        kafka.create_topic(topic, partitions, &[]);
        let count = fill(&kafka, topic, partitions);
        println!("\n{partitions} partition(s), {count} events");
        compare(&kafka, topic, count, Into::Null);
        compare(&kafka, topic, count, Into::Pipe);
        first_event(&kafka, topic);
    }
}

/// Writes what `examples/generate` prints, compressed as Ditto does; returns the number of events.
fn fill(kafka: &Kafka, topic: &str, partitions: i32) -> usize {
    let program = Path::new(env!("CARGO_BIN_EXE_ditto-cdc")).with_file_name("examples/generate");
    let megabytes = std::env::var("BENCH_MEGABYTES").unwrap_or_else(|_| "600".to_owned());
    let mut generate = Command::new(program)
        .arg(megabytes)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(generate.stdout.take().unwrap()).split(b'\n');
    let mut count = 0;
    let messages = lines.zip((0..partitions).cycle()).map(|(line, partition)| {
        count += 1;
        Message::to(partition, line.unwrap())
    });
    let properties = [("compression.type", "lz4"), ("linger.ms", "50")];
    kafka.produce_with(topic, messages, &properties);
    assert!(generate.wait().unwrap().success());
    count
}

fn compare(kafka: &Kafka, topic: &str, count: usize, into: Into) {
    println!(
        "{}",
        match into {
            Into::Null => "to /dev/null",
            Into::Pipe => "to a pipe",
        }
    );
    let mut runs = CONTENDERS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, command), runs) in CONTENDERS.iter().zip(&mut runs) {
            runs.push(measure(command(kafka, topic, count), into));
        }
    }
    let medians = runs.map(|runs| median(&runs));
    let reference = medians[0].took.as_secs_f64();
    for ((name, _), run) in CONTENDERS.iter().zip(medians) {
        let (took, processor) = (run.took.as_secs_f64(), run.processor.as_secs_f64());
        let megabytes = run.kilobytes / 1024;
        let ratio = took / reference;
        println!(
            "{name:<26} {took:7.2} s {ratio:6.2} x kcat {processor:7.2} s of processor {megabytes:6} MiB peak"
        );
    }
}

/// The median of each figure.
pub(crate) fn median(runs: &[Run]) -> Run {
    fn middle<T: Ord + Copy>(runs: &[Run], of: impl Fn(&Run) -> T) -> T {
        let mut values: Vec<T> = runs.iter().map(of).collect();
        values.sort_unstable();
        values[values.len() / 2]
    }
    Run {
        took: middle(runs, |run| run.took),
        processor: middle(runs, |run| run.processor),
        kilobytes: middle(runs, |run| run.kilobytes),
    }
}

pub(crate) fn measure(mut command: Command, into: Into) -> Run {
    let started = Instant::now();
    command.stdout(match into {
        Into::Null => Stdio::null(),
        Into::Pipe => Stdio::piped(),
    });
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    if let Some(mut pipe) = child.stdout.take() {
        std::thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
    }
    let (mut kilobytes, mut processor) = (0, Duration::ZERO);
    loop {
        kilobytes = peak(&child).unwrap_or(kilobytes);
        processor = processor_time(&child).unwrap_or(processor);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?} ended with {status}");
            return Run {
                took: started.elapsed(),
                processor,
                kilobytes,
            };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The peak memory so far (Linux only; 0 on other systems).
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The processor time so far, of all threads, in the system's ticks of 10 ms (Linux only).
fn processor_time(child: &Child) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let after_name = stat.rsplit(") ").next()?;
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    (ticks > 0).then_some(Duration::from_millis(10 * ticks))
}

/// From process start to the first event in a pipe.
fn first_event(kafka: &Kafka, topic: &str) {
    let one = || measure(tail(kafka, topic, &["-n", "1"]), Into::Null);
    let run = median(&(0..ROUNDS).map(|_| one()).collect::<Vec<_>>());
    let took = run.took.as_secs_f64();
    println!("{:<26} {took:7.2} s", "ditto-cdc -n 1");
}

fn tail(kafka: &Kafka, topic: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"));
    command.args(["tail", "--no-progress", "--from", "beginning"]);
    command.args(args).envs(kafka.client_env(topic));
    command
}

fn kcat(kafka: &Kafka, topic: &str, _: usize) -> Command {
    let mut command = Command::new("kcat");
    command.args(["-C", "-e", "-q", "-o", "beginning", "-t", topic]);
    command.args(["-b", &kafka.endpoint()]);
    for property in tls_properties(kafka) {
        command.args(["-X", &property]);
    }
    command
}

/// `examples/consume`: what the client library alone takes.
fn floor(kafka: &Kafka, topic: &str, _: usize) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_ditto-cdc")).with_file_name("examples/consume");
    let partitions = if topic == "open-one" { "1" } else { "10" };
    let mut command = Command::new(program);
    command.args([topic, partitions]);
    command.arg(format!("bootstrap.servers={}", kafka.endpoint()));
    command.args(tls_properties(kafka));
    command
}

/// The TLS properties of the client library.
fn tls_properties(kafka: &Kafka) -> [String; 4] {
    let file = |name| kafka.file(name).display().to_string();
    [
        "security.protocol=ssl".to_owned(),
        format!("ssl.ca.location={}", file("cluster-ca.pem")),
        format!("ssl.keystore.location={}", file("user.p12")),
        format!("ssl.keystore.password={USER_PASSWORD}"),
    ]
}

fn console_consumer(kafka: &Kafka, topic: &str, count: usize) -> Command {
    let mut command = Command::new("java");
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    command.args(["-Xmx512m", "-cp", &kafka.classpath(), class]);
    command.args(["--bootstrap-server", &kafka.endpoint(), "--topic", topic]);
    command.args(["--group", "team-bench", "--from-beginning"]);
    command.args(["--max-messages", &count.to_string()]);
    let file = |name| kafka.file(name).display().to_string();
    for property in [
        "security.protocol=SSL".to_owned(),
        "enable.auto.commit=false".to_owned(),
        format!("ssl.truststore.location={}", file("cluster.p12")),
        format!("ssl.truststore.password={CLUSTER_PASSWORD}"),
        format!("ssl.keystore.location={}", file("user.p12")),
        format!("ssl.keystore.password={USER_PASSWORD}"),
    ] {
        command.args(["--command-property", &property]);
    }
    command
}
