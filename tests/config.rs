//! Profiles with a broker, the questions of `config init` on a terminal, and a real key store.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use support::stage::{Stage, TOPIC};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ditto-cdc");

/// A command with an empty environment whose home is the stage's folder.
fn command(stage: &Stage, program: &str) -> Command {
    let folder = stage.folder.path();
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", folder)
        .env("TERM", "xterm")
        .env("LANG", "C.UTF-8");
    command
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Writes a profile `p`; `line` sets the user certificate's password.
fn with_profile(stage: &Stage, line: &str) {
    fs::create_dir_all(stage.folder.path().join(".config")).unwrap();
    let (cluster, _) = stage.passwords();
    let brokers = stage.broker.endpoint();
    let profile = format!(
        "[p]\nbrokers = '{brokers}'\ntopic = '{TOPIC}'\ncluster-cert = '../cluster.p12'\nuser-cert = '../user.p12'\ncluster-cert-password = '{cluster}'\n{line}\n"
    );
    let file = stage.file(".config/ditto-cdc.toml", &profile);
    Command::new("chmod").args(["600", &file]).status().unwrap();
}

/// Whether these programs are installed. If one is missing, prints `ignored`, or fails if `CI` is set.
fn have(programs: &[&str]) -> bool {
    let there = |name: &&&str| {
        let path = std::env::var("PATH").unwrap();
        std::env::split_paths(&path).any(|folder| folder.join(name).exists())
    };
    let Some(missing) = programs.iter().find(|name| !there(name)) else {
        return true;
    };
    assert!(
        std::env::var_os("CI").is_none(),
        "{missing} is missing: .ci/install"
    );
    eprintln!("ignored: needs {missing}");
    false
}

#[test]
fn a_profile_with_a_command_connects() {
    let stage = Stage::new(1);
    let (_, user) = stage.passwords();
    stage.file("secret", &format!("{user}\nsecond line\n"));
    with_profile(&stage, "user-cert-password-command = 'cat ~/secret'");
    let tail = ["tail", "-p", "p", "--until", "end", "--from", "beginning"];
    let output = command(&stage, PROGRAM).args(tail).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    with_profile(
        &stage,
        "user-cert-password-command = 'cat ~/secret; exit 7'",
    );
    let output = command(&stage, PROGRAM).args(tail).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output);
    assert!(
        said.contains("exit status: 7") && !said.contains(user),
        "{said}"
    );
}

#[test]
fn the_key_store_is_asked() {
    let stage = Stage::new(1);
    let (_, user) = stage.passwords();
    with_profile(&stage, "user-cert-password-keyring = 'p/user'");
    let tail = ["tail", "-p", "p", "--until", "end", "--from", "beginning"];
    let output = command(&stage, PROGRAM).args(tail).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output).contains("no key store answers in this session"),
        "{}",
        text(&output)
    );
    if !have(&["dbus-run-session", "gnome-keyring-daemon", "secret-tool"]) {
        return;
    }
    stage.file("secret", user);
    let script = "export XDG_RUNTIME_DIR=$HOME XDG_DATA_HOME=$HOME/data
        printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        \"$0\" tail -p p --until end && exit 50
        secret-tool store --label=x service ditto-cdc username p/user < secret
        \"$0\" tail -p p --from beginning --until end";
    let output = command(&stage, "dbus-run-session")
        .args(["--", "bash", "-c", script, PROGRAM])
        .output()
        .unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("it has no entry p/user"), "{said}");
    assert!(!said.contains(user), "{said}");
}

/// Answers the questions of `config init p`. Returns the terminal's output and the status.
fn dialogue(stage: &Stage, turns: &[(&str, &str)]) -> (String, Option<i32>) {
    dialogue_with(stage, &[PROGRAM, "config", "init", "p"], turns)
}

fn dialogue_with(stage: &Stage, asking: &[&str], turns: &[(&str, &str)]) -> (String, Option<i32>) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/dialogue.py");
    let mut child = command(stage, "python3")
        .arg(script)
        .args(asking)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = turns
        .iter()
        .map(|(question, answer)| [*question, *answer].join("\t"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (text(&output), output.status.code())
}

#[test]
fn init_asks_tries_and_keeps() {
    if !have(&["python3"]) {
        return;
    }
    let stage = Stage::new(1);
    let (cluster, user) = stage.passwords();
    let turns = [
        ("Endpoint", stage.broker.endpoint()),
        ("Topic", ""),
        ("Topic", TOPIC),
        ("group prefix", "team-"),
        ("Cluster certificate, the file", "no.p12"),
        ("Cluster certificate, the file", ""),
        ("its password", "wrong"),
        ("its password", cluster),
        ("User certificate, the file", ""),
        ("its password", user),
        ("Cloud URL", ""),
    ];
    let (shown, status) = dialogue(&stage, &turns);
    assert_eq!(status, Some(0), "{shown}");
    assert!(!shown.contains(cluster) && !shown.contains(user), "{shown}");
    for part in [
        "the topic must have a name",
        "there is no such file",
        "everything that was checked works",
        "this session has no key store",
        "--profile p",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let file = stage.folder.path().join(".config/ditto-cdc.toml");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("group-prefix = \"team-\""), "{written}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let tail = ["tail", "-p", "p", "--until", "end"];
    let output = command(&stage, PROGRAM).args(tail).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));

    // The second run asks before it replaces the profile, and Ctrl-C changes nothing.
    let (shown, status) = dialogue(&stage, &[("Replace it?", "")]);
    assert_eq!(status, Some(0), "{shown}");
    for answered in 0..3 {
        let turns = [("Replace it?", "y"), ("Endpoint", "a:1"), ("Topic", "t")];
        let turns = turns.iter().take(answered + 1).chain(&[("", "^C")]);
        let (shown, status) = dialogue(&stage, &turns.copied().collect::<Vec<_>>());
        assert_eq!(status, Some(130), "{shown}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
}

/// The answers after which only the test of the settings remains.
fn valid_answers<'a>(stage: &'a Stage, cluster: &'a str, user: &'a str) -> [(&'a str, &'a str); 8] {
    [
        ("Endpoint", stage.broker.endpoint()),
        ("Topic", TOPIC),
        ("group prefix", ""),
        ("Cluster certificate, the file", "cluster.p12"),
        ("Cluster certificate, its password", cluster),
        ("User certificate, the file", "user.p12"),
        ("User certificate, its password", user),
        ("Cloud URL", ""),
    ]
}

#[test]
fn init_asks_for_the_password_again_and_shows_none() {
    if !have(&["python3"]) {
        return;
    }
    let stage = Stage::new(1);
    let (cluster, user) = stage.passwords();
    // Wrong passwords, one by one, and the right one; after that the other file is asked.
    let mut turns = valid_answers(&stage, cluster, user).to_vec();
    for wrong in ["Hunter2", "Hunter3", user, ""] {
        turns.insert(4, ("Cluster certificate, its password", wrong));
    }
    turns.insert(10, ("User certificate, its password", "Hunter4"));
    let (shown, status) = dialogue(&stage, &turns);
    assert_eq!(status, Some(0), "{shown}");
    for secret in ["Hunter", cluster, user] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("enter the password, or <"), "{shown}");
}

/// A password at a question whose answer is visible: the terminal shows what is typed, and nothing else repeats it.
#[test]
fn init_refuses_nonsense_at_once_without_repeating_it() {
    if !have(&["python3"]) {
        return;
    }
    let stage = Stage::new(1);
    stage.file("notes.txt", "no certificate");
    let (cluster, user) = stage.passwords();
    let right = valid_answers(&stage, cluster, user);
    let mut turns = Vec::new();
    for (question, answer) in right {
        let nonsense: &[&str] = match question {
            "group prefix" => &["a Hunter2"],
            "Cluster certificate, the file" => &["Hunter2", "/Hunter2", "notes.txt", "."],
            "Cluster certificate, its password" | "User certificate, its password" => &[],
            // The file opens with its password, and then turns out to be the other one.
            "User certificate, the file" => &["Hunter2"],
            _ => &["Hunter2!"],
        };
        turns.extend(nonsense.iter().map(|answer| (question, *answer)));
        turns.push((question, answer));
    }
    let (shown, status) = dialogue(&stage, &turns);
    assert_eq!(status, Some(0), "{shown}");
    let typed = turns
        .iter()
        .filter(|(_, answer)| answer.contains("Hunter2"));
    assert_eq!(shown.matches("Hunter2").count(), typed.count(), "{shown}");
    for part in [
        "this is not host:port",
        "this is not the name of a topic",
        "this is not a prefix",
        "there is no such file",
        "is neither PKCS#12 nor PEM",
        "this is not the address of an HTTP API",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn init_goes_back_and_offers_the_earlier_answers() {
    if !have(&["python3"]) {
        return;
    }
    let stage = Stage::new(1);
    let (cluster, user) = stage.passwords();
    let turns = [
        ("Endpoint", "<"),
        ("Endpoint", stage.broker.endpoint()),
        ("Topic", "wrong"),
        ("group prefix", "<"),
        ("Topic [wrong]", TOPIC),
        ("group prefix", ""),
        // The user's file opens, and is not the cluster's: another password does not help.
        ("Cluster certificate, the file", "user.p12"),
        ("Cluster certificate, its password", user),
        ("Cluster certificate, the file [user.p12]", "cluster.p12"),
        ("Cluster certificate, its password", "<"),
        ("Cluster certificate, the file [cluster.p12]", ""),
        ("Cluster certificate, its password", cluster),
        ("User certificate, the file", "user.p12"),
        ("User certificate, its password", user),
        ("Cloud URL", "http://127.0.0.1:1"),
        ("API key", ""),
        ("API key", "<"),
        (
            "Cloud URL Endpoint, for requery (Enter: none) [http://127.0.0.1:1]",
            "<",
        ),
        (
            "User certificate, its password (not shown; Enter keeps it)",
            "",
        ),
        ("Cloud URL", ""),
        ("API key", "key"),
        // The test fails, and a person can correct an answer.
        ("Save the profile anyway?", "<"),
        ("API key (not shown; Enter keeps it)", "<"),
        ("Cloud URL", "<"),
        ("its password", "<"),
        ("User certificate, the file", "^C"),
    ];
    let (shown, status) = dialogue(&stage, &turns);
    assert_eq!(status, Some(130), "{shown}");
    assert!(shown.contains("this is the first question"), "{shown}");
    assert!(!shown.contains(cluster) && !shown.contains(user), "{shown}");
    assert!(!stage.folder.path().join(".config").exists());
}

#[test]
fn init_without_a_terminal_prints_a_template_that_is_a_profile() {
    let stage = Stage::new(1);
    for name in ["p", "eu.p"] {
        let run = |args: &[&str]| {
            command(&stage, PROGRAM)
                .args(args)
                .stdin(Stdio::null())
                .output()
                .unwrap()
        };
        let printed = run(&["config", "init", name]);
        assert_eq!(printed.status.code(), Some(2), "{}", text(&printed));
        fs::create_dir_all(stage.folder.path().join(".config")).unwrap();
        let template = String::from_utf8(printed.stdout).unwrap();
        let file = stage.file(".config/ditto-cdc.toml", &template.replace("#url", "url"));
        Command::new("chmod").args(["600", &file]).status().unwrap();
        for password in ["cluster.password", "user.password"] {
            stage.file(&format!(".config/{password}"), "x");
        }
        let shown = run(&["config", "--profile", name]);
        let shown = text(&shown);
        for value in [
            "HOST:443",
            "TOPIC",
            "https://HOST",
            "cluster.p12",
            "user.p12",
        ] {
            assert!(shown.contains(value), "{value}: {shown}");
        }
        assert!(!shown.contains("unknown"), "{shown}");
    }
    let refused = command(&stage, PROGRAM)
        .args(["config", "init", "a b"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty(), "{}", text(&refused));
}

#[test]
fn init_keeps_secrets_in_the_key_store() {
    if !have(&["python3", "dbus-run-session", "gnome-keyring-daemon"]) {
        return;
    }
    let stage = Stage::new(1);
    let (cluster, user) = stage.passwords();
    let session = "export XDG_RUNTIME_DIR=$HOME XDG_DATA_HOME=$HOME/data
        printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        \"$0\" config init p && \"$0\" tail -p p --until end && echo the profile works";
    let asking = ["dbus-run-session", "--", "bash", "-c", session, PROGRAM];
    let turns = [
        ("Endpoint", stage.broker.endpoint()),
        ("Topic", TOPIC),
        ("group prefix", ""),
        ("Cluster certificate, the file", ""),
        ("its password", cluster),
        ("User certificate, the file", ""),
        ("its password", user),
        ("Cloud URL", ""),
        ("key store?", ""),
    ];
    let (shown, status) = dialogue_with(&stage, &asking, &turns);
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("the profile works"), "{shown}");
    let file = stage.folder.path().join(".config/ditto-cdc.toml");
    let written = fs::read_to_string(file).unwrap();
    assert!(
        written.contains("user-cert-password-keyring = \"p/user-cert-password\""),
        "{written}"
    );
    assert!(
        !written.contains(cluster) && !written.contains(user),
        "{written}"
    );
}

/// Files whose lines became a part of another value. All of them contain the password `Hunter2`.
const JOINED_LINES: &[(&str, &str)] = &[
    (
        "--properties",
        "bootstrap.servers=127.0.0.1:1,\\\nssl.truststore.password=Hunter2\nssl.keystore.location=u.p12\n",
    ),
    (
        "--properties",
        "bootstrap.servers=127.0.0.1:1\nssl.truststore.location=c.p12\\\nssl.truststore.password=Hunter2\n",
    ),
    (
        "--properties",
        "bootstrap.servers=127.0.0.1:1\nclient.id=me\\\n Hunter2\nisolation.level=x\\\nHunter2\nHunter2\n",
    ),
    (
        "--env-file",
        "DITTO_CDC_BROKERS=127.0.0.1:1\rDITTO_CDC_CLUSTER_CERT_PASSWORD=Hunter2\rDITTO_CDC_CLUSTER_CERT=c.p12",
    ),
    (
        "--env-file",
        "CLOUD_ENDPOINT=127.0.0.1:1 CLUSTER_CERT_PW=Hunter2\n",
    ),
    (
        "--env-file",
        "CLOUD_ENDPOINT=127.0.0.1:1\nUSER_CERT_LOCATION=u.p12 USER_CERT_PW=Hunter2\nDITTO_CDC_URL=http://127.0.0.1:1/Hunter2\n",
    ),
];

#[test]
fn no_command_prints_a_line_that_became_a_part_of_a_value() {
    let stage = Stage::new(1);
    for (flag, content) in JOINED_LINES {
        let file = stage.file("joined", content);
        for arguments in [
            &["config"][..],
            &["config", "--json"],
            &["verify"],
            &["verify", "--json", "--redact"],
            &["tail", "--until", "end", "-vv", "--topic", "t"],
            &["requery", "--output", "-"],
        ] {
            let mut command = command(&stage, PROGRAM);
            let output = command.args(arguments).args([flag, &*file]).output();
            let said = text(&output.unwrap());
            assert!(
                !said.is_empty() && !said.contains("Hunter2"),
                "{arguments:?}: {said}"
            );
        }
    }
}
