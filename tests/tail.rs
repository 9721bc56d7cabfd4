//! `tail` on the embedded broker: live reading, stopping, consumer groups, broker loss, refusals and secrets.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::time::Duration;

use ditto_cdc::kafka::embedded::ProducerRecord;
use support::program::{Output, Running, run};
use support::stage::{ALL, GAP, Stage, TIMEOUT, TOPIC, event};

#[test]
fn a_follower_sees_what_is_written_after_it_came() {
    let stage = Stage::new(2);
    stage.write(0, 1, "people", 1_000);
    let mut running = stage.follow(&[]);
    running.provoke_line(|| {
        stage.write(1, 2, "people", 2_000);
    });
    let last = stage.write(0, 3, "people", 3_000);
    running.wait_for_line(&last, TIMEOUT);
    let output = running.interrupt();
    assert_eq!(output.status, Some(130));
    let lines = output.lines();
    assert!(!lines.contains(&event(1, "people").as_str()), "{lines:?}");
    assert!(lines.contains(&event(2, "people").as_str()), "{lines:?}");
    assert!(output.stderr.contains("inserted"), "{}", output.stderr);
}

#[test]
fn bounded_reads_are_exact() {
    let stage = Stage::new(3);
    let mut written = Vec::new();
    for txn in 0..30_u64 {
        let collection = if txn % 3 == 0 { "orders" } else { "people" };
        let partition = i32::try_from(txn % 2).unwrap();
        written.push(stage.write(
            partition,
            txn,
            collection,
            1_000 + i64::try_from(txn).unwrap(),
        ));
    }
    let sorted = |output: &Output| {
        let mut lines: Vec<String> = output.lines().iter().map(ToString::to_string).collect();
        lines.sort();
        lines
    };
    let pick = |range: std::ops::Range<usize>| {
        let mut lines = written[range].to_vec();
        lines.sort();
        lines
    };
    for (args, expected) in [
        (&ALL[..], pick(0..30)),
        (&["--from", "-7", "--until", "end"], pick(23..30)),
        (&["--from", "-1000", "--until", "end"], pick(0..30)),
        (
            &["--from", "0:13,1:14", "--until", "end"],
            pick(26..26)
                .into_iter()
                .chain([
                    written[26].clone(),
                    written[28].clone(),
                    written[29].clone(),
                ])
                .collect(),
        ),
        (
            &["--from", "0:0", "--until", "0:2"],
            vec![written[0].clone(), written[2].clone()],
        ),
        (&["--from", "end", "--until", "end"], vec![]),
    ] {
        let output = stage.tail(args);
        assert_eq!(output.status, Some(0), "{args:?}: {}", output.stderr);
        let mut expected = expected;
        expected.sort();
        assert_eq!(sorted(&output), expected, "{args:?}");
    }
    // By time over all partitions, after the filter, and in that order.
    let output = stage.tail(&["--last", "3", "-c", "orders"]);
    assert_eq!(output.lines(), [&written[21], &written[24], &written[27]]);
    let output = stage.tail(&["--from", "beginning", "-n", "4", "-c", "people"]);
    assert_eq!(output.lines().len(), 4);
}

#[test]
fn a_gap_uses_up_no_limit() {
    let stage = Stage::new(1);
    let first = stage.write(0, 1, "people", 1_000);
    stage.write_raw(0, Some(GAP.as_bytes()), 2_000);
    let second = stage.write(0, 2, "people", 3_000);
    stage.write_raw(0, Some(GAP.as_bytes()), 4_000);
    let from = ["--from", "beginning"];
    for (args, expected) in [
        (&["-n", "1"][..], vec![&*first]),
        (&["-n", "2"], vec![&first, GAP, &second]),
        (&["-n", "1", "--where", "txnId = 2"], vec![GAP, &second]),
        (&["--last", "1"], vec![&second, GAP]),
        (&["--last", "2"], vec![&first, GAP, &second, GAP]),
        (&["--last", "9"], vec![&first, GAP, &second, GAP]),
        (
            &["--last", "1", "--where", "txnId = 1"],
            vec![&first, GAP, GAP],
        ),
        (&["--last", "1", "-c", "nothing"], vec![GAP, GAP]),
    ] {
        let output = stage.tail(&[args, &from].concat());
        assert_eq!(output.status, Some(0), "{args:?}: {}", output.stderr);
        assert_eq!(output.lines(), expected, "{args:?}");
    }
}

fn now_millis() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap()
}

#[test]
fn time_limits_end_a_read_by_what_is_shown() {
    let stage = Stage::new(1);
    stage.write(0, 1, "people", now_millis());
    let from = ["--from", "beginning"];
    for (args, status, lines) in [
        (&["--timeout", "1s"][..], 0, 1),
        (&["--timeout", "1s", "-c", "nothing"], 5, 0),
        (
            &["--timeout", "1s", "-c", "nothing", "--until", "end"],
            0,
            0,
        ),
        (&["--timeout", "1m", "-n", "1"], 0, 1),
        (&["--idle-exit", "1s", "-c", "nothing"], 0, 0),
        (&["--idle-exit-read", "1s", "-c", "nothing"], 0, 0),
        (&["--idle-exit", "1m", "--idle-exit-read", "1s"], 0, 1),
    ] {
        let output = stage.tail(&[args, &from].concat());
        assert_eq!(output.status, Some(status), "{args:?}: {}", output.stderr);
        assert_eq!(output.lines().len(), lines, "{args:?}");
    }
}

/// Events that the filters hide do not keep the run alive, however often they arrive.
#[test]
fn hidden_events_are_no_life() {
    let stage = Stage::new(1);
    let busy = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut txn = 0;
            while busy.load(std::sync::atomic::Ordering::Relaxed) {
                txn += 1;
                stage.write(0, txn, "people", now_millis());
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        for args in [
            &["--idle-exit", "1s", "-c", "nothing"][..],
            &["--timeout", "2s", "-c", "nothing"],
        ] {
            let output = stage.tail(args);
            let expected = if args.contains(&"--timeout") { 5 } else { 0 };
            assert_eq!(output.status, Some(expected), "{args:?}: {}", output.stderr);
            assert!(
                output.took < Duration::from_secs(20),
                "{args:?}: {:?}",
                output.took
            );
        }
        let output = stage.tail(&["--idle-exit-read", "1s", "--timeout", "4s", "-c", "nothing"]);
        assert_eq!(output.status, Some(5), "{}", output.stderr);
        busy.store(false, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn until_without_from_reads_what_is_there() {
    let stage = Stage::new(2);
    let lines = [
        stage.write(0, 1, "people", 1_000),
        stage.write(1, 2, "people", 2_000),
    ];
    let note = "reading from the beginning of the topic";
    let positions = stage.path("positions.state");
    for (args, expected, is_noted) in [
        (&["--until", "end"][..], 2, true),
        (&["--until", "txn:1"], 1, true),
        (&["--until", "0:1,1:0"], 1, true),
        (&["--until", "end", "--from", "end"], 0, false),
        (&["--until", "end", "--last", "1"], 1, false),
        (&["--until", "end", "--state", &positions], 2, false),
        (&["--until", "end", "--state", &positions], 0, false),
        (&["--until", "@+1s"], 0, false),
    ] {
        let output = stage.tail(args);
        assert_eq!(output.status, Some(0), "{args:?}: {}", output.stderr);
        assert_eq!(output.lines().len(), expected, "{args:?}: {lines:?}");
        assert_eq!(output.stderr.contains(note), is_noted, "{args:?}");
    }
}

#[test]
fn gaps_and_unreadable_records_pass_every_filter_and_are_said() {
    let stage = Stage::new(1);
    stage.write(0, 1, "people", 1_000);
    stage.write_raw(0, Some(GAP.as_bytes()), 2_000);
    stage.write_raw(0, Some(b"\x1b[2Jnot json"), 3_000);
    stage.write_raw(0, None, 4_000);
    let last = stage.write(0, 2, "people", 5_000);

    let output = stage.tail(&[&ALL[..], &["-c", "nothing"]].concat());
    assert_eq!(output.lines(), [GAP]);
    assert_eq!(output.status, Some(1));
    for words in [
        "gap at events partition 0 offset 1 (requeryRequired, txnID 45)",
        "not valid JSON (about byte 0), at events partition 0 offset 2: \\u{1b}[2Jnot json",
        "no payload (a tombstone), at events partition 0 offset 3",
        "unreadable 2",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }

    let output = stage.tail(&[&ALL[..], &["--on-gap", "stop"]].concat());
    assert_eq!((output.status, output.lines().len()), (Some(4), 2));

    let output = stage.tail(&[&ALL[..], &["--format", "record", "-q"]].concat());
    assert_eq!(output.lines().len(), 5);
    let capture = stage.path("capture.ndjson");
    fs::write(&capture, &output.stdout).unwrap();
    let again = run(
        &[],
        &["tail", "--input", &capture, "--format", "record", "-q"],
        TIMEOUT,
    );
    assert_eq!(
        again.stdout, output.stdout,
        "a capture is read back to the byte"
    );
    let one = run(
        &[],
        &["tail", "--input", &capture, "--from", "0:4"],
        TIMEOUT,
    );
    assert_eq!(one.lines(), [&last]);
}

#[test]
fn what_cannot_heal_ends_at_once_with_status_3() {
    let stage = Stage::new(1);
    let strangers = Stage::new(1);
    let strange_user = strangers.path("user.p12");
    let strange_password = strangers.passwords().1;
    let stranger = |name, value: &str| stage.env_with(name, value);
    let mut strange = stranger("DITTO_CDC_USER_CERT", &strange_user);
    strange.retain(|(name, _)| *name != "DITTO_CDC_USER_CERT_PASSWORD");
    strange.push(("DITTO_CDC_USER_CERT_PASSWORD", strange_password.to_owned()));
    let mut other_ca = stranger("DITTO_CDC_CLUSTER_CERT", &strangers.path("cluster.p12"));
    other_ca.retain(|(name, _)| *name != "DITTO_CDC_CLUSTER_CERT_PASSWORD");
    other_ca.push((
        "DITTO_CDC_CLUSTER_CERT_PASSWORD",
        strangers.passwords().0.to_owned(),
    ));
    let nothing: Vec<(&'static str, String)> = Vec::new();
    for (name, env, args, words) in [
        (
            "an unknown topic",
            stage.env(),
            &["--topic", "nope"][..],
            "the brokers do not know the topic nope",
        ),
        (
            "a forbidden topic",
            stage.env(),
            &["--topic", "secret"],
            "(CN=user) may not read the topic secret",
        ),
        ("no settings", nothing, &[], "brokers is not set"),
        (
            "a wrong password",
            stranger("DITTO_CDC_USER_CERT_PASSWORD", "wrong"),
            &[],
            "user.p12",
        ),
        (
            "no server there",
            stranger("DITTO_CDC_BROKERS", "127.0.0.1:1"),
            &[],
            "nothing listens at 127.0.0.1:1",
        ),
        (
            "no such host",
            stranger("DITTO_CDC_BROKERS", "no.invalid:443"),
            &[],
            "no address is known for no.invalid:443",
        ),
        (
            "a stranger's certificate",
            strange,
            &[],
            "the broker refused the user certificate",
        ),
        (
            "another cluster's certificate",
            other_ca,
            &[],
            "the broker's certificate does not match",
        ),
        (
            "a nonsense property",
            stage.env(),
            &["-X", "no.such=1"],
            "no.such",
        ),
    ] {
        let output = run(&env, &[&["tail", "--until", "end"], args].concat(), TIMEOUT);
        assert_eq!(output.status, Some(3), "{name}: {}", output.stderr);
        assert!(output.stderr.contains(words), "{name}: {}", output.stderr);
        assert!(output.stderr.contains("try: "), "{name}: {}", output.stderr);
        assert!(
            output.took < Duration::from_secs(6),
            "{name}: {:?}",
            output.took
        );
    }
}

#[test]
fn settings_come_from_files_as_well() {
    let stage = Stage::new(1);
    let line = stage.write(0, 1, "people", 1_000);
    let (cluster, user) = stage.passwords();
    let properties = stage.file(
        "client.properties",
        &format!(
            "bootstrap.servers={}\nsecurity.protocol=SSL\nssl.truststore.location=cluster.p12\nssl.truststore.type=PKCS12\nssl.truststore.password={cluster}\nssl.keystore.location=user.p12\nssl.keystore.password={user}\ngroup.id=the-customers-pipeline\nkey.deserializer=org.apache.kafka.common.serialization.StringDeserializer\n",
            stage.broker.endpoint()
        ),
    );
    let args = [
        &["tail", "--topic", TOPIC, "--properties", &properties],
        &ALL[..],
    ]
    .concat();
    let output = run(&[], &args, TIMEOUT);
    assert_eq!(output.lines(), [&line], "{}", output.stderr);
    assert!(
        output.stderr.contains("the-customers-pipeline")
            && output.stderr.contains("not joining group"),
        "{}",
        output.stderr
    );

    let cluster_file = stage.file("cluster.password", &format!("{cluster}\n"));
    let user_file = stage.file("user.password", &format!("{user}\r\n"));
    let brokers = stage.broker.endpoint();
    let (cluster_cert, user_cert) = (stage.path("cluster.p12"), stage.path("user.p12"));
    let flags = [
        "tail",
        "--brokers",
        brokers,
        "-t",
        TOPIC,
        "--cluster-cert",
        &cluster_cert,
        "--cluster-cert-password-file",
        &cluster_file,
        "--user-cert",
        &user_cert,
        "--user-cert-password-file",
        &user_file,
    ];
    let output = run(&[], &[&flags, &ALL[..]].concat(), TIMEOUT);
    assert_eq!(output.lines(), [&line], "{}", output.stderr);

    let env_file = stage.file(
        "settings.env",
        &format!(
            "CLOUD_ENDPOINT={brokers}\nTOPIC={TOPIC}\nCLUSTER_CERT_LOCATION=./cluster.p12\nCLUSTER_CERT_PW='{cluster}'\nUSER_CERT_LOCATION=./user.p12\nUSER_CERT_PW='{user}'\n"
        ),
    );
    let output = run(
        &[],
        &[&["tail", "--env-file", &env_file], &ALL[..]].concat(),
        TIMEOUT,
    );
    assert_eq!(output.lines(), [&line], "{}", output.stderr);
}

#[test]
fn no_secret_is_printed_however_much_is_asked_for() {
    let stage = Stage::new(1);
    stage.write(0, 1, "people", 1_000);
    let output = stage.tail(&[&ALL[..], &["-vvv"]].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(output.stderr.len() > 10_000, "the library's log is missing");
    let key = stage.broker.certificates().user_key_pem().unwrap();
    let body = key.expose().lines().nth(1).unwrap();
    let (cluster, user) = stage.passwords();
    for secret in ["PRIVATE KEY", body, cluster, user] {
        assert!(!output.stderr.contains(secret), "a secret is in the log");
    }
}

#[test]
fn a_reader_that_leaves_ends_it_well() {
    let stage = Stage::new(1);
    for txn in 0..2_000 {
        let record = event(txn, "people");
        let record = ProducerRecord {
            topic: TOPIC,
            payload: Some(record.as_bytes()),
            ..ProducerRecord::default()
        };
        stage.broker.produce(&record).unwrap();
    }
    stage.broker.flush().unwrap();
    let args = ["tail", "--from", "beginning"];
    let output = Running::start_reading(&stage.env(), &args, 1).wait(TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.stderr, "");
    // Even without further output: it must not need the next event to notice.
    let quiet = Stage::new(1);
    quiet.write(0, 1, "people", 1_000);
    let output = Running::start_reading(&quiet.env(), &args, 1).wait(TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
}

#[test]
fn a_filter_that_lets_nothing_through_is_said_while_events_arrive_and_once() {
    let stage = Stage::new(1);
    stage.write(0, 1, "orders", 1_000);
    let mut quiet = stage.follow(&["--from", "beginning", "-c", "order"]);
    let message = "seen: orders (1); did you mean orders?";
    quiet.wait_for_words(&[message], TIMEOUT);
    // Another event later is counted at the end.
    stage.write(0, 2, "people", 2_000);
    std::thread::sleep(Duration::from_secs(1));
    let output = quiet.interrupt();
    let last = "seen: orders (1), people (1); did you mean orders?";
    assert!(output.stderr.contains(last), "{}", output.stderr);
    assert_eq!(
        output.stderr.matches("no event of").count(),
        2,
        "{}",
        output.stderr
    );

    // A topic without a pause: the source is never idle.
    let busy = stage.follow(&["-m", "upsrt"]);
    let mut txn = 10;
    let limit = std::time::Instant::now() + TIMEOUT;
    while !busy.stderr().contains("did you mean upsert?") {
        assert!(std::time::Instant::now() < limit, "{}", busy.stderr());
        stage.write(0, txn, "people", 3_000);
        txn += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = busy.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);

    // With an event that passes, and with --quiet, there is nothing to say.
    for args in [&["-c", "orders"][..], &["-c", "order", "-q"]] {
        let output = stage.tail(&[&ALL[..], args].concat());
        assert!(!output.stderr.contains("no event"), "{}", output.stderr);
    }
}

#[test]
fn a_bounded_read_is_in_order_of_time() {
    let stage = Stage::new(2);
    let [first, third] = [1_000, 9_000].map(|time| stage.write(0, 1, "people", time));
    let [second, fourth] = [4_000, 10_000].map(|time| stage.write(1, 2, "people", time));
    let shown = |args: &[&str]| {
        let output = stage.tail(&[&ALL[..], &["--format", "json"], args].concat());
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let lines = output.lines().into_iter();
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut in_time = vec![first, second, third, fourth];
    assert_eq!(shown(&[]), in_time);
    assert_eq!(shown(&["-n", "3"]), in_time[..3]);
    let mut arrived = shown(&["--order", "arrival"]);
    arrived.sort_unstable();
    in_time.sort_unstable();
    assert_eq!(arrived, in_time);
    let live = stage.tail(&["--order", "time", "-n", "1"]);
    assert_eq!(live.status, Some(2));
    assert!(live.stderr.contains("add --until end"), "{}", live.stderr);
}

#[test]
fn a_range_without_records_is_said() {
    let stage = Stage::new(1);
    stage.write(0, 1, "people", 1_000);
    for (args, words) in [
        (
            &["--from", "@1769860800", "--until", "end"][..],
            "no record is in the range: --from is 2026-01-31T",
        ),
        (
            &["--from", "0:1", "--until", "0:1"],
            "--from is p0@1, and --until is p0@1",
        ),
        (
            &["--from", "2026-02-01", "--until", "2026-01-01"],
            "not after --from",
        ),
        (
            &["--from", "-1", "--until", "end"],
            "for the end write --from end",
        ),
        (
            &["--from", "-2", "--until", "end"],
            "for the beginning write --from beginning",
        ),
        (
            &["--from", "@+1h", "-n", "1", "--idle-exit", "1s"],
            "--from is in the future",
        ),
    ] {
        let output = stage.tail(args);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert!(output.stderr.contains(words), "{args:?}: {}", output.stderr);
    }
    for args in [
        &["--until", "end"][..],
        &ALL,
        &["-c", "people", "--from", "-1", "--until", "end"],
    ] {
        let output = stage.tail(args);
        assert!(!output.stderr.contains("in the range"), "{}", output.stderr);
    }
}
