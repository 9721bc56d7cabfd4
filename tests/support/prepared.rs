//! Folders with downloads and certificates, created once per machine by a script and shared by all test processes.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a folder under `target` is created.
pub struct Recipe {
    /// The folder of the script, under `tests/`; the prepared folder has the same name.
    pub name: &'static str,
    /// The contents of all files that determine the result.
    pub files: &'static [&'static str],
}

/// The prepared folder. A lock file serialises concurrent test processes.
pub fn prepared(recipe: &Recipe) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(recipe.name);
    std::fs::create_dir_all(&home).unwrap();
    let done = home.join(format!("prepared-{:016x}", hash(recipe)));
    let lock = File::create(home.join("lock")).unwrap();
    #[allow(clippy::incompatible_msrv)] // tests are built by today's compiler
    lock.lock().unwrap();
    if !done.exists() {
        let work = home.join("preparing");
        let _ = std::fs::remove_dir_all(&work);
        make(recipe, &work);
        std::fs::rename(&work, &done).unwrap();
    }
    done
}

/// Whether a test may be skipped because this is missing: prints a line, and fails under `CI`.
#[allow(clippy::print_stderr)]
pub fn is_skipped_without(needs: &str, is_there: bool) -> bool {
    if is_there {
        return false;
    }
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!ci, "these tests need {needs}");
    eprintln!("ignored: needs {needs}");
    true
}

/// Whether all of these programs are in the search path.
pub fn programs_are_there(names: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &&str| std::env::split_paths(&path).any(|dir| dir.join(name).exists());
    names.iter().all(is_there)
}

fn hash(recipe: &Recipe) -> u64 {
    let mut hasher = DefaultHasher::new();
    recipe.files.hash(&mut hasher);
    hasher.finish()
}

fn make(recipe: &Recipe, folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(recipe.name)
        .join("prepare.sh");
    let output = Command::new("sh").arg(script).arg(folder).output().unwrap();
    assert!(
        output.status.success(),
        "preparing {}: {}{}",
        folder.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
