//! What runs and checks the examples of docs/: what `tests/docs/install.sh` installs (`DuckDB`, Polars, `ClickHouse`'s engine,
//! a validator of Kubernetes manifests), and Go.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether the environment was made by the current `install.sh`.
fn has_readers(bin: &Path) -> bool {
    let import = ["-c", "import polars, chdb"];
    let output = Command::new(bin.join("python")).args(import).output();
    output.is_ok_and(|output| output.status.success())
}

/// The folder of the programs. If they are not installed, prints the reason and returns `None`; under `CI=true` that is a
/// failure.
#[allow(clippy::print_stderr)]
pub fn bin() -> Option<PathBuf> {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/docs-tools/bin");
    if bin.join("kubernetes-validate").exists() && bin.join("duckdb").exists() && has_readers(&bin)
    {
        return Some(bin);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "run tests/docs/install.sh"
    );
    eprintln!("ignored in part: needs DuckDB and kubernetes-validate (run tests/docs/install.sh)");
    None
}

/// The Go module of an example, with its version.
pub const GO_MODULE: &str = "github.com/evanphx/json-patch/v5@v5.9.11";

/// The Go command. If it is not installed, prints the reason and returns `None`; under `CI=true` that is a failure.
#[allow(clippy::print_stderr)]
pub fn go() -> Option<&'static str> {
    if Command::new("go").arg("version").output().is_ok() {
        return Some("go");
    }
    assert!(std::env::var_os("CI").is_none(), "install Go");
    eprintln!("ignored in part: needs Go");
    None
}
