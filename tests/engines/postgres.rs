//! A `PostgreSQL` of its own: a new cluster in a temporary folder, which ends with the test process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::ports;
use crate::support::prepared::{is_skipped_without, programs_are_there};
use crate::support::server::{Server, Signal, log};

const START_LIMIT: Duration = Duration::from_secs(60);
/// Separators that stand in no JSON text.
const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// The documents of a table with their transactions, by the text of `_id`.
pub type Rows = BTreeMap<String, (String, u64)>;

/// A running cluster.
pub struct Postgres {
    port: u16,
    _server: Server,
}

impl Postgres {
    /// The cluster of all tests of this binary; each test has its own tables. Without `PostgreSQL` prints a line and
    /// returns `None`; under `CI` that is a failure.
    pub fn shared() -> Option<&'static Postgres> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let bin = programs();
            let is_there = bin.is_some() && programs_are_there(&["psql", "setpriv"]);
            let is_skipped = is_skipped_without("PostgreSQL 15 or later", is_there);
            bin.filter(|_| !is_skipped).map(|bin| Postgres::start(&bin))
        });
        shared.as_ref()
    }

    fn start(bin: &Path) -> Postgres {
        let [port] = ports::free();
        let folder =
            std::env::temp_dir().join(format!("ditto-cdc-postgres-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let data = folder.join("data").display().to_string();
        let mut initdb = unprivileged(&folder);
        initdb.push(bin.join("initdb").display().to_string());
        let options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-N"];
        initdb.extend(options.map(str::to_owned));
        initdb.extend(["-U", "postgres", "-D", &data].map(str::to_owned));
        succeed(Command::new(&initdb[0]).args(&initdb[1..]).output());
        let mut server = unprivileged(&folder);
        server.push(bin.join("postgres").display().to_string());
        server.extend(["-D", &data, "-p", &port.to_string(), "-F"].map(str::to_owned));
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="] {
            server.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let postgres = Postgres {
            port,
            _server: Server::start(&folder, &server, Signal::Quit),
        };
        let started = Instant::now();
        while !postgres.psql("SELECT 1").status.success() {
            assert!(started.elapsed() < START_LIMIT, "{}", log(&folder));
            thread::sleep(Duration::from_millis(50));
        }
        postgres
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The variables for `PostgreSQL`'s own programs.
    pub fn env(&self) -> [(&'static str, String); 3] {
        [
            ("PGHOST", "127.0.0.1".to_owned()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", "postgres".to_owned()),
        ]
    }

    /// Runs a statement; returns its rows, or the error.
    pub fn query(&self, statement: &str) -> Result<Vec<String>, String> {
        let output = self.psql(statement);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let rows = text.split(RECORD).filter(|row| !row.is_empty());
        Ok(rows.map(str::to_owned).collect())
    }

    /// The documents of a table; none if it does not exist.
    pub fn rows(&self, table: &str) -> Rows {
        let rows = self.query(&format!("SELECT _id, doc, txn_id FROM \"{table}\""));
        let rows = rows.unwrap_or_else(|message| {
            assert!(message.contains("does not exist"), "{message}");
            Vec::new()
        });
        let fields = rows.iter().map(|row| row.split(FIELD).collect::<Vec<_>>());
        fields
            .map(|fields| match fields[..] {
                [id, doc, txn] => (id.to_owned(), (doc.to_owned(), txn.parse().unwrap())),
                _ => panic!("{fields:?}"),
            })
            .collect()
    }

    fn psql(&self, statement: &str) -> Output {
        Command::new("psql")
            .args(["-X", "-q", "-A", "-t"])
            .args(["-F", &FIELD.to_string(), "-R", &RECORD.to_string()])
            .args(["-c", statement])
            .envs(self.env())
            .output()
            .unwrap()
    }
}

/// The folder with the server's programs, of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    let versions = versions.map(|entry| entry.unwrap().path());
    let newest = versions
        .filter(|path| number(path) >= Some(15))
        .max_by_key(number)?;
    let bin = newest.join("bin");
    bin.join("postgres").exists().then_some(bin)
}

/// The start of a command that owns this folder: `PostgreSQL` does not run as root.
fn unprivileged(folder: &Path) -> Vec<String> {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return Vec::new();
    }
    succeed(Command::new("chown").arg("postgres").arg(folder).output());
    let words = ["setpriv", "--reuid=postgres", "--regid=postgres"];
    let words = words.iter().chain(&["--clear-groups", "--"]);
    words.map(|word| (*word).to_owned()).collect()
}

fn succeed(output: std::io::Result<Output>) {
    let output = output.unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
}
