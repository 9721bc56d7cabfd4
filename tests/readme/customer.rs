//! A reader of a page, who runs its statements on the servers of the demo.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::page::{is_live, is_query, redirected, root, shown, subcommand, without_comment};
use crate::support::docs_tools;
use crate::support::program::Running;
use crate::support::receivers::{Redis, Webhook};

/// Generous: commands take seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Pages about settings, which start without any.
const BARE: &[&str] = &["docs/connecting.md"];
/// The page whose commands send events to other programs.
pub const REACTING: &str = "docs/reacting.md";
/// The page about mirrors, whose queries also need gaps.
const MIRROR: &str = "docs/mirror.md";
/// The pages that run other programs on data.
const WITH_TOOLS: &[&str] = &[MIRROR, "docs/ndjson.md"];
/// Programs and modules that `tests/docs/install.sh` installs.
const TOOLS: &[&str] = &["duckdb ", "polars", "chdb"];
/// Commands that are not run here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("kafka-console-consumer.sh", "another program"),
    ("ditto-cdc config init", "needs a terminal; tests/config"),
    ("ditto-cdc demo --serve", "the server of this test"),
    ("eval ", "as above; tests/demo.rs"),
    (
        "ditto-cdc history orders o-1001 --at @10:31",
        "a time of day; tests/golden",
    ),
    (
        "export DITTO_CDC_PROFILE",
        "an example of a setting, without its server",
    ),
];
/// Commands that show nothing if all is well, and why.
const SILENT: &[(&str, &str)] = &[
    (
        "ditto-cdc diff before after",
        "the demo may have written nothing between the two snapshots",
    ),
    (
        "ditto-cdc config --json | jq -r '.settings[] | select(.value == null)",
        "only names what is not set",
    ),
    ("ditto-cdc audit snapshot --json | jq", "the copy is equal"),
    ("sqlite3 shop.db \"CREATE INDEX", "makes an index"),
    ("sqlite3 shop.db \"DELETE", "removes rows"),
    (
        "duckdb -c \"ATTACH 'shop.db' AS shop (TYPE sqlite, READ_ONLY); COPY",
        "writes a file; the next command reads it",
    ),
];
/// Commands whose status is an answer, with that status.
const STATUS: &[(&str, i32)] = &[("ditto-cdc diff --exit-code", 1)];

/// A user's folder with certificate files, passwords and API key, and the demo's servers that accept them.
pub struct Customer {
    bare: bool,
    pub demo: Running,
    settings: Vec<(String, String)>,
    folder: TempDir,
    /// Variables that earlier statements have exported.
    exported: TempDir,
    pub webhook: Webhook,
    /// For the page that sends events to it.
    redis: Option<Redis>,
    /// For the pages that use them: the folder of the programs.
    tools: Option<PathBuf>,
    /// The last command that brought a mirror up to date.
    mirrored: RefCell<Option<String>>,
}

impl Customer {
    pub fn new(page: &str) -> Customer {
        let gaps = ["--gap-every", "5s"];
        let gaps = &gaps[..if page == MIRROR { 2 } else { 0 }];
        let demo = Running::start(&[], &[&["demo", "--serve"], gaps].concat());
        let started = Instant::now();
        while !demo.stdout().contains("DITTO_CDC_API_KEY=") || !demo.stdout().ends_with('\n') {
            assert!(started.elapsed() < TIMEOUT, "{}", demo.stderr());
            thread::sleep(POLL_INTERVAL);
        }
        let settings: Vec<(String, String)> = demo.stdout().lines().filter_map(setting).collect();
        assert_eq!(settings.len(), 8, "{}", demo.stdout());
        let customer = Customer {
            bare: BARE.contains(&page),
            demo,
            settings,
            folder: tempfile::tempdir().unwrap(),
            exported: tempfile::tempdir().unwrap(),
            webhook: Webhook::start(),
            redis: (page == REACTING).then(Redis::start).flatten(),
            tools: WITH_TOOLS.contains(&page).then(docs_tools::bin).flatten(),
            mirrored: RefCell::default(),
        };
        customer.copy_files();
        customer.shim_cargo();
        customer.install_duckdb_extension();
        customer
    }

    /// A setting of the demo.
    fn of(&self, name: &str) -> &str {
        let found = self.settings.iter().find(|(known, _)| known == name);
        &found.unwrap().1
    }

    fn redis_url(&self) -> &str {
        let redis = self.redis.as_ref();
        redis.map_or("redis://127.0.0.1:6379", |redis| &redis.url)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn copy_files(&self) {
        for (name, setting) in [
            ("cluster.p12", "DITTO_CDC_CLUSTER_CERT"),
            ("user.p12", "DITTO_CDC_USER_CERT"),
        ] {
            fs::copy(self.of(setting), self.path(name)).unwrap();
        }
        for (name, setting) in [
            ("cluster.password", "DITTO_CDC_CLUSTER_CERT_PASSWORD"),
            ("user.password", "DITTO_CDC_USER_CERT_PASSWORD"),
            ("api.key", "DITTO_CDC_API_KEY"),
        ] {
            fs::write(self.path(name), self.of(setting)).unwrap();
        }
        fs::create_dir(self.path("examples")).unwrap();
        for example in ["examples/cafe.ndjson", "examples/history.ndjson"] {
            fs::copy(root().join(example), self.path(example)).unwrap();
        }
    }

    /// A substitute for `cargo` that runs the built program and skips `cargo test`, which would run this test again.
    fn shim_cargo(&self) {
        let bin = self.path("bin");
        fs::create_dir(&bin).unwrap();
        let script = "#!/bin/sh\ncase \"$*\" in\n'run --release -- '*) shift 3; exec ditto-cdc \"$@\";;\n'test --release' | 'install --locked --path .') ;;\n*) echo \"unknown: cargo $*\" >&2; exit 9;;\nesac\n";
        let file = bin.join("cargo");
        fs::write(&file, script).unwrap();
        Command::new("chmod").arg("+x").arg(&file).status().unwrap();
    }

    /// Installs the extension from the package, because the server of `DuckDB` may not be reachable.
    fn install_duckdb_extension(&self) {
        let Some(bin) = &self.tools else {
            return;
        };
        let packages = bin.with_file_name("lib");
        let script = format!(
            "file=$(find {} -name sqlite_scanner.duckdb_extension); {} -c \"INSTALL '$file'\"",
            packages.display(),
            bin.join("duckdb").display()
        );
        let installed = self.shell(&script).output().unwrap();
        assert!(installed.status.success(), "{installed:?}");
    }

    /// Asks a mirror in SQL. There must be an answer.
    pub fn must_answer(&self, page: &str, query: &str) {
        let script = format!("sqlite3 -readonly -box shop.db <<'END'\n{query}\nEND");
        self.must_print_rows(page, &script);
    }

    /// Runs a query until it has rows. What it asks for may not have happened yet: the demo writes at random.
    fn must_print_rows(&self, page: &str, script: &str) {
        let started = Instant::now();
        loop {
            let (succeeded, printed, messages) = self.run_to_the_end(script);
            assert!(succeeded, "{page}:\n{script}\n{messages}");
            if !printed.trim().is_empty() {
                return;
            }
            assert!(started.elapsed() < TIMEOUT, "{page}: no rows:\n{script}");
            let command = self.mirrored.borrow().clone();
            let command = command.unwrap_or_else(|| panic!("{page}: no mirror before {script}"));
            let (succeeded, _, messages) = self.run_to_the_end(&command);
            assert!(succeeded, "{page}:\n{command}\n{messages}");
        }
    }

    /// Runs a Python program of a page.
    pub fn must_run(&self, page: &str, program: &str) {
        let script = format!("python3 - <<'END'\n{program}\nEND");
        let (succeeded, printed, messages) = self.run_to_the_end(&script);
        assert!(
            succeeded && !printed.is_empty(),
            "{page}:\n{program}\n{messages}"
        );
    }

    /// Runs one statement of a page. A command of the program must show something.
    pub fn must_show(&self, page: &str, statement: &str) {
        let text = without_comment(statement);
        // A reader who copies the command should not get the short waits of a test.
        assert!(!text.contains(" 1s"), "{page}: {text}");
        let needs_redis = text.contains("REDIS_URL") && self.redis.is_none();
        if needs_redis
            || self.lacks_tools(text)
            || NOT_RUN.iter().any(|(start, _)| text.starts_with(start))
        {
            return;
        }
        let is_silent = SILENT.iter().any(|(start, _)| text.starts_with(start));
        if is_query(text) && !is_silent {
            return self.must_print_rows(page, text);
        }
        let (succeeded, printed, messages) = if is_live(text) {
            self.run_until_output(page, text)
        } else {
            self.run_to_the_end(text)
        };
        assert!(succeeded, "{page}:\n{text}\n{printed}{messages}");
        let Some(subcommand) = subcommand(text).filter(|_| !is_silent) else {
            return;
        };
        if subcommand == "mirror" && !is_live(text) && text.contains(" shop.db") {
            self.mirrored.replace(Some(text.to_owned()));
        }
        let printed = self.result(text, printed, &messages);
        assert!(
            !shown(&printed).is_empty(),
            "{page}: shows nothing:\n{text}\n{printed}{messages}"
        );
        if ["tail", "diff", "requery"].contains(&subcommand) {
            let has_null = printed.lines().any(|line| line.trim() == "null");
            assert!(!has_null, "{page}: prints null:\n{text}\n{printed}");
        }
    }

    /// What a statement has written, wherever it goes to.
    fn result(&self, statement: &str, printed: String, messages: &str) -> String {
        if subcommand(statement) == Some("mirror") {
            if is_live(statement) {
                // The state in the file may be that of an earlier run, or of a gap since then.
                let mut lines = messages.lines();
                let current = lines.find(|line| line.ends_with(" is current"));
                return current.unwrap_or_default().to_owned();
            }
            return self.state_of_mirror(statement);
        }
        let output = statement.split("--output ").nth(1);
        let folder = output.and_then(|rest| rest.split_whitespace().next());
        let file = match (
            redirected(statement),
            folder.filter(|folder| *folder != "-"),
        ) {
            (Some(file), _) => file.to_owned(),
            (None, Some(folder)) => format!("{folder}/manifest.json"),
            (None, None) => return printed,
        };
        let output = self.shell(&format!("cat {file}")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// The state of a mirror's file, if that is current.
    fn state_of_mirror(&self, statement: &str) -> String {
        let mut words = statement
            .split_whitespace()
            .skip_while(|word| *word != "mirror");
        let file = words.nth(1).unwrap();
        let query = "SELECT value FROM ditto_meta WHERE key = 'state' AND value = 'current'";
        let command = format!("sqlite3 -readonly {file} \"{query}\" 2>&1 | grep current");
        let output = self.shell(&command).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn run_to_the_end(&self, statement: &str) -> (bool, String, String) {
        let output = self.run(statement);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let status = STATUS
            .iter()
            .find(|(start, _)| statement.starts_with(start));
        let status = status.map_or(0, |(_, status)| *status);
        (
            output.status.code() == Some(status),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// Runs a command until it has shown something, then presses Ctrl-C.
    fn run_until_output(&self, page: &str, statement: &str) -> (bool, String, String) {
        let file = |name: &str| self.exported.path().join(name);
        let mut child = self
            .shell(&self.with_values(statement))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(File::create(file("stdout")).unwrap())
            .stderr(File::create(file("stderr")).unwrap())
            .spawn()
            .unwrap();
        let read = |name: &str| fs::read_to_string(file(name)).unwrap();
        let started = Instant::now();
        while shown(&self.result(statement, read("stdout"), &read("stderr"))).is_empty() {
            let ended = child.try_wait().unwrap();
            let is_late = started.elapsed() > TIMEOUT;
            assert!(
                !is_late && ended.is_none(),
                "{page}:\n{statement}\n{ended:?} {}",
                read("stderr")
            );
            thread::sleep(POLL_INTERVAL);
        }
        let group = format!("-{}", child.id());
        let sent = Command::new("kill")
            .args(["-s", "INT", "--", &group])
            .status();
        assert!(sent.unwrap().success());
        let code = child.wait().unwrap().code();
        (
            code.is_none_or(|code| code == 130),
            read("stdout"),
            read("stderr"),
        )
    }

    /// Whether a command needs a program that is not installed.
    fn lacks_tools(&self, command: &str) -> bool {
        self.tools.is_none() && TOOLS.iter().any(|tool| command.contains(tool))
    }

    /// Runs a Go program of a page, and compares what it prints with the block after it.
    pub fn must_run_go(&self, page: &str, program: &str, expected: &str) {
        let Some(go) = docs_tools::go() else { return };
        let folder = self.path("go-program");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("main.go"), program).unwrap();
        for arguments in [
            &["mod", "init", "example"][..],
            &["get", docs_tools::GO_MODULE],
            &["run", "."],
        ] {
            let mut command = Command::new(go);
            let output = command.args(arguments).current_dir(&folder).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{page}: {output:?}");
            if arguments == ["run", "."] {
                let printed = String::from_utf8(output.stdout).unwrap();
                assert_eq!(printed, expected, "{page}");
            }
        }
    }

    pub fn must_print(&self, page: &str, transcript: &str) {
        let (command, expected) = transcript.split_once('\n').unwrap();
        if self.lacks_tools(command) {
            return;
        }
        let output = self.run(command.strip_prefix("$ ").unwrap());
        let both = [&output.stdout[..], &output.stderr[..]].concat();
        let printed = String::from_utf8(both).unwrap();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let path = root().join(page);
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace(transcript, &format!("{command}\n{printed}"));
            fs::write(path, text).unwrap();
            return;
        }
        assert_eq!(printed, expected, "{page}: {command}");
    }

    /// A script with its placeholders replaced by the demo's values.
    fn with_values(&self, script: &str) -> String {
        let topic = self.of("DITTO_CDC_TOPIC");
        script
            .replace("HOST:443", self.of("DITTO_CDC_BROKERS"))
            .replace("=TOPIC", &format!("={topic}"))
            .replace("\"TOPIC\"", &format!("\"{topic}\""))
            .replace("--topic TOPIC", &format!("--topic {topic}"))
            .replace("XXXX.cloud.dittolive.app/APP-ID", self.of("DITTO_CDC_URL"))
            .replace("https://hooks.chat.example/T0/B0/XXXX", &self.webhook.url)
            .replace("redis://127.0.0.1:6379", self.redis_url())
            .replace(
                "CLUSTER-PASSWORD",
                self.of("DITTO_CDC_CLUSTER_CERT_PASSWORD"),
            )
            .replace("USER-PASSWORD", self.of("DITTO_CDC_USER_CERT_PASSWORD"))
    }

    /// Runs a script, and keeps the variables that it exports.
    pub fn run(&self, script: &str) -> Output {
        let keep = self.exported.path().join("variables").display().to_string();
        let script = format!("{}\nexport -p > {keep}", self.with_values(script));
        self.shell(&script).output().unwrap()
    }

    fn shell(&self, script: &str) -> Command {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ditto-cdc"));
        let folders = [self.path("bin"), program.parent().unwrap().to_owned()];
        let mut path = std::env::var("PATH").unwrap();
        for folder in self.tools.iter().chain(&folders) {
            path = format!("{}:{path}", folder.display());
        }
        let settings = self.settings.iter().filter(|_| !self.bare);
        let settings = settings.map(|(name, value)| (name.as_str(), value.as_str()));
        let keep = self.exported.path().join("variables");
        let script = format!("[ ! -e {0} ] || . {0}\n{script}", keep.display());
        let mut command = Command::new("timeout");
        command
            .args(["120", "bash", "-euo", "pipefail", "-c", &script])
            .current_dir(self.folder.path())
            .env_clear()
            .envs(settings)
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("TZ", "UTC");
        command
    }
}

/// The name and value of a line such as `export NAME=value`.
fn setting(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.to_owned(), value.trim_matches('\'').to_owned()))
}
