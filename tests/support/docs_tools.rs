//! What `tests/docs/install.sh` installs: `DuckDB` with its extension for `SQLite`, and a validator of Kubernetes manifests.

use std::path::{Path, PathBuf};

/// The folder of the programs. If they are not installed, prints the reason and returns `None`; under `CI=true` that is a
/// failure.
#[allow(clippy::print_stderr)]
pub fn bin() -> Option<PathBuf> {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/docs-tools/bin");
    if bin.join("kubernetes-validate").exists() && bin.join("duckdb").exists() {
        return Some(bin);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "run tests/docs/install.sh"
    );
    eprintln!("ignored in part: needs DuckDB and kubernetes-validate (run tests/docs/install.sh)");
    None
}
