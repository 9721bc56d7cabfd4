//! Downloads Kafka and creates its certificates once per machine, in `target/kafka-rig`.
//! A lock file serialises concurrent test processes.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The prepared folder (`lib`, `certs`, `storage`), or `None` if Java or Maven is missing.
pub fn prepared() -> Option<PathBuf> {
    static PREPARED: OnceLock<Option<PathBuf>> = OnceLock::new();
    PREPARED
        .get_or_init(|| {
            if tools_are_there() {
                return Some(prepare());
            }
            report_missing_tools();
            None
        })
        .clone()
}

/// Without Java or Maven these tests are skipped, except in the CI.
#[allow(clippy::print_stderr)]
fn report_missing_tools() {
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "the tests with a real Kafka need Java 17 and Maven");
    eprintln!("ignored: needs Java 17 and Maven");
}

fn tools_are_there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).exists());
    ["sh", "mvn", "keytool", "openssl"].into_iter().all(found) && java_version() >= Some(17)
}

/// The first number in `openjdk version "17.0.15"`.
fn java_version() -> Option<u32> {
    let text = Command::new("java").arg("-version").output().ok()?.stderr;
    let text = String::from_utf8_lossy(&text);
    let version = text.split('"').nth(1)?;
    version.split('.').next()?.parse().ok()
}

fn prepare() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("kafka-rig");
    std::fs::create_dir_all(&home).unwrap();
    let done = home.join(format!("prepared-{:016x}", recipe_hash()));
    let lock = File::create(home.join("lock")).unwrap();
    #[allow(clippy::incompatible_msrv)] // tests are built by today's compiler
    lock.lock().unwrap();
    if !done.exists() {
        let work = home.join("preparing");
        let _ = std::fs::remove_dir_all(&work);
        make(&work);
        std::fs::rename(&work, &done).unwrap();
    }
    done
}

/// Hash of the files that determine the result.
fn recipe_hash() -> u64 {
    let mut hasher = DefaultHasher::new();
    include_str!("../../kafka-rig/pom.xml").hash(&mut hasher);
    include_str!("../../kafka-rig/prepare.sh").hash(&mut hasher);
    hasher.finish()
}

fn make(folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka-rig/prepare.sh");
    let output = Command::new("sh").arg(script).arg(folder).output().unwrap();
    assert!(
        output.status.success(),
        "preparing Kafka in {}: {}{}",
        folder.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
