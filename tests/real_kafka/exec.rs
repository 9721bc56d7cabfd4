//! `tail --exec` over a real Kafka: every event reaches the command at least once and in the order of its document, and
//! no two commands run at once for one document, also if the program is killed, or if partitions move between members.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::events::follow;
use crate::rng::Rng;
use crate::support::kafka::{Kafka, Message, OPEN_GROUPS};
use crate::support::program::Running;

const TIMEOUT: Duration = Duration::from_secs(40);
const PARTITIONS: i32 = 4;
/// Documents, each of them in one partition.
const DOCUMENTS: usize = 8;
/// Writes down when it starts and ends, and whether another one of its document is running. Its argument is a folder.
/// It leaves the output's pipes at once, so that the test does not wait for it when the program is killed.
const SCRIPT: &str = r#"
exec >/dev/null 2>&1
event="$DITTO_CDC_ID $DITTO_CDC_TXN"
if ! mkdir "$1/lock-$DITTO_CDC_ID" 2>/dev/null; then
    echo "$event" >> "$1/violations"
fi
echo "$event" >> "$1/started"
if test -e "$1/fails-$DITTO_CDC_TXN"; then
    rmdir "$1/lock-$DITTO_CDC_ID"
    exit 1
fi
if test -e "$1/seconds-$DITTO_CDC_TXN"; then
    sleep "$(cat "$1/seconds-$DITTO_CDC_TXN")"
else
    sleep 0.03
fi
rmdir "$1/lock-$DITTO_CDC_ID"
echo "$event" >> "$1/ended"
"#;
/// A killed member leaves the group after this time; commands are shorter, but for those with a file of their own.
const GROUP_TIMES: [&str; 6] = [
    "-X",
    "session.timeout.ms=1500",
    "-X",
    "heartbeat.interval.ms=300",
    "-X",
    "max.poll.interval.ms=2000",
];

fn name(number: usize) -> String {
    format!("doc-{} {number}", number % DOCUMENTS)
}

/// Versions of the documents in turn; the number is the transaction.
fn versions(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Message> {
    numbers.map(|number| {
        let document = number % DOCUMENTS;
        let event = format!(
            r#"{{"txnId":{number},"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"doc-{document}"}}}}}}"#
        );
        let partition = i32::try_from(document).unwrap() % PARTITIONS;
        Message::to(partition, event)
    })
}

/// A folder in which commands write what happens.
struct Commands {
    folder: tempfile::TempDir,
}

impl Commands {
    fn new() -> Commands {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("command.sh"), SCRIPT).unwrap();
        Commands { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command line for `--exec`.
    fn line(&self) -> String {
        let folder = self.path().display();
        format!("sh '{folder}/command.sh' '{folder}'")
    }

    /// How long the command of one event runs.
    fn set_seconds(&self, number: usize, seconds: &str) {
        std::fs::write(self.path().join(format!("seconds-{number}")), seconds).unwrap();
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn wait_for(&self, file: &str, what: &str, is_there: impl Fn(&[String]) -> bool) {
        let started = Instant::now();
        while !is_there(&self.lines(file)) {
            let lines = self.lines(file).len();
            assert!(started.elapsed() < TIMEOUT, "{what}: {file}: {lines} lines");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait_for_event(&self, file: &str, number: usize) {
        let event = name(number);
        self.wait_for(file, &event, |lines| lines.contains(&event));
    }

    /// Waits until this many further commands have started.
    fn wait_for_more(&self, count: usize) {
        let goal = self.lines("started").len() + count;
        self.wait_for("started", "more", |lines| lines.len() >= goal);
    }

    fn wait_for_all(&self, count: usize) {
        let all = |lines: &[String]| (0..count).all(|number| lines.contains(&name(number)));
        self.wait_for("ended", "all", all);
    }

    /// Each event has reached its command. Events of a document may be repeated from an earlier one on, but none is
    /// passed over. No two commands ran at once for one document.
    fn check(&self, count: usize) {
        assert_eq!(self.lines("violations"), [""; 0], "two at once");
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        for line in self.lines("started") {
            let (document, number) = line.split_once(' ').unwrap();
            let number: usize = number.parse().unwrap();
            let next = next
                .entry(document.to_owned())
                .or_insert(number % DOCUMENTS);
            assert!(number <= *next, "{line} before {next}");
            *next = (*next).max(number + DOCUMENTS);
        }
        let ends = next.values().map(|next| next - DOCUMENTS);
        assert_eq!(next.len(), DOCUMENTS);
        assert!(
            ends.clone().all(|last| last + DOCUMENTS >= count),
            "{next:?}"
        );
    }
}

#[test]
fn with_a_state_file_a_killed_run_is_continued_after_its_commands() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-exec-state";
    let count = 160;
    kafka.create_topic(topic, PARTITIONS, &[]);
    kafka.produce(topic, versions(0..count));
    let commands = Commands::new();
    // Still running when the next run starts.
    commands.set_seconds(0, "3");
    let state = commands.path().join("state").display().to_string();
    let line = commands.line();
    let args = [
        "--exec",
        &line,
        "--exec-jobs",
        "3",
        "--state",
        &state,
        "--from",
        "beginning",
        "--until",
        "end",
    ];
    let waits = "waiting for commands that process";
    let mut rng = Rng::new(7);
    follow_until(kafka, topic, &args, &commands, 4);
    for round in 0..5 {
        let running = follow_until(kafka, topic, &args, &commands, 1 + rng.below(25));
        assert!(round > 0 || running.contains(waits), "{running}");
    }
    let last = follow(kafka, topic, &args).wait(TIMEOUT);
    assert_eq!(last.status, Some(0), "{}", last.stderr);
    commands.check(count);
}

/// Starts a run, and kills it when it has started this many commands. Returns its messages.
fn follow_until(
    kafka: &Kafka,
    topic: &str,
    args: &[&str],
    commands: &Commands,
    count: usize,
) -> String {
    let running = follow(kafka, topic, args);
    commands.wait_for_more(count);
    running.kill().stderr
}

fn member(kafka: &Kafka, topic: &str, commands: &Commands, more: &[&str]) -> Running {
    let (group, line) = (format!("{OPEN_GROUPS}{topic}"), commands.line());
    let args = ["--exec", &line, "--group", &group, "--from", "beginning"];
    follow(
        kafka,
        topic,
        &[&args[..], &["-v"], &GROUP_TIMES, more].concat(),
    )
}

/// Members that come, go, and are killed, with this protocol.
fn members_share(kafka: &Kafka, topic: &str, strategy: &str) {
    kafka.create_topic(topic, PARTITIONS, &[]);
    let commands = Commands::new();
    let start = || {
        let args = ["--exec-jobs", "3", "-X", strategy];
        member(kafka, topic, &commands, &args)
    };
    let half = ["the group assigned 2 partitions to this member"];
    // Longer than a member may go without a poll.
    commands.set_seconds(0, "3");
    kafka.produce(topic, versions(0..80));
    let mut first = start();
    commands.wait_for_event("ended", 0);
    commands.wait_for_all(80);
    let text = first.stderr();
    let assignments = text.matches("partitions to this member").count();
    assert_eq!(assignments, 1, "the member has left the group: {text}");
    // Runs while another member joins.
    commands.set_seconds(80, "1.2");
    kafka.produce(topic, versions(80..240));
    commands.wait_for_event("started", 80);
    let mut second = start();
    second.wait_for_words(&half, TIMEOUT);
    first.wait_for_words(&half, TIMEOUT);
    let mut rng = Rng::new(11);
    let mut end = 240;
    for _ in 0..2 {
        kafka.produce(topic, versions(end..end + 160));
        end += 160;
        commands.wait_for_more(1 + rng.below(60));
        second.kill();
        second = start();
        second.wait_for_words(&half, TIMEOUT);
    }
    kafka.produce(topic, versions(end..end + 80));
    end += 80;
    commands.wait_for_more(1 + rng.below(20));
    let output = first.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    commands.wait_for_all(end);
    let output = second.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    commands.check(end);
}

#[test]
fn members_share_the_documents() {
    if let Some(kafka) = Kafka::shared() {
        members_share(
            kafka,
            "open-exec-range",
            "partition.assignment.strategy=range",
        );
    }
}

#[test]
fn cooperative_members_share_the_documents() {
    if let Some(kafka) = Kafka::shared() {
        let strategy = "partition.assignment.strategy=cooperative-sticky";
        members_share(kafka, "open-exec-cooperative", strategy);
    }
}

#[test]
fn the_position_of_a_group_stays_before_a_failed_event() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-exec-failed";
    kafka.create_topic(topic, PARTITIONS, &[]);
    kafka.produce(topic, versions(0..40));
    let commands = Commands::new();
    let obstacle = commands.path().join("fails-20");
    std::fs::write(&obstacle, "").unwrap();
    let args = ["--exec-retries", "1"];
    let output = member(kafka, topic, &commands, &args).wait(TIMEOUT);
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    let words = "the group's position is before this event";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    std::fs::remove_file(&obstacle).unwrap();
    let ended = commands.lines("ended");
    assert!(!ended.contains(&name(20)));
    let mut next = member(kafka, topic, &commands, &args);
    commands.wait_for_all(40);
    next.wait_for_words(&["to this member"], TIMEOUT);
    let output = next.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    commands.check(40);
    // Commands that succeeded before the failed one are not repeated.
    let mut found = commands.lines("ended");
    found.sort_unstable();
    found.dedup();
    assert_eq!((found.len(), commands.lines("ended").len()), (40, 40));
}
